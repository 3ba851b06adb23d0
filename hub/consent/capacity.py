"""Who gave a consent, whether that suffices at her age, and until when. Which caregiver is not to be asked nor told of.

In years as a deployment's policies say (`policies.Ages`). Her own consent suffices from the age of own consent on, and where
nothing is known of her age; before that age a caregiver must have given it too, or alone, as the policy says. A caregiver's alone
suffices as long as she is certainly a minor. One who is suspected does not count. A refusal needs nobody's leave.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from hub.consent.ages import Born, Days, born, days
from hub.consent.policies import ANY, Policies
from hub.fhir import Resource
from hub.fhir.canonicals import code_system, profile
from hub.fhir.definitions import load
from hub.fhir.references import reference
from hub.ports import FOREVER

UNASSESSED = "not-assessed"


@dataclass(frozen=True)
class Capacity:
    """Until when a consent counts by who gave it; `reason`, a key of the text catalogue: why not, or not any longer then."""

    until: datetime | None
    reason: str = ""


SUFFICES = Capacity(FOREVER)


def capacity(consent: Resource, documents: Iterable[Resource], policies: Policies) -> Capacity:
    """By the age that she had when it was given. `documents`: all that its keeper keeps of her."""
    documents = list(documents)
    given_by = {performer.get("reference", "") for performer in consent.get("performer", ())}
    herself = str(consent["patient"]["reference"])
    caregivers = any(one.startswith("RelatedPerson/") for one in given_by)
    by_caregiver = caregivers and not given_by.isdisjoint(map(reference, _trusted(documents, policies)))
    if herself in given_by and by_caregiver:
        return SUFFICES
    known = _born(documents, herself, days(consent["dateTime"]), policies)
    if herself in given_by:
        return _alone(known, days(consent["dateTime"]), policies)
    if by_caregiver:
        return _by_caregiver_alone(known, days(consent["dateTime"]), policies)
    return Capacity(None, "consent.not-given-by-her")


def _alone(known: Born | None, on: Days, policies: Policies) -> Capacity:
    if known is None or known.lowest_age(on) >= policies.ages.own_consent:
        return SUFFICES
    return Capacity(None, "consent.caregiver-lacking")


def _by_caregiver_alone(known: Born | None, on: Days, policies: Policies) -> Capacity:
    majority = policies.ages.majority
    if policies.ages.below_own_consent == "both":
        return Capacity(None, "consent.hers-lacking")
    if known is None or known.highest_age(on) >= majority:
        return Capacity(None, "consent.hers-lacking")
    return Capacity(known.may_be(majority), "consent.of-age")


def _born(documents: Iterable[Resource], patient: str, event: Days, policies: Policies) -> Born | None:
    found = next((one for one in documents if one["resourceType"] == "Patient" and reference(one) == patient), None)
    return born(found, event, policies.ages.majority) if found else None


def closes_caregiver(documents: Iterable[Resource], policies: Policies) -> str:
    """Why nothing of her caregivers is shared, as a key of the text catalogue; empty where it may be.

    One suspect closes all: what is said of one caregiver leads to the other. And as long as nobody has asked whether one is
    suspected, nobody calls the caregiver of a survivor who may have been a minor.
    """
    documents = list(documents)
    caregivers = list(_caregivers(documents))
    if not caregivers:
        return ""
    if len(list(_trusted(documents, policies))) < len(caregivers):
        return "consent.caregiver-suspected"
    if any(_suspicion(one) == UNASSESSED for one in caregivers) and may_be_minor(documents, policies):
        return "consent.caregiver-not-assessed"
    return ""


def may_be_minor(documents: Iterable[Resource], policies: Policies) -> bool:
    """Whether she may have been a minor at an event: the incidents or, where none has a date, the consents. Unknown is yes."""
    documents = list(documents)
    patient = next((one for one in documents if one["resourceType"] == "Patient"), None)
    on = _dates(documents, "Observation", "effectiveDateTime") or _dates(documents, "Consent", "dateTime")
    if patient is None or not on:
        return True
    known = [born(patient, event, policies.ages.majority) for event in on]
    return any(
        one is None or one.lowest_age(event) < policies.ages.majority for one, event in zip(known, on, strict=True)
    )


def _dates(documents: Iterable[Resource], type_: str, element: str) -> list[Days]:
    return [days(one[element]) for one in documents if one["resourceType"] == type_ and element in one]


def _caregivers(documents: Iterable[Resource]) -> Iterator[Resource]:
    return (one for one in documents if one["resourceType"] == "RelatedPerson")


def _trusted(documents: list[Resource], policies: Policies) -> Iterator[Resource]:
    """The caregivers against whom nothing speaks: neither what was said of them, nor of who did it to her."""
    suspicions = load().code_system("caregiver-suspicion").codes
    excluded = {code for code, concept in suspicions.items() if concept.properties.get("excluded")}
    suspects = frozenset[str]().union(*(policies.suspects.get(code, frozenset()) for code in _perpetrators(documents)))
    for one in _caregivers(documents):
        relationships = set(_codes(one.get("relationship", ()), "caregiver-relationship"))
        if _suspicion(one) not in excluded and ANY not in suspects and suspects.isdisjoint(relationships):
            yield one


def _suspicion(caregiver: Resource) -> str:
    url = profile("caregiver-suspicion")
    said = (one.get("valueCode", "") for one in caregiver.get("extension", ()) if one.get("url") == url)
    return next(said, UNASSESSED)


def _perpetrators(documents: Iterable[Resource]) -> Iterator[str]:
    """How those who did it are related to her, in every incident that was not recorded in error."""
    for one in documents:
        if one["resourceType"] == "Observation" and one.get("status") != "entered-in-error":
            concepts = [part.get("valueCodeableConcept", {}) for part in one.get("component", ())]
            yield from _codes(concepts, "perpetrator-relation")


def _codes(concepts: Iterable[Resource], system: str) -> Iterator[str]:
    for concept in concepts:
        for coding in concept.get("coding", ()):
            if coding.get("system") == code_system(system):
                yield coding.get("code", "")
