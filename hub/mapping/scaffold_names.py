"""What a column is called → which column of a ready mapping it is. The names are data; how near two of them are is here.

A header is read as its words without those that carry nothing ("de la", "في") and without the person whose case it is ("code
de la bénéficiaire" is called as "code"). A header in two languages is read in each. A word that is visibly cut short ("Adr.",
"DATE_ADM") is read as each longer word that begins so; what is known by such words alone, or by one side of a slash whose other
side nobody understands, is never beyond doubt. A name of a part ("douar") yields to the name of the whole ("adresse").
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any, Final, NamedTuple

from hub.fhir.folding import fold

Tokens = tuple[str, ...]

_WORDS: Final = re.compile(r"[^\W\d_]+\.?|\d+")
_SLASH: Final = re.compile(r"\s*/\s*")
_BRACKETS: Final = re.compile(r"\(.*?\)|\[.*?\]")
_PARTS: Final = re.compile(r"[/|()\[\]\n]|\s[-–—]\s")
_ARABIC: Final = re.compile("[\u0621-\u064a]")
_SCRIPTS: Final = re.compile("[\u0600-\u06ff][\u0600-\u06ff\\W\\d]*|[^\u0600-\u06ff]+")
_NUMERO: Final = re.compile(r"(?:\bn|\bno|\bnum|\bnr)\s*[°º.]\s*", re.IGNORECASE)
_PREFIX: Final = 5  # letters by which a word that is cut short is known without a sign of it
_CUT: Final = 3  # and with one: "adr."
_COLUMN: Final = 6  # the most letters of a word that a database cuts short: "DATE_ADM"
_LONG: Final = 6  # letters from which a slip of the pen is forgiven
_ALIKE: Final = 0.86
EXACT: Final = 1.0
_SIDE: Final = 0.99  # called so on one side of a slash: what is called so altogether comes first
_NARROW: Final = 0.89  # and before what is called as a part of the thing, even where its name is cut short


class Near(NamedTuple):
    """How near a header is to a name: `whole` when nothing of either is left over."""

    score: float
    column: str = ""
    name: str = ""
    language: str = ""
    whole: bool = False
    cut: bool = False  # whole only if words of the header that are cut short are what they seem


@dataclass(frozen=True)
class _Name:
    column: str
    language: str
    text: str
    tokens: Tokens
    letters: str
    folded: str
    stripped: bool  # of the person: such a name is only meant by a header that speaks of her, too


class Names:
    """All names of all columns. `lexicon`: the file `mappings/lexicon.yaml`; `headers`: column → language → headers."""

    def __init__(self, lexicon: Mapping[str, Any], headers: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        self._stop = frozenset(fold(str(word)) for word in lexicon.get("stop", ()))
        self._short = {fold(str(key)): fold(str(word)) for key, word in lexicon.get("short", {}).items()}
        self._subject = frozenset(_stem(fold(str(word))) for word in lexicon.get("subject", ()))
        self._groups = {
            role: frozenset(_stem(fold(str(word))) for word in one["words"])
            for role, one in lexicon.get("groups", {}).items()
        }
        self._asked = {role: tuple(map(str, one["called"])) for role, one in lexicon.get("groups", {}).items()}
        said = lexicon.get("names", {})
        self._never = {
            column: frozenset(_stem(fold(str(word))) for word in said[column].get("never", ())) for column in said
        }
        self._narrow = {column: frozenset(map(fold, map(str, said[column].get("narrow", ())))) for column in said}
        self._names = [
            name
            for column, own in headers.items()
            for language, texts in _together(own, said.get(column, {})).items()
            for name in self._named(column, language, texts)
        ]
        self._near_found: dict[str, list[Near]] = {}
        self._alike: dict[str, frozenset[int]] = {}
        self._having: dict[str, set[int]] = {}
        self._spelled: dict[str, set[int]] = {}
        for at, name in enumerate(self._names):
            self._spelled.setdefault(name.letters, set()).add(at)
            for token in name.tokens:
                self._having.setdefault(token, set()).add(at)
        columns = {(token, name.column) for name in self._names for token in name.tokens}
        self._columns = Counter(token for token, _ in columns)

    def near(self, header: str) -> list[Near]:
        """The columns that this may be the name of, best first, each once."""
        if header not in self._near_found:
            self._near_found[header] = self._nearest(header)
        return self._near_found[header]

    def _nearest(self, header: str) -> list[Near]:
        best: dict[str, Near] = {}
        for at, part in enumerate(_parts(header)):
            for whole in self._near(part):
                one = self._beside(header, whole) if at else whole
                if one.score > best.get(one.column, Near(0)).score:
                    best[one.column] = one
        allowed = (one for one in best.values() if not self.forbids(header, one.column))
        return sorted(allowed, key=lambda one: (-one.score, one.column))

    def _beside(self, header: str, near: Near) -> Near:
        """What only a part of the header is called: never beyond doubt where the other side of a slash is not understood."""
        sides = [side for side in _SLASH.split(_BRACKETS.sub("", header)) if side.strip()]
        strange = len(sides) > 1 and not all(any(self._near(side)) for side in sides)
        return near._replace(score=min(near.score, _SIDE), cut=near.cut or strange)

    def forbids(self, header: str, column: str) -> bool:
        """Whether a word of the header says that it is another thing, or another person's."""
        return bool(frozenset(_plain(self._words(header))) & self._never.get(column, frozenset()))

    def within(self, group: str, texts: Sequence[str]) -> list[str]:
        """What these are called below a heading that says whose they are: "sex" below "alleged perpetrator"."""
        said = frozenset(_plain(self._words(group)))
        about = [called for role, words in self._groups.items() if words & said for called in self._asked[role]]
        return [f"{text} {called}" for text in texts for called in about]

    def language(self, header: str) -> str:
        """As far as letters tell it."""
        return "ar" if _ARABIC.search(header) else "fr"

    def _named(self, column: str, language: str, texts: Iterable[str]) -> Iterable[_Name]:
        for text in texts:
            for cut, stripped in self._readings(text):
                tokens = _plain(cut)
                yield _Name(column, language, text, tokens, "".join(tokens), fold(text), stripped)

    def _near(self, part: str) -> Iterable[Near]:
        for tokens, stripped in self._readings(part):
            for name in self._alike_to(tokens):
                near = self._compare(tokens, name) if stripped or not name.stripped else Near(0)
                if near.score:
                    same = near._replace(score=EXACT) if fold(part) == name.folded else near
                    narrow = near.whole and name.folded in self._narrow.get(name.column, ())
                    yield same._replace(score=min(same.score, _NARROW)) if narrow else same

    def _alike_to(self, tokens: Tokens) -> list[_Name]:
        """The names that share a word with these."""
        found = set(self._spelled.get("".join(_plain(tokens)), ()))
        for token in tokens:
            if token not in self._alike:
                same = (at for other, at in self._having.items() if _same(token, other))
                self._alike[token] = frozenset().union(*same)
            found |= self._alike[token]
        return [self._names[at] for at in sorted(found)]

    def _readings(self, text: str) -> list[tuple[Tokens, bool]]:
        """The words, and the words without the person."""
        words = tuple(word for word in self._words(text) if word.rstrip(".") not in self._stop)
        without = tuple(word for word in words if word.rstrip(".") not in self._subject)
        return [one for one in ((words, False), (without, True)) if one[0] and (not one[1] or without != words)]

    def _words(self, text: str) -> Tokens:
        return tuple(_stem(self._short.get(word.rstrip("."), word)) for word in _cut(text))

    def _compare(self, header: Tokens, name: _Name) -> Near:
        plain = _plain(header)
        if plain == name.tokens or "".join(plain) == name.letters:
            return Near(0.98, name.column, name.text, name.language, True)
        pairs = [(one, other) for one in header for other in name.tokens if _same(one, other)]
        if not pairs:
            return Near(0)
        met, named = {one for one, _ in pairs}, {other for _, other in pairs}
        shared = sum(self._weight(token) for token in named)
        left = sum(self._weight(token) for token in set(name.tokens) - named)
        over = sum(self._weight(token.rstrip(".")) for token in set(header) - met)
        score = shared / (shared + left + 0.6 * over)
        if left and all(one.endswith(".") for one, _ in pairs):  # cut words alone are no part of a longer name
            return Near(0)
        if not left and not over:
            cut = any(one.endswith(".") and _stem(one.rstrip(".")) not in name.tokens for one in header)
            return Near(0.9 if cut else 0.96, name.column, name.text, name.language, True, cut)
        head = 0.08 if _same(header[0], name.tokens[0]) else 0.0
        return Near(round(min(0.9, 0.85 * score + head), 3), name.column, name.text, name.language)

    def _weight(self, token: str) -> float:
        """A word that many columns are called by tells little; one that nobody knows tells that something is not understood."""
        return 1.0 / self._columns[token] if self._columns[token] else 0.7


