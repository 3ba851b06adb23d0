"""Erasure: what is destroyed, what stays, and that it can be proved."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pymongo import MongoClient

from hub.conformance import validate
from hub.delivery.worker import deliver
from hub.errors import CONFLICT, NOT_FOUND, Conflict, HubError, Retriable
from hub.exchange import change
from hub.exchange.erase import Erased, erase
from hub.exchange.person import Person
from hub.exchange.vouch import verify
from hub.fhir.references import reference
from hub.fhir.serial import loads
from hub.ports import Changes, Save
from hub.store import MongoStore, MongoTrail
from tests.support.association import Scene, association, hospital
from tests.support.delivering import Board
from tests.support.dumps import found_in
from tests.support.shared_case import as_new


@pytest.fixture
def erased(at: Scene) -> Erased:
    other = at.row("2", survivor_code="S-8", full_name="Autre Femme", cin="XY1", phone="0600000000", birth_date=None)
    at.receive(at.row(), other)
    at.receive(at.row(remarks="Une autre version."))
    return erase(person(at), "asked", hub=at.hub)


def person(at: Scene) -> str:
    found: str = next(one["id"] for one in at.all("Patient") if "Alaoui" in str(one))
    return found


def test_she_is_as_absent_as_somebody_who_never_was(at: Scene, erased: Erased) -> None:
    for by in (association(), hospital()):
        assert at.search("Patient", by).total == (1 if by == association() else 0)
        with pytest.raises(HubError) as refused:
            at.read(f"Patient/{erased.person}", by)
        with pytest.raises(HubError) as never:
            at.read("Patient/never-was", by)
        assert (refused.value.problem, refused.value.params) == (never.value.problem, never.value.params)


def test_nothing_but_the_trail_and_empty_documents_is_left_of_her(at: Scene, erased: Erased) -> None:
    kept = at.everything()
    for name, documents in kept.items():
        hers = [one for one in documents if erased.person in str(one)]
        assert not hers or name in {"Patient", "persons", "AuditEvent", "Provenance", "ledger"} or name[0].isupper(), (
            name
        )
        for one in hers if name not in {"AuditEvent", "Provenance", "persons", "ledger"} else ():
            assert one.keys() <= {"_id", "v", "at", "json", "k", "person", "custodian", "erased"}, name
            assert one["k"] == []
            assert one["json"] == f'{{"resourceType":"{name}","id":"{one["_id"]}"}}'
    assert not [one for one in kept["history"] if one["person"] == erased.person]
    assert not [one for one in kept["keyvault"] if f"person:{erased.person}" in one["keyAltNames"]]
    assert found_in(at.store.database, ("Alaoui", "AB123456", "0612345678", "Orangers")) == set()


def test_others_are_untouched(at: Scene, erased: Erased) -> None:
    (other,) = [one for one in at.all("Patient") if len(one) > 2]
    assert "Autre Femme" in at.read(f"Patient/{other['id']}", association()).text


def test_she_goes_from_groups_and_lists_of_others_in_all_their_versions(at: Scene) -> None:
    other = at.row("2", survivor_code="S-8", full_name="Autre Femme", cin="XY1", phone="0600000000", birth_date=None)
    at.receive(at.row(), other)
    hers, task = person(at), next(one for one in at.all("Task") if person(at) in str(one))
    rest = next(one["id"] for one in at.all("Patient") if one["id"] != hers)
    members = [{"entity": {"reference": f"Patient/{one}"}} for one in (hers, rest)]
    keeper = {"reference": f"Organization/{association().organization}"}
    made = [
        change.create(as_new("group--survivors", managingEntity=keeper, member=members), association(), hub=at.hub),
        change.create(as_new("list", entry=[{"item": {"reference": reference(task)}}]), association(), hub=at.hub),
    ]
    group, listed = (loads(one.text) for one in made)
    change.update("Group", group["id"], {**group, "name": "Mardi"}, association(), expected=None, hub=at.hub)
    erase(hers, "asked", hub=at.hub)
    now = {one["id"]: one for one in (*at.all("Group"), *at.all("List"))}
    assert now[group["id"]]["member"] == members[1:]
    assert "entry" not in now[listed["id"]]
    assert [issue for one in now.values() for issue in validate(one) if issue.blocks] == []
    kept = at.everything()
    left = [
        one for name in ("Group", "List", "history") for one in kept[name] if hers in str(one) or task["id"] in str(one)
    ]
    assert left == []
    assert len(at.audit("entry.update")) >= 2
    assert hers not in str(at.audit("entry.update"))


def test_the_trail_says_that_it_was_done_and_which_key_it_was_and_is_intact(at: Scene, erased: Erased) -> None:
    assert erased.key is not None
    (event,) = at.audit("survivor.erase")
    assert erased.key.id in str(event)
    assert erased.key.fingerprint in str(event)
    assert event["outcomeDesc"] == "erase.asked"
    assert [issue for issue in validate(event) if issue.blocks] == []
    report = verify(MongoTrail(at.store), ())
    assert report.broken == ()
    assert report.events > 0


def test_a_register_does_not_bring_her_back(at: Scene, erased: Erased) -> None:
    receipt = at.receive(at.row(), at.row("1", remarks="Encore une autre version."))
    assert (receipt.created, receipt.updated) == (0, 0)
    assert found_in(at.store.database, ("Alaoui",)) == set()
    assert at.search("Patient", association()).total == 1


def test_she_cannot_be_erased_twice_and_nobody_can_who_is_not_there(at: Scene, erased: Erased) -> None:
    for one in (erased.person, "never-was"):
        with pytest.raises(HubError) as refused:
            erase(one, "asked", hub=at.hub)
        assert refused.value.problem == NOT_FOUND


def test_an_act_computed_before_the_erasure_does_not_bring_anything_back(at: Scene) -> None:
    at.receive(at.row())
    id_ = person(at)
    before = at.hub.store.compartments([id_])[id_]
    erase(id_, "ordered", hub=at.hub)
    (patient,) = [one for one in before.documents if one.type == "Patient"]
    assert at.hub.store.key_proof(id_) is None
    late = Save(
        {"resourceType": "Patient", "id": id_, "name": [{"text": "Tard"}]}, id_, patient.custodian, (), patient.version
    )
    with pytest.raises(HubError) as refused:
        at.hub.store.commit(Changes(saves=[late], persons={id_: before.revision}))
    assert refused.value.problem == CONFLICT
    assert at.hub.store.key_proof(id_) is None, "the key of the refused act was not kept either"


@pytest.fixture
def copy_of(mongodb_uri: str, at: Scene) -> Iterator[Any]:
    """A copy of the database, with all collections but the key vault."""
    name = f"{at.store.database.name}_copy"
    with MongoClient[dict[str, Any]](mongodb_uri, tz_aware=True) as client:

        def copy() -> str:
            for collection in at.store.database.list_collection_names():
                rows = list(at.store.database[collection].find()) if collection != "keyvault" else []
                if rows:
                    client[name][collection].insert_many(rows)
            return name

        yield copy
        client.drop_database(name)


def test_an_older_copy_of_the_database_cannot_be_read_with_the_keys_of_today(
    at: Scene, mongodb_uri: str, copy_of: Any
) -> None:
    at.receive(at.row(), at.row("2", survivor_code="S-8", full_name="Autre Femme", cin="XY1", phone="0600000000"))
    id_ = person(at)
    other = next(one["id"] for one in at.all("Patient") if one["id"] != id_)
    name = copy_of()
    erase(id_, "asked", hub=at.hub)
    with MongoClient[dict[str, Any]](mongodb_uri) as client:
        client[name].keyvault.insert_many(list(at.store.database.keyvault.find()))
    with MongoStore.open(mongodb_uri, name) as older:
        kept, hers = older.read("Patient", other, None), older.read("Patient", id_, None)
        assert kept is not None
        assert hers is not None
        assert "Autre Femme" in kept.text
        assert hers.opener is not None, "the ciphertext is there"
        with pytest.raises(HubError):
            assert hers.text


def test_who_remembers_her_key_writes_nothing_with_it_once_another_process_has_erased_her(at: Scene) -> None:
    at.receive(at.row())
    id_ = person(at)
    late = Person.of(at.store.compartments([id_])[id_], at.hub.rules)
    need = at.one("ServiceRequest")
    late.put({**need, "note": [{"text": "Elle attend une place."}]}, association().organization)
    changes = late.settle(at.clock.now(), at.hub.ids.new).changes(late)
    assert id_ in at.store.vault.of_revised([id_])
    other = MongoStore(at.store.database, at.store._now, 20, at.store.vault.keks)
    erase(id_, "asked", hub=replace(at.hub, store=other))
    assert id_ in at.store.vault.of_revised([id_])
    with pytest.raises(Conflict):
        at.store.commit(changes)
    assert not at.store.database.ServiceRequest.count_documents({"_id": need["id"], "s": {"$exists": True}})


def test_what_waits_to_be_told_of_her_goes_too(at: Scene) -> None:
    at.receive(at.row())
    deliver([Board(refuses={"board": Retriable("adapters.register-open")}).way], hub=at.hub)
    assert at.store.counts()["outbox.waiting"] == 1
    erase(person(at), "asked", hub=at.hub)
    assert at.store.counts()["outbox.waiting"] == 0
