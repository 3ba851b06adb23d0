"""Messages that go out: what the columns say, in their places, with the segments in the order of the standard.

RRI^I12 and REF^I12, HL7 v2.5.1 chapter 11. Always in the usual delimiters and in UTF-8.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from adapters.hl7v2.encoding import USUAL, escape
from adapters.hl7v2.moments import from_iso, written
from adapters.hl7v2.places import PlaceInMessage
from adapters.hl7v2.terms import Terms

ORDER: Final = ("MSA", "RF1", "PRD", "PID", "NK1", "DG1", "PV1", "NTE", "CON")
CODED: Final = {
    ("RF1", 1): "HL70283", ("RF1", 2): "HL70280", ("RF1", 3): "HL70281", ("RF1", 10): "HL70336", ("PRD", 1): "HL70286",
    ("NK1", 3): "HL70063", ("PID", 16): "HL70002",
}  # fmt: skip
"""Fields whose code says from which table it is."""

Values = Mapping[PlaceInMessage, str]


class Draft:
    """A message that is being written: segment (and role) → field → component → text as it is sent."""

    def __init__(self) -> None:
        self._segments: dict[tuple[str, str], dict[int, dict[int, str]]] = {}

    def put(self, segment: str, field: int, text: str, component: int = 1, *, role: str = "") -> None:
        """A later word for the same place wins; an empty one is no word."""
        if text and segment in ORDER:
            if role and (segment, role) not in self._segments:
                self._segments[segment, role] = {1: _coded(segment, 1, role)}
            fields = self._segments.setdefault((segment, role), {}).setdefault(field, {})
            fields.update(_coded(segment, field, escape(text)) if component == 1 else {component: escape(text)})

    def fill(self, values: Values, zone: str) -> None:
        for at, text in values.items():
            sent = from_iso(text, zone) if at.is_moment else text
            self.put(at.segment, at.field, sent, at.component or 1, role=at.role)
            if text and at.kind:
                self.put(at.segment, at.field, at.kind, at.keyed_by, role=at.role)

    def segments(self) -> Iterable[str]:
        for name, role in sorted(self._segments, key=lambda one: (ORDER.index(one[0]), one[1])):
            fields = self._segments[name, role]
            told = [_field(fields.get(number, {})) for number in range(1, max(fields) + 1)]
            yield USUAL.field.join([name, *told])


def _coded(segment: str, field: int, code: str) -> dict[int, str]:
    """The first component of a field; of a code, also the third, which says its table."""
    table = CODED.get((segment, field))
    return {1: code, 3: table} if table else {1: code}


def _field(components: Mapping[int, str]) -> str:
    return USUAL.component.join(components.get(number, "") for number in range(1, max(components, default=0) + 1))


def message(kind: str, draft: Draft, *, key: str, at: datetime, terms: Terms, modes: tuple[str, str]) -> bytes:
    """`key`: what makes it this message; sent again it has the same number. `modes`: MSH-15 and MSH-16."""
    body = list(draft.segments())
    number = hashlib.sha256("\r".join([key, kind, *body]).encode()).hexdigest()[:20].upper()
    code, _, event = kind.partition("^")
    header = [
        "MSH", USUAL.encoding, *map(escape, (*terms.us, *terms.them)), written(at, terms.zone), "",
        f"{code}^{event}^{code}_I12", number, terms.processing, terms.version, "", "", *modes, "MAR", "UNICODE UTF-8",
    ]  # fmt: skip
    return "".join(f"{line}\r" for line in [USUAL.field.join(header), *body]).encode()
