"""Survivors first, then referrals, each by `indexed_on` from a little before where the last pull ended.

A referral is a record of its own, with what its survivor's case says at this moment; that case is asked for by its id. Which
cases there are is told before anything is read, and before the watermark that would keep it from being said again.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Final

import orjson

from adapters.commcare.cases import Case
from adapters.commcare.client import CommCareHq, opened
from adapters.commcare.forwarded import forwarded
from adapters.commcare.progress import Progress, remembered, watermark
from adapters.commcare.records import OURS, REFERRAL, SURVIVOR, Reader
from adapters.commcare.spool import Spool
from adapters.commcare.standing import Standing
from adapters.commcare.terms import Terms
from hub.ports import Complete, Connection, Present, Pulled, SourceRecord, Watermark

KINDS: Final = (SURVIVOR, REFERRAL)


def pull(connection: Connection, since: Watermark | None) -> Iterator[Pulled]:
    """What was forwarded, then new and edited cases; a watermark after each page of them."""
    with opened(connection) as (hq, found):
        terms = read_under(connection, found)
        before = remembered(since, terms)
        passes = {kind: Progress(before.get(kind)) for kind in KINDS}
        reading = Reading(hq, Reader(connection.layout, found), found)
        number, reached = str(before.get("forwarded") or ""), since
        standing = Standing(KINDS, before.get("standing"))
        yield from _standing(standing, passes, found, hq)
        for number, cases in forwarded_since(connection, found, hq, number):  # noqa: B020
            for kind in KINDS:
                standing.forwarded(kind, (one for one in cases if one.type == found.type_of(kind) and _is_theirs(one)))
            yield from reading.records(cases)
            yield (reached := watermark(terms, number, passes, standing))
        for kind, progress in passes.items():
            for page in hq.cases(found.type_of(kind), progress.since):
                fresh = [one for one in page if progress.meet(one)]
                yield from reading.records(fresh)
                if progress.is_ordered and fresh:
                    yield (reached := watermark(terms, number, passes, standing))
            progress.end()
        if (end := watermark(terms, number, passes, standing)) != reached:
            yield end


def _standing(
    standing: Standing, passes: Mapping[str, Progress], found: Terms, hq: CommCareHq
) -> Iterator[Present | Complete]:
    listed = {kind: told for kind in KINDS if (told := hq.listed(found.type_of(kind), OURS)) is not None}
    if listed.keys() == passes.keys():  # else it is not sure of one of them that these are all
        yield from standing.told(listed, {kind: one.until for kind, one in passes.items()})


def forwarded_since(
    connection: Connection, found: Terms, hq: CommCareHq, since: str
) -> Iterator[tuple[str, list[Case]]]:
    """Some at a time, with the number of the last; what an earlier pull read, and the hub has stored since, is forgotten."""
    if found.listen is None:
        return
    spool = Spool(found.spool, connection.secret("spool"))
    spool.forget(since)
    for number, bodies in spool.pending(since):
        told = [forwarded(body) for body in bodies]
        newest = {one.case.id: one.case for one in told if one.case}
        ids = {id_ for one in told for id_ in one.ids}
        yield number, [*newest.values(), *hq.fetch(sorted(ids - newest.keys())).values()]


class Reading:
    """Makes records of cases, of survivors before those of their referrals."""

    def __init__(self, hq: CommCareHq, reader: Reader, found: Terms) -> None:
        self._hq = hq
        self._reader = reader
        self._found = found

    def records(self, cases: list[Case]) -> Iterator[SourceRecord]:
        """What the hub itself made at the server is no news."""
        theirs = [one for one in cases if _is_theirs(one)]
        survivors = {one.id: one for one in theirs if one.type == self._found.survivor}
        yield from map(self._reader.survivor, survivors.values())
        referrals = [(one, self._of(one)) for one in theirs if one.type == self._found.referral]
        survivors |= self._hq.fetch(sorted({id_ for _, id_ in referrals if id_} - survivors.keys()))
        for one, id_ in referrals:
            yield self._reader.referral(one, self._survivor(survivors.get(id_)))

    def _of(self, referral: Case) -> str:
        return referral.parents.get(self._found.survivor, "")

    def _survivor(self, case: Case | None) -> Case | None:
        """An index can lead to a case that is another one by now."""
        return case if case and case.type == self._found.survivor else None


def _is_theirs(case: Case) -> bool:
    return not case.external_id.startswith(OURS)


def read_under(connection: Connection, found: Terms) -> str:
    """What the records depend on besides the cases. When it changes, all are read again."""
    layout = connection.layout
    columns = {name: list(headers) for name, headers in layout.columns.items()}
    asked = [found.url, found.domain, found.survivor, found.referral, found.zone.key, columns, list(layout.follow_up)]
    return hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()[:20]
