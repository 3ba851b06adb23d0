"""The words of a header, as they are compared: whole, cut short, contracted, with the article or the plural of their language.

Which words mean the same ("agresseur", "auteur"), carry nothing or are written short is data (`mappings/lexicon.yaml`).
"""

import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any, Final

from hub.fhir.folding import fold

Tokens = tuple[str, ...]

_WORDS: Final = re.compile(r"[^\W\d_]+\.?|\d+")
_RUN_TOGETHER: Final = re.compile(r"(?<=[a-zà-ÿ])(?=[A-ZÀ-Þ])")
_NUMERO: Final = re.compile(r"(?:\bn|\bno|\bnum|\bnr)\s*[°º.]\s*|(?<=\w)[_-]no$|^#\s*", re.IGNORECASE)
_PREFIX: Final = 5  # letters by which a word that is cut short is known without a sign of it
_CUT: Final = 3  # and with one: "adr."
_SHORT: Final = 6  # the most letters of a word that may be cut short without a sign: "DATE_ADM", "Niv scol"
_CONTRACTED: Final = 4  # letters of a word whose middle is left out: "Natté", "Nbre"
_LEFT_OUT: Final = 3
_ENDINGS: Final = ("ات", "ين", "ون", "يه", "ه", "ي")
_LEFT: Final = 4  # letters that stay of a word without its ending
_LONG: Final = 6  # letters from which a slip of the pen is forgiven
_ALIKE: Final = 0.86
_ARABIC: Final = "\u0600"  # the first letter of its alphabet


class Words:
    """What is known of words."""

    def __init__(self, lexicon: Mapping[str, Any]) -> None:
        phrases = [(fold(str(said)), fold(str(meant))) for said, meant in lexicon.get("phrases", {}).items()]
        self._phrases = [(said, re.compile(rf"(?<!\w){re.escape(said)}(?!\w)"), meant) for said, meant in phrases]
        self._short = {fold(str(key)): fold(str(word)) for key, word in lexicon.get("short", {}).items()}
        self._same = {
            stem(fold(str(word))): stem(fold(str(words[0]))) for words in lexicon.get("same", ()) for word in words[1:]
        }
        self._forms: dict[str, set[str]] = {}
        for form, first in self._same.items():
            self._forms.setdefault(first, {first}).add(form)
        self._stop = self.folded(lexicon.get("stop", ()))
        self._subject = self.folded(lexicon.get("subject", ()))
        self._cut_short = frozenset(fold(str(word)) for word in lexicon.get("cut", ()))
        self._known: set[str] = set()
        self._of: dict[str, Tokens] = {}

    def folded(self, words: Iterable[Any]) -> frozenset[str]:
        """Words of a list, each as it stands in a header."""
        return frozenset(word.rstrip(".") for text in words for word in map(self._one, self._split(str(text))))

    def learn(self, words: Iterable[str]) -> None:
        """What no header needs to be cut short of."""
        self._known.update(word for word in words if word not in self._cut_short)
        self._of.clear()

    def of(self, text: str) -> Tokens:
        """The words; those that are cut short, or may be, end with a point."""
        if text not in self._of:
            words = map(self._one, self._split(text))
            self._of[text] = tuple(f"{word}." if self._may_be_cut(word) else word for word in words)
        return self._of[text]

    def _may_be_cut(self, word: str) -> bool:
        """What nobody knows, and is as short as what people leave over of a word."""
        if word in self._cut_short:
            return True
        strange = bool(self._known) and word not in self._known and word not in self._stop and word not in self._subject
        return strange and word.isascii() and word.isalpha() and _CUT <= len(word) <= _SHORT

    def same(self, one: str, other: str) -> bool:
        """`one`: of the header. `other`: as it stands for all that mean the same."""
        return any(same(one, form) for form in self.forms(other))

    def forms(self, word: str) -> Iterable[str]:
        """All that it stands for."""
        return self._forms.get(word, (word,))

    def begins(self, cut: str, other: str) -> bool:
        """Whether it is what is left of a word, or of another that means the same."""
        return len(cut) >= _CUT and any(form.startswith(cut) for form in self.forms(other))

    def readings(self, text: str) -> list[tuple[Tokens, bool]]:
        """The words that carry something, and these without the person whose case it is."""
        said = self.of(text)
        letters = len(said) > 1 and all(
            len(word.rstrip(".")) == 1 for word in said
        )  # first letters of words are none: ر.ب.ت.و
        words = said if letters else tuple(word for word in said if word.rstrip(".") not in self._stop)
        without = tuple(word for word in words if word.rstrip(".") not in self._subject)
        return [one for one in ((words, False), (without, True)) if one[0] and (not one[1] or without != words)]

    def _one(self, word: str) -> str:
        bare = word.rstrip(".")
        if bare in self._short:
            word = bare = self._short[bare]
        stemmed = stem(word)
        return self._same.get(stem(bare), stemmed)

    def _split(self, text: str) -> list[str]:
        apart = in_words(text)
        named = " " not in text.strip() and ("_" in text or apart != text)
        folded = fold(numbered(apart) + " |")
        for said, pattern, meant in self._phrases:
            if said in folded:
                folded = pattern.sub(meant, folded)
        found = _WORDS.findall(folded)  # the bar keeps the last point
        return [f"{word}." if named and _CUT <= len(word) <= _SHORT and word[-1] != "." else word for word in found]


