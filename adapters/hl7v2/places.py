"""Where a column of a mapping stands in a message: `PID-5.2`, `PRD[RT]-7.1`, `PID-3[NI].1`, `NTE-3`.

The segment (with the role of a PRD in brackets), the field, the repetition by its identifier type or use, the component, the
subcomponent. The same words read a message and write one.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from adapters.hl7v2.message import NULL, Message, Segment
from adapters.hl7v2.moments import iso

_WRITTEN: Final = re.compile(
    r"([A-Z][A-Z0-9]{2})(?:\[(\w+)\])?-(\d{1,2})(?:\[(\w+)\])?(?:\.(\d{1,2}))?(?:\.(\d{1,2}))?", re.ASCII
)
MOMENTS: Final = frozenset(
    {("MSH", 7), ("EVN", 2), ("EVN", 6), ("PID", 7), ("PID", 29), ("RF1", 7), ("RF1", 8), ("RF1", 9), ("PV1", 44)}
    | {("PV1", 45), ("NK1", 16), ("CON", 12), ("CON", 13), ("CON", 14), ("CON", 15), ("DG1", 5)}
)
"""Fields that hold a timestamp."""
KEYED_BY: Final = {"PID-3": 5, "PRD-7": 2, "PID-13": 3, "PID-14": 3, "PID-11": 7}
"""The component that says what kind of repetition it is: an identifier's type, a telephone's, an address's."""
WHOLE: Final = frozenset({("PID", 5), ("NK1", 2), ("PID", 13), ("PID", 14)})
"""Names and telephones: their parts are of no use one by one, so that without a component all of it is meant."""
RESULTS: Final = frozenset({"OBR", "OBX", "PRT"})


@dataclass(frozen=True)
class PlaceInMessage:
    segment: str
    role: str
    field: int
    kind: str
    component: int
    subcomponent: int

    @property
    def is_moment(self) -> bool:
        return (self.segment, self.field) in MOMENTS

    def __str__(self) -> str:
        """As people who know the standard say it, and as `place` reads it."""
        role, kind = f"[{self.role}]" if self.role else "", f"[{self.kind}]" if self.kind else ""
        parts = f".{self.component}" if self.component > 1 or self.subcomponent > 1 else ""
        parts += f".{self.subcomponent}" if self.subcomponent > 1 else ""
        return f"{self.segment}{role}-{self.field}{kind}{parts}"

    @property
    def keyed_by(self) -> int:
        return KEYED_BY.get(f"{self.segment}-{self.field}", 5)


def place(text: str) -> PlaceInMessage | None:
    """None for a word that names no place in a message."""
    found = _WRITTEN.fullmatch(text)
    if found is None:
        return None
    segment, role, field, kind, component, subcomponent = found.groups()
    whole = not component and (segment, int(field)) in WHOLE
    return PlaceInMessage(
        segment, role or "", int(field), kind or "", 0 if whole else int(component or 1), int(subcomponent or 1)
    )


def places(columns: Mapping[str, Sequence[str]]) -> dict[str, PlaceInMessage]:
    """Of the columns of a layout, those that stand in a message."""
    return {
        name: found
        for name, headers in columns.items()
        for found in [next(filter(None, map(place, (*headers, name))), None)]
        if found
    }


class Reader:
    """Reads the columns of one layout; what is decided once is decided here."""

    def __init__(self, columns: Mapping[str, Sequence[str]], zone: str) -> None:
        self._zone = zone
        self._places = places(columns)
        self._by_segment: dict[tuple[str, str], list[tuple[str, PlaceInMessage]]] = {}
        for name, found in self._places.items():
            self._by_segment.setdefault((found.segment, found.role), []).append((name, found))
        self.headers = {name: str(found) for name, found in self._places.items()}

    @property
    def fields(self) -> frozenset[tuple[str, int]]:
        """Where any column stands, whatever repetition or component it reads."""
        return frozenset((found.segment, found.field) for found in self._places.values())

    def read(self, message: Message) -> tuple[dict[str, Any], tuple[str, ...]]:
        """What each column says, and the columns that the sender wants emptied."""
        content: dict[str, Any] = {}
        cleared: list[str] = []
        firsts = _firsts(message)
        for wanted, columns in self._by_segment.items():
            segment = firsts.get(wanted)
            if segment is None:
                continue
            for name, at in columns:
                text = self._text(segment, at)
                if text == NULL:
                    cleared.append(name)
                elif text:
                    content[name] = text
        if ("NTE", "") in self._by_segment:
            self._notes(message, content)
        return content, tuple(cleared)

    def _text(self, segment: Segment, at: PlaceInMessage) -> str:
        if segment.raw(at.field) == NULL:
            return NULL
        if not at.component:
            return _name(segment, at.field) if at.field in {2, 5} else _telephones(segment, at.field)
        if at.kind:
            repetition = _of_kind(segment, at)
            text = segment.value(at.field, at.component, at.subcomponent, repetition=repetition) if repetition else ""
        else:
            text = segment.value(at.field, at.component, at.subcomponent)
        if at.is_moment and text and text != NULL:
            return iso(text, self._zone) or text
        return text

    def _notes(self, message: Message, content: dict[str, Any]) -> None:
        """All notes of the message; those below a result are about the result."""
        for name, at in self._by_segment.get(("NTE", ""), ()):
            texts = [self._text(note, at) for note in _own_notes(message)]
            joined = "\n".join(text for text in texts if text and text != NULL)
            if joined:
                content[name] = joined


def _firsts(message: Message) -> dict[tuple[str, str], Segment]:
    """The first segment of each name, and of those that say a role in their first field the first of each role."""
    found: dict[tuple[str, str], Segment] = {}
    for segment in message.segments:
        found.setdefault((segment.name, ""), segment)
        if segment.name == "PRD":
            found.setdefault((segment.name, segment.value(1)), segment)
    return found


def _of_kind(segment: Segment, at: PlaceInMessage) -> str:
    for one in segment.repetitions(at.field):
        if segment.value(at.field, at.keyed_by, repetition=one) == at.kind:
            return one
    return ""


def _own_notes(message: Message) -> Iterator[Segment]:
    about = ""
    for segment in message.segments:
        if segment.name != "NTE":
            about = segment.name
        elif about not in RESULTS:
            yield segment


_NO_NAME: Final = frozenset({"S", "U", "A"})
"""Table 0200: a pseudonym, no name, an alias. None of them is what she is called."""


def _name(segment: Segment, field: int) -> str:
    """Given names before the family's, as people say them. XPN, HL7 v2.5.1 chapter 2A."""
    for one in segment.repetitions(field):
        if segment.value(field, 7, repetition=one) not in _NO_NAME:
            parts = [segment.value(field, component, repetition=one) for component in (2, 3, 1)]
            return " ".join(part.strip() for part in parts if part.strip() and part != NULL)
    return ""


def _telephones(segment: Segment, field: int) -> str:
    """Numbers as they are written in one piece, else of country, area and local number. XTN, HL7 v2.5.1 chapter 2A."""
    found = []
    for one in segment.repetitions(field):
        country, area, local = (segment.value(field, component, repetition=one) for component in (5, 6, 7))
        joined = f"{'+' + country.lstrip('+') if country else ''}{area}{local}"
        found.append(segment.value(field, 12, repetition=one) or segment.value(field, 1, repetition=one) or joined)
    return " / ".join(number for number in found if number and number != NULL)
