"""From a form to records: what was deleted, then what came or changed, then the next watermark.

A submission that Central has deleted is told for 30 days and then purged. That it is no longer told says nothing: only one that
is read again was restored.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace

import orjson

from adapters.odk import changes
from adapters.odk.asking import asking
from adapters.odk.changes import Mark
from adapters.odk.client import Central, Row, opened
from adapters.odk.submissions import KIND, Reader
from hub.ports import Connection, Pulled, Watermark, Withdrawn


def pull(connection: Connection, since: Watermark | None) -> Iterator[Pulled]:
    """Deletions, then new and changed submissions by when they were sent in; a watermark after each page of them."""
    terms = _terms(connection)
    mark = changes.remembered(since, terms)
    asked = asking(connection)
    reader = Reader(connection.layout, only_approved=asked.only_approved, entity_question=asked.entity_question)
    with opened(connection) as central:
        deleted = _deleted(central, mark)
        yield from (Withdrawn(KIND, id_) for id_ in deleted if id_ not in mark.deleted)
        restored = list(_restored(central, mark, deleted))
        for row in restored:
            yield from reader.told(row)
        news = deleted != mark.deleted or mark.is_within_a_pull
        mark = replace(mark, deleted=deleted, seen=mark.seen | {changes.digest(row) for row in restored})
        before, read = mark.reached, list[tuple[str, str]]()
        for page in central.submissions(mark.condition):
            mark = mark.through(page, central.now)
            read += [(changes.changed(row), changes.digest(row)) for row in page]
            fresh = [row for row in page if changes.digest(row) not in mark.seen]
            for row in fresh:
                yield from reader.told(row)
            if fresh:
                news = True
                yield changes.watermark(mark, terms)
        mark = mark.ended(read)
        if news or mark.is_far_from(before):
            yield changes.watermark(mark, terms)


def _deleted(central: Central, mark: Mark) -> Mapping[str, str]:
    """Who is deleted, and when it was sent in. A server that does not tell leaves what was known."""
    told = central.deleted()
    return mark.deleted if told is None else {row["__id"]: changes.sent(row) for row in told}


def _restored(central: Central, mark: Mark, deleted: Mapping[str, str]) -> Iterator[Row]:
    """Of those no longer told as deleted, the ones that are there again; the others were purged."""
    for id_, moment in mark.deleted.items():
        if id_ not in deleted and moment:
            condition = f"__system/submissionDate ge {moment} and __system/submissionDate le {moment}"
            yield from (row for page in central.submissions(condition) for row in page if row["__id"] == id_)


def _terms(connection: Connection) -> str:
    """What the records depend on besides the submissions. When it changes, all are read again."""
    layout = connection.layout
    columns = {name: list(paths) for name, paths in layout.columns.items()}
    settings = [str(connection.settings.get(name)) for name in ("project", "form", "only_approved")]
    settings += [str(question) for question in [connection.settings.get("entity_question")] if question]
    asked = orjson.dumps([settings, columns, layout.follow_up], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(asked).hexdigest()[:20]
