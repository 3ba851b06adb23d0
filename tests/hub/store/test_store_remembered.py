"""A compartment that was read or written a moment ago is not read again, and never differs from what a reading would find."""

import time
from dataclasses import replace
from datetime import timedelta
from random import Random
from types import SimpleNamespace

import pytest

from hub.errors import Conflict
from hub.ports import Changes, Compartment, Documents, Rekey, Save, Stored
from hub.store import MongoStore, remembered
from hub.store.persons import FEW
from hub.store.remembered import LIFETIME_S, Remembered
from tests.support.acts import NOW, opened, referral, replacing, saving, stored, survivor
from tests.support.reading_whole import read_whole

ACTS = 60


def told(compartment: Compartment) -> object:
    return [
        compartment.revision,
        compartment.due,
        [_told(one) for one in compartment.documents],
        sorted(map(_told, compartment.gone), key=repr),
    ]


def _told(one: Stored) -> object:
    """What is encrypted is kept in the document apart from the text, and is the same when it is opened."""
    keys = [(key, key.because) for key in one.keys]
    return one.type, one.id, one.version, one.at, one.text, one.person, one.custodian, keys, one.gone


def test_an_act_after_another_reads_her_row_alone(store: MongoStore, monkeypatch: pytest.MonkeyPatch) -> None:
    with read_whole(store, monkeypatch) as read:
        store.commit(saving(survivor("p"), referral("t")))
        first = store.compartments(["p"])["p"]
        store.commit(saving(referral("u"), revision=1))
        second = store.compartments(["p"])["p"]
    assert read == []
    assert [one.id for one in first.documents] == ["p", "t"]
    assert [one.id for one in second.documents] == ["p", "t", "u"]
    assert second.revision == 2


def test_a_version_that_is_remembered_is_parsed_once_for_all_who_read_it(store: MongoStore) -> None:
    store.commit(saving(survivor("p"), referral("t")))
    first = store.compartments(["p"])["p"]
    store.commit(saving(referral("u"), revision=1))
    second = store.compartments(["p"])["p"]
    assert [one.content is other.content for one, other in zip(first.documents, second.documents, strict=False)] == [
        True, True,
    ]  # fmt: skip
    assert first.documents[0].content == first.documents[0].resource()
    assert first.documents[0].content is not first.documents[0].resource()


def test_of_very_many_those_that_were_used_last_stay_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "PARSED", 3)
    known, stored_ = Remembered(), {}
    for person in ("p", "q", "r"):
        saves = saving(survivor(person), referral(f"t-{person}", person), person=person).saves
        stored_[person] = tuple(save.stored(NOW) for save in saves)
        assert all(one.content for one in stored_[person])
        known.keep(Compartment(person, 1, Documents.of(stored_[person])))
    assert {person: ["content" in vars(one) for one in ones] for person, ones in stored_.items()} == {
        "p": [False, False], "q": [False, False], "r": [True, True],
    }  # fmt: skip
    known.forget(["r"])
    assert known.of("p") is not None
    assert known._documents_parsed == 0
    assert known._documents == 4


def test_what_is_added_to_a_person_at_rest_is_kept_as_text_and_counts_as_no_more(store: MongoStore) -> None:
    rest = object()
    store.commit(replace(saving(survivor("p"), referral("t")), rest={"p": rest}))
    for number in range(9):
        store.commit(replace(saving(referral(f"u{number}"), revision=number + 1), rest={"p": rest}))
    kept = store.remembered.of("p")
    assert kept is not None
    assert not any("content" in vars(one) for one in kept.documents)
    assert (store.remembered._documents_parsed, store.remembered._documents) == (remembered.READ_AT_REST, 11)
    store.commit(saving(referral("v"), revision=10))
    assert store.remembered._documents_parsed == store.remembered._documents == 12


def test_after_whatever_was_done_it_is_what_a_reading_finds(store: MongoStore) -> None:
    """Random acts: what is remembered is compared with the database after each."""
    chance = Random(7)
    store.commit(saving(survivor("p", name=[{"family": "Idrissi"}])))
    for number in range(ACTS):
        before = store.compartments(["p"])["p"]
        act = chance.choice((_added, _changed, _rekeyed, _deleted))(before, number, chance)
        store.commit(replace(act, due={"p": NOW + timedelta(minutes=number)}))
        remembered_ = store.compartments(["p"])["p"]
        assert store.remembered.of("p") is not None
        assert told(remembered_) == told(store._read_compartments(["p"])["p"])


def _added(before: Compartment, number: int, _: Random) -> Changes:
    return saving(referral(f"t{number}", restriction={"repetitions": 1}), revision=before.revision)


