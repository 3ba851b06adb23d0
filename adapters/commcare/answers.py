"""What an organisation says in CommCare of the referrals that were sent to it, in the properties of their cases.

A connection that sends reads nothing else: cases of the organisation's own are another connection's, with another mapping.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from adapters.commcare.cases import Case
from adapters.commcare.client import opened
from adapters.commcare.progress import Progress, remembered, watermark
from adapters.commcare.pull import forwarded_since, read_under
from adapters.commcare.records import REFERRAL, SENT, TAKEN_BACK, Reader
from adapters.commcare.standing import Standing
from hub.ports import Connection, Pulled, SourceRecord, Watermark

NOTHING: Final = Standing((), None)
"""A case that somebody deletes there says nothing of the referral."""


def pull(connection: Connection, since: Watermark | None) -> Iterator[Pulled]:
    """What was forwarded, then cases by `indexed_on`; a watermark after each page of them."""
    with opened(connection) as (hq, found):
        under = read_under(connection, found)
        before = remembered(since, under)
        progress = {REFERRAL: Progress(before.get(REFERRAL))}
        reader = Reader(connection.layout, found)
        number, reached = str(before.get("forwarded") or ""), since
        for number, cases in forwarded_since(connection, found, hq, number):  # noqa: B020
            yield from answers(cases, reader)
            yield (reached := watermark(under, number, progress, NOTHING))
        for page in hq.cases(found.referral, progress[REFERRAL].since):
            yield from answers([one for one in page if progress[REFERRAL].meet(one)], reader)
            if progress[REFERRAL].is_ordered:
                yield (reached := watermark(under, number, progress, NOTHING))
        progress[REFERRAL].end()
        if (end := watermark(under, number, progress, NOTHING)) != reached:
            yield end


def answers(cases: Iterable[Case], reader: Reader) -> Iterator[SourceRecord]:
    """Nothing of a case in which nobody has answered yet, or which was taken back."""
    ours = (one for one in cases if one.external_id.startswith(SENT) and TAKEN_BACK not in one.properties)
    return filter(None, map(reader.answer, ours))
