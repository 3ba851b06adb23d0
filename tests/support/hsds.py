"""A service directory that speaks HSDS 3, as servers of the standard do: pages in its envelope, changes since, one by one.

https://docs.openreferral.org/en/v3.0.0/hsds/api_reference.html. Every service and number is invented.
"""

from copy import deepcopy
from datetime import datetime

from adapters.replay import Answer, StandIn, route
from hub import mapping
from hub.ports import Connection

LARGEST = 100
MONTH = "2026-02"


def service(id_="s-1", name="Centre d'écoute", **said):
    """An open place of psychosocial support in Casablanca."""
    return {
        "id": id_,
        "name": name,
        "status": "active",
        "description": "Écoute et orientation",
        "minimum_age": 15,
        "maximum_age": None,
        "eligibility_description": "Femmes et filles victimes de violence",
        "fees_description": "Gratuit",
        "last_modified": "2026-02-03T10:00:00Z",
        "organization": {"id": "o-1", "name": "chu-ibn-zohr", "description": "Unité"},
        "phones": [{"id": "p-1", "number": "+212 522 00 00 00", "type": "voice"}],
        "languages": [{"id": "l-1", "code": "ar", "name": "Arabic"}, {"id": "l-2", "name": "Tamazight", "code": "zgh"}],
        "schedules": [
            {
                "id": "h-1",
                "freq": "WEEKLY",
                "wkst": "MO",
                "byday": "MO,TU,WE,TH,FR",
                "opens_at": "09:00",
                "closes_at": "16:30",
            }
        ],
        "service_areas": [{"id": "a-1", "name": "Casablanca-Settat", "extent": "MA-06", "extent_type": "text"}],
        "service_at_locations": [{"id": "x-1", "location": place()}],
        "attributes": [term("psychosocial_service"), term("women")],
    } | said


def place(**said):
    address = {
        "id": "d-1",
        "address_1": "12, rue des Orangers",
        "city": "Casablanca",
        "state_province": "MA-06",
        "postal_code": "20000",
        "country": "MA",
        "address_type": "physical",
    }
    return {
        "id": "pl-1",
        "location_type": "physical",
        "name": "Maison des Orangers",
        "latitude": 33.57,
        "longitude": -7.59,
        "addresses": [address],
    } | said


def term(code, name=""):
    of = {"id": f"t-{code}", "code": code, "name": name or code, "taxonomy": "ihala-service-type"}
    return {"id": f"at-{code}", "link_entity": "service", "taxonomy_term": of}


class ServiceDirectory(StandIn):
    """`services`: in the server's order. `clock`: how often something was changed."""

    def __init__(self, services):
        super().__init__()
        self.services = deepcopy(list(services))
        self.clock = 0

    def touch(self, one):
        self.clock += 1
        one["last_modified"] = f"{MONTH}-10T10:{self.clock:02}:00Z"

    def add(self, one):
        with self.lock:
            self.touch(one)
            self.services.append(one)

    def edit(self, id_, **said):
        with self.lock:
            one = next(one for one in self.services if one.get("id") == id_)
            one.update(said)
            self.touch(one)

    def delete(self, id_):
        with self.lock:
            self.services = [one for one in self.services if one.get("id") != id_]

    @route("GET", "/hsds/services")
    def list(self, asked):
        number, size = asked.query.get("page", "1"), asked.query.get("per_page", "50")
        if not (number.isdigit() and size.isdigit() and int(number) and int(size)):
            return Answer(422, {"detail": [{"loc": ["query", "page"], "msg": "must be greater than 0"}]})
        size, since = min(int(size), LARGEST), asked.query.get("modified_after")
        found = [one for one in self.services if not since or _at(one["last_modified"]) > _at(since)]
        return Answer(200, envelope(found, int(number), size))

    @route("GET", "/hsds/services/{id_}")
    def one(self, asked, id_):
        found = next((one for one in self.services if one.get("id") == id_), None)
        return Answer(200, found) if found else Answer(404, {"detail": "Service not found"})


def _at(text):
    return datetime.fromisoformat(text)


def envelope(services, number, size):
    pages = max(1, -(-len(services) // size))
    contents = services[(number - 1) * size : number * size]
    return {
        "total_items": len(services),
        "total_pages": pages,
        "page_number": number,
        "size": len(contents),
        "first_page": number == 1,
        "last_page": number >= pages,
        "empty": not contents,
        "contents": contents,
    }


def connection(at, place_, organization="association", **settings):
    asked = {"url": f"{at}/hsds", "page_size": 2, **settings}
    layout = mapping.load("hsds/directory").layout()
    return Connection("annuaire", organization, "hsds", "hsds/directory", asked, place_, layout, lambda _: "")