def _changed(before: Compartment, number: int, chance: Random) -> Changes:
    one = chance.choice(before.documents)
    return replacing(one, {**one.resource(), "language": f"ar-{number}"}, before)


def _rekeyed(before: Compartment, number: int, chance: Random) -> Changes:
    one = chance.choice(before.documents)
    keys = opened("a", f"g{number}", until=NOW + timedelta(days=number + 1))
    return Changes(rekeys=[Rekey(one.type, one.id, keys)], persons={"p": before.revision})


def _deleted(before: Compartment, number: int, chance: Random) -> Changes:
    tasks = [one for one in before.documents if one.type == "Task"]
    if not tasks:
        return _added(before, number, chance)
    one = chance.choice(tasks)
    save = Save({"resourceType": "Task", "id": one.id}, "p", "keeper", (), one.version, gone=True)
    return Changes(saves=[save], persons={"p": before.revision})


def test_what_was_erased_is_not_remembered(store: MongoStore) -> None:
    store.commit(saving(survivor("p")))
    store.commit(Changes(persons={"p": 1}, erased={"p": ["Patient/p"]}))
    assert store.remembered.of("p") is None
    assert store.compartments(["p"]) == {}


def test_nor_is_she_there_for_who_remembers_her_from_before(store: MongoStore) -> None:
    store.commit(saving(survivor("p")))
    kept = store.remembered.of("p")
    store.commit(Changes(persons={"p": 1}, erased={"p": ["Patient/p"]}))
    assert kept is not None
    store.remembered.keep(kept)
    assert store.compartments(["p"]) == {}


def test_an_act_that_is_refused_leaves_nothing_to_remember(store: MongoStore) -> None:
    store.commit(saving(survivor("p")))
    with pytest.raises(Conflict):
        store.commit(saving(referral("t"), revision=5))
    assert store.remembered.of("p") is None
    assert [one.id for one in store.compartments(["p"])["p"].documents] == ["p"]


def test_it_is_forgotten_after_a_short_while(store: MongoStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "LIFETIME_S", -1.0)
    store.commit(saving(survivor("p")))
    assert store.remembered.of("p") is None
    assert store.compartments(["p"])["p"].revision == 1


def test_no_more_is_kept_than_a_bound_and_the_oldest_goes_first(
    store: MongoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "MOST", 4)
    kept = Remembered()
    for name in ("p", "q", "r"):
        store.commit(saving(survivor(name), referral(f"t-{name}", name), person=name))
        kept.keep(store.compartments([name])[name])
    assert kept.of("p") is None
    assert (kept.of("q"), kept.of("r")) != (None, None)
    monkeypatch.setattr(remembered, "LARGEST", 1)
    kept.keep(store.compartments(["q"])["q"])
    assert kept.of("q") is None


def test_many_persons_at_once_are_read(store: MongoStore, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"p{n}" for n in range(FEW + 1)]
    for name in names:
        store.commit(saving(survivor(name), person=name))
    with read_whole(store, monkeypatch) as read:
        assert set(store.compartments(names)) == set(names)
    assert read == [set(names)]


def test_an_import_of_many_leaves_nothing_to_remember(store: MongoStore) -> None:
    parts = [saving(survivor(f"p{n}"), person=f"p{n}") for n in range(FEW + 1)]
    store.commit(Changes(saves=[one.saves[0] for one in parts], persons={f"p{n}": 0 for n in range(FEW + 1)}))
    assert store.remembered.of("p0") is None


def test_who_is_said_to_keep_her_record_is_who_did(store: MongoStore) -> None:
    assert not store.remembers("p", "keeper")
    store.commit(saving(survivor("p")))
    assert store.remembers("p", "keeper")
    assert not store.remembers("p", "other")
    assert stored(store, "Patient", "p").custodian == "keeper"


def test_what_was_not_so_is_not_supposed_for_a_while(store: MongoStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.commit(saving(survivor("p"), referral("t")))
    assert told(store.supposed("p")) == told(store.compartments(["p"])["p"])
    assert store.supposed("nobody") is None
    monkeypatch.setattr(remembered, "DOUBTED_S", LIFETIME_S / 2)
    store.doubt()
    assert store.supposed("p") is None
    assert store.compartments(["p"])["p"].revision == 1
    later = SimpleNamespace(monotonic=lambda: time.monotonic() + LIFETIME_S / 2)
    monkeypatch.setattr(remembered, "time", later)
    assert told(store.supposed("p")) == told(store.compartments(["p"])["p"])
