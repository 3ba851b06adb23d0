"""Labels and headers that are sentences: "Where does she live (commune)?", "هل تحتاج إلى طبيب؟" → which column they ask for.

What is asked is data (`sentences` of `mappings/lexicon.yaml`): words in their order, others may stand between. A sentence that
asks for two things tells nothing. The languages of a form vote together.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

from hub.fhir.folding import fold

NOTHING: Final = "nothing"  # what no column is for: "does she still live with him?"
_WORDS: Final = re.compile(r"[^\W_]+")
_ARABIC: Final = re.compile("[\u0621-\u064a]")
_JOINED: Final = "(?:[وفبلك]?(?:ال)?|لل)"  # what Arabic writes together with the next word


class Asked(NamedTuple):
    """The column that is asked for, in how many of the texts, and the first of them."""

    column: str
    votes: int
    text: str
    language: str


@dataclass(frozen=True, repr=False)
class Pattern:
    """Words in their order, and what may not stand anywhere."""

    wanted: re.Pattern[str]
    forbidden: re.Pattern[str] | None

    def is_met(self, words: str) -> bool:
        return bool(self.wanted.search(words)) and not (self.forbidden and self.forbidden.search(words))


class _Sentence(NamedTuple):
    column: str
    language: str
    words: Pattern


class Sentences:
    """`said`: column → language → what is asked. A word may have others beside it (`a|b`), go on (`a*`), be followed at once by
    the next (`a+b`), come first (`^a`) or last (`a$`) or forbid
    the rest (`~a`). `never`: what forbids every one of a column."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        self._sentences = [
            _Sentence(column, language, pattern(str(text), one.get("never", ())))
            for column, one in said.items()
            for language, texts in one.items()
            if language != "never"
            for text in texts
        ]

    def asked(self, texts: Iterable[str]) -> list[Asked]:
        """What these ask for, most votes first; each text once, whatever it is repeated."""
        votes: Counter[str] = Counter()
        first: dict[str, tuple[str, str]] = {}
        for text in dict.fromkeys(texts):
            columns = {one.column: one.language for one in self._met(text)}
            if len(columns) == 1:
                [(column, language)] = columns.items()
                votes[column] += 1
                first.setdefault(column, (text, language))
        return [Asked(column, number, *first[column]) for column, number in votes.most_common()]

    def _met(self, text: str) -> Sequence[_Sentence]:
        said = spaced(fold(text))
        return [one for one in self._sentences if one.words.is_met(said)] if " " in said else []


def spaced(folded: str) -> str:
    """The words alone, a space between."""
    return " ".join(_WORDS.findall(folded))


def pattern(text: str, never: Iterable[str]) -> Pattern:
    words = text.split()
    wanted = [_words(word) for word in words if not word.startswith("~")]
    forbidden = [_words(str(word)) for word in (*(word[1:] for word in words if word.startswith("~")), *never)]
    return Pattern(re.compile(".*?".join(wanted)), re.compile("|".join(forbidden)) if forbidden else None)


@lru_cache(maxsize=4096)
def _words(said: str) -> str:
    """One or the other, as an expression over folded words with a space between."""
    first = r"^" if said.startswith("^") else ""
    last = r"$" if said.endswith("$") else ""
    return f"{first}(?:{'|'.join(_one(one) for one in said.removeprefix('^').removesuffix('$').split('|'))}){last}"


def _one(said: str) -> str:
    words = []
    for word in said.split("+"):
        bare = fold(word.removesuffix("*"))
        joined = _JOINED if _ARABIC.search(bare) else ""
        goes_on = r"\w*" if word.endswith("*") else ""
        words.append(f"{joined}{re.escape(bare)}{goes_on}")
    return r"\b" + " ".join(words) + r"\b"


__all__ = ["NOTHING", "Asked", "Pattern", "Sentences", "pattern", "spaced"]
