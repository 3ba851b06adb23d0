"""The compartment of a survivor: by which parameters a resource of each type belongs to her.

https://hl7.org/fhir/R4/compartmentdefinition-patient.html, of the parameters that are answered here. What is returned of it is
still decided by consent: https://hl7.org/fhir/R4/search.html#compartment.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from hub.fhir.query import Match, Query, Target, Token
from hub.search.parameters import PARAMETERS

DEFINITION: Final = "http://hl7.org/fhir/CompartmentDefinition/patient"
OWNER: Final = "Patient"

_DEFINED: Final[dict[str, tuple[str, ...]]] = {
    "Appointment": ("actor",),
    "AuditEvent": ("patient",),
    "CarePlan": ("patient",),
    "CareTeam": ("patient", "participant"),
    "Communication": ("subject", "sender", "recipient"),
    "CommunicationRequest": ("subject", "sender", "recipient", "requester"),
    "Composition": ("subject", "author", "attester"),
    "Condition": ("patient", "asserter"),
    "Consent": ("patient",),
    "DiagnosticReport": ("subject",),
    "DocumentReference": ("subject", "author"),
    "Encounter": ("patient",),
    "EpisodeOfCare": ("patient",),
    "Flag": ("patient",),
    "Goal": ("patient",),
    "Group": ("member",),
    "List": ("subject", "source"),
    "MeasureReport": ("patient",),
    "Observation": ("subject", "performer"),
    "Patient": ("link",),
    "Person": ("patient",),
    "Procedure": ("patient", "performer"),
    "Provenance": ("patient",),
    "QuestionnaireResponse": ("subject", "author"),
    "RelatedPerson": ("patient",),
    "RequestGroup": ("subject", "participant"),
    "RiskAssessment": ("subject",),
    "Schedule": ("actor",),
    "ServiceRequest": ("subject", "performer"),
}
_OURS: Final = {"Task": ("patient",)}
"""R4 leaves tasks out, because they may be about anything. Here a referral is about one survivor, and clients ask for it."""


def _members() -> Iterator[tuple[str, tuple[str, ...]]]:
    for type_, names in (_DEFINED | _OURS).items():
        known = PARAMETERS.get(type_, {})
        refers = tuple(name for name in names if name in known and OWNER in known[name].targets)
        if refers or type_ == OWNER:
            yield type_, refers


MEMBERS: Final = dict(_members())
"""Resource type → the parameters of which one must refer to her. A survivor is in her own compartment too."""


def within(query: Query, id_: str) -> Query:
    """The same query among what belongs to a survivor."""
    target = Target(OWNER, id_)
    refers = [Match(name, "reference", (target,)) for name in MEMBERS[query.type]]
    own = [Match("_id", "token", (Token(None, id_),))] if query.type == OWNER else []
    return replace(query, any_of=(*refers, *own))
