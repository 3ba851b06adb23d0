"""What stands in a column, beside what stands in columns of registers whose meaning is known: dates, ticks, ages, names, few
words that return. A cell is never kept: of each column there is the shape of its cells, and of their words those that several
registers use.

Naive Bayes as in `scaffold_alike`. It is never sure: an age looks like a number of children.
"""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from hub.fhir.folding import ascii_digits, fold
from hub.mapping.scaffold.table import Question

HEADING: Final = "^"
KIND: Final = "kind-"
DISTINCT: Final = "distinct"
EMPTY: Final = "empty"
FEW: Final = "few"  # too few cells to tell
_REGISTERS: Final = 2  # columns of a meaning, from which anything is known of their cells
FEWEST: Final = 2
_SHARES: Final = (0.2, 0.5, 0.8)
_DISTINCT: Final = (0.15, 0.3, 0.5, 0.7, 0.9)
_EMPTY: Final = (0.05, 0.3, 0.6)
_CHOICES: Final = 8
_LONG: Final = 30
_SHORT: Final = 3
_SEEN: Final = 3.0  # columns of any meaning that weigh as much as what is known of one
_TRAIT: Final = 0.2
_WORD: Final = 0.4

_DATE: Final = re.compile(r"^(\d{1,2}[/.\-]\d{1,2}([/.\-](\d{4}|\d{2}))?|\d{4}-\d{2}-\d{2})\b")
_WORDS: Final = re.compile(r"[^\W\d_]{3,}")


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern, re.IGNORECASE)
    return lambda cell: compiled.fullmatch(cell) is not None


_SHAPES: Final[Mapping[str, Callable[[str], bool]]] = {
    "date": lambda cell: _DATE.match(cell) is not None,
    "answer": _matches(r"oui|non|yes|no|true|false|[onyx✓✔01]|نعم|لا|nn|ok"),
    "number": str.isdecimal,
    "small": _matches(r"\d{1,2}"),
    "adult": _matches(r"(1[4-9]|[2-5]\d)(\s.{0,4})?"),
    "digit": lambda cell: any(map(str.isdecimal, cell)),
    "phone": _matches(r"(\+?212|0)[5-7][\d .\-x*]{6,}"),
    "cin": _matches(r"[a-z]{1,2} ?\d{4,7}"),
    "mail": lambda cell: "@" in cell,
    "hour": _matches(r"\d{1,2}\s?[h:]\s?\d{0,2}(:00)?"),
    "numbered": lambda cell: not _DATE.match(cell) and re.fullmatch(r".*\d+.*[/\-].*\d+.*", cell) is not None,
    "long": lambda cell: len(cell) > _LONG,
    "short": lambda cell: len(cell) <= _SHORT,
    "two-words": lambda cell: len(cell.split()) == 2,
    "words": lambda cell: len(cell.split()) > 2,
    "several": lambda cell: not _DATE.match(cell) and re.search(r"[+,;/]", cell) is not None,
    "capitals": lambda cell: cell.isupper() and cell.isalpha(),
}
"""Of how many of the cells it is true, by steps: `date3` where four of five are dates."""


@dataclass(frozen=True, repr=False)
class Seen:
    """A column of a register whose meaning is known. `meaning`: one, or several of which each is right."""

    register: str
    meaning: tuple[str, ...]
    traits: frozenset[str]
    words: frozenset[str] = frozenset()


def traits(question: Question) -> frozenset[str]:
    """The shape of what stands in it; of a form's question its type."""
    if question.kind:
        offered = {f"choices{min(len(question.choices), _CHOICES)}"} if question.choices else set()
        return frozenset({f"{KIND}{question.kind.split()[0]}", *offered})
    cells = [ascii_digits(value.strip()) for value in question.values if value.strip()]
    if len(cells) < FEWEST:
        return frozenset({FEW})
    shapes = {
        f"{name}{_step(sum(map(is_so, cells)) / len(cells), _SHARES, reached=True)}" for name, is_so in _SHAPES.items()
    }
    distinct = _step(len(set(map(fold, cells))) / len(cells), _DISTINCT)
    empty = _step(1 - len(cells) / len(question.values), _EMPTY)
    return frozenset({*shapes, f"{DISTINCT}{distinct}", f"{EMPTY}{empty}"})


def words(question: Question) -> frozenset[str]:
    """Those in its cells, or in what these mean, and those of the heading above, which are marked."""
    texts = [label for one in question.choices for label in one.labels] or question.values
    cells = {word for text in texts for word in _WORDS.findall(fold(text))}
    return frozenset({*cells, *(f"{HEADING}{word}" for word in _WORDS.findall(fold(question.group)))})


def said(question: Question) -> str:
    """Its shape in as few words as `shape` needs."""
    return " ".join(sorted(one for one in traits(question) if not one.endswith("0")))


def shape(text: str) -> frozenset[str]:
    """The traits of a column, where those of which nothing is said are true of no cell."""
    told = frozenset(text.split())
    if any(one == FEW or one.startswith(KIND) for one in told):
        return told
    names = {one.rstrip("0123456789") for one in told}
    return told | {f"{name}0" for name in (*_SHAPES, DISTINCT, EMPTY) if name not in names}


class Cells:
    """What columns of each meaning hold, by all that were seen."""

    def __init__(self, seen: Iterable[Seen]) -> None:
        self._columns: defaultdict[str, float] = defaultdict(float)
        self._having: dict[str, defaultdict[str, float]] = {}  # trait or word → meaning → columns
        for one in seen:
            for meaning in one.meaning:
                self._columns[meaning] += 1 / len(one.meaning)
                for mark in one.traits | one.words:
                    self._having.setdefault(mark, defaultdict(float))[meaning] += 1 / len(one.meaning)
        all_ = sum(self._columns.values())
        self._usual = {mark: (sum(having.values()) + 0.5) / (all_ + 1) for mark, having in self._having.items()}

    @cache  # noqa: B019 — of one table, for each ready mapping
    def evidence(self, question: Question) -> Mapping[str, float]:
        """Meaning → how much the cells and the heading above speak for it; below 0: against it. Empty where nothing was
        ever seen."""
        shapes = [one for one in traits(question) if one in self._having]
        heard = [one for one in words(question) if one in self._having]
        spread = math.sqrt(len(heard)) or 1.0  # long texts have many words, and say no more for that
        return {
            meaning: _TRAIT * sum(self._tells(meaning, one, _SEEN) for one in shapes)
            + _WORD * sum(self._tells(meaning, one, 1.0) for one in heard) / spread
            for meaning, columns in self._columns.items()
            if columns >= _REGISTERS
        }

    def _tells(self, meaning: str, mark: str, doubt: float) -> float:
        usual = self._usual[mark]
        return math.log((self._having[mark][meaning] + doubt * usual) / (self._columns[meaning] + doubt) / usual)


def _step(share: float, steps: Sequence[float], *, reached: bool = False) -> int:
    return sum(share >= step if reached else share > step for step in steps)


__all__ = ["HEADING", "Cells", "Seen", "said", "shape", "words"]
