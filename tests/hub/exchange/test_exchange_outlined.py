"""Of a person at rest of whom much is kept, little stays at hand where there is no more room; what is left out counts all the same."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from hub.errors import UNKNOWN_REFERENCE, Conflict, HubError
from hub.exchange import change
from hub.exchange.person import Person
from hub.fhir import Resource
from hub.ports import Changes, Compartment, Documents, Outline, Rekey, Stored
from hub.store import MongoStore, remembered
from hub.store.remembered import AT_REST
from tests.support import settling
from tests.support.acts import NOW, opened, referral, saving, survivor
from tests.support.association import Scene, association, hospital
from tests.support.reading_whole import read_whole

ACTS = 40


@pytest.fixture
def short_way(at: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """What compares the two ways of settling reads everything."""
    monkeypatch.setattr(Person, "_settle_new_needs", settling.ALONE)


def a_need(at: Scene) -> Resource:
    return {key: value for key, value in at.all("ServiceRequest")[0].items() if key not in {"id", "meta"}}


def at_rest(at: Scene, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Resource]:
    """A woman of whom no more than an outline is at hand, and a need as another may come."""
    at.receive(at.row())
    asked = a_need(at)
    change.create(asked, association(), hub=at.hub)
    monkeypatch.setattr(remembered, "MOST", 3)  # her own record, her Consent and a few ids
    return str(at.one("Patient")["id"]), asked


def remembered_of(at: Scene, person: str) -> Compartment:
    found = at.store.remembered.of(person)
    assert found is not None
    return found


@pytest.mark.usefixtures("short_way")
def test_a_need_that_comes_to_her_reads_nothing_of_what_was_left_out(
    at: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, asked = at_rest(at, monkeypatch)
    with read_whole(at.store, monkeypatch) as read:
        for _ in range(3):
            change.create(asked, association(), hub=at.hub)
    assert read == []
    known = remembered_of(at, person)
    assert {one.type for one in known.documents.at_hand()} == set(AT_REST)
    assert len(known.documents) == len(at.store.compartments([person])[person].documents)
    assert len(at.all("Task")) == 5


def test_such_a_need_is_settled_as_all_of_her_would_be(at: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    _, asked = at_rest(at, monkeypatch)
    before = settling.compared
    change.create(asked, association(), hub=at.hub)
    assert settling.compared == before + 1


@pytest.mark.usefixtures("short_way")
def test_what_is_remembered_of_whom_one_looks_at_is_whole(at: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    person, _ = at_rest(at, monkeypatch)
    assert isinstance(remembered_of(at, person).documents, Outline)
    with read_whole(at.store, monkeypatch) as read:
        assert not isinstance(at.store.compartments([person])[person].documents, Outline)
    assert read == [{person}]


@pytest.mark.usefixtures("short_way")
def test_whatever_comes_after_it_what_is_stored_is_the_same_with_room_and_without(
    at: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Needs, answers and edits by chance: whatever an act left out, what it leaves behind is what settling all does."""
    person, asked = at_rest(at, monkeypatch)
    chance, outlined = Random(11), 0
    for _ in range(ACTS):
        monkeypatch.setattr(remembered, "MOST", chance.choice((3, 5, 1000)))
        chance.choice((need_comes, need_comes, need_comes, somebody_answers, she_is_described))(at, asked, chance)
        known = at.store.supposed(person)
        outlined += known is not None and not known.documents.is_read
        whole = at.store._read_compartments([person])[person]
        assert known is None or (known.revision, seen(known.documents)) == (whole.revision, seen(whole.documents))
        settled = Person.of(whole, at.hub.rules).settle(at.clock.now(), at.hub.ids.new)
        assert (settled.saves, settled.rekeys) == ([], [])
    assert outlined > ACTS / 4


def need_comes(at: Scene, asked: Resource, _: Random) -> None:
    change.create(asked, association(), hub=at.hub)


def somebody_answers(at: Scene, asked: Resource, chance: Random) -> None:
    waiting = [one for one in at.all("Task") if one["status"] == "requested"]
    if waiting:
        at.move(chance.choice(waiting), "accepted", hospital())


def she_is_described(at: Scene, _: Resource, chance: Random) -> None:
    patient = at.one("Patient") | {"birthDate": chance.choice(("1990-01-01", "1991-02-03"))}
    change.update("Patient", patient["id"], patient, association(), expected=None, hub=at.hub)


def seen(documents: Documents) -> dict[tuple[str, str], object]:
    return {(one.type, one.id): (one.version, one.text, set(one.keys)) for one in documents}


