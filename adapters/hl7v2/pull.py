"""From the spool to records. What an earlier pull read, and the hub has stored since, is forgotten first, once it is old enough.

The watermark is the number of the last message read. It is kept only once all before it is stored, so that a message leaves the
disk after it is in the hub, and no sooner: some days later, so that a hub that was restored from yesterday's copy, or reads with
another version of the mapping, finds what nobody will send again.
"""

import re
import time
from collections.abc import Iterator
from typing import Final

from adapters.hl7v2.encoding import Unreadable
from adapters.hl7v2.message import parse
from adapters.hl7v2.records import REFERRAL, Records
from adapters.hl7v2.spool import Spool
from adapters.hl7v2.terms import terms
from hub.fhir.issues import Issue
from hub.ports import Connection, Place, Pulled, SourceRecord, Watermark

AT_ONCE: Final = 1000
DAY: Final = 86_400
NUMBER: Final = re.compile(r"[0-9]{20}")


def pull(connection: Connection, since: Watermark | None) -> Iterator[Pulled]:
    """Messages in the order in which they were taken."""
    found = terms(connection)
    spool = Spool(found.spool, connection.secret("spool"))
    records = Records.of(connection.layout, found, spool)
    reached = since.value if since and NUMBER.fullmatch(since.value) else ""
    spool.forget(reached, time.time() - found.kept_days * DAY)
    read = 0
    for number, raw in spool.pending(reached):
        if record := _record(raw, number, records, found.charset):
            yield record
        read, reached = read + 1, number
        if read % AT_ONCE == 0:
            yield Watermark(reached)
    if read % AT_ONCE:
        yield Watermark(reached)


def _record(raw: bytes, number: str, records: Records, charset: str) -> SourceRecord | None:
    """What could be read when it was taken and cannot any more, as after a change of the charset, waits in quarantine."""
    try:
        return records.record(parse(raw, charset), number)
    except Unreadable:
        issue = Issue("error", "structure", "adapters.hl7v2-unreadable")
        place = Place(record=number.lstrip("0"))
        return SourceRecord(REFERRAL, number, number, {}, place, issues=(issue,))
