"""Services of the directory as organisations would tell of them, each said in as much as a test needs."""

from collections.abc import Iterable, Mapping
from typing import Any

from hub.fhir import Resource
from hub.fhir.canonicals import code_system, profile

LANGUAGES = "urn:ietf:bcp:47"


def concept(system: str, code: str) -> Resource:
    return {"coding": [{"system": system if ":" in system else code_system(system), "code": code}]}


def service(id_: str, type_: str = "shelter", by: str = "amal", **said: Any) -> Resource:
    """`area`, `speaks`, `has`, `receives`: codes; `room`: (status, instant); `ages`: (low, high); `answers`: hours by priority;
    `hours`, `away`: availableTime and notAvailable as FHIR."""
    return {
        "resourceType": "HealthcareService",
        "id": id_,
        "meta": {"profile": [profile("service")]},
        "active": said.get("active", True),
        "providedBy": {"reference": f"Organization/{by}"},
        "type": [concept("service-type", type_)],
        **_list("extension", _extensions(said)),
        **_list("eligibility", ({"code": concept("service-eligibility", one)} for one in said.get("receives", ()))),
        **_list("characteristic", (concept("service-characteristic", one) for one in said.get("has", ()))),
        **_list("communication", (concept(LANGUAGES, one) for one in said.get("speaks", ()))),
        **_list("availableTime", said.get("hours", ())),
        **_list("notAvailable", said.get("away", ())),
    }


def _list(name: str, items: Iterable[Resource]) -> Resource:
    found = list(items)
    return {name: found} if found else {}


def _extensions(said: Mapping[str, Any]) -> Iterable[Resource]:
    if "room" in said:
        status, at = said["room"]
        parts = [{"url": "status", "valueCode": status}, {"url": "updated", "valueDateTime": at}]
        yield {"url": profile("capacity"), "extension": parts}
    if "ages" in said:
        ends = [{"url": url, "valueInteger": age} for url, age in zip(("low", "high"), said["ages"], strict=True)]
        yield {"url": profile("served-ages"), "extension": ends}
    for area in said.get("area", ()):
        system = "province" if area.startswith("MA-") and not area[3:].isdigit() else "region"
        yield {"url": profile("area"), "valueCodeableConcept": concept(system, area)}
    for priority, hours in said.get("answers", {}).items():
        parts = [{"url": "priority", "valueCode": priority}, {"url": "hours", "valuePositiveInt": hours}]
        yield {"url": profile("response-time"), "extension": parts}
