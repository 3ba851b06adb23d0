"""HealthcareService, Location and Organization as an HSDS service.

https://docs.openreferral.org/en/v3.0.0/hsds/schema_reference.html. Ids are UUIDs there; those of entries that have others follow
from them and are the same every time.
"""

import uuid
from collections.abc import Iterable, Iterator
from typing import Any, Final

from hub.fhir import Resource
from hub.fhir.canonicals import code_system, profile
from hub.fhir.references import reference

SHELTER: Final = "shelter"
TAXONOMIES: Final = {
    "type": "service-type",
    "characteristic": "service-characteristic",
    "eligibility": "service-eligibility",
}
DAYS: Final = {"mon": "MO", "tue": "TU", "wed": "WE", "thu": "TH", "fri": "FR", "sat": "SA", "sun": "SU"}
Object = dict[str, Any]


class Outward:
    """All that is to be told, by its reference."""

    def __init__(self, entries: Iterable[Resource]) -> None:
        self._entries = {reference(one): one for one in entries}

    def services(self) -> Iterator[Object]:
        for one in self._entries.values():
            if one["resourceType"] == "HealthcareService" and (giver := self._named(one.get("providedBy"))):
                yield self._service(one, giver)

    def _service(self, one: Resource, giver: Resource) -> Object:
        places = [place for each in one.get("location", []) if (place := self._named(each))]
        hidden = is_shelter(one) or any(is_shelter(place) for place in places)
        numbers = giver if hidden else one if one.get("telecom") else giver
        said = {
            "id": identified(one["id"]),
            "name": one.get("name") or giver["name"],
            "status": "active" if one.get("active") else "inactive",
            "last_modified": one.get("meta", {}).get("lastUpdated"),
            "organization": {"id": identified(giver["id"]), "name": giver["name"], "description": giver["name"]},
            "phones": list(_phones(numbers, one)),
            "languages": [_with_id(one, "language", code, code=code) for code in _codes(one.get("communication"))],
            "schedules": list(_schedules(one)),
            "service_areas": list(_areas(one)),
            "attributes": list(_attributes(one)),
            "service_at_locations": [] if hidden else list(_places(one, places)),
            "fees_description": ", ".join(_codes(one.get("serviceProvisionCode"))),
            **_ages(one),
        }
        return {name: value for name, value in said.items() if value not in (None, "", [])}

    def _named(self, said: Resource | None) -> Resource | None:
        return self._entries.get(str((said or {}).get("reference")))


def is_shelter(one: Resource) -> bool:
    """A service that shelters, or a place whose address is withheld."""
    withheld = any(each["url"] == profile("address-withheld") for each in one.get("extension", []))
    return withheld or SHELTER in _codes(one.get("type"))


def identified(id_: str) -> str:
    try:
        return str(uuid.UUID(id_))
    except ValueError:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, code_system(id_)))


def _codes(concepts: Iterable[Resource] | None) -> list[str]:
    return [coding["code"] for one in concepts or [] for coding in one.get("coding", []) if "code" in coding]


def _with_id(of: Resource, kind: str, key: str, **said: Any) -> Object:
    return {"id": identified(f"{of['id']}/{kind}/{key}"), **said}


def _phones(whose: Resource, of: Resource) -> Iterator[Object]:
    for one in whose.get("telecom", []):
        if one.get("system") == "phone":
            yield _with_id(of, "phone", one["value"], number=one["value"], type="voice")


def _schedules(of: Resource) -> Iterator[Object]:
    for number, one in enumerate(of.get("availableTime", [])):
        days = ",".join(DAYS[day] for day in one["daysOfWeek"])
        opens, closes = one.get("availableStartTime", "00:00:00")[:5], one.get("availableEndTime", "23:59:00")[:5]
        yield _with_id(of, "schedule", str(number), freq="WEEKLY", byday=days, opens_at=opens, closes_at=closes)


def _areas(of: Resource) -> Iterator[Object]:
    for one in of.get("extension", []):
        if one["url"] == profile("area"):
            for code in _codes([one["valueCodeableConcept"]]):
                yield _with_id(of, "area", code, name=code, extent=code, extent_type="text")


def _ages(of: Resource) -> Object:
    told: list[Resource] = next(
        (one["extension"] for one in of.get("extension", []) if one["url"] == profile("served-ages")), []
    )
    ends = {one["url"]: one["valueInteger"] for one in told}
    return {"minimum_age": ends.get("low"), "maximum_age": ends.get("high")}


def _attributes(of: Resource) -> Iterator[Object]:
    for element, taxonomy in TAXONOMIES.items():
        concepts = [one.get("code", one) for one in of.get(element, [])]
        for code in _codes(concepts):
            term = {"id": identified(f"{taxonomy}/{code}"), "code": code, "name": code, "taxonomy": f"ihala-{taxonomy}"}
            yield _with_id(of, taxonomy, code, link_entity="service", taxonomy_term=term)


def _places(of: Resource, places: Iterable[Resource]) -> Iterator[Object]:
    for one in places:
        if one.get("status") != "active":
            continue
        position = {name: one["position"][name] for name in ("latitude", "longitude")} if "position" in one else {}
        said = one.get("address", {})
        address = {
            "id": identified(f"{one['id']}/address"),
            "address_1": ", ".join(said.get("line", [])) or one.get("name", ""),
            "city": said.get("city", ""),
            "state_province": said.get("state", ""),
            "postal_code": said.get("postalCode", ""),
            "country": said.get("country", "MA"),
            "address_type": "physical",
        }
        location = {
            "id": identified(one["id"]),
            "location_type": "physical",
            "name": one.get("name", ""),
            **position,
            "addresses": [address],
        }
        yield _with_id(of, "place", one["id"], location=location)
