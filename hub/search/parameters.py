"""The search parameters that the hub answers: name, type, elements read, and the data class of those elements.

https://hl7.org/fhir/R4/searchparameter-registry.html gives names and types. A parameter belongs to the data class that the
profile of its type declares for the element it reads, so that nobody is found by what the caller may not see.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Final

from hub.fhir.definitions import load
from hub.fhir.elements import Element, Profile
from hub.fhir.query import ParameterType


@dataclass(frozen=True)
class Parameter:
    """`paths`: element paths below the resource, without choices: `effectiveDateTime`, `extension(area).valueCodeableConcept`.

    `targets`: types that a reference may point to. `data_classes`: all that a value may be read from; `by_system`
    narrows them for a token whose system tells which element is meant: both in the profile that is meant where a resource
    names none (`in_profile` tells of the others).
    """

    name: str
    type: ParameterType
    paths: tuple[str, ...]
    data_classes: frozenset[str]
    targets: tuple[str, ...] = ()
    by_system: Mapping[str, str] = field(default_factory=dict)


_SPECIAL_TARGETS: Final = {
    "patient": ("Patient",),
    "subject": ("Patient",),
    "location": ("Location",),
    "service": ("HealthcareService",),
    "focus": ("ServiceRequest",),
}
_ANYTHING: Final = (
    "Patient", "EpisodeOfCare", "Observation", "ServiceRequest", "Task", "Consent", "Organization", "HealthcareService",
    "Location", "Provenance", "AuditEvent",
)  # fmt: skip

# type → `name type path [path …]` a line
_TABLE: Final[dict[str, str]] = {
    "Task": """
        owner            reference  owner
        requester        reference  requester
        patient          reference  for
        subject          reference  for
        focus            reference  focus
        status           token      status
        code             token      code
        priority         token      priority
        intent           token      intent
        business-status  token      businessStatus
        identifier       token      identifier
        authored-on      date       authoredOn
        modified         date       lastModified
    """,
    "ServiceRequest": """
        patient    reference  subject
        subject    reference  subject
        requester  reference  requester
        performer  reference  performer
        status     token      status
        code       token      code
        category   token      category
        priority   token      priority
        intent     token      intent
        authored   date       authoredOn
    """,
    "Patient": """
        identifier    token      identifier
        name          string     name
        family        string     name.family
        given         string     name.given
        gender        token      gender
        active        token      active
        birthdate     date       birthDate
        organization  reference  managingOrganization
    """,
    "EpisodeOfCare": """
        patient       reference  patient
        organization  reference  managingOrganization
        status        token      status
        identifier    token      identifier
        date          date       period
    """,
    "Observation": """
        patient        reference  subject
        subject        reference  subject
        status         token      status
        category       token      category
        code           token      code
        value-concept  token      valueCodeableConcept
        date           date       effectiveDateTime effectivePeriod
    """,
    "Consent": """
        patient       reference  patient
        organization  reference  organization
        actor         reference  provision.actor.reference provision.provision.actor.reference
        status        token      status
        scope         token      scope
        category      token      category
        purpose       token      provision.purpose provision.provision.purpose
        date          date       dateTime
        period        date       provision.period
    """,
    "Communication": """
        recipient  reference  recipient
        sender     reference  sender
        category   token      category
        status     token      status
        sent       date       sent
    """,
    "Organization": """
        identifier     token   identifier
        active         token   active
        type           token   type
        name           string  name alias _name.extension.extension.valueString
        address-state  string  address.state
    """,
    "HealthcareService": """
        organization  reference  providedBy
        location      reference  location
        service-type  token      type
        active        token      active
        name            string  name _name.extension.extension.valueString
        capacity        token   extension(capacity).extension(status).valueCode
        area            token   extension(area).valueCodeableConcept
        language        token   communication
        eligibility     token   eligibility.code
        characteristic  token   characteristic
    """,
    "Location": """
        organization   reference  managingOrganization
        status         token      status
        type           token      type
        name           string     name alias _name.extension.extension.valueString
        address-state  string     address.state
    """,
    "PractitionerRole": """
        organization  reference  organization
        location      reference  location
        service       reference  healthcareService
        role          token      code
        active        token      active
    """,
    "Endpoint": """
        organization     reference  managingOrganization
        status           token      status
        connection-type  token      connectionType
        payload-type     token      payloadType
    """,
    "RelatedPerson": """
        patient  reference  patient
    """,
    "Encounter": """
        patient  reference  subject
        status   token      status
        date     date       period
    """,
    "Procedure": """
        patient  reference  subject
        status   token      status
    """,
    "Condition": """
        patient          reference  subject
        clinical-status  token      clinicalStatus
        code             token      code
    """,
    "RiskAssessment": """
        patient  reference  subject
    """,
    "Flag": """
        patient  reference  subject
    """,
    "CarePlan": """
        patient  reference  subject
        status   token      status
    """,
    "CareTeam": """
        patient  reference  subject
        status   token      status
    """,
    "DocumentReference": """
        patient  reference  subject
        status   token      status
    """,
    "Composition": """
        patient  reference  subject
        status   token      status
    """,
    "QuestionnaireResponse": """
        patient  reference  subject
        status   token      status
    """,
    "List": """
        patient  reference  subject
        status   token      status
    """,
    "Practitioner": """
        name    string  name
        active  token   active
    """,
    "Group": """
        type  token  type
    """,
    "Questionnaire": """
        url     uri     url
        status  token   status
        title   string  title
    """,
    "MeasureReport": """
        reporter  reference  reporter
        status    token      status
        period    date       period
        date      date       date
        area      token      extension(area).valueCodeableConcept
    """,
    "Provenance": """
        target    reference  target
        agent     reference  agent.who
        recorded  date       recorded
    """,
    "AuditEvent": """
        patient  reference  agent.who entity.what
        agent    reference  agent.who
        entity   reference  entity.what
        type     token      type
        subtype  token      subtype
        action   token      action
        outcome  token      outcome
        date     date       recorded
    """,
}


def _targets(type_: str, name: str) -> tuple[str, ...]:
    if name in _SPECIAL_TARGETS:
        return _SPECIAL_TARGETS[name]
    if name in {"target", "entity"}:
        return _ANYTHING
    if (type_, name) in {("AuditEvent", "agent")}:
        return ("Organization", "Patient")
    return ("Organization",)


def _parameter(type_: str, line: str) -> Parameter:
    name, kind, *paths = line.split()
    profile = load().for_type(type_)
    assert profile is not None, type_
    read = [one for path in paths for one in _elements(profile, path)]
    return Parameter(
        name,
        kind,  # type: ignore[arg-type]  # the table's words are those of ParameterType; a test holds it to that
        tuple(paths),
        frozenset(element.data_class for element in read),
        _targets(type_, name) if kind == "reference" else (),
        dict(_systems(profile, read)) if kind == "token" else {},
    )


def _elements(profile: Profile, path: str) -> tuple[Element, ...]:
    """The element that a path reads, and its slices. `_name.extension.…` reads what stands beside `name`, `extension(area).…`
    the slice `extension:area`."""
    read = path.partition(".")[0].removeprefix("_") if path.startswith("_") else path
    *way, last = read.replace("(", ":").replace(")", "").split(".")
    choice = next((name for name in ("effective", "value") if last.startswith(name)), None)
    element = profile.element(".".join((profile.type, *way, f"{choice}[x]" if choice else last)))
    return (element, *profile.slices(element.id))


def _systems(profile: Profile, read: Iterable[Element]) -> Iterator[tuple[str, str]]:
    """The systems of identifiers that the profile fixes for a kind of its own, each with the data class of that kind."""
    for element in read:
        if element.slice_name and element.types == ("Identifier",):
            system = profile.element(f"{element.id}.system").fixed
            if system is not None:
                yield system, element.data_class


@cache
def in_profile(type_: str, name: str, profile_name: str) -> Parameter | None:
    """The parameter with the data classes that it reads in this profile of the type, which may differ from profile to profile."""
    found, profile = parameter(type_, name), load().profile(profile_name)
    if found is None or name in EVERYWHERE:
        return found
    read = [one for path in found.paths for one in _elements(profile, path)]
    systems = dict(_systems(profile, read)) if found.type == "token" else {}
    return replace(found, data_classes=frozenset(element.data_class for element in read), by_system=systems)


EVERYWHERE: Final = {
    "_id": Parameter("_id", "token", ("id",), frozenset()),
    "_lastUpdated": Parameter("_lastUpdated", "date", ("meta.lastUpdated",), frozenset()),
}
"""Parameters of every type. They read what the store itself keeps beside a document, so `index` leaves them out."""

PARAMETERS: Final[dict[str, dict[str, Parameter]]] = {
    type_: {p.name: p for line in table.strip().splitlines() for p in [_parameter(type_, line)]}
    for type_, table in _TABLE.items()
}


def parameter(type_: str, name: str) -> Parameter | None:
    """The parameter of that type, or None where it is not answered."""
    return PARAMETERS[type_].get(name) or EVERYWHERE.get(name)
