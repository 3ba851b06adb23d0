"""The search parameters that the hub answers: name, type, elements read, and the data class of those elements.

https://hl7.org/fhir/R4/searchparameter-registry.html gives names and types. A parameter belongs to the data class of
the element it reads, so that nobody is found by what the caller may not see.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from hub.fhir.canonicals import identifier_system
from hub.fhir.query import ParameterType


@dataclass(frozen=True)
class Parameter:
    """`paths`: element paths below the resource, without choices: `effectiveDateTime`, `extension(area).valueCodeableConcept`.

    `targets`: types that a reference may point to. `data_classes`: all that a value may be read from; `by_system`
    narrows them for a token whose system tells which element is meant.
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

# type → data class of the root element, then `name type path [path …] [| data class]` a line
_TABLE: Final[dict[str, tuple[str, str]]] = {
    "Task": (
        "notice",
        """
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
    ),
    "ServiceRequest": (
        "needs-and-services",
        """
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
    ),
    "Patient": (
        "core",
        """
        identifier    token      identifier  | core identity
        gender        token      gender
        active        token      active
        birthdate     date       birthDate   | identity
        organization  reference  managingOrganization
        """,
    ),
    "EpisodeOfCare": (
        "needs-and-services",
        """
        patient       reference  patient
        organization  reference  managingOrganization
        status        token      status
        identifier    token      identifier  | custodian
        date          date       period
        """,
    ),
    "Observation": (
        "incident-summary",
        """
        patient        reference  subject
        subject        reference  subject
        status         token      status
        category       token      category
        code           token      code
        value-concept  token      valueCodeableConcept
        date           date       effectiveDateTime effectivePeriod
        """,
    ),
    "Consent": (
        "consent",
        """
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
    ),
    "Organization": (
        "directory",
        """
        identifier     token   identifier
        active         token   active
        type           token   type
        name           string  name alias _name.extension.extension.valueString
        address-state  string  address.state
        """,
    ),
    "HealthcareService": (
        "directory",
        """
        organization  reference  providedBy
        location      reference  location
        service-type  token      type
        active        token      active
        name          string     name _name.extension.extension.valueString
        capacity      token      extension(capacity).extension(status).valueCode
        area          token      extension(area).valueCodeableConcept
        language      token      communication
        eligibility   token      eligibility.code
        characteristic  token    characteristic
        """,
    ),
    "Location": (
        "directory",
        """
        organization   reference  managingOrganization
        status         token      status
        type           token      type
        name           string     name alias _name.extension.extension.valueString
        address-state  string     address.state
        """,
    ),
    "PractitionerRole": (
        "directory",
        """
        organization  reference  organization
        location      reference  location
        service       reference  healthcareService
        role          token      code
        active        token      active
        """,
    ),
    "Endpoint": (
        "custodian",
        """
        organization     reference  managingOrganization
        status           token      status
        connection-type  token      connectionType
        payload-type     token      payloadType
        """,
    ),
    "MeasureReport": (
        "statistics",
        """
        reporter  reference  reporter
        status    token      status
        period    date       period
        date      date       date
        area      token      extension(area).valueCodeableConcept
        """,
    ),
    "Provenance": (
        "audit",
        """
        target    reference  target
        agent     reference  agent.who
        recorded  date       recorded
        """,
    ),
    "AuditEvent": (
        "audit",
        """
        patient  reference  agent.who entity.what
        agent    reference  agent.who
        entity   reference  entity.what
        type     token      type
        subtype  token      subtype
        action   token      action
        outcome  token      outcome
        date     date       recorded
        """,
    ),
}

_BY_SYSTEM: Final = {
    ("Patient", "identifier"): {
        identifier_system("survivor-code"): "core",
        identifier_system("cin"): "identity",
    },
}


def _targets(type_: str, name: str) -> tuple[str, ...]:
    if name in _SPECIAL_TARGETS:
        return _SPECIAL_TARGETS[name]
    if name in {"target", "entity"}:
        return _ANYTHING
    if (type_, name) in {("AuditEvent", "agent")}:
        return ("Organization", "Patient")
    return ("Organization",)


def _parameter(type_: str, root: str, line: str) -> Parameter:
    left, _, classes = line.partition("|")
    name, kind, *paths = left.split()
    return Parameter(
        name,
        kind,  # type: ignore[arg-type]  # the table's words are those of ParameterType; a test holds it to that
        tuple(paths),
        frozenset(classes.split()) or frozenset({root}),
        _targets(type_, name) if kind == "reference" else (),
        _BY_SYSTEM.get((type_, name), {}),
    )


EVERYWHERE: Final = {
    "_id": Parameter("_id", "token", ("id",), frozenset()),
    "_lastUpdated": Parameter("_lastUpdated", "date", ("meta.lastUpdated",), frozenset()),
}
"""Parameters of every type. They read what the store itself keeps beside a document, so `index` leaves them out."""

PARAMETERS: Final[dict[str, dict[str, Parameter]]] = {
    type_: {p.name: p for line in table.strip().splitlines() for p in [_parameter(type_, root, line)]}
    for type_, (root, table) in _TABLE.items()
}


def parameter(type_: str, name: str) -> Parameter | None:
    """The parameter of that type, or None where it is not answered."""
    return PARAMETERS[type_].get(name) or EVERYWHERE.get(name)
