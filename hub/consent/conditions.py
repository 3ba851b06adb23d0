"""What a provision says of the documents that it speaks of: class, code, security label, period and records of the data.

https://hl7.org/fhir/R4/consent-definitions.html#Consent.provision. Each condition answers for one document with two sets of
data classes: those of which it surely holds, and those of which it may hold. Where the two differ, a permit follows the
first and a deny the second.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, Final, Protocol

from hub.consent.actors import NOBODY, NONE, Names
from hub.consent.facts import LEVELS, Codes, Facts, Label
from hub.fhir.canonicals import TERMINOLOGY, code_system
from hub.fhir.data_classes import CONFIDENTIALITY, SENSITIVITY, data_classes
from hub.fhir.definitions import load
from hub.fhir.instants import period
from hub.fhir.references import split
from hub.ports import FOREVER, LONG_AGO

DATA_CLASS: Final = code_system("data-class")
RESOURCE_TYPE: Final = "http://hl7.org/fhir/resource-types"
PROFILE: Final = "urn:ietf:rfc:3986"
ACTION: Final = f"{TERMINOLOGY}/consentaction"
READS: Final = frozenset({"access", "disclose"})
"""A look of another organisation retrieves (access) and is given (disclose)."""
NEVER_READS: Final = frozenset({"collect", "correct"})
GATHERINGS: Final = frozenset({"Encounter", "EpisodeOfCare", "CarePlan"})
"""What IHE PCF means by data that are `related`: all that belongs to one of these, whichever of the two refers to the other."""

Outcome = tuple[Names, Names]


@cache
def everything() -> Names:
    return frozenset(data_classes())


def outcome(sure: bool, possible: bool) -> Outcome:
    return everything() if sure else NONE, everything() if sure or possible else NONE


def unknown() -> Outcome:
    """Of a document that nothing is known of: a condition surely holds for none of it and may hold for all."""
    return NONE, everything()


class Condition(Protocol):
    """Equal conditions are one and the same, so that each is asked once of a document. `lasts`: whether its answer is the
    same for all versions of one."""

    @property
    def lasts(self) -> bool: ...

    def of(self, facts: Facts) -> Outcome: ...

    def __hash__(self) -> int: ...


@dataclass(frozen=True)
class Kind:
    """`class`, where it names more than data classes."""

    classes: Names
    types: Names
    profiles: Names
    unread: bool

    @property
    def lasts(self) -> bool:
        return not self.profiles

    def of(self, facts: Facts) -> Outcome:
        if facts.type in self.types or not self.profiles.isdisjoint(facts.profiles):
            return outcome(True, True)
        return self.classes, everything() if self.unread else self.classes


@dataclass(frozen=True)
class Code:
    """`code`: a coding of the instance. A code that stands there without its system may be one of these."""

    codes: Codes
    unread: bool
    lasts: ClassVar[bool] = False

    def of(self, facts: Facts) -> Outcome:
        if self.codes & facts.codes:
            return outcome(True, True)
        without_system = any(code in facts.bare for _, code in self.codes)
        return outcome(False, self.unread or without_system)


@dataclass(frozen=True)
class Labelled:
    """`securityLabel`, a high-water mark in both directions: a permit of L is of L and less, a deny of L of L and more. Below a
    level that says neither, only L itself is surely meant."""

    type: str | None
    levels: tuple[int, ...]
    others: Names
    unread: bool
    lasts: ClassVar[bool] = False

    def of(self, facts: Facts) -> Outcome:
        sure = frozenset(name for name, label in facts.labels.items() if self._is_meant(label))
        uncertain = self.unread or (self.type is None and bool(self.levels))
        return sure, everything() if uncertain else sure

    def _is_meant(self, label: Label) -> bool:
        level, others = label
        if not self.others.isdisjoint(others):
            return True
        if self.type is None:
            return level in self.levels
        return any(level <= one if self.type == "permit" else level >= one for one in self.levels)


@dataclass(frozen=True)
class Dated:
    """`dataPeriod`: surely of what lies within it as a whole, possibly of what touches it."""

    since: datetime
    until: datetime
    lasts: ClassVar[bool] = False

    def of(self, facts: Facts) -> Outcome:
        if facts.time is None:
            return outcome(False, True)
        since, until = facts.time
        touches = since < self.until and (until > self.since or since == until >= self.since)
        return outcome(touches and self.since <= since and until <= self.until, touches)


@dataclass(frozen=True)
class Concerning:
    """`data`: pairs of meaning and reference."""

    data: tuple[tuple[str, str], ...]
    unread: bool

    @property
    def lasts(self) -> bool:
        return all(meaning == "instance" for meaning, _ in self.data)

    def of(self, facts: Facts) -> Outcome:
        answers = [_concerns(meaning, reference, facts) for meaning, reference in self.data]
        return outcome(any(sure for sure, _ in answers), self.unread or any(possible for _, possible in answers))


def _concerns(meaning: str, reference: str, facts: Facts) -> tuple[bool, bool]:
    """Whether a document surely, and whether it possibly, is meant."""
    if meaning == "authoredby":
        is_author, type_ = reference in facts.authors, f"{split(reference)[0]}/"
        return is_author, is_author or not any(one.startswith(type_) for one in facts.authors)
    found = reference == facts.reference
    if meaning == "dependents" or (meaning == "related" and split(reference)[0] in GATHERINGS):
        found = found or reference in facts.refers_to
    if meaning == "related":
        found = found or reference in facts.referred_by
        return found, found or reference not in facts.known
    return found, found


# --- reading ---------------------------------------------------------------------------------------------------------


def conditions(provision: dict[str, Any]) -> Iterator[Condition]:
    """Those that limit both what a provision says and its exceptions, in any form of Consent."""
    codings = provision.get("class", ())
    types, profiles = _known(codings, RESOURCE_TYPE), _known(codings, PROFILE)
    if types or profiles:
        classes = data_class_names(provision) - {NOBODY}
        read = types | profiles | classes
        yield Kind(classes, types, profiles, any(one.get("code") not in read for one in codings))
    if "code" in provision:
        found = [one for concept in provision["code"] for one in concept.get("coding") or [{}]]
        whole = frozenset((one["system"], one["code"]) for one in found if one.get("system") and one.get("code"))
        yield Code(whole, any(not (one.get("system") and one.get("code")) for one in found))


def limits(provision: dict[str, Any]) -> Iterator[Condition]:
    """Those on the data: security label, period, records."""
    if "securityLabel" in provision:
        yield _labelled(provision.get("type"), provision["securityLabel"])
    if "dataPeriod" in provision:
        yield Dated(*period(provision["dataPeriod"], low=LONG_AGO, high=FOREVER))
    if "data" in provision:
        pairs = [
            (one.get("meaning"), split(one.get("reference", {}).get("reference", ""))) for one in provision["data"]
        ]
        whole = tuple((meaning, "/".join(at)) for meaning, at in pairs if meaning in _MEANINGS and all(at))
        yield Concerning(whole, len(whole) < len(pairs))


_MEANINGS: Final = frozenset({"instance", "related", "dependents", "authoredby"})


def _labelled(type_: str | None, codings: list[dict[str, Any]]) -> Labelled:
    levels, others, unread = set(), set(), False
    for coding in codings:
        system, code = coding.get("system"), coding.get("code", "")
        if system == CONFIDENTIALITY and code and code in LEVELS:
            levels.add(LEVELS.index(code))
        elif system == SENSITIVITY and code:
            others.add(f"{system}|{code}")
        else:
            unread = True
    return Labelled(type_, tuple(sorted(levels)), frozenset(others), unread)


def data_class_names(provision: dict[str, Any]) -> Names:
    """The data classes that `class` names; NOBODY for any other class."""
    codings = provision.get("class", ())
    return frozenset((one.get("code") or NOBODY) if one.get("system") == DATA_CLASS else NOBODY for one in codings)


def _known(codings: list[dict[str, Any]], system: str) -> Names:
    """Types and profiles of the contract: of another nobody knows what it is."""
    return frozenset(one.get("code", "") for one in codings if one.get("system") == system and _is_known(one))


def _is_known(coding: dict[str, Any]) -> bool:
    code = coding.get("code", "")
    if coding["system"] == RESOURCE_TYPE:
        return bool(load().of_type(code))
    return any(profile.url == code for profile in load().profiles())


def about_reading(provision: dict[str, Any]) -> tuple[bool, bool]:
    """Whether its actions surely, and whether they possibly, speak of a look. `use` supposes one without saying so.

    http://terminology.hl7.org/CodeSystem/consentaction
    """
    if "action" not in provision:
        return True, True
    codings = [one for concept in provision["action"] for one in concept.get("coding") or [{}]]
    codes = {str(one.get("code", "?")) if one.get("system") == ACTION else "?" for one in codings}
    return not codes.isdisjoint(READS), bool(codes - NEVER_READS)