@pytest.mark.usefixtures("short_way")
def test_who_was_outrun_by_another_process_computes_it_again(
    at: Scene, mongodb_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, asked = at_rest(at, monkeypatch)
    task, outline = at.all("Task")[0], remembered_of(at, person).documents
    with MongoStore.open(mongodb_uri, at.store.database.name) as other:
        known = other.compartments([person])[person]
        text = {**referral("x", person), "status": "draft"}
        other.commit(saving(text, person=person, revision=known.revision))
    with pytest.raises(Conflict):
        outline.find("Task", task["id"])
    assert at.store.supposed(person) is None
    change.create(asked, association(), hub=at.hub)
    assert len(at.all("ServiceRequest")) == 3


@pytest.mark.usefixtures("short_way")
def test_nothing_of_whom_was_erased_is_supposed(at: Scene, mongodb_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    person, asked = at_rest(at, monkeypatch)
    with MongoStore.open(mongodb_uri, at.store.database.name) as other:
        known = other.compartments([person])[person]
        held = [f"{one.type}/{one.id}" for one in known.documents]
        other.commit(Changes(persons={person: known.revision}, erased={person: held}))
    with pytest.raises(HubError) as refused:
        change.create(asked, association(), hub=at.hub)
    assert refused.value.problem is UNKNOWN_REFERENCE


def test_what_was_outlined_while_an_act_was_computed_from_all_of_her_is_forgotten_with_it(
    store: MongoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    rest = object()
    store.commit(saving(survivor("p"), referral("t")))
    store.commit(replace(saving(referral("u"), revision=1), rest={"p": rest}))
    before = store.compartments(["p"])["p"]
    monkeypatch.setattr(remembered, "MOST", 1)
    known = store.remembered.of("p")
    assert known is not None
    assert not known.documents.is_read
    keys = opened("a", "b")
    store.commit(Changes(rekeys=[Rekey("Task", "t", keys)], persons={"p": before.revision}))
    assert store.remembered.of("p") is None
    found = store.compartments(["p"])["p"].documents.find("Task", "t")
    assert found is not None
    assert found.keys == keys


def test_of_whom_more_is_kept_than_of_one_may_be_an_outline_stays(
    store: MongoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "LARGEST", 2)
    documents = documents_of(survivor("p"), referral("t"), referral("u"))
    known = remembered.Remembered()
    known.keep(Compartment("p", 1, documents))
    assert known.of("p") is None
    known.keep(Compartment("p", 1, documents, rest=object()))
    kept = known.of("p")
    assert kept is not None
    assert (len(kept.documents), kept.documents.weight, known.whole("p")) == (3, 1, None)


def documents_of(*resources: Resource) -> Documents:
    return Documents.of(save.stored(NOW) for save in saving(*resources).saves)


def outlined(read: Callable[[int], Documents]) -> tuple[Documents, Documents]:
    whole = documents_of(survivor("p"), referral("t"))
    return whole, whole.outline(AT_REST, 5, read)


def test_an_outline_knows_what_is_not_there() -> None:
    def never(_: int) -> Documents:
        raise AssertionError

    whole, outline = outlined(never)
    assert outline.find("Patient", "p") is whole.find("Patient", "p")
    assert (outline.find("Task", "another"), outline.find("Consent", "c"), list(outline.of_type("Consent"))) == (
        None,
        None,
        [],
    )
    assert (len(outline), bool(outline), repr(outline)) == (2, True, "<Documents 2>")


def test_it_is_read_once_and_at_its_revision() -> None:
    asked: list[int] = []

    def read(revision: int) -> Documents:
        asked.append(revision)
        return whole

    whole, outline = outlined(read)
    assert outline.find("Task", "t") is whole.find("Task", "t")
    assert [one.id for one in outline.of_type("Task")] == ["t"]
    assert outline == whole
    assert asked == [5]
    more: Stored = saving(referral("u")).saves[0].stored(NOW)
    assert [one.id for one in outline.changed([more], []) if one.type == "Task"] == ["t", "u"]
    assert asked == [5]


def test_what_is_added_to_one_that_was_not_read_is_left_out_of_the_next() -> None:
    asked: list[int] = []
    more: Stored = saving(referral("u")).saves[0].stored(NOW)

    def read(revision: int) -> Documents:
        asked.append(revision)
        return whole.changed([more], [])

    whole, outline = outlined(read)
    assert isinstance(outline, Outline)
    after = outline.added([("Task", "u")])
    assert (len(after), [one.id for one in after.at_hand()], asked) == (3, ["p"], [])
    assert after.find("Task", "u") is more
    assert asked == [6]
