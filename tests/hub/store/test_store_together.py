"""Acts that are ready at one moment share a transaction, and each is still told of its own alone."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from pymongo import MongoClient

from hub.errors import UNAVAILABLE, Conflict, HubError
from hub.ports import Changes, Due, LedgerEntry
from hub.store import MongoStore
from hub.store import together as module
from hub.store.together import Together, joined, may_join
from hub.store.writing import Plan
from tests.hub.store.test_store_looks import look
from tests.support.acts import NOW, referral, saving, stored, survivor
from tests.support.patience import PATIENCE_S, until

AT_ONCE = 8


def act(person: str, *, revision: int = 0) -> Changes:
    """What belongs to an act: her record, its audit, what is to be told of it."""
    changes = saving(survivor(person), referral(f"t-{person}", person), person=person, revision=revision)
    event = replace(look(f"e-{person}"), person=person)
    return replace(changes, saves=[*changes.saves, event], outbox=[Due("referral.send", "", f"Task/t-{person}")])


def plan_of(changes: Changes, store: MongoStore) -> Plan:
    return Plan(changes, NOW, store.vault, store._box)


def test_acts_under_way_wait_for_each_other_and_are_committed_in_fewer_transactions(store: MongoStore) -> None:
    store.commit(act("first"))
    shared: list[int] = []
    write = store.together.write
    store.together.write = lambda plan: (shared.append(len(plan.events)), write(plan))[1]
    with ThreadPoolExecutor(AT_ONCE) as workers:
        list(workers.map(lambda n: store.commit(act(f"p{n}"), company=AT_ONCE), range(32)))
    assert sum(shared) == 32
    assert len(shared) < 32
    for type_, count in (("Patient", 33), ("Task", 33), ("AuditEvent", 33), ("outbox", 33), ("persons", 33)):
        assert store.database[type_].count_documents({}) == count
    places = {(one["c"]["s"], one["c"]["n"]) for one in store.database.AuditEvent.find({}, {"c": 1})}
    assert len(places) == 33


def test_who_is_alone_waits_for_nobody(store: MongoStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "A_MOMENT_S", PATIENCE_S)
    together = Together(lambda _: None)
    start = time.monotonic()
    together.commit(plan_of(act("p"), store), 1)
    assert time.monotonic() - start < PATIENCE_S / 2


def test_who_comes_while_a_transaction_is_under_way_shares_the_next(store: MongoStore) -> None:
    written: list[int] = []
    under_way, go_on = threading.Event(), threading.Event()

    def write(plan: Plan) -> None:
        written.append(len(plan.events))
        under_way.set()
        assert go_on.wait(PATIENCE_S)

    together = Together(write)
    with ThreadPoolExecutor(4) as workers:
        first = workers.submit(together.commit, plan_of(act("p0"), store), 1)
        assert under_way.wait(PATIENCE_S)
        others = [workers.submit(together.commit, plan_of(act(f"p{n}"), store), 1) for n in (1, 2, 3)]
        until(lambda: len(together._waiting) == len(others))
        go_on.set()
        for one in (first, *others):
            one.result(PATIENCE_S)
    assert written == [1, 3]


def test_an_act_that_came_too_late_is_refused_alone_and_nothing_of_it_is_there(store: MongoStore) -> None:
    plans = [plan_of(act("p1"), store), plan_of(act("late", revision=7), store), plan_of(act("p2"), store)]
    together = Together(store._commit)
    with ThreadPoolExecutor(3) as workers:
        asked = [workers.submit(together.commit, plan, 6) for plan in plans]
        with pytest.raises(Conflict):
            asked[1].result(PATIENCE_S)
        asked[0].result(PATIENCE_S)
        asked[2].result(PATIENCE_S)
    assert {one["_id"] for one in store.database.Patient.find({}, {"_id": 1})} == {"p1", "p2"}
    assert store.database.AuditEvent.count_documents({}) == 2


def test_what_befalls_the_database_is_told_to_all_of_them(store: MongoStore) -> None:
    tried: list[int] = []

    def write(plan: Plan) -> None:
        tried.append(len(plan.events))
        raise HubError(UNAVAILABLE)

    together = Together(write)
    with ThreadPoolExecutor(3) as workers:
        asked = [workers.submit(together.commit, plan_of(act(f"p{n}"), store), 6) for n in range(3)]
        for one in asked:
            with pytest.raises(HubError) as refused:
                one.result(PATIENCE_S)
            assert refused.value.problem is UNAVAILABLE
    assert sum(tried) == 3, "nobody knows what became of a commit: it is not tried again by one of them"


def test_what_the_database_never_takes_is_told_to_whose_it_is_alone(store: MongoStore) -> None:
    plans = [plan_of(act(f"p{n}"), store) for n in range(3)]
    plans[1].inserted["Patient"][0]["x"] = object()
    together = Together(store._commit)
    with ThreadPoolExecutor(3) as workers:
        asked = [workers.submit(together.commit, plan, 6) for plan in plans]
        with pytest.raises(HubError):
            asked[1].result(PATIENCE_S)
        asked[0].result(PATIENCE_S)
        asked[2].result(PATIENCE_S)
    assert {one["_id"] for one in store.database.Patient.find({}, {"_id": 1})} == {"p0", "p2"}


def test_who_waited_for_a_thread_that_was_torn_away_is_told_that_nobody_knows(
    store: MongoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "A_MOMENT_S", 10.0)

    def write(_: Plan) -> None:
        raise SystemExit

    together = Together(write)
    with ThreadPoolExecutor(2) as workers:
        asked = [workers.submit(together.commit, plan_of(act(f"p{n}"), store), 4) for n in range(2)]
        problems = [one.exception(PATIENCE_S) for one in asked]
    assert sorted(type(one).__name__ for one in problems) == ["HubError", "SystemExit"]
    with pytest.raises(SystemExit):  # and the next one is not kept waiting
        together.commit(plan_of(act("p3"), store), 1)


def test_what_reaches_beyond_its_persons_is_committed_alone(store: MongoStore) -> None:
    entry = LedgerEntry("row", "register", "1", "form@1", {}, {}, NOW)
    assert may_join(plan_of(act("p"), store))
    assert not may_join(plan_of(replace(act("p"), ledger=[entry]), store))
    assert not may_join(plan_of(replace(act("p"), identities={"h": "Patient/p"}), store))
    assert not may_join(plan_of(replace(act("p"), guards={"name": 0}), store))
    assert not may_join(plan_of(replace(act("p"), erased={"p": ["Patient/p"]}, persons={"p": 1}), store))
    assert not may_join(plan_of(saving(survivor("p")), store)), "without an event there is nothing to share"
    unheard = plan_of(act("p"), store)
    unheard.__dict__["of another kind"] = [{}]
    assert not may_join(unheard), "what this does not know of is not left out"


def test_what_is_joined_has_every_row_of_each_and_leaves_them_as_they_were(store: MongoStore) -> None:
    plans = [plan_of(act(f"p{n}"), store) for n in range(3)]
    whole = joined(plans)
    for name, value in vars(plans[0]).items():
        parts = [vars(plan)[name] for plan in plans]
        if isinstance(value, list):
            assert getattr(whole, name) == [row for part in parts for row in part], name
        elif name in {"inserted", "replaced", "rekeyed"}:
            assert {t: len(rows) for t, rows in getattr(whole, name).items()} == dict.fromkeys(value, 3), name
        else:
            assert not value, f"{name} is of acts that are committed alone"
    assert len(plans[0].inserted["Patient"]) == 1


def test_one_of_two_processes_changes_what_the_other_one_remembers(mongodb_uri: str, store: MongoStore) -> None:
    client: MongoClient[dict[str, object]] = MongoClient(mongodb_uri, tz_aware=True)
    with client, MongoStore.open(mongodb_uri, store.database.name) as other:
        store.commit(act("p"))
        assert store.compartments(["p"])["p"].revision == 1
        known = stored(other, "Patient", "p")
        changed = replace(saving(survivor("p", gender="female"), person="p", revision=1))
        save = replace(changed.saves[0], replaces=known.version)
        other.commit(replace(changed, saves=[save]))
        found = store.compartments(["p"])["p"]
    assert found.revision == 2
    assert next(one for one in found.documents if one.type == "Patient").resource()["gender"] == "female"
