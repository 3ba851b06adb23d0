"""What an incident says of each service: that she was referred, or why not; one list of its one field and six subforms.

`lookup-service-referred` and `lookup-service-referred-gbv` of https://github.com/primeroIMS/primero; what the codes mean is the
mapping's. To whom she was referred stands in the rows of services.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from adapters.primero.forms import Fields, items, stem

ANSWERS: Final = "service_answers"
SHELTER: Final = "service_safehouse_referral"
SUBFORMS: Final[Mapping[str, tuple[str, str]]] = {
    "health_medical_referral_subform_section": ("service_medical_referral", "health_medical_service"),
    "psychosocial_counseling_services_subform_section": ("service_psycho_referral", "psychosocial_service"),
    "legal_assistance_services_subform_section": ("service_legal_referral", "legal_assistance_service"),
    "police_or_other_type_of_security_services_subform_section": ("service_police_referral", "police_other_service"),
    "livelihoods_services_subform_section": ("service_livelihoods_referral", "livelihoods_service"),
    "child_protection_services_subform_section": ("service_protection_referral", "child_protection_service"),
}
"""Subform of an incident → its question, and the service that it is about, as lookup-service-type calls it."""
QUESTIONS: Final = frozenset({SHELTER, *(question for question, _ in SUBFORMS.values())})
SERVICES_ASKED: Final = ("safehouse_service", *(service for _, service in SUBFORMS.values()))


def service_answers(incidents: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One item for each answer: of which service, what, and when the incident was told of."""
    return [answer for one in incidents for answer in _answers(one)]


def _answers(incident: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    told = incident.get("date_of_first_report") or incident.get("created_at")
    for row, service, said in _said(incident):
        if isinstance(said, str) and said:
            item = {"id": f"{incident.get('id', '')}.{row}", "service": service, "referral": stem(said)}
            yield {**item, **({"date": told} if isinstance(told, str) and told else {})}


def _said(incident: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    yield SHELTER, SERVICES_ASKED[0], incident.get(SHELTER)
    for subform, (question, service) in SUBFORMS.items():
        for number, row in enumerate(items(incident.get(subform))):
            yield str(row.get("unique_id") or f"{subform}.{number}"), service, row.get(question)


def are_asked(incident_fields: Fields) -> bool:
    """Whether a form of the role has any of these questions."""
    return not QUESTIONS.isdisjoint(incident_fields)


def are_told(incidents: Iterable[Mapping[str, Any]]) -> bool:
    """Whether what may be seen of incidents has any of them, or there is none that could."""
    seen = [SHELTER in one or not SUBFORMS.keys().isdisjoint(one) for one in incidents]
    return any(seen) or not seen
