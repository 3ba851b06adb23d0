import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pymongo import MongoClient

from hub.errors import Conflict
from hub.fhir.issues import Issue
from hub.ports import (
    Aside,
    Changes,
    Discard,
    Discarded,
    Due,
    Key,
    LedgerEntry,
    Quarantined,
    Rekey,
    Save,
    SetAside,
    Watermark,
)
from hub.store import MongoStore, receipts
from hub.store.queries import whose
from tests.support.acts import NOW, opened, referral, replacing, saving, sees, stored, survivor
from tests.support.shapes import made_again


def entry(key: str, version: str = "1", **resources: str) -> LedgerEntry:
    return LedgerEntry(key, "register", version, "form@1", resources, {"a.b": "$7"}, NOW)


def quarantined(key: str, **changed: object) -> Quarantined:
    issue = Issue("error", "value", "mapping.bad-date", "Patient.birthDate", "Date", {"expected": "DD/MM/YYYY"})
    content = {"naissance": datetime(1990, 1, 2), "$gt": 1, "a.b": [None, 1.5, "é"]}
    kept = Quarantined(key, "register", "form@1", "row 7", (issue,), content, NOW, {"row": 7, "handle": {}})
    return replace(kept, **changed)  # type: ignore[arg-type]  # the test names fields


def test_a_stored_resource_is_served_as_it_was_with_version_and_instant(mongodb_uri: str, database: str) -> None:
    at = datetime(2026, 3, 1, 10, 0, 0, 123000, tzinfo=UTC)
    sent = survivor("p", meta={"profile": ["x"]}, extension=[{"valueDecimal": 1.5}], name=[{"text": "ابتسام"}])
    with MongoStore.open(mongodb_uri, database, now=lambda: at) as store:
        store.commit(saving(sent, grants=("a", "b")))
        found = stored(store, "Patient", "p")
        assert found.text
    meta = {"profile": ["x"], "versionId": "1", "lastUpdated": "2026-03-01T10:00:00.123+00:00"}
    assert found.resource() == {**sent, "meta": meta}
    assert (found.version, found.at, found.person, found.custodian) == (1, at, "p", "keeper")
    assert found.keys == opened("a", "b")
    assert sent["meta"] == {"profile": ["x"]}, "what was handed in stays as it was"


def test_a_new_version_takes_the_place_of_the_old_which_goes_into_the_history(store: MongoStore) -> None:
    store.commit(saving(survivor("p", gender="unknown")))
    first = stored(store, "Patient", "p")
    store.commit(replacing(first, survivor("p", gender="female"), store.compartments(["p"])["p"]))
    assert stored(store, "Patient", "p").resource()["gender"] == "female"
    assert stored(store, "Patient", "p").resource()["meta"]["versionId"] == "2"
    (old,) = store.database.history.find()
    assert (old["r"], old["v"], old["json"], old["person"]) == ("Patient/p", 1, first.text, "p")
    assert "k" not in old


def test_what_is_made_ready_is_written_when_it_is_asked_for_and_not_before(store: MongoStore) -> None:
    commit = store.ready(saving(survivor("p")))
    assert store.read("Patient", "p", None) is None
    commit()
    assert stored(store, "Patient", "p").version == 1
    store.ready(Changes())()
    with pytest.raises(Conflict):
        store.ready(saving(referral("t"), survivor("p"), revision=1))()


def test_a_change_of_the_same_person_meanwhile_is_a_conflict_for_what_was_ready(store: MongoStore) -> None:
    store.commit(saving(survivor("p")))
    commit = store.ready(saving(referral("late"), revision=1))
    store.commit(saving(referral("first"), revision=1))
    with pytest.raises(Conflict):
        commit()
    assert store.read("Task", "late", None) is None


def test_what_exists_cannot_be_inserted_again(store: MongoStore) -> None:
    store.commit(saving(survivor("p")))
    with pytest.raises(Conflict):
        store.commit(saving(referral("t"), survivor("p"), revision=1))
    assert store.read("Task", "t", None) is None