class Index:
    """Where words stand (`having`: word → numbers of names) that are the same as one of a header."""

    def __init__(self, having: Mapping[str, AbstractSet[int]], words: Words) -> None:
        self._by_letter: dict[str, list[tuple[str, AbstractSet[int]]]] = {}
        for word, names in having.items():
            for form in words.forms(word):
                self._by_letter.setdefault(form[0], []).append((form, names))
        self._found: dict[str, frozenset[int]] = {}

    def alike(self, word: str) -> frozenset[int]:
        if word not in self._found:
            # what is the same as a word of plain letters begins as it does
            letters = [word[0]] if word.isascii() else self._by_letter
            forms = (one for letter in letters for one in self._by_letter.get(letter, ()))
            self._found[word] = frozenset[int]().union(*(names for form, names in forms if same(word, form)))
        return self._found[word]


def in_words(text: str) -> str:
    """What is run together in one word with capitals, in several: "dateNaissance"."""
    return text if " " in text.strip() else _RUN_TOGETHER.sub(" ", text)


def numbered(text: str) -> str:
    return _NUMERO.sub(" numero ", text)


def plain(words: Tokens) -> Tokens:
    return tuple(word.rstrip(".") for word in words)


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """Without the article that Arabic joins to a word, and without the plural that French and English write."""
    if word.endswith("."):
        return word
    for article in ("وال", "بال", "لل", "ال"):
        if word.startswith(article) and len(word) > len(article) + 1:
            return word.removeprefix(article)
    if word.endswith("ها") and len(word) > len("ها") + 2:  # "her telephone"
        word = word.removesuffix("ها")
        word = word.removesuffix("ت") + "ه" if word.endswith("ت") else word
        word = word.removesuffix("اي") + "اء" if word.endswith("اي") else word  # "her children"
    if not word.isascii() or len(word) <= 3:
        return word
    word = word.rstrip("sx") or word  # "XXXX", where nothing is told
    return word.removesuffix("e") if word.endswith("ee") else word  # "orientée" is "orienté"


@lru_cache(maxsize=65536)
def same(one: str, other: str) -> bool:
    """`one`: of the header, with a point where it is cut short or may be."""
    if one == other:
        return True
    return (one[0] < _ARABIC) == (other[0] < _ARABIC) and _resemble(one, other)


def _resemble(one: str, other: str) -> bool:
    if one.endswith("."):
        one = one.rstrip(".")
        if other == stem(one) or (len(one) >= _CUT and other.startswith(one)) or _contracted(one, other):
            return True
    if not one.isascii() and _root(one) == _root(other):
        return True
    short, long = sorted((one, other), key=len)
    if short.isascii() and len(short) >= _PREFIX and long.startswith(short):
        return True
    if (
        len(short) < _LONG
        or (one.isascii() and one[0] != other[0])
        or 2 * len(short) < _ALIKE * (len(short) + len(long))
    ):
        return False
    return SequenceMatcher(None, one, other).ratio() >= _ALIKE


@lru_cache(maxsize=8192)
def _root(word: str) -> str:
    """Without the ending by which Arabic tells number, gender and belonging."""
    ending = next((one for one in _ENDINGS if word.endswith(one) and len(word) - len(one) >= _LEFT), "")
    return word.removesuffix(ending)


def _contracted(one: str, other: str) -> bool:
    """Whether only the middle of a word is left out: "natte" of "nationalite"."""
    if len(one) < _CONTRACTED or len(other) < len(one) + _LEFT_OUT or one[:2] != other[:2] or one[-1] != other[-1]:
        return False
    letters = iter(other)
    return all(letter in letters for letter in one)


__all__ = ["Index", "Tokens", "Words", "in_words", "numbered", "plain", "same", "stem"]
