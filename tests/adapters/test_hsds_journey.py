"""From a service directory to where a referral may go, with the real hub and its database."""

from datetime import timedelta

import pytest

from adapters.hsds import adapter
from adapters.replay import Served
from hub import mapping
from hub.directory.matching import Wanted
from hub.exchange.announce import announce
from hub.exchange.offerings import Offerings
from hub.exchange.orient import orient
from hub.exchange.pull import pull
from hub.fhir.canonicals import profile
from hub.fhir.serial import loads
from tests.support.association import ASSOCIATION, HOSPITAL, court, hospital, outcome, scene
from tests.support.hsds import ServiceDirectory, connection, place, service, term

FORM = mapping.load("hsds/directory")
OF_CHU = {"organization": {"id": "o-1", "name": "CHU Atlas", "description": ""}}
MEDICAL = [term("medical_service"), term("women")]
SHELTER = [term("safe_house_service")]
HIDDEN = place(
    name="Villa Rihana", latitude=31.6271, addresses=[{"address_1": "7, derb El Yasmine", "city": "Marrakech"}]
)


@pytest.fixture
def at(store, tmp_path):
    return scene(store, tmp_path)


@pytest.fixture
def directory():
    all_ = [
        service("s-1", "Urgences", attributes=MEDICAL, **OF_CHU),
        service("s-2", "Écoute", **OF_CHU),
        service("s-3", "Refuge", attributes=SHELTER, service_at_locations=[{"id": "x", "location": HIDDEN}], **OF_CHU),
    ]
    with Served(ServiceDirectory(all_)).running() as server:
        yield server


@pytest.fixture
def read(at, directory, tmp_path):
    asked = connection(directory.url, tmp_path, ASSOCIATION)
    return lambda **how: pull(asked, adapter, FORM, hub=at.hub, **how)


def found(at, kind, **more):
    """What is found for a need of this kind, as the court sees the directory."""
    wanted = Wanted(kind, at.clock.now(), area="MA-CAS", **more)
    return [loads(one.view.text) for one in orient(wanted, court(), hub=at.hub)]


def test_a_service_of_a_directory_is_found_for_a_need_until_the_directory_drops_it(at, directory, read):
    told = read()
    assert (told.read, told.created, told.rejected) == (3, 3, ())
    (urgent,) = found(at, "medical", languages=("ar",), eligibility=("women",))
    assert urgent["providedBy"] == {"reference": "Organization/chu-atlas"}
    assert loads(at.read(urgent["location"][0]["reference"], court()).text)["address"]["city"] == "Casablanca"

    at.clock.forward(timedelta(days=1))
    directory.stand_in.delete("s-1")
    assert read().withdrawn == 1
    assert found(at, "medical") == []
    kept = loads(at.read(f"HealthcareService/{urgent['id']}", court()).text)
    assert kept["active"] is False and "location" not in kept


def test_a_need_is_referred_to_a_service_that_was_found_and_the_outcome_stands(at, read):
    read()
    (urgent,) = found(at, "medical")
    at.receive(at.row(referred_to="CHU Atlas"))
    task = at.one("Task")
    assert task["owner"]["reference"] == urgent["providedBy"]["reference"]
    for status, more in (("accepted", {}), ("in-progress", {}), ("completed", outcome())):
        at.move(at.one("Task"), status, hospital(), **more)
    assert at.one("Task")["status"] == "completed"


def test_a_service_that_comes_back_is_given_again(at, directory, read):
    read()
    directory.stand_in.delete("s-2")
    at.clock.forward(timedelta(days=1))
    read()
    assert found(at, "psychosocial") == []
    directory.stand_in.add(service("s-2", "Écoute", **OF_CHU))
    read()
    (back,) = found(at, "psychosocial")
    assert back["active"] and back["location"]


@pytest.mark.parametrize("status", ["inactive", "defunct", "temporarily closed"])
def test_a_service_that_is_inactive_or_defunct_is_not_offered(at, directory, read, status):
    read()
    directory.stand_in.edit("s-1", status=status)
    assert read().updated == 1
    assert found(at, "medical") == []


def test_a_second_pull_changes_nothing(at, read):
    read()
    before = at.everything("watermarks")
    assert read().read == 0
    assert at.everything("watermarks") == before


def test_shelters_are_redacted(at, directory, read):
    read()
    (shelter,) = found(at, "shelter")
    assert "location" not in shelter
    assert not [mark for mark in ("Rihana", "31.6271", "El Yasmine") if mark in str(at.everything())]
    assert not [mark for mark in ("Rihana", "31.6271", "El Yasmine") if mark in str(at.all("Location"))]