@pytest.mark.parametrize("replaces", [0, 2, 7])
def test_a_version_that_moved_on_is_a_conflict(store: MongoStore, replaces: int) -> None:
    store.commit(saving(survivor("p")))
    with pytest.raises(Conflict):
        store.commit(Changes(saves=[Save(survivor("p"), "p", "keeper", (), replaces)], persons={"p": 1}))
    assert stored(store, "Patient", "p").version == 1
    assert store.counts()["history"] == 0


@pytest.mark.parametrize("revision", [0, 2])
def test_a_revision_that_moved_on_is_a_conflict(store: MongoStore, revision: int) -> None:
    store.commit(saving(survivor("p")))
    with pytest.raises(Conflict):
        store.commit(saving(referral("t"), revision=revision))
    assert store.read("Task", "t", None) is None
    assert store.compartments(["p"])["p"].revision == 1


def test_a_compartment_is_never_written_without_its_revision(store: MongoStore) -> None:
    with pytest.raises(ValueError, match="revision"):
        store.commit(Changes(saves=[Save(survivor("p"), "p", "keeper", ())]))
    event = {"resourceType": "AuditEvent", "id": "e"}
    store.commit(Changes(saves=[Save(event, "p", None, ())]))  # an audit event needs none: it only ever adds
    assert stored(store, "AuditEvent", "e").person == "p"


def test_new_keys_count_at_once_and_make_no_version(store: MongoStore) -> None:
    store.commit(saving(referral("t"), grants=("a",)))
    store.commit(Changes(rekeys=[Rekey("Task", "t", opened("b"))], persons={"p": 1}))
    assert store.read("Task", "t", sees("a")) is None
    found = store.read("Task", "t", sees("b"))
    assert found is not None
    assert found.version == 1
    assert found.keys == opened("b")
    with pytest.raises(Conflict):
        store.commit(Changes(rekeys=[Rekey("Task", "absent", ())]))


def test_everything_of_an_act_is_committed_or_nothing(store: MongoStore) -> None:
    store.commit(saving(survivor("taken"), person="taken"))
    whole = Changes(
        saves=[Save(survivor("new"), "new", "keeper", ()), Save(survivor("taken"), "taken", "keeper", ())],
        persons={"new": 0, "taken": 1},
        ledger=[entry("l", survivor="Patient/new")],
        identities={"i": "Patient/new"},
        quarantine=[quarantined("q")],
        outbox=[Due("need.create", "register", "ServiceRequest/n")],
        watermark=("register", Watermark("7")),
    )
    before = store.counts()
    with pytest.raises(Conflict):
        store.commit(whole)
    assert store.counts() == before
    assert store.ledger(["l"]) == store.identities(["i"]) == {}
    assert store.watermark("register") is None
    assert store.compartments(["new", "taken"]).keys() == {"taken"}
    store.commit(replace(whole, saves=whole.saves[:1], persons={"new": 0}))
    assert store.compartments(["new"])["new"].revision == 1
    assert store.ledger(["l"])["l"] == entry("l", survivor="Patient/new")
    assert store.identities(["i", "other"]) == {"i": "Patient/new"}
    assert store.watermark("register") == Watermark("7")
    assert list(store.quarantine()) == [quarantined("q")]
    assert store.counts()["outbox.waiting"] == 1


def test_a_ledger_entry_grows_but_never_points_elsewhere(store: MongoStore) -> None:
    store.commit(Changes(ledger=[entry("l", survivor="Patient/a")]))
    store.commit(Changes(ledger=[entry("l", "2", survivor="Patient/a", need="ServiceRequest/n")]))
    assert store.ledger(["l"])["l"].version == "2"
    with pytest.raises(Conflict):
        store.commit(Changes(ledger=[entry("l", "3", survivor="Patient/b")]))
    assert store.ledger(["l"])["l"].resources == {"survivor": "Patient/a", "need": "ServiceRequest/n"}


