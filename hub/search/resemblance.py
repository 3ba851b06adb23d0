"""How much a person's record is like what is said of her, for $match and for possible duplicates: a score and its grade.

https://hl7.org/fhir/R4/patient-operation-match.html. What is compared, and what it counts for:

================  ======================================================================================================
identifier        the same value of the same system: certain, unless name, date of birth or gender speak against it
name              0.6 × how alike the folded words are, in whatever order (Indel distance, https://rapidfuzz.github.io)
birthDate         0.3 where it is the same; 0.2 where one says the year or the month of the other; another speaks against it
gender            0.1 where it is the same; another speaks against it; `unknown` says nothing
================  ======================================================================================================

What speaks against a record makes it no match where no identifier is the same. Names are folded as searches fold them, Arabic
and Latin; a name in one script is not like itself in another. Nothing here knows who may see what: it is given views.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from rapidfuzz.fuzz import token_sort_ratio

from hub.fhir import Resource
from hub.fhir.folding import fold

Grade = Literal["certain", "probable", "possible", "certainly-not"]

OF_NAME, OF_BIRTH, OF_PART_OF_BIRTH, OF_GENDER = 0.6, 0.3, 0.2, 0.1
PROBABLE, POSSIBLE = 0.8, 0.55
BY_IDENTIFIER, BY_VALUE_ALONE, IN_SPITE_OF_ANOTHER = 1.0, 0.9, 0.8
UNLIKE: Final = 0.5
"""Names less alike than this are another woman's."""


@dataclass(frozen=True)
class Resemblance:
    score: float
    grade: Grade


def resemblance(said: Resource, record: Resource, *, also: float = 0.0) -> Resemblance:
    """Of a valid Patient and a view of one. `also`: what else speaks for it, on the same scale."""
    name, birth, gender = _names(said, record), _birth(said, record), _gender(said, record)
    against = birth == 0 or gender == 0 or (name is not None and name < UNLIKE)
    if same := _identified(said, record):
        score = IN_SPITE_OF_ANOTHER if against else same
        return Resemblance(score, "certain" if score == BY_IDENTIFIER else "probable")
    score = 0.0 if against else min(round(OF_NAME * (name or 0) + (birth or 0) + (gender or 0) + also, 2), 1.0)
    return Resemblance(score, _grade(score))


def _grade(score: float) -> Grade:
    if score >= PROBABLE:
        return "probable"
    return "possible" if score >= POSSIBLE else "certainly-not"


def words(patient: Resource) -> tuple[str, ...]:
    """The folded words of all her names, each once."""
    return tuple(dict.fromkeys(word for name in written(patient) for word in name.split()))


def _identified(said: Resource, record: Resource) -> float:
    """A value alone, without its system, may be another kind of number."""
    found = [
        BY_IDENTIFIER if one.get("system") else BY_VALUE_ALONE
        for one in said.get("identifier", ())
        for other in record.get("identifier", ())
        if one.get("value") and one["value"] == other.get("value") and one.get("system") in {None, other.get("system")}
    ]
    return max(found, default=0.0)


def _names(said: Resource, record: Resource) -> float | None:
    """None where one of them says no name."""
    pairs = [(one, other) for one in written(said) for other in written(record)]
    return max((token_sort_ratio(one, other) / 100 for one, other in pairs), default=None)


def written(patient: Resource) -> Iterator[str]:
    """Each name as one text: as it is written whole, and as its parts."""
    for name in patient.get("name", ()):
        parts = " ".join([*_texts(name.get("given")), *_texts(name.get("family"))])
        for text in dict.fromkeys((fold(name.get("text") or ""), fold(parts))):
            if text:
                yield text


def _texts(value: Any) -> list[str]:
    """A list can hold null, where an element has extensions alone."""
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]


def _birth(said: Resource, record: Resource) -> float | None:
    one, other = said.get("birthDate"), record.get("birthDate")
    if not one or not other:
        return None
    if one == other:
        return OF_BIRTH
    return OF_PART_OF_BIRTH if one.startswith(other) or other.startswith(one) else 0.0


def _gender(said: Resource, record: Resource) -> float | None:
    one, other = said.get("gender"), record.get("gender")
    if not one or not other or "unknown" in {one, other}:
        return None
    return OF_GENDER if one == other else 0.0
