"""The type of violence that a survivor's referrals are counted by: the main type of the incident that happened last. Pure.

`profiles/structure-definitions/incident.json`. It is one for each survivor, so that a breakdown by it adds up to its whole.
"""

from collections.abc import Iterable

from hub.fhir import Resource
from hub.fhir.canonicals import code_system


def main_type(documents: Iterable[Resource]) -> str:
    """A code of gbv-type; "" where what her keeper keeps names none."""
    told = [one for one in documents if one["resourceType"] == "Observation" and _type(one) and _stands(one)]
    last = max(told, key=lambda one: (str(one.get("effectiveDateTime", "")), one["id"]), default=None)
    return _type(last) if last else ""


def _type(observation: Resource) -> str:
    coded = observation.get("valueCodeableConcept", {}).get("coding", ())
    return next((str(one["code"]) for one in coded if one.get("system") == code_system("gbv-type")), "")


def _stands(observation: Resource) -> bool:
    return observation.get("status") not in {"entered-in-error", "cancelled"}