def test_the_record_that_a_resource_came_from_is_found(store: MongoStore) -> None:
    store.commit(Changes(ledger=[entry("l", survivor="Patient/a", need="ServiceRequest/n"), entry("m")]))
    assert store.origin("ServiceRequest/n") == store.ledger(["l"])["l"]
    assert store.origin("ServiceRequest/o") is None
    plan = store.database.command("explain", {"find": "ledger", "filter": {"resources.r": "ServiceRequest/n"}})
    assert plan["queryPlanner"]["winningPlan"]["inputStage"]["stage"] == "IXSCAN"


def test_an_identity_may_be_said_again_of_the_same_survivor_only(store: MongoStore) -> None:
    store.commit(Changes(identities={"i": "Patient/a"}))
    store.commit(Changes(identities={"i": "Patient/a", "j": "Patient/a"}))
    with pytest.raises(Conflict):
        store.commit(Changes(identities={"i": "Patient/b", "k": "Patient/b"}))
    assert store.identities(["i", "j", "k"]) == {"i": "Patient/a", "j": "Patient/a"}


def test_a_quarantined_record_is_kept_whole_until_it_is_released(store: MongoStore) -> None:
    store.commit(Changes(quarantine=[quarantined("q"), quarantined("r", connection="other")]))
    store.commit(Changes(quarantine=[quarantined("q", place="row 8")]))
    assert list(store.quarantine("register")) == [quarantined("q", place="row 8")]
    assert [kept.key for kept in store.quarantine()] == ["q", "r"]
    assert [kept.key for kept in store.quarantine(key="r")] == ["r"]
    store.commit(Changes(released=["q", "never seen"]))
    assert [kept.key for kept in store.quarantine()] == ["r"]


def test_what_waits_of_a_connection_is_read_bit_by_bit_in_the_order_in_which_it_came(
    store: MongoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipts, "ASIDE", 2)
    at = {key: NOW - timedelta(hours=hours) for hours, key in enumerate("abcdef")}
    store.commit(Changes(quarantine=[quarantined(key, at=when) for key, when in at.items()]))
    store.commit(Changes(quarantine=[quarantined("z", connection="other")]))
    assert store.all_set_aside() == {"register": 6, "other": 1}
    assert sorted(store.quarantine_keys()) == [*"abcdefz"]
    assert list(store.quarantine_keys(discarded=True)) == []
    waiting = store.quarantine("register")
    assert next(waiting).key == "f"
    store.commit(Changes(released=list("abc")))
    assert [one.key for one in waiting] == ["e", "d"]
    asked = {"find": "quarantine", "filter": {"connection": "register"}, "sort": {"at": 1, "_id": 1}}
    assert "SORT" not in str(store.database.command("explain", asked)["queryPlanner"]["winningPlan"])


def test_since_when_a_record_is_set_aside_is_kept_until_it_is_released(store: MongoStore) -> None:
    later = NOW + timedelta(hours=1)
    for at in (NOW, later):
        store.commit(Changes(quarantine=[quarantined("q", at=at)]))
    (kept,) = store.quarantine()
    assert (kept.at, kept.since) == (later, NOW)
    store.database.quarantine.update_one({"_id": "q"}, {"$unset": {"since": ""}})  # as it was before this was kept
    store.commit(Changes(quarantine=[quarantined("q", at=later + timedelta(hours=1))]))
    assert [one.since for one in store.quarantine()] == [later]
    store.commit(Changes(released=["q"]))
    store.commit(Changes(quarantine=[quarantined("q", at=later)]))
    assert [one.since for one in store.quarantine()] == [later]


