"""Survivors first, then referrals, each by `indexed_on` from a little before where the last pull ended.

A referral is a record of its own, with what its survivor's case says at this moment; that case is asked for by its id. Nothing
is told of a case that was deleted at the server; one that was closed says so.
"""

import hashlib
from collections.abc import Iterator
from typing import Final

import orjson

from adapters.commcare.cases import Case
from adapters.commcare.client import CommCareHq, opened
from adapters.commcare.progress import Progress, remembered, watermark
from adapters.commcare.records import OURS, REFERRAL, SURVIVOR, Reader
from adapters.commcare.terms import Terms
from hub.ports import Connection, Pulled, SourceRecord, Watermark

KINDS: Final = (SURVIVOR, REFERRAL)


def pull(connection: Connection, since: Watermark | None) -> Iterator[Pulled]:
    """New and edited cases; a watermark after each page of them."""
    with opened(connection) as (hq, found):
        terms = _terms(connection, found)
        before = remembered(since, terms)
        passes = {kind: Progress(before.get(kind)) for kind in KINDS}
        reader = Reader(connection.layout, found)
        reached = since
        for kind, progress in passes.items():
            for page in hq.cases(found.survivor if kind == SURVIVOR else found.referral, progress.since):
                fresh = [one for one in page if progress.meet(one) and not one.external_id.startswith(OURS)]
                yield from _records(kind, fresh, hq, reader, found)
                if progress.is_ordered and fresh:
                    yield (reached := watermark(terms, passes))
            progress.end()
        if (end := watermark(terms, passes)) != reached:
            yield end


def _records(kind: str, cases: list[Case], hq: CommCareHq, reader: Reader, found: Terms) -> Iterator[SourceRecord]:
    if kind == SURVIVOR:
        yield from map(reader.survivor, cases)
        return
    ids = [one.parents.get(found.survivor, "") for one in cases]
    survivors = hq.fetch(sorted({id_ for id_ in ids if id_}))
    for one, id_ in zip(cases, ids, strict=True):
        yield reader.referral(one, _survivor(survivors.get(id_), found))


def _survivor(case: Case | None, found: Terms) -> Case | None:
    """An index can lead to a case that is another one by now."""
    return case if case and case.type == found.survivor else None


def _terms(connection: Connection, found: Terms) -> str:
    """What the records depend on besides the cases. When it changes, all are read again."""
    layout = connection.layout
    columns = {name: list(headers) for name, headers in layout.columns.items()}
    asked = [found.url, found.domain, found.survivor, found.referral, found.zone.key, columns, list(layout.follow_up)]
    return hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()[:20]
