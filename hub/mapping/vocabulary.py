"""The words of a form and the codes they stand for, both ways: FHIR ConceptMaps, and the labels of code systems.

https://hl7.org/fhir/R4/conceptmap.html. In a group, `element.code` is the word as forms spell it; several groups may
give one word several meanings. A word without target is known and means nothing. Of several words for the same meaning the
first is the one written back, groups whose source ends with the mapping's language before others. A code that no word alone
says is written as the word that it is `narrower` than.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from difflib import get_close_matches
from functools import cached_property
from typing import Final, NamedTuple

from hub.fhir import Resource
from hub.fhir.folding import fold
from hub.mapping.model import Code

Meaning = tuple[Code, ...]

_NOISE: Final = frozenset(
    fold(word)
    for word in (
        *(
            "violence",
            "violences",
            "v",  # V. physique
            "type",
            "le",
            "la",
            "les",
            "l",
            "d",
            "de",
            "du",
            "des",
            "a",
            "au",
            "aux",
            "et",
            "en",
        ),
        *("العنف", "عنف", "من", "في", "على", "of", "the"),
    )
)
_TOKENS: Final = re.compile(r"[^\W_]+")


class Label(NamedTuple):
    """A code's label in one language, from its code system."""

    code: Code
    language: str
    text: str


def bare(word: str) -> str:
    """A word without articles, plural endings and the word "violence": the second chance of a lookup."""
    kept = (
        token.removeprefix("ال") if len(token) > 4 else token
        for token in _TOKENS.findall(fold(word))
        if token not in _NOISE
    )
    return " ".join(token.rstrip("s") if token.isascii() and len(token) > 3 else token for token in kept)


class Vocabulary:
    """All the words that a coded column knows."""

    def __init__(self, maps: Iterable[Resource], labels: Sequence[Label], language: str) -> None:
        own: dict[str, Meaning] = {}
        preferred: dict[Meaning, str] = {}
        others: dict[Meaning, str] = {}
        self._wider: dict[Code, str] = {}
        for concept_map in maps:
            self._wider = _wider(concept_map) | self._wider
            words, meant = _words(concept_map, language)
            for word, meaning in words.items():
                own.setdefault(fold(word), meaning)
                (preferred if word in meant else others).setdefault(meaning, word)
        for label in sorted(labels, key=lambda label: label.language != language):
            own.setdefault(fold(label.text), (label.code,))
            (preferred if label.language == language else others).setdefault((label.code,), label.text)
        for label in labels:
            own.setdefault(fold(label.code.code), (label.code,))
        self._meanings: Mapping[str, Meaning] = own
        self._bare = _unambiguous(own)
        self._phrases = {meaning: word for meaning, word in (others | preferred).items() if own[fold(word)] == meaning}
        self._ordered = sorted(self._phrases, key=len, reverse=True)

    def with_words(self, said: Iterable[tuple[str, Meaning]]) -> "Vocabulary":
        """With more words that mean something, before those that are known; what is written back stays."""
        own = {fold(word): meaning for word, meaning in said}
        more = copy(self)
        more._meanings = {**self._meanings, **own}
        more._bare = _unambiguous(more._meanings)
        return more

    def meaning(self, word: str) -> Meaning | None:
        """The codes a word stands for; empty when it says nothing; None when the word is unknown."""
        known = self._meanings.get(fold(word))
        return known if known is not None else self._bare.get(bare(word))

    def words(self, codes: Iterable[Code]) -> list[str]:
        """The fewest words that say these codes, in their order."""
        left = list(dict.fromkeys(codes))
        said = []
        while left:
            phrase = next((m for m in self._ordered if left[0] in m and set(m) <= set(left)), None)
            said.append(self._phrases[phrase] if phrase else self._wider.get(left[0], left[0].code))
            left = [code for code in left if code not in (phrase or (left[0],))]
        return said

    def close_to(self, word: str) -> list[str]:
        """Known words near an unknown one, or else the first that are known."""
        near = get_close_matches(fold(word), self._meanings, n=3, cutoff=0.6)
        said = [" / ".join(self.words(self._meanings[key])) for key in near if self._meanings[key]]
        return list(dict.fromkeys(said)) or self._first

    @cached_property
    def codes(self) -> frozenset[Code]:
        return frozenset(code for meaning in self._meanings.values() for code in meaning)

    @cached_property
    def phrases(self) -> tuple[str, ...]:
        """A word for each meaning that there is, in the mapping's language where it has one."""
        return tuple(self._phrases.values())

    @cached_property
    def _first(self) -> list[str]:
        return list(self._phrases.values())[:12]


def _words(concept_map: Resource, language: str) -> tuple[dict[str, Meaning], set[str]]:
    """Words with all their meanings, those of the mapping's language first, and which words are of that language."""
    words: dict[str, Meaning] = {}
    meant: set[str] = set()
    groups = concept_map.get("group", [])
    for group in sorted(groups, key=lambda group: not str(group.get("source", "")).endswith(f"-{language}")):
        for element in group.get("element", []):
            word = element["code"]
            codes = tuple(
                Code(group["target"], target["code"]) for target in element.get("target", []) if "code" in target
            )
            words[word] = words.get(word, ()) + tuple(code for code in codes if code not in words.get(word, ()))
            if str(group.get("source", "")).endswith(f"-{language}"):
                meant.add(word)
    return words, meant


def _wider(concept_map: Resource) -> dict[Code, str]:
    """Codes with the first word that says them and more."""
    found: dict[Code, str] = {}
    for group in concept_map.get("group", []):
        for element in group.get("element", []):
            for target in element.get("target", []):
                if "code" in target and target.get("equivalence") == "narrower":
                    found.setdefault(Code(group["target"], target["code"]), element["code"])
    return found


def _unambiguous(meanings: Mapping[str, Meaning]) -> dict[str, Meaning]:
    """Bare forms that lead to one meaning only."""
    found: dict[str, set[Meaning]] = {}
    for word, meaning in meanings.items():
        found.setdefault(bare(word), set()).add(meaning)
    return {form: next(iter(candidates)) for form, candidates in found.items() if form and len(candidates) == 1}
