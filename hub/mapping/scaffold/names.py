"""What a column is called → which column of a ready mapping it is. The names are data; how near two of them are is here.

A header is read as its words without those that carry nothing ("de la", "في") and without the person whose case it is ("code
de la bénéficiaire" is called as "code"). A header in two languages is read in each. A word that is visibly cut short ("Adr.",
"DATE_ADM") is read as each longer word that begins so; what is known by such words alone, or by one side of a slash whose other
side nobody understands, is never beyond doubt. A name of a part ("douar") yields to the name of the whole ("adresse").
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from hub.fhir.folding import fold
from hub.mapping.scaffold.alike import Alike
from hub.mapping.scaffold.asks import Asks
from hub.mapping.scaffold.sentences import NOTHING, Sentences, pattern, spaced
from hub.mapping.scaffold.ticks import Kinds
from hub.mapping.scaffold.words import Index, Tokens, Words, numbered, plain, stem

_SLASH: Final = re.compile(r"\s*/\s*")
_BRACKETS: Final = re.compile(r"\(.*?\)|\[.*?\]")
_SIGNS: Final = re.compile(r"(?<=\w)[\s(\[:]+[^\W\d_](?:\s?/\s?[^\W\d_])+[)\]]?\s*$")
"""What may be answered, at the end of a header: "O/N", "ق/ح"."""
_PARTS: Final = re.compile(r"[/|()\[\]\n]|\s[-–—]\s")
_ARABIC: Final = re.compile("[\u0621-\u064a]")
_SCRIPTS: Final = re.compile("[\u0600-\u06ff][\u0600-\u06ff\\W\\d]*|[^\u0600-\u06ff]+")
_INITIALS: Final = re.compile(r"[A-Z]{2,4}")
EXACT: Final = 1.0
_ASKED_FOR: Final = {"needs", "services"}
_IDENTITY: Final = "identity"
_SIDE: Final = 0.99  # called so on one side of a slash: what is called so altogether comes first
_BELOW: Final = 0.97  # and so together with the heading above
_NARROW: Final = 0.89  # and before what is called as a part of the thing, even where its name is cut short
_TORN: Final = 0.6  # what lacks a word of the name, and has one of another column instead
_LIGHT: Final = 0.15  # what a word like "what" or "when" weighs
_VOTE: Final = 0.03  # and another language says so, too
_INITIAL: Final = 0.42  # nothing but first letters: a question, which the cells may answer


class Near(NamedTuple):
    """How near a header is to a name: `whole` when nothing of either is left over."""

    score: float
    column: str = ""
    name: str = ""
    language: str = ""
    whole: bool = False
    cut: bool = False  # whole only if words of the header that are cut short are what they seem
    vague: bool = False  # whole, and says little
    initials: bool = False  # nothing but first letters
    torn: bool = False  # a word that carries something stands where the name has another: "du dernier repas"
    doubted: bool = False  # so called, and more like headers of another column
    unlikely: bool = False  # so called, and what stands beside it and in it speaks for another column
    alike: bool = False  # by far the likeliest by what it is like


@dataclass(frozen=True)
class _Name:
    column: str
    language: str
    text: str
    tokens: Tokens
    letters: str
    folded: str
    stripped: bool  # of the person: such a name is only meant by a header that speaks of her, too
    initials: frozenset[str] = frozenset()  # the first letters of its words: "sf" of "situation familiale"


class Names:
    """All names of all columns. `lexicon`: the file `mappings/lexicon.yaml`; `headers`: column → language → headers."""

    def __init__(self, lexicon: Mapping[str, Any], headers: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        self._words = Words(lexicon)
        self._light, self._vague, self._common, self._others = (
            self._words.folded(lexicon.get(key, ())) for key in ("light", "vague", "common", "others")
        )
        self._says_little = self._light | self._vague | self._common
        self._hers = frozenset(map(str, lexicon.get("hers", ())))
        self.several = frozenset(map(str, lexicon.get("several", ())))
        self._parts = frozenset(map(str, lexicon.get("parts", ())))
        self.answered = {str(column): str(meant) for column, meant in lexicon.get("answered", {}).items()}
        self.agreed = frozenset(map(str, lexicon.get("agreed", ())))
        self.unless = {str(column): str(other) for column, other in lexicon.get("unless", {}).items()}
        self.holds = {str(column): str(sign) for column, sign in lexicon.get("holds", {}).items()}
        self.free = {str(column): str(meant) for column, meant in lexicon.get("free", {}).items()}
        self._groups = {role: self._words.folded(one["words"]) for role, one in lexicon.get("groups", {}).items()}
        self._asked = {role: tuple(map(str, one["called"])) for role, one in lexicon.get("groups", {}).items()}
        self.kinds = Kinds(lexicon.get("ticks", {}), self._words, self._groups)
        said = lexicon.get("names", {})
        self._never = {column: self._words.folded(said[column].get("never", ())) for column in said}
        self._narrow = {column: frozenset(map(fold, map(str, said[column].get("narrow", ())))) for column in said}
        self._names = [
            name
            for column, own in headers.items()
            for language, texts in _together(own, said.get(column, {})).items()
            for name in self._named(column, language, texts)
        ]
        self._sentences = Sentences(lexicon.get("sentences", {}))
        self._asks = Asks(lexicon.get("asks", {}))
        tests = lexicon.get("tests", {})
        self._tests = [pattern(str(text), tests.get("never", ())) for text in tests.get("words", ())]
        self._exactly = {(name.column, name.folded) for name in self._names}
        self._near_found: dict[str, list[Near]] = {}
        # header → it without brackets, and what that is called
        self._outside: dict[str, tuple[str, frozenset[str]]] = {}
        self._having: dict[str, set[int]] = {}
        self._spelled: dict[str, set[int]] = {}
        self._begun: dict[str, set[int]] = {}
        for at, name in enumerate(self._names):
            self._spelled.setdefault(name.letters, set()).add(at)
            for first in name.initials:
                self._begun.setdefault(first, set()).add(at)
            for token in name.tokens:
                self._having.setdefault(token, set()).add(at)
        self._index = Index(self._having, self._words)
        columns = {(token, name.column) for name in self._names for token in name.tokens}
        self._columns = Counter(token for token, _ in columns)
        self._own: dict[str, set[str]] = {}
        for token, column in columns:
            self._own.setdefault(column, set()).add(token)
        known = (self._having, self._others, self._light, *self._never.values())
        self._words.learn(word for words in known for word in words)
        self.resembled: Alike = lexicon.get("alike") or Alike({})

    def near(self, header: str) -> list[Near]:
        """The columns that this may be the name of, best first, each once."""
        if header not in self._near_found:
            self._near_found[header] = self._nearest(header)
        return self._near_found[header]

    def resembles(self, header: str) -> bool:
        """Whether it is like what people write above columns, also those that are nobody's."""
        return bool(header and self.resembled.nearest([header]))

    def _nearest(self, header: str) -> list[Near]:
        best: dict[str, Near] = {}
        for at, part in enumerate(_parts(header)):
            for whole in self._near(part):
                one = self._beside(header, part, whole) if at else whole
                if one.score > best.get(one.column, Near(0)).score:
                    best[one.column] = one
        allowed = (
            one for one in best.values() if not self.forbids(header, one.column) and not self._theirs(header, one)
        )
        return sorted(allowed, key=lambda one: (-one.score, one.column))

    def _beside(self, header: str, part: str, near: Near) -> Near:
        """What only a part of the header is called: never beyond doubt where the other side of a slash is not understood, nor
        what stands in brackets by itself, nor what is outside them where they say something else."""
        sides = [side for side in _SLASH.split(_BRACKETS.sub("", header)) if side.strip()]
        understood = (any(not one.initials for one in self._near(side)) for side in sides)
        strange = len(sides) > 1 and not all(understood)
        other = self._is_other(header, part, near)
        inside = other and part not in _BRACKETS.sub(" ", header)  # a hint alone says less than any name
        return near._replace(score=min(near.score, _TORN if inside else _SIDE), cut=near.cut or strange or other)

    def _is_other(self, header: str, part: str, near: Near) -> bool:
        """Whether what is inside brackets and what is outside them are not both called so."""
        inside = " ".join(_BRACKETS.findall(header)).strip("()[] ")
        outside = _BRACKETS.sub(" ", header).strip()
        if not inside or not outside:
            return False
        if part in inside:
            return not any(one.column == near.column and one.score >= _TORN for one in self._near(outside))
        said = {one.column for one in self._near(inside) if one.score >= _TORN}
        return bool(said) and near.column not in said

    def speaks_of_another(self, texts: Iterable[str]) -> bool:
        """Whether it is about somebody else than her, as what stands beside it may be."""
        return any(word in self._others for text in texts for word in plain(self._words.of(text)))

    def is_hers(self, column: str) -> bool:
        """Whether it says of her what may be said of anybody: a name, an age."""
        return column in self._hers

    def parts_of(self, texts: Iterable[str]) -> set[str]:
        """The columns to which it adds as a part: a quarter, to an address."""
        folded = {fold(side) for text in texts for side in (text, *text.split("/"))}
        return {column for column in self._parts if self._narrow.get(column, frozenset()) & folded}

    def asked(self, texts: Sequence[str]) -> list[Near]:
        """What these ask for as sentences do, all languages together; a sentence about another person asks nothing of hers. What
        is no column's is told as `NOTHING`. Never beyond doubt by itself."""
        found = self._sentences.asked(texts)
        return [
            Near(min(_NARROW + _VOTE * (one.votes - 1), _BELOW), one.column, one.text, one.language, True, vague=True)
            for one in found
            if one.votes == found[0].votes
            and not any(self._asks_for_another(text, one.column) for text in texts)
            and not (one.column in self._hers and any(self._other_than_her(text, one.column) for text in texts))
        ]

    def _other_than_her(self, text: str, column: str) -> bool:
        strangers = self._others - self._own.get(column, set())
        carrying = next((words for words, _ in self._words.readings(text)), ())  # "son" is also "her", in French
        return any(word in strangers for word in plain(carrying))

    def forbids(self, header: str, column: str, *, plainly: bool = False) -> bool:
        """Whether a word of the header says that it is another thing, or another person's. `plainly`: so much like headers of the
        column that a word which says so elsewhere does not."""
        own = self._own.get(column, set())
        never = frozenset[str]() if plainly else self._never.get(column, frozenset())
        strangers = (self._others - own) if column in self._hers else frozenset()
        if any(self._tells(word, strangers) and not self._tells(word, own) for word in self._words.of(header)):
            return True
        outside = self._without_hint(header, column)
        words = self._words.of(outside)
        if frozenset(plain(words)) & never or self._asks_for_another(outside, column):
            return True
        return any(self._tells(word, never) and not self._tells(word, own) for word in words)

    def _without_hint(self, header: str, column: str) -> str:
        """Without what stands in brackets, where what is outside them is by itself what the column is called."""
        if header not in self._outside:
            outside = " ".join(_BRACKETS.sub(" ", header).split())
            nears = self._near(outside) if outside and outside != header else ()
            self._outside[header] = outside, frozenset(one.column for one in nears if one.whole and not one.cut)
        outside, called = self._outside[header]
        return outside if column in called else header

    def marks_tests(self, texts: Iterable[str]) -> bool:
        """Whether it says of each record if it is a test: docs/mapping-format.md, `left_out`."""
        return any(one.is_met(spaced(fold(part))) for text in texts for part in _parts(text) for one in self._tests)

    def _asks_for_another(self, header: str, column: str) -> bool:
        """Whether it asks for a kind of answer that the column does not hold, and is not exactly what the column is called."""
        answered = self._asks.answered_by(_parts(header))
        if answered is None or column in answered or column == NOTHING:
            return False
        return (column, fold(header)) not in self._exactly

    def asks_for_another(self, texts: Iterable[str], column: str) -> bool:
        """Whether one of these asks for a kind of answer that the column does not hold: "where was she born" asks for no day."""
        return any(self._asks_for_another(text, column) for text in texts)

    def _theirs(self, header: str, near: Near) -> bool:
        """Whether it is merely like something, and speaks of a person of whom that says nothing."""
        strangers = self._others - self._own[near.column]
        return not near.whole and any(self._tells(word, strangers) for word in self._words.of(header))

    def _tells(self, word: str, of: AbstractSet[str]) -> bool:
        """Whether it is one of these, or what is left of one."""
        bare = word.rstrip(".")
        return bare in of or (word.endswith(".") and any(self._words.begins(bare, one) for one in of))

    def below(self, group: str, texts: Sequence[str]) -> tuple[str, list[str]]:
        """Whose, or of what, the columns below a heading are, and what these are called then: "sex" below "alleged perpetrator".
        A heading that speaks of two things, or of her, says nothing for certain."""
        said = frozenset(plain(self._words.of(group)))
        about = _whose([role for role, words in self._groups.items() if words & said])
        if set(about) == _ASKED_FOR:  # "services demandés" are what she needs
            about = ["needs"]
        if len(about) != 1:
            return "", []
        called = self._asked[about[0]]
        outside = (
            " ".join(_BRACKETS.sub(" ", text).split()) for text in texts
        )  # a hint is not called so together with it
        sides = dict.fromkeys(side.strip() for text in outside if text for side in _scripts(text))
        return about[0], [
            f"{side} {one}" for side in sides for one in called if self._is_arabic(side) == self._is_arabic(one)
        ]

    def _is_arabic(self, text: str) -> bool:
        return self.language(text) == "ar"

    def language(self, header: str) -> str:
        """As far as letters tell it."""
        return "ar" if _ARABIC.search(header) else "fr"

    def _named(self, column: str, language: str, texts: Iterable[str]) -> Iterable[_Name]:
        for text in texts:
            for cut, stripped in self._words.readings(text):
                tokens = plain(cut)
                initials = {
                    "".join(word[0] for word in words) for words in (tokens, fold(text).split()) if len(words) > 1
                }
                yield _Name(column, language, text, tokens, "".join(tokens), fold(text), stripped, frozenset(initials))

    def _near(self, part: str) -> Iterable[Near]:
        for tokens, stripped in self._words.readings(part):
            for name in self._alike_to(tokens):
                near = self._compare(tokens, name) if stripped or not name.stripped else Near(0)
                if near.score:
                    one = near._replace(score=EXACT) if fold(part) == name.folded else near
                    narrow = near.whole and name.folded in self._narrow.get(name.column, ())
                    yield one._replace(score=min(one.score, _NARROW), vague=True) if narrow else one
        if _INITIALS.fullmatch(part.strip()):
            for at in sorted(self._begun.get(part.strip().lower(), ())):
                name = self._names[at]
                yield Near(_INITIAL, name.column, name.text, name.language, initials=True)

    def _alike_to(self, tokens: Tokens) -> list[_Name]:
        """The names that share a word with these."""
        found = set(self._spelled.get("".join(plain(tokens)), ()))
        found.update(*map(self._index.alike, tokens))
        return [self._names[at] for at in sorted(found)]

    def _compare(self, header: Tokens, name: _Name) -> Near:
        bare = plain(header)
        vague = frozenset(bare) <= self._vague
        if bare == name.tokens or "".join(bare) == name.letters:
            return Near(0.98, name.column, name.text, name.language, True, vague=vague)
        pairs = [(one, other) for one in header for other in name.tokens if self._words.same(one, other)]
        return self._partly(header, name, pairs, vague=vague) if pairs else Near(0)

    def _partly(self, header: Tokens, name: _Name, pairs: Sequence[tuple[str, str]], *, vague: bool) -> Near:
        """How near, by the words of the header and of the name that are the same."""
        met, named = {one for one, _ in pairs}, {other for _, other in pairs}
        shared = sum(self._weight(token) for token in named)
        left = sum(self._weight(token) for token in set(name.tokens) - named)
        strange = set(header) - met
        over = sum(self._weight(token.rstrip(".")) for token in strange)
        score = shared / (shared + left + 0.6 * over)
        alone = left and all(one.endswith(".") for one in met)  # cut words alone are no part of a longer name
        if alone or (named <= self._says_little and set(name.tokens) - named):
            return Near(0)
        if not left and not over:
            cut = any(one.endswith(".") and stem(one.rstrip(".")) not in name.tokens for one in header)
            nearly = not frozenset(plain(header)) >= named  # "demandeur" is not "demande"
            return Near(0.9 if cut else 0.96, name.column, name.text, name.language, True, cut or nearly, vague)
        if not left and strange <= self._light and named - self._light:  # "what does she ask for" is what she asks for
            return Near(_NARROW, name.column, name.text, name.language, True, True)
        if left and any(self._columns[token.rstrip(".")] and token not in self._says_little for token in strange):
            score = min(score, _TORN)
        head = 0.08 if self._words.same(header[0], name.tokens[0]) else 0.0
        torn = bool(
            frozenset(name.tokens) - named - self._says_little and frozenset(plain(tuple(strange))) - self._says_little
        )
        return Near(round(min(0.9, 0.85 * score + head), 3), name.column, name.text, name.language, torn=torn)

    def _weight(self, token: str) -> float:
        """A word that many columns are called by tells little; one that nobody knows tells that something is not understood."""
        if token in self._light:
            return _LIGHT
        return 1.0 / self._columns[token] if self._columns[token] else 0.7


def _whose(about: list[str]) -> list[str]:
    """A heading such as "identity of the suspect" is about the suspect."""
    return [role for role in about if role != _IDENTITY or len(about) == 1]


def _together(*said: Mapping[str, Any]) -> dict[str, list[str]]:
    languages = dict.fromkeys(key for one in said for key in one if key not in {"never", "narrow"})
    return {key: [str(text) for one in said for text in one.get(key, ())] for key in languages}


def _parts(header: str) -> list[str]:
    """The whole, what stands between slashes and brackets, and what is written in each alphabet."""
    whole = _SIGNS.sub("", numbered(header))
    scripts = _scripts(whole) if _ARABIC.search(whole) else []
    pieces = [piece.strip() for piece in (whole, *_PARTS.split(whole), *scripts)]
    return list(dict.fromkeys(piece for piece in pieces if len(fold(piece)) > 1))


def _scripts(text: str) -> list[str]:
    return _SCRIPTS.findall(text)


__all__ = ["EXACT", "Names", "Near"]
