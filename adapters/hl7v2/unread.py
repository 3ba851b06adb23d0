"""What referrals and answers say that no column of the mapping reads, by its place: for who connects a hospital, never a value.

HL7 v2.5.1 chapter 11, REF and RRI. What is read of one of them counts as read of both. What frames a
message is left out: who speaks, what it answers, how segments are counted.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from adapters.hl7v2.message import NULL, Message, Segment
from adapters.hl7v2.records import ABOUT, Records

SAYING: Final = frozenset(
    {"RF1", "AUT", "PRD", "CTD", "PID", "NK1", "GT1", "IN1", "IN2", "IN3", "ACC", "DG1", "DRG", "AL1", "PR1"}
    | {"OBR", "OBX", "PV1", "PV2", "NTE", "CON"}
)
"""Segments that say something of her, of the referral or of who takes part. Any other name may be a word that has slipped."""
FRAME: Final = frozenset(
    {("RF1", 6), ("PRD", 1), ("PRD", 7), ("NTE", 1), ("NTE", 2), ("CON", 1)}
    | {("PID", 1), ("PID", 3), ("PV1", 1), ("PV1", 19), ("NK1", 1), ("DG1", 1), ("PR1", 1), ("OBR", 1), ("OBX", 1)}
)
"""Read without a column, or nothing but a count."""


def unread(messages: Iterable[Message], records: Records) -> tuple[str, ...]:
    """`RF1-4`, and `DG1` for a segment of which nothing at all is read; in the order of their names."""
    read = records.reader.fields
    told = {place for message in messages if message.kind[:3] in ABOUT for place in _told(message)} - read - FRAME
    some = {segment for segment, _ in read}
    fields = [f"{segment}-{field}" for segment, field in sorted(told) if segment in some]
    return (*fields, *sorted({segment for segment, _ in told if segment not in some}))


def _told(message: Message) -> Iterator[tuple[str, int]]:
    for segment in message.segments:
        if segment.name in SAYING:
            yield from ((segment.name, number) for number in _filled(segment))


def _filled(segment: Segment) -> Iterator[int]:
    return (number for number, text in enumerate(segment.fields) if number and text and text != NULL)
