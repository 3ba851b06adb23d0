"""The hub's directory in the files of the standard, and what of a shelter is never in them."""

import json
import uuid

import pytest

from adapters.hsds import adapter
from adapters.hsds.publish import pages
from adapters.hsds.records import Reader
from adapters.replay import Served
from hub import mapping
from hub.errors import Fatal
from hub.exchange.orient import listing
from hub.exchange.publish import publish
from hub.exchange.pull import pull
from hub.fhir.canonicals import profile
from hub.mapping import Context
from hub.ports import Caller, Connection, Place, SourceRecord
from tests.support.association import ASSOCIATION, HOSPITAL, scene
from tests.support.hsds import ServiceDirectory, connection, place, service, term
from tests.support.services import concept
from tests.support.services import service as entry

FORM = mapping.load("hsds/directory")
ANYBODY = Caller("hub:directory", "hub", "COC")
HIDDEN = ("7, derb El Yasmine", "31.63", "+212524111111", "+212661000000", "Marrakech")
ORGANISATION = {
    "resourceType": "Organization",
    "id": HOSPITAL,
    "name": "CHU Atlas",
    "telecom": [{"system": "phone", "value": "8350"}],
}
HOUSE = {
    "resourceType": "Location",
    "id": "house",
    "status": "active",
    "type": [concept("place-of-service", "shelter")],
    "extension": [{"url": profile("address-withheld"), "valueBoolean": True}],
    "telecom": [{"system": "phone", "value": "+212524111111"}],
    "address": {"line": ["7, derb El Yasmine"], "city": "Marrakech", "state": "MA-MAR"},
    "position": {"latitude": 31.63, "longitude": -7.98},
    "managingOrganization": {"reference": f"Organization/{HOSPITAL}"},
}
OPEN = HOUSE | {"type": [concept("place-of-service", "office")], "extension": [], "name": "Maison"}


@pytest.fixture
def output(tmp_path):
    return Connection(
        "out", "o", "hsds", "hsds/directory", {"output": "site/hsds"}, tmp_path, FORM.layout(), lambda _: ""
    )


def written(output):
    return json.loads((output.folder / "site/hsds/services/page-1.json").read_text("utf-8"))


def test_services_are_written_in_the_page_envelope_of_the_standard(output):
    told = [ORGANISATION, *(entry(f"e-{number}", "legal", by=HOSPITAL) for number in range(3))]
    assert adapter.publish(output, told) == 3
    page = written(output)
    assert {name: page[name] for name in page if name != "contents"} == {
        "total_items": 3, "total_pages": 1, "page_number": 1, "size": 3, "first_page": True, "last_page": True, "empty": False,
    }  # fmt: skip
    for one in page["contents"]:
        assert {"id", "name", "status"} <= set(one) and str(uuid.UUID(one["id"])) == one["id"]
        assert json.loads((output.folder / f"site/hsds/services/{one['id']}.json").read_text("utf-8")) == one
    assert json.loads((output.folder / "site/hsds/index.json").read_text("utf-8"))["version"] == "3.0"


@pytest.mark.parametrize(("count", "sizes"), [(0, [0]), (1, [1]), (4, [2, 2]), (5, [2, 2, 1])])
def test_pages_hold_every_service_once(count, sizes):
    told = list(pages([{"id": str(number)} for number in range(count)], 2))
    assert [page["size"] for page in told] == sizes
    assert [page["last_page"] for page in told] == [*[False] * (len(sizes) - 1), True]
    assert told[0]["empty"] is (count == 0)


