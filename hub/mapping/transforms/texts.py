"""Text as it stands, text whose digits become ASCII, counts and years."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from hub.fhir.folding import ascii_digits, fold
from hub.fhir.writable import writable
from hub.mapping.model import NOTHING, Context, Reading, Trouble
from hub.mapping.transforms.whole import Whole, without_words

_COUNT: Final = re.compile(r"(\d{1,3}(?:[ \u066c]\d{3})+|\d+)(?:[.,\u066b]0+)?(?:\s+\D*)?")
"""Thousands parted by a space, as in French, or by U+066C; the Arabic decimal sign is U+066B."""
_NONE: Final = frozenset(
    fold(word) for word in ("aucun", "aucune", "sans", "néant", "بدون", "لا يوجد", "لا", "none", "no")
)
_SEPARATORS: Final = re.compile(r"[\s\-./\u00a0\u202f\u200e\u200f]+")


@dataclass(frozen=True)
class Text(Whole):
    """The cell without spaces at its ends, and without what nobody sees and no text of FHIR holds."""

    @property
    def recurs(self) -> bool:
        return False

    def forward(self, text: str, context: Context) -> Reading:
        stripped = writable(text).strip()
        return Reading(stripped) if stripped else NOTHING

    def back(self, value: Any) -> str:
        return str(value)


@dataclass(frozen=True)
class Digits(Whole):
    """Numbers and codes: ASCII digits, upper case. `compact` drops spaces and hyphens; `expect` warns, and keeps the value. But
    words alone ("not shown") are no number: as one, they would make one woman of all of whom they are said."""

    compact: bool = False
    expect: str = ""

    @cached_property
    def _expected(self) -> re.Pattern[str]:
        return re.compile(self.expect)

    @property
    def recurs(self) -> bool:
        return False

    def forward(self, text: str, context: Context) -> Reading:
        value = ascii_digits(writable(text)).strip().upper()
        if self.compact:
            value = _SEPARATORS.sub("", value)
        if not value:
            return NOTHING
        if self.expect and not self._expected.fullmatch(value):
            if not any(map(str.isdecimal, value)):
                return Reading(None, Trouble("mapping.no-number", warns=True))
            return Reading(value, Trouble("mapping.unusual", warns=True))
        return Reading(value)

    def back(self, value: Any) -> str:
        return str(value)


@dataclass(frozen=True)
class Integer(Whole):
    """A count: `3`, `٣`, `1 000`, `3 enfants`, `aucun`."""

    def forward(self, text: str, context: Context) -> Reading:
        folded = fold(text)
        found = _COUNT.fullmatch(folded)
        if found and len(found[1]) <= 9:
            return Reading(int(re.sub(r"\D", "", found[1])))
        return (
            Reading(0)
            if folded in _NONE
            else Reading(None, Trouble("mapping.number-unreadable", value=without_words(text)))
        )

    def back(self, value: Any) -> str:
        return str(value)


@dataclass(frozen=True)
class Year(Whole):
    """A year of four digits, not in the future."""

    def forward(self, text: str, context: Context) -> Reading:
        found = re.search(r"(?<!\d)(?:19|20)\d\d(?!\d)", fold(text))
        if found and int(found[0]) <= context.today.year:
            return Reading(found[0])
        return Reading(None, Trouble("mapping.date-unreadable", {"formats": "2001"}, without_words(text)))

    def back(self, value: Any) -> str:
        return str(value)
