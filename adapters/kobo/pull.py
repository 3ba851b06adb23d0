"""From a project to records: the list first, then what changed, then the next watermark.

The list is complete, so a submission that is not on it was deleted. That is said before anything is read, and before the
watermark that would keep it from being said again.

A pull of N submissions of which nothing changed costs N / 1,000 small requests (rounded up); an edit costs one more, and
re-reads its neighbours in the list, about sixty, which the hub finds unchanged.
"""

import hashlib
from collections.abc import Iterator

import orjson

from adapters.kobo import changes
from adapters.kobo.client import Kobo, opened
from adapters.kobo.submissions import KIND, Reader, identify
from hub.ports import Complete, Connection, Present, Pulled, Watermark


def pull(connection: Connection, since: Watermark | None) -> Iterator[Pulled]:
    """New and edited submissions, by `_id`; a watermark after each page of them. No edit is ever missed."""
    only_validated = bool(connection.settings.get("only_validated"))
    terms = _terms(connection)
    seen = changes.remembered(since, terms)
    reader = Reader(connection.layout)
    with opened(connection) as kobo:
        present: list[str] = []
        now = list(_listed(kobo, only_validated, present))
        known = [stretch.digest for stretch in now if stretch.digest in seen]
        if changes.watermark(terms, known) != since or len(known) < len(now):
            yield Present(KIND, tuple(present))
            yield Complete(KIND)
        for run in changes.runs(now, seen):
            cutter = changes.Cutter(only_validated=only_validated)
            for page in kobo.submissions({"_id": {"$gte": run[0].first, "$lte": run[-1].last}}):
                for submission in page:
                    # What counts as seen is what was read here: a page may have shifted since the list was made.
                    known += [stretch.digest for stretch in cutter.add(submission)]
                    if not only_validated or changes.is_approved(submission):
                        yield reader.record(submission)
                yield changes.watermark(terms, known)
            known += [stretch.digest for stretch in cutter.end()]
        reached = changes.watermark(terms, known)
        if reached != since:
            yield reached


def _listed(kobo: Kobo, only_validated: bool, present: list[str]) -> Iterator[changes.Stretch]:
    """The list in stretches; `present` is given the id of everyone on it, approved or not."""
    cutter = changes.Cutter(only_validated=only_validated)
    for page in kobo.all(changes.FIELDS):
        for one in page:
            present.append(identify(one))
            yield from cutter.add(one)
    yield from cutter.end()


def _terms(connection: Connection) -> str:
    """What the records depend on besides the submissions. When it changes, all are read again."""
    layout = connection.layout
    columns = {name: list(paths) for name, paths in layout.columns.items()}
    settings = [str(connection.settings.get(name)) for name in ("asset", "only_validated")]
    asked = orjson.dumps([settings, columns, layout.follow_up], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(asked).hexdigest()[:20]