@pytest.mark.parametrize(
    ("kind", "place"),
    [("shelter", HOUSE), ("shelter", OPEN), ("legal", HOUSE)],
    ids=["both", "the service", "the place"],
)
def test_shelters_are_published_without_address_phone_or_position(output, kind, place):
    """Also where somebody has handed over all that there is to know."""
    one = entry("refuge", kind, by=HOSPITAL) | {
        "location": [{"reference": "Location/house"}],
        "telecom": [{"system": "phone", "value": "+212661000000"}],
    }
    adapter.publish(output, [ORGANISATION, place, one])
    (told,) = written(output)["contents"]
    assert "service_at_locations" not in told
    assert [phone["number"] for phone in told["phones"]] == ["8350"]
    for file in (output.folder / "site").rglob("*.json"):
        assert not [mark for mark in HIDDEN if mark in file.read_text("utf-8")]


def test_what_is_published_again_replaces_what_was_and_leaves_nothing_beside(output):
    adapter.publish(output, [ORGANISATION, entry("a", by=HOSPITAL), entry("b", by=HOSPITAL)])
    adapter.publish(output, [ORGANISATION, entry("b", by=HOSPITAL)])
    assert len(list((output.folder / "site/hsds/services").iterdir())) == 2
    assert [file.name for file in (output.folder / "site").iterdir()] == ["hsds"]


def test_a_folder_of_somebody_else_is_left_alone(output):
    (output.folder / "site/hsds").mkdir(parents=True)
    (output.folder / "site/hsds/letter.txt").write_text("mine")
    with pytest.raises(Fatal) as refused:
        adapter.publish(output, [])
    assert refused.value.text == "adapters.hsds-no-output"
    assert (output.folder / "site/hsds/letter.txt").read_text() == "mine"


def test_a_connection_that_only_publishes_reads_nothing(output):
    assert list(adapter.pull(output, None)) == []
    assert list(adapter.check(output)) == []


def test_what_was_published_reads_as_what_it_was(output, store, tmp_path):
    """Out of one hub and into another: the same services, for the same needs."""
    at = scene(store, tmp_path)
    told = {"id": "o", "name": "CHU Atlas", "description": ""}
    second = {"id": "x-2", "location": place(id="pl-2", name="Antenne d'Anfa")}
    all_ = [
        service("s-1", organization=told, service_at_locations=[{"id": "x-1", "location": place()}, second]),
        service("s-2", "Refuge", organization=told, attributes=[term("shelter")]),
    ]
    with Served(ServiceDirectory(all_)).running() as server:
        pull(connection(server.url, tmp_path, ASSOCIATION), adapter, FORM, hub=at.hub)
    publish([ORGANISATION | _whole()], hub=at.hub)
    assert adapter.publish(output, listing(ANYBODY, hub=at.hub)) == 2
    find = Context("o", lambda _: HOSPITAL, at.clock.now().date())
    again = [FORM.forward(_record(output, one), find) for one in written(output)["contents"]]
    assert not [issue for one in again for issue in one.issues]
    drafts = [draft.resource for one in again for draft in one.drafts if draft.local == "service"]
    kept = at.all("HealthcareService")
    assert len(drafts) == len(kept) == 2
    for name in ("type", "eligibility", "communication", "availableTime", "name"):
        assert sorted(str(one.get(name)) for one in drafts) == sorted(str(_bare(one.get(name))) for one in kept)
    places = [draft.resource for one in again for draft in one.drafts if draft.local.startswith("place:")]
    assert sorted(len(one.get("location", [])) for one in drafts) == [0, 2]
    for name in ("name", "address", "position"):
        assert sorted(str(one[name]) for one in places) == sorted(str(_bare(one[name])) for one in at.all("Location"))


def _whole():
    return {
        "meta": {"profile": [profile("organization")]},
        "identifier": [{"system": "https://ihala.example/fhir/NamingSystem/organization", "value": HOSPITAL}],
        "active": True,
        "type": [concept("organization-type", "hospital-unit")],
    }


def _record(output, one):
    return SourceRecord("service", one["id"], "1", Reader(output).record(one).content, Place(record=one["id"]))


def _bare(said):
    """Without the displays that the hub adds."""
    if isinstance(said, dict):
        return {name: _bare(value) for name, value in said.items() if name != "display"}
    return [_bare(one) for one in said] if isinstance(said, list) else said
