"""From the spool to records. What the last pull read, and the hub has stored since, is forgotten first.

The watermark is the number of the last message read. It is kept only once all before it is stored, so that a message leaves the
disk after it is in the hub, and no sooner.
"""

import re
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
NUMBER: Final = re.compile(r"[0-9]{20}")


def pull(connection: Connection, since: Watermark | None) -> Iterator[Pulled]:
    """Messages in the order in which they were taken."""
    found = terms(connection)
    spool = Spool(found.spool, connection.secret("spool"))
    records = Records.of(connection.layout, found, spool)
    reached = since.value if since and NUMBER.fullmatch(since.value) else ""
    spool.forget(reached)
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
