"""Where a shelter is: known to those who run it, in the directory for nobody, whatever is asked and by whom."""

from copy import deepcopy
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from hub import errors
from hub.conformance import validate
from hub.errors import HubError
from hub.exchange import Invalid
from hub.exchange.publish import publish
from hub.fhir import Resource
from hub.fhir.canonicals import code_system, profile
from hub.fhir.data_classes import data_classes
from hub.fhir.definitions import load
from hub.fhir.masking import redact
from hub.fhir.query import Token, Word
from hub.fhir.serial import dumps, loads
from hub.ports import Caller, Changes, Key, Save
from hub.store import MongoStore
from tests.support.association import Scene, association, court, hospital, to

EXAMPLES = Path(__file__).parents[3] / "profiles" / "examples" / "valid"
KEEPER = Caller("rihana-system", "dar-rihana", "COC")
OTHERS = [association(), hospital(), court(), hospital("TREAT"), hospital("BTG"), Caller("x", "", "COC")]
SECRETS = ("Yasmine", "Marrakech", "40000", "7.98", "31.63", "524111111")


def example(name: str) -> Any:
    return loads((EXAMPLES / f"{name}.json").read_bytes())


@pytest.fixture
def shelter(at: Scene) -> Resource:
    found: Resource = example("shelter-location")
    publish([found], hub=at.hub)
    return found


def name(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def test_those_who_run_the_shelter_see_it_whole(at: Scene, shelter: Resource) -> None:
    (found,) = at.search("Location", KEEPER).entries
    assert content(at.read(name(shelter), KEEPER).text) == content(found.text) == content(dumps(shelter))


def content(text: str) -> Resource:
    """A resource without what the store itself adds to its meta."""
    resource: Resource = loads(text)
    kept = {key: value for key, value in resource["meta"].items() if key not in {"versionId", "lastUpdated"}}
    return {**resource, "meta": kept}


@pytest.mark.parametrize("by", OTHERS, ids=lambda by: f"{by.organization} {by.purpose}")
def test_everyone_else_learns_its_province_and_nothing_that_leads_to_its_door(
    at: Scene, shelter: Resource, by: Caller
) -> None:
    (found,) = at.search("Location", by).entries
    for text in (at.read(name(shelter), by).text, found.text):
        told = dumps(content(text))  # an instant of the store's can look like a coordinate
        assert not [secret for secret in SECRETS if secret in told]
        seen = loads(text)
        assert seen["address"] == {"state": "MA-MAR", "country": "MA"}
        assert not {"position", "telecom", "name", "alias", "description"} & seen.keys()
        assert seen["extension"] == [{"url": profile("address-withheld"), "valueBoolean": True}]
        assert {"SSP", "LOCIS", "REDACTED"} <= {label["code"] for label in seen["meta"]["security"]}


def test_it_is_found_by_its_province_its_kind_and_its_keeper(at: Scene, shelter: Resource) -> None:
    kind = Token(code_system("place-of-service"), "shelter")
    assert at.search("Location", court(), type=kind).total == 1
    assert at.search("Location", court(), address_state=Word("MA-MAR")).total == 1
    assert at.search("Location", court(), organization=to("Organization", "dar-rihana")).total == 1


def test_nothing_that_it_can_be_found_by_holds_what_is_withheld(at: Scene, shelter: Resource) -> None:
    store = at.hub.store
    assert isinstance(store, MongoStore)
    kept = store.database.Location.find_one({"_id": shelter["id"]}, {"json": True, "x": True, "k": True})
    assert kept and kept["x"]
    assert not [secret for secret in SECRETS if secret.casefold() in str(kept).casefold()]


def test_no_consent_and_no_key_of_another_class_opens_the_address(shelter: Resource) -> None:
    assert not data_classes()["withheld-location"].shareable
    others = sorted(data_classes().keys() - {"withheld-location"})
    for opened in (*combinations(others, 1), *combinations(others, 2), others):
        text = dumps(redact(shelter, frozenset(opened))[0])
        assert not [secret for secret in SECRETS if secret in text]


def test_a_key_to_withheld_locations_given_by_mistake_opens_nothing_in_the_directory(
    at: Scene, shelter: Resource
) -> None:
    stored = at.hub.store.read("Location", shelter["id"], None)
    assert stored is not None
    mistaken = Key("chu-atlas|COC|withheld-location")
    at.hub.store.commit(Changes(saves=[Save(shelter, None, None, (*stored.keys, mistaken), stored.version)]))
    assert not [secret for secret in SECRETS if secret in dumps(content(at.read(name(shelter), hospital()).text))]


def test_a_shelter_cannot_be_published_as_an_open_place(at: Scene) -> None:
    disguised = deepcopy(example("shelter-location"))
    for named in ([profile("location")], [profile("location"), profile("shelter-location")], []):
        disguised["meta"] = {"profile": named}
        with pytest.raises(Invalid):
            publish([disguised], hub=at.hub)
    assert at.all("Location") == []


def test_a_shelter_whose_labels_are_missing_is_not_published(at: Scene) -> None:
    unlabelled = deepcopy(example("shelter-location"))
    del unlabelled["meta"]["security"]
    with pytest.raises(Invalid):
        publish([unlabelled], hub=at.hub)


def test_every_element_that_could_lead_to_the_door_is_ruled_out_or_withheld() -> None:
    shelter = load().profile("shelter-location")
    for element in (
        "telecom",
        "address",
        "address.line",
        "address.city",
        "address.district",
        "address.text",
        "position",
    ):
        assert shelter.element(f"Location.{element}").data_class == "withheld-location"
    for element in ("name", "alias", "description", "partOf", "endpoint", "hoursOfOperation", "identifier"):
        assert shelter.element(f"Location.{element}").max == 0


def test_what_was_published_before_its_keeper_had_a_key_gets_one(at: Scene, shelter: Resource) -> None:
    stored = at.hub.store.read("Location", shelter["id"], None)
    assert stored is not None
    at.hub.store.commit(Changes(saves=[Save(shelter, None, None, stored.keys[:1], stored.version)]))
    assert "Yasmine" not in at.read(name(shelter), KEEPER).text
    assert publish([shelter], hub=at.hub) == 1
    assert "Yasmine" in at.read(name(shelter), KEEPER).text


def test_the_address_of_a_partners_server_is_seen_by_that_partner_alone(at: Scene) -> None:
    endpoint = example("endpoint")
    assert validate(endpoint) == ()
    publish([endpoint], hub=at.hub)
    assert "his.chu-atlas.example" in at.read(name(endpoint), hospital()).text
    for by in (association(), court(), KEEPER):
        assert at.search("Endpoint", by).total == 0
        with pytest.raises(HubError) as refused:
            at.read(name(endpoint), by)
        assert refused.value.problem is errors.NOT_FOUND


def test_where_an_organization_receives_messages_is_not_in_the_directory(at: Scene) -> None:
    organization = example("organization") | {"endpoint": [{"reference": "Endpoint/chu-atlas-notifications"}]}
    publish([organization], hub=at.hub)
    assert "Endpoint/" in at.read(name(organization), hospital()).text
    assert "Endpoint/" not in at.read(name(organization), court()).text