def test_what_is_wrong_is_told_of_one_connection_without_reading_what_its_records_say(store: MongoStore) -> None:
    at = {key: NOW + timedelta(hours=hours) for hours, key in enumerate("abc")}
    store.commit(Changes(quarantine=[quarantined(key, at=when, place=key) for key, when in at.items()]))
    store.commit(Changes(quarantine=[quarantined("z", connection="other"), quarantined("y", connection="third")]))
    store.commit(Changes(discards=[Discard("a", NOW, False, Discarded(NOW, "test", NOW + timedelta(days=30)))]))
    assert store.waiting(["register", "other", "none"]) == {
        "register": Aside(2, at["b"]),
        "other": Aside(1, NOW),
    }
    store.database.quarantine.update_many({}, {"$set": {"content": None, "record": None}})
    issues = quarantined("b").issues
    assert list(store.reasons("register", 10)) == [SetAside(key, issues, "form@1", at[key]) for key in "bc"]
    assert [one.place for one in store.reasons("register", 1)] == ["b"]


def test_a_watermark_moves_on_per_connection(store: MongoStore) -> None:
    for connection, value in (("a", "1"), ("b", "5"), ("a", "2")):
        store.commit(Changes(watermark=(connection, Watermark(value))))
    assert store.watermark("a") == Watermark("2")
    assert store.watermark("b") == Watermark("5")


def test_a_type_nobody_foresaw_is_stored_like_any_other(store: MongoStore) -> None:
    encounter = {"resourceType": "Encounter", "id": "e", "status": "finished"}
    store.commit(saving(encounter))
    assert stored(store, "Encounter", "e").resource()["status"] == "finished"
    assert [d.type for d in store.compartments(["p"])["p"].documents] == ["Encounter"]
    assert store.counts()["Encounter"] == 1
    with pytest.raises(ValueError, match="type"):
        store.commit(saving({"resourceType": "history", "id": "h"}, revision=1))


def test_other_collections_cannot_be_read_as_resource_types(store: MongoStore) -> None:
    store.commit(saving(survivor("p")))
    assert store.read("persons", "p", None) is None


def test_no_change_is_no_transaction(store: MongoStore) -> None:
    store.commit(Changes())
    assert sum(store.counts().values()) == 0