def _together(*said: Mapping[str, Any]) -> dict[str, list[str]]:
    languages = dict.fromkeys(key for one in said for key in one if key not in {"never", "narrow"})
    return {key: [str(text) for one in said for text in one.get(key, ())] for key in languages}


def _parts(header: str) -> list[str]:
    """The whole, what stands between slashes and brackets, and what is written in each alphabet."""
    whole = _NUMERO.sub("numero ", header)
    scripts = _SCRIPTS.findall(whole) if _ARABIC.search(whole) else []
    pieces = [piece.strip() for piece in (whole, *_PARTS.split(whole), *scripts)]
    return list(dict.fromkeys(piece for piece in pieces if len(fold(piece)) > 1))


def _cut(text: str) -> list[str]:
    """The words; those that are cut short, or may be, end with a point."""
    found = _WORDS.findall(fold(_NUMERO.sub("numero ", text) + " |"))  # the last point would go, too
    named = "_" in text and " " not in text.strip()
    return [f"{word}." if named and _CUT <= len(word) <= _COLUMN and word[-1] != "." else word for word in found]


def _plain(words: Tokens) -> Tokens:
    return tuple(word.rstrip(".") for word in words)


@lru_cache(maxsize=8192)
def _stem(word: str) -> str:
    """Without the article that Arabic joins to a word, and without the plural that French and English write."""
    if word.endswith("."):
        return word
    for article in ("وال", "بال", "لل", "ال"):
        if word.startswith(article) and len(word) > len(article) + 1:
            return word.removeprefix(article)
    if word.endswith("ها") and len(word) > len("ها") + 2:  # "her telephone"
        word = word.removesuffix("ها")
        word = word.removesuffix("ت") + "ه" if word.endswith("ت") else word
    return word.rstrip("sx") if word.isascii() and len(word) > 3 else word


@lru_cache(maxsize=65536)
def _same(one: str, other: str) -> bool:
    if one == other:
        return True
    if one.endswith("."):
        one = one.rstrip(".")
        if other == _stem(one) or (len(one) >= _CUT and other.startswith(one)):
            return True
    short, long = sorted((one, other), key=len)
    if short.isascii() and len(short) >= _PREFIX and long.startswith(short):
        return True
    if len(short) < _LONG or 2 * len(short) < _ALIKE * (len(short) + len(long)):
        return False
    return SequenceMatcher(None, one, other).ratio() >= _ALIKE


__all__ = ["Names", "Near"]
