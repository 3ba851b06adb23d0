"""Words → codes, one or several in a cell.

Several are separated by comma, semicolon, slash, plus, hyphen, newline, "et", "and", "و" (also joined to the next word);
what stands between separators is read as the longest words the vocabulary knows, so a label may hold a separator itself.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, NamedTuple

from hub.fhir.folding import fold
from hub.mapping.model import Code, Context, Reading, Trouble
from hub.mapping.transforms.whole import Whole
from hub.mapping.vocabulary import Meaning, Vocabulary

_BETWEEN: Final = re.compile(r"\s*[,،;؛|\n\r/+&\-–—]\s*|\s+(?:et|and|ou|و)\s+|\s+و(?=\w)", re.IGNORECASE)
_SPACE: Final = re.compile(r"\s+")
_LONGEST = 6  # pieces that a label may hold


class Known(NamedTuple):
    meaning: Meaning | None
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Codes(Whole):
    """`several` with `separator: space` is how survey tools write a multiple choice."""

    vocabulary: Vocabulary = field(repr=False)
    several: bool = False
    separator: str = ""
    _cached: Callable[[str], Reading] = field(init=False, repr=False)
    known: Callable[[str], Known] = field(init=False, repr=False)
    """What a cell means, and the words in it that nobody knows: `forward` without what these could have been."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_cached", lru_cache(maxsize=4096)(self._read))
        object.__setattr__(self, "known", lru_cache(maxsize=4096)(self._known))

    def forward(self, text: str, context: Context) -> Reading:
        return self._cached(text)

    def back(self, value: Any) -> str:
        codes = (value,) if isinstance(value, Code) else value
        words = self.vocabulary.words(codes)
        between = " " if self.separator == "space" else ", "
        return between.join(words)

    def join(self, parts: Mapping[str, Any]) -> Any:
        """Codes; those of an element that is text are found again by the code alone."""
        value = parts.get("")
        if not isinstance(value, str):
            return value
        return tuple(code for code in self.vocabulary.codes if code.code == value)[:1] or None

    def _read(self, text: str) -> Reading:
        meaning, unknown = self._known(text)
        return Reading(meaning, self._trouble(unknown) if unknown else None)

    def _known(self, text: str) -> Known:
        meaning = self.vocabulary.meaning(text)
        if meaning is not None:
            return Known(meaning or None)
        if not self.several:
            return Known(None, (text,))
        found: list[Code] = []
        unknown: list[str] = []
        self._segment(text, found, unknown)
        return Known(tuple(dict.fromkeys(found)) or None, tuple(unknown))

    def _segment(self, part: str, found: list[Code], unknown: list[str]) -> None:
        """Read `part` from the left, each time the longest run of pieces that is a known word."""
        pieces = _pieces(part, _SPACE if self.separator == "space" else _BETWEEN)
        while pieces:
            for last in range(min(len(pieces), _LONGEST), 0, -1):
                word = part[pieces[0][0] : pieces[last - 1][1]]
                meaning = self.vocabulary.meaning(word)
                if meaning is not None:
                    found.extend(meaning)
                    break
            else:
                last = 1
                unknown.append(part[pieces[0][0] : pieces[0][1]])
            pieces = pieces[last:]

    def _trouble(self, unknown: Sequence[str]) -> Trouble:
        known = dict.fromkeys(word for one in unknown for word in self.vocabulary.close_to(one))
        return Trouble("mapping.code-unknown", {"known": ", ".join(known)}, ", ".join(unknown))


def _pieces(part: str, between: re.Pattern[str]) -> list[tuple[int, int]]:
    """Where the pieces between separators begin and end."""
    bounds, start = [], 0
    for separator in between.finditer(part):
        bounds.append((start, separator.start()))
        start = separator.end()
    bounds.append((start, len(part)))
    return [(begin, end) for begin, end in bounds if fold(part[begin:end])]
