"""Which of many persons could be the same woman, known to two organisations: pairs of what one caller sees of them.

Compared as `resemblance` compares, with these differences: a number counts where one person holds it (card, passport, permit),
and two different ones of a kind speak against; a phone number that both have counts 0.4; names in different scripts say nothing,
for or against. Names alone do where both have more than one word. Who goes by no name, or is anonymous, is compared with nobody.

Not everybody is set beside everybody: two are when they share a number, a phone, or the beginning of a word of their names, and
their years of birth do not differ.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from rapidfuzz.fuzz import ratio

from hub.fhir import Resource
from hub.fhir.canonicals import code_system, identifier_system
from hub.fhir.folding import ascii_digits, fold
from hub.search.resemblance import (
    OF_BIRTH,
    OF_GENDER,
    OF_NAME,
    POSSIBLE,
    PROBABLE,
    UNLIKE,
    Grade,
    Resemblance,
    resemblance,
    words,
    written,
)

RANKED: Final[tuple[Grade, ...]] = ("possible", "probable", "certain")
OF_PHONE: Final = 0.4
NOTHING: Final = Resemblance(0.0, "certainly-not")
BEGINNING: Final = 3
"""Letters of one word that must be right for a name with a mistake to be found."""
SHARED_BY: Final = 10
"""A phone that more have is an association's, or a neighbourhood's: it finds nobody."""
DIGITS: Final = 9
"""Of a phone number: what is the same with and without the country's prefix in Morocco."""
_TYPES: Final = ("cin", "passport", "residence-permit")
_SYSTEMS: Final = {identifier_system(code): code for code in _TYPES}
_COMPARED: Final = frozenset({"resourceType", "birthDate", "gender"})


@dataclass(frozen=True, repr=False)
class Seen:
    """What a caller sees of one person, made ready to be compared. `numbers`: kind → value; `scripts`: of her names."""

    id: str
    keeper: str
    said: Resource
    words: tuple[str, ...]
    spelled: tuple[str, ...]
    phones: frozenset[str]
    numbers: dict[str, str]
    is_arabic: frozenset[bool]

    @property
    def birth(self) -> str:
        return str(self.said.get("birthDate", ""))


def seen(id_: str, keeper: str, view: Resource) -> Seen | None:
    """None for who is compared with nobody."""
    names = view.get("name", ())
    found = words(view)
    if not found or any(one.get("use") == "anonymous" for one in names):
        return None
    numbers = dict(_numbers(view))
    identifiers = [{"system": identifier_system(kind), "value": value} for kind, value in numbers.items()]
    said = {name: value for name, value in view.items() if name in _COMPARED}
    said |= {"name": names, "identifier": identifiers}
    return Seen(
        id_,
        keeper,
        said,
        found,
        tuple(" ".join(sorted(one.split())) for one in written(view)),
        frozenset(_phones(view)),
        numbers,
        frozenset(not word.isascii() and "\u0600" <= word[0] <= "\u06ff" for word in found),
    )


def alike(one: Seen, other: Seen) -> Resemblance:
    """How much these two are like one woman."""
    if any(other.numbers.get(kind, value) != value for kind, value in one.numbers.items()):
        return NOTHING
    phones = one.phones & other.phones
    also = OF_PHONE if phones else 0.0
    if one.is_arabic.isdisjoint(other.is_arabic):
        return resemblance(one.said | {"name": []}, other.said | {"name": []}, also=also)
    has_more = bool(phones) or (one.birth and other.birth) or _share(one.numbers, other.numbers)
    if not has_more and min(len(one.words), len(other.words)) < 2:
        return NOTHING
    return resemblance(one.said, other.said, also=also)


def pairs(persons: Sequence[Seen], least: Grade) -> Iterator[tuple[Seen, Seen, Resemblance]]:
    """Those of different keepers that are at least so much alike, each pair once, in no order."""
    known: set[tuple[str, str]] = set()
    wanted = RANKED[RANKED.index(least) :]
    for one, other in _candidates(_without_crowds(persons), POSSIBLE if least == RANKED[0] else PROBABLE):
        key = (one.id, other.id) if one.id < other.id else (other.id, one.id)
        if key in known:
            continue
        known.add(key)
        like = alike(one, other)
        if like.grade in wanted:
            yield one, other, like


def _without_crowds(persons: Sequence[Seen]) -> list[Seen]:
    many = {phone for phone, number in Counter(p for one in persons for p in one.phones).items() if number > SHARED_BY}
    return [replace(one, phones=one.phones - many) if one.phones & many else one for one in persons]


def _candidates(persons: Sequence[Seen], score: float) -> Iterator[tuple[Seen, Seen]]:
    shared: dict[tuple[str, str], list[Seen]] = defaultdict(list)
    named: dict[str, dict[str, list[Seen]]] = defaultdict(lambda: defaultdict(list))
    for one in persons:
        for phone in one.phones:
            shared["phone", phone].append(one)
        for kind, number in one.numbers.items():
            shared[kind, number].append(one)
        for begun in dict.fromkeys(word[:BEGINNING] for word in one.words if len(word) >= BEGINNING):
            named[begun][one.birth[:4]].append(one)
    for those in shared.values():
        yield from _of_two_keepers(those, those)
    for years in named.values():
        unknown = years.get("", [])
        for year, those in years.items():
            yield from _near(those, those, score - OF_GENDER - (OF_BIRTH if year else 0))
            if year:
                yield from _near(those, unknown, score - OF_GENDER)


def _of_two_keepers(those: Sequence[Seen], others: Sequence[Seen]) -> Iterator[tuple[Seen, Seen]]:
    for place, one in enumerate(those):
        for other in others[place + 1 :] if others is those else others:
            if one.keeper != other.keeper:
                yield one, other


def _near(those: Sequence[Seen], others: Sequence[Seen], missing: float) -> Iterator[tuple[Seen, Seen]]:
    """Those whose names can bring what is missing to the score: cheaper to know than all the rest."""
    alike = max(missing / OF_NAME, UNLIKE) * 100
    if alike <= 100:
        for one, other in _of_two_keepers(those, others):
            if any(ratio(a, b, score_cutoff=alike - 1) for a in one.spelled for b in other.spelled):
                yield one, other


def _share(one: dict[str, str], other: dict[str, str]) -> Collection[str]:
    return [kind for kind, value in one.items() if other.get(kind) == value]


def _numbers(view: Resource) -> Iterator[tuple[str, str]]:
    for one in view.get("identifier", ()):
        kind, value = _kind(one), fold(one.get("value") or "").replace(" ", "").replace("-", "")
        if kind and value:
            yield kind, value


def _kind(identifier: Resource) -> str:
    """Associations' own codes, and the numbers by which recipients know her, say nothing of who she is elsewhere."""
    if identifier.get("system") in _SYSTEMS:
        return _SYSTEMS[identifier["system"]]
    codings: Any = identifier.get("type", {}).get("coding", ())
    ours = code_system("identifier-type")
    return next((one["code"] for one in codings if one.get("system") == ours and one.get("code") in _TYPES), "")


def _phones(view: Resource) -> Iterator[str]:
    for one in view.get("telecom", ()):
        digits = "".join(filter(str.isdigit, ascii_digits(one.get("value") or "")))
        if one.get("system") in {"phone", "sms"} and len(digits) >= DIGITS:
            yield digits[-DIGITS:]