def test_a_service_that_becomes_a_shelter_leaves_no_address_behind(at, directory, read):
    read()
    directory.stand_in.edit("s-1", attributes=SHELTER)
    read()
    (gone,) = [one for one in at.all("Location") if one["status"] == "inactive"]
    assert gone["address"] == {"state": "MA-CAS", "country": "MA"}
    assert "Orangers" not in str(gone) and "position" not in gone


def test_a_service_at_two_places_has_both_until_the_directory_drops_one(at, directory, read):
    second = place(id="pl-2", name="Antenne d'Agadir", addresses=[{"city": "Agadir", "state_province": "MA-AGD"}])
    both = [{"id": "x-1", "location": place()}, {"id": "x-2", "location": second}]
    directory.stand_in.edit("s-1", service_at_locations=both)
    read()
    (urgent,) = found(at, "medical")
    names = {one["reference"]: loads(at.read(one["reference"], court()).text)["name"] for one in urgent["location"]}
    assert sorted(names.values()) == ["Antenne d'Agadir", "Maison des Orangers"]
    directory.stand_in.edit("s-1", service_at_locations=both[1:])
    read()
    (after,) = found(at, "medical")
    assert [names[one["reference"]] for one in after["location"]] == ["Antenne d'Agadir"]
    (gone,) = [one for one in at.all("Location") if one["status"] == "inactive"]
    assert "Orangers" not in str(gone)


def test_a_directory_does_not_take_back_what_was_said_of_room(at, directory, tmp_path):
    """A directory that the organisation keeps itself: what it says there is its own word."""
    own = connection(directory.url, tmp_path, HOSPITAL)
    pull(own, adapter, FORM, hub=at.hub)
    (urgent,) = found(at, "medical")
    assert announce(urgent["id"], "no-capacity", purpose="COC", hub=at.hub)
    assert Offerings(at.store, at.clock, at.hub.directory)("medical", "MA-CAS") == {HOSPITAL}
    directory.stand_in.edit("s-1", name="Urgences de nuit")
    assert pull(own, adapter, FORM, hub=at.hub).updated == 1
    (after,) = [one for one in at.all("HealthcareService") if one["id"] == urgent["id"]]
    assert after["name"] == "Urgences de nuit"
    assert profile("capacity") in {one["url"] for one in after["extension"]}


def test_a_service_of_an_organisation_that_takes_no_part_waits_until_it_does(at, directory, read):
    directory.stand_in.edit("s-1", organization={"id": "o-9", "name": "Ligue inconnue"})
    told = read()
    assert (told.created, len(told.rejected)) == (2, 1)
    (issue,) = told.rejected[0].issues
    assert issue.text == "mapping.organization-unknown"


def test_what_a_directory_says_of_others_opens_no_referral_to_them(at, read):
    """Whoever gives a service sees open referrals for it: that is for the organisation and the deployment to say."""
    read()
    assert Offerings(at.store, at.clock, at.hub.directory)("medical", "MA-CAS") == frozenset()


def test_a_dry_run_stores_nothing(at, read):
    assert read(dry_run=True).created == 3
    assert at.all("HealthcareService") == []


def test_what_was_received_from_a_directory_is_on_the_record(at, read):
    read()
    assert at.audit("record.receive")
    assert {one["resourceType"] for one in at.all("Provenance")} == {"Provenance"}
    (urgent,) = found(at, "medical")
    assert any({"reference": f"HealthcareService/{urgent['id']}"} in one["target"] for one in at.all("Provenance"))


def test_a_service_that_is_a_test_by_the_mapping_is_given_no_more_and_comes_back_once_it_is_none(
    at, directory, tmp_path
):
    own = tmp_path / "ours"
    own.mkdir()
    text = "extends: hsds/directory\nid: ours\nversion: '1'\nleft_out: [{column: name, begins: Test}]\n"
    (own / "mapping.yaml").write_text(text, "utf-8")
    form, asked = mapping.load("ours", search=[tmp_path]), connection(directory.url, tmp_path, ASSOCIATION)

    def read():
        at.clock.forward(timedelta(days=1))
        return pull(asked, adapter, form, hub=at.hub)

    assert (read().created, len(found(at, "medical"))) == (3, 1)
    directory.stand_in.edit("s-1", name="Test")
    told = read()
    assert (told.left_out, told.withdrawn, found(at, "medical")) == (1, 1, [])
    assert (read().withdrawn, len(found(at, "psychosocial"))) == (0, 1)
    directory.stand_in.edit("s-1", name="Urgences")
    assert (read().updated, len(found(at, "medical"))) == (1, 1)
