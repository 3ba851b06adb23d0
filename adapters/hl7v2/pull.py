"""From the spool to records. What the last pull read, and the hub has stored since, is forgotten first.

The watermark is the number of the last message read. It is kept only once all before it is stored, so that a message leaves the
disk after it is in the hub, and no sooner.
"""

from collections.abc import Iterator
from typing import Final

from adapters.hl7v2.encoding import Unreadable
from adapters.hl7v2.message import parse
from adapters.hl7v2.records import Records
from adapters.hl7v2.spool import Spool
from adapters.hl7v2.terms import terms
from hub.ports import Connection, Pulled, Watermark

AT_ONCE: Final = 1000


def pull(connection: Connection, since: Watermark | None) -> Iterator[Pulled]:
    """Messages in the order in which they were taken."""
    found = terms(connection)
    spool = Spool(found.spool, connection.secret("spool"))
    records = Records.of(connection.layout, found, spool)
    read = 0
    reached = since.value if since else ""
    spool.forget(reached)
    for number, raw in spool.pending(reached):
        try:
            message = parse(raw, found.charset)
        except Unreadable:  # the charset of the connection was changed since it was taken
            break
        if record := records.record(message, number):
            yield record
        read, reached = read + 1, number
        if read % AT_ONCE == 0:
            yield Watermark(reached)
    if read % AT_ONCE:
        yield Watermark(reached)
