"""One message, split where it is asked: segments at once, fields, repetitions and components only when they are read.

Splitting all of a message ahead, as general libraries do, costs some thirty times as much. HL7 v2.5.1 chapter 2.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

from adapters.hl7v2.encoding import Delimiters, Unreadable, decode, delimiters, unescape

NULL: Final = '""'
"""A field that says "delete what you have"; an empty one says nothing."""


class Sender(NamedTuple):
    """MSH-3 and MSH-4, as they stand: who numbers messages in MSH-10."""

    application: str
    facility: str


@dataclass(frozen=True, repr=False)
class Segment:
    """`fields[0]` is the name; of MSH, `fields[1]` is the field separator, so that numbers are those of the standard."""

    name: str
    fields: tuple[str, ...]
    marks: Delimiters
    codec: str

    def raw(self, number: int) -> str:
        """The field as it stands; empty when the segment ends before it."""
        return self.fields[number] if number < len(self.fields) else ""

    def repetitions(self, number: int) -> list[str]:
        field = self.raw(number)
        return field.split(self.marks.repetition) if field else []

    def value(self, number: int, component: int = 1, subcomponent: int = 1, *, repetition: str | None = None) -> str:
        """What a component of the field's first repetition means; empty when there is none."""
        whole = self.raw(number).split(self.marks.repetition, 1)[0] if repetition is None else repetition
        parts = whole.split(self.marks.component, component)
        part = parts[component - 1] if component <= len(parts) else ""
        if self.marks.subcomponent in part:
            parts = part.split(self.marks.subcomponent, subcomponent)
            part = parts[subcomponent - 1] if subcomponent <= len(parts) else ""
        elif subcomponent > 1:
            return ""
        return unescape(part, self.marks, self.codec)

    def __repr__(self) -> str:
        return f"<Segment {self.name}>"


@dataclass(frozen=True, repr=False)
class Message:
    """`segments` in their order, the first of them MSH; segments of one's own (Z…) are not among them."""

    segments: tuple[Segment, ...]
    marks: Delimiters
    codec: str

    @property
    def header(self) -> Segment:
        return self.segments[0]

    def first(self, name: str) -> Segment | None:
        return next((one for one in self.segments if one.name == name), None)

    def all(self, name: str) -> list[Segment]:
        return [one for one in self.segments if one.name == name]

    @property
    def control(self) -> str:
        return self.header.value(10)

    @property
    def kind(self) -> str:
        """`REF^I12`: the message and what happened. Version 2.2 and some senders put the event into EVN-1 alone."""
        event = self.header.value(9, 2)
        if not event and (evn := self.first("EVN")):
            event = evn.value(1)
        return f"{self.header.value(9)}^{event}"

    @property
    def version(self) -> str:
        return self.header.value(12)

    @property
    def sender(self) -> Sender:
        return Sender(self.header.raw(3), self.header.raw(4))

    def __repr__(self) -> str:
        return f"<Message {len(self.segments)} segments>"


def parse(raw: bytes, charset: str = "") -> Message:
    """Raises Unreadable."""
    text, codec = decode(raw, charset)
    return read(text, codec)


def read(text: str, codec: str = "utf-8") -> Message:
    """A message that is text already. Segments end with CR; LF and CRLF are taken for it. Raises Unreadable."""
    marks = delimiters(text[:9].partition("\r")[0].partition("\n")[0])
    if "\n" in text:
        text = text.replace("\r\n", "\r").replace("\n", "\r")
    segments = []
    for line in text.split("\r"):
        if line and line[0] != "Z" and not line.isspace():
            segments.append(_segment(line, marks, codec))
    return Message(tuple(segments), marks, codec)


def _segment(line: str, marks: Delimiters, codec: str) -> Segment:
    fields = line.split(marks.field)
    name = fields[0].strip()
    if len(name) != 3 or not name.isascii() or not name.isalnum():
        raise Unreadable("100", "ERR")
    if name == "MSH":
        fields.insert(1, marks.field)
    return Segment(name, tuple(fields), marks, codec)