def test_acts_on_one_person_at_once_are_computed_one_after_the_other(store: MongoStore) -> None:
    """Six writers add ten referrals each to one survivor, recomputing on conflict: none is lost, none is seen twice."""
    store.commit(saving(survivor("p")))
    conflicts: list[int] = []
    together = threading.Barrier(6)

    def write(worker: int) -> None:
        together.wait()
        for number in range(10):
            while True:
                compartment = store.compartments(["p"])["p"]
                assert len(compartment.documents) == compartment.revision
                try:
                    store.commit(saving(referral(f"t{worker}-{number}"), revision=compartment.revision))
                    break
                except Conflict:
                    conflicts.append(worker)

    workers = [threading.Thread(target=write, args=(n,)) for n in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    final = store.compartments(["p"])["p"]
    assert final.revision == len(final.documents) == 61
    assert conflicts, "the writers did meet"


def test_two_readers_of_one_source_cannot_both_store_a_record(store: MongoStore) -> None:
    outcomes: list[bool] = []
    together = threading.Barrier(4)

    def take(person: str) -> None:
        act = replace(saving(survivor(person), person=person), ledger=[entry("l", survivor=f"Patient/{person}")])
        together.wait()
        try:
            store.commit(act)
            outcomes.append(True)
        except Conflict:
            outcomes.append(False)

    workers = [threading.Thread(target=take, args=(f"p{n}",)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(outcomes) == [False, False, False, True]
    assert store.counts()["Patient"] == 1


# --- compartments ----------------------------------------------------------------------------------------------------


def test_a_compartment_is_everything_current_of_a_person_but_provenance_and_audit(store: MongoStore) -> None:
    provenance = {"resourceType": "Provenance", "id": "v"}
    event = {"resourceType": "AuditEvent", "id": "e"}
    store.commit(saving(survivor("p"), referral("t"), provenance, event))
    store.commit(saving(survivor("q"), person="q"))
    found = store.compartments(["p", "q", "nobody"])
    assert found.keys() == {"p", "q"}
    assert {(d.type, d.id) for d in found["p"].documents} == {("Patient", "p"), ("Task", "t")}
    assert found["p"].documents[0].keys == (Key("a"),)
    assert found["q"].revision == 1
    assert store.compartments([]) == {}


def test_a_compartment_is_read_at_one_revision_while_others_write(store: MongoStore) -> None:
    """Every act adds one need and one referral together: a torn read would see one without the other."""
    store.commit(saving(survivor("p")))
    over = threading.Event()

    def write() -> None:
        for number in range(60):
            need = {"resourceType": "ServiceRequest", "id": f"n{number}"}
            store.commit(saving(need, referral(f"t{number}"), revision=number + 1))
        over.set()

    writer = threading.Thread(target=write)
    writer.start()
    reads = 0
    while not over.is_set():
        compartment = store.compartments(["p"])["p"]
        types = [d.type for d in compartment.documents]
        assert types.count("Task") == types.count("ServiceRequest") == compartment.revision - 1
        reads += 1
    writer.join()
    assert reads


def test_person_lookups_are_served_by_an_index(store: MongoStore) -> None:
    plan = store.database.command("explain", {"find": "Task", "filter": {"person": {"$in": ["p"]}}})
    assert plan["queryPlanner"]["winningPlan"]["inputStage"]["indexName"] == "person_1"


def test_audit_events_of_a_person_are_served_by_the_index_of_what_they_name(store: MongoStore) -> None:
    asked = {"find": "AuditEvent", "filter": whose("AuditEvent", ["p"])}
    plan = store.database.command("explain", asked)["queryPlanner"]["winningPlan"]
    assert plan["inputStage"]["indexName"] == "x.entity_1_at_-1__id_-1"
    assert not {"person_1", "x.patient_1_at_-1__id_-1"} & store.database.AuditEvent.index_information().keys()


def test_indexes_that_are_of_no_more_use_go(mongodb_uri: str, database: str) -> None:
    with MongoStore.open(mongodb_uri, database) as opened:
        opened.database.AuditEvent.create_index("person")
        opened.database.AuditEvent.create_index([("x.patient", 1), ("at", -1), ("_id", -1)])
        opened.database.settings.update_one({"_id": "schema"}, {"$set": {"version": "older"}})
        with MongoStore.open(mongodb_uri, database):
            assert not {"person_1", "x.patient_1_at_-1__id_-1"} & opened.database.AuditEvent.index_information().keys()


def test_the_database_is_prepared_once_and_again_when_its_shape_changes(mongodb_uri: str, database: str) -> None:
    with MongoStore.open(mongodb_uri, database), MongoClient[dict[str, object]](mongodb_uri) as client:
        client[database].Task.drop_indexes()
        client[database].settings.update_one({"_id": "schema"}, {"$set": {"version": "older"}})
        with MongoStore.open(mongodb_uri, database):
            assert "person_1" in client[database].Task.index_information()
        client[database].Task.drop_indexes()
        with MongoStore.open(mongodb_uri, database):
            assert "person_1" not in client[database].Task.index_information()
        made_again(client[database])


def test_keys_open_and_close_at_their_instants(store: MongoStore) -> None:
    since, until = NOW, NOW + timedelta(days=1)
    task = Save(referral("t"), "p", "keeper", opened("a", since=since, until=until))
    store.commit(Changes(saves=[task], persons={"p": 0}))
    millisecond = timedelta(milliseconds=1)
    visible = {
        at: bool(store.read("Task", "t", sees("a", at=at)))
        for at in (since - millisecond, since, until - millisecond, until)
    }
    assert list(visible.values()) == [False, True, True, False]
