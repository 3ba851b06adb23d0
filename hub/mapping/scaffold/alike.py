"""What a header resembles: of all headers that people have written, which column's are most like it, by words and parts of words.

Naive Bayes over the words, the pairs of words and the letters of words, each weighed by how few columns it speaks of
(https://nlp.stanford.edu/IR-book/html/htmledition/naive-bayes-text-classification-1.html). It knows spellings, dialects and
abbreviations that no rule names, and is never sure: what is found so alone is asked about.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final

from hub.fhir.folding import fold
from hub.mapping.scaffold.words import in_words

_WORDS: Final = re.compile(r"[^\W_]+")
_LETTERS: Final = (3, 4, 5)
_RARE: Final = 0.05  # what a word counts that a column's headers have never had
_KNOWN: Final = 2.0  # what it counts that somebody has headed this very column so
_BEGINS: Final = "^ "
_OFTEN: Final = 2  # headers of a column in which a word stands that speaks for it


class Alike:
    """`headers`: column → what its headers are; one of the columns may stand for what is none."""

    def __init__(self, headers: Mapping[str, Iterable[str]]) -> None:
        self._exactly: dict[str, list[str]] = defaultdict(list)
        seen: dict[str, Counter[str]] = {}
        sizes: dict[str, int] = {}
        for column, texts in headers.items():
            folded = dict.fromkeys(map(fold, texts))
            for text in folded:
                self._exactly[text].append(column)
            parts = [_parts(text) for text in folded]
            seen[column] = Counter(part for one in parts for part in one)
            sizes[column] = len(parts)
        spoken_of = Counter(part for counted in seen.values() for part in counted)
        self._weights = {part: math.log(1 + len(seen) / columns) for part, columns in spoken_of.items()}
        self._often = {
            column: {part for part, times in counted.items() if part[0] == "=" and times >= _OFTEN}
            for column, counted in seen.items()
        }
        self._absent = {column: math.log(_RARE) - math.log(size + 2 * _RARE) for column, size in sizes.items()}
        self._told: dict[str, list[tuple[str, float]]] = defaultdict(list)
        for column, counted in seen.items():
            for part, times in counted.items():
                self._told[part].append((column, math.log(times + _RARE) - math.log(_RARE)))

    def elsewhere(self, text: str) -> frozenset[str]:
        """The columns that somebody has headed exactly so."""
        return frozenset(self._exactly.get(fold(in_words(text).replace("_", " ")), ()))

    def nearest(self, texts: Sequence[str]) -> list[tuple[str, float]]:
        """Columns, the most likely first, each with its distance from the first: 0, and less. None where no word speaks for
        the first."""
        texts = [*map(in_words, texts)]
        scores: dict[str, float] = dict.fromkeys(self._absent, 0.0)
        known = False
        for text in texts:
            parts = [part for part in _parts(fold(text)) if part in self._weights]
            weight = sum(self._weights[part] for part in parts)
            for part in parts:
                known = True
                for column, tells in self._told[part]:
                    scores[column] += self._weights[part] * tells / weight
            for column, absent in self._absent.items():
                scores[column] += absent if parts else 0.0
            for column in self._exactly.get(fold(text), ()):
                scores[column] += _KNOWN
        if not known:
            return []
        first = max(scores, key=lambda column: scores[column])
        words = {f"={word}" for text in texts for word in _WORDS.findall(fold(text))}
        if not words & self._often[first]:  # letters alone, or a word that one header has by chance
            return []
        return sorted(((column, score - scores[first]) for column, score in scores.items()), key=lambda one: -one[1])


def _parts(folded: str) -> frozenset[str]:
    words = _WORDS.findall(folded)
    letters = (f"<{word}>"[at : at + many] for word in words for many in _LETTERS for at in range(len(word) + 3 - many))
    pairs = (f"{one} {other}" for one, other in pairwise(words))
    return frozenset({*(f"={word}" for word in words), *pairs, *letters, *(_BEGINS + word for word in words[:1])})


__all__ = ["Alike"]
