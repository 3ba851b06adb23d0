"""An event that is written by its form is what the same event is when it is written as any other resource, to the byte."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hub import search
from hub.audit import events
from hub.audit.looks import look
from hub.consent.keys import own
from hub.fhir.serial import dumps
from hub.ports import Alike, Caller, Changes, Key, Save
from hub.store import MongoStore, forms
from hub.store.chains import content_of, contents_of
from hub.store.documents import document, event_document

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
IDS = st.uuids().map(str)
ASKED = st.fixed_dictionaries(
    {
        "interaction": st.sampled_from(("read", "search", "create", "operation")),
        "person": st.none() | IDS,
        "things": st.lists(st.tuples(st.sampled_from(("Task", "Patient", "Consent")), IDS), max_size=4),
        "under": st.lists(st.tuples(st.sampled_from(("Consent", "Task")), IDS), max_size=2),
        "denied": st.booleans(),
        "token": st.sampled_from(("", "a" * 64)),
        "request": st.just("") | IDS | IDS.map(str.upper) | st.sampled_from(("a" * 64, "0f" * 8)),
        "after": st.integers(0, 5000),
    }
)


def saved(asked: dict[str, Any], id_: str) -> Save:
    caller = Caller("chu-bench", "chu-atlas", "COC", frozenset(), asked["token"], request=asked["request"])
    event = events.event(
        id_,
        "disclosure.deny" if asked["denied"] else "disclosure.permit",
        NOW + timedelta(milliseconds=asked["after"]),
        interaction=asked["interaction"],
        caller=caller,
        person=asked["person"],
        entities=[f"{type_}/{one}" for type_, one in asked["things"]],
        because="deny.no-key" if asked["denied"] else "",
        denied=asked["denied"],
        under=[] if asked["denied"] else [f"{type_}/{one}" for type_, one in asked["under"]],
    )
    return Save(event, asked["person"], "zahra-ecoute", (Key(own("zahra-ecoute")),))


class Unasked:
    """No event has anything to encrypt."""

    def seal(self, person: str | None) -> Any:
        raise AssertionError

    def search_key(self, custodian: str) -> Any:
        raise AssertionError


@given(st.lists(st.tuples(ASKED, IDS), min_size=1, max_size=6))
def test_a_form_says_of_an_event_what_the_long_way_says(all_: list[tuple[dict[str, Any], str]]) -> None:
    for asked, id_ in all_:
        save = saved(asked, id_)
        found = forms.formed(save, NOW)
        assert found is not None
        short, long = event_document(save, NOW, found), document(save, NOW, Unasked())
        assert short == long
        assert contents_of([short], [found.canonical]) == contents_of([long], [save.stamped(NOW)]) == [content_of(long)]


@given(st.lists(st.tuples(ASKED, IDS), min_size=1, max_size=6))
def test_a_shape_says_of_a_look_what_the_long_way_says(all_: list[tuple[dict[str, Any], str]]) -> None:
    for asked, id_ in all_:
        long = saved(asked, id_)
        short = alike(asked, id_)
        found = forms.formed(short, NOW)
        assert found is not None
        kept = event_document(short, NOW, found)
        assert kept == document(long, NOW, Unasked())
        assert short.resource == long.resource
        assert (short.type, short.id) == ("AuditEvent", long.id)
        assert contents_of([kept], [found.canonical]) == [content_of(kept)]


def alike(asked: dict[str, Any], id_: str) -> Save:
    made = look(
        id_,
        NOW + timedelta(milliseconds=asked["after"]),
        Caller("chu-bench", "chu-atlas", "COC", frozenset(), asked["token"], request=asked["request"]),
        asked["interaction"],
        person=asked["person"],
        entities=[f"{type_}/{one}" for type_, one in asked["things"]],
        under=[f"{type_}/{one}" for type_, one in asked["under"]],
        denied="deny.no-key" if asked["denied"] else "",
    )
    return Alike(made, asked["person"], "zahra-ecoute", (Key(own("zahra-ecoute")),))


def test_a_look_with_unusual_strings_is_written_the_long_way(store: MongoStore) -> None:
    caller = Caller("chu-bench", "chu-atlas", "COC", frozenset(), "a" * 64, practitioner="Practitioner/amal")
    made = look("e0", NOW, caller, "read", person="p", entities=["Task/1", "Task/1"])
    save = Alike(made, "p", "zahra-ecoute", (Key(own("zahra-ecoute")),))
    assert forms.formed(save, NOW) is None
    store.commit(Changes(saves=[save]))
    assert store.database.AuditEvent.count_documents({"_id": "e0", "x.entity": "Task/1"}) == 1


def test_a_person_who_is_also_what_was_looked_at_is_found_by_both() -> None:
    same = str(uuid.uuid4())
    asked = {"interaction": "read", "person": same, "things": [("Patient", same)], "under": [], "denied": False}
    asked |= {"token": "", "request": "", "after": 0}
    for save in (saved(asked, str(uuid.uuid4())), alike(asked, str(uuid.uuid4()))):
        found = forms.formed(save, NOW)
        assert found is not None
        assert found.found == search.index(save.stamped(NOW), found.profile)
        assert found.text == dumps(save.stamped(NOW))


def test_looks_that_differ_in_ids_alone_are_of_one_form() -> None:
    """Each request has an id of its own, and it stands in the event."""
    asked = {"interaction": "read", "things": [], "under": [], "denied": False, "token": "a" * 64}
    forms.formed(saved(asked | {"person": _drawn(), "request": _drawn(), "after": 9}, _drawn()), NOW)
    computed = forms._form.cache_info().misses
    forms.formed(saved(asked | {"person": _drawn(), "request": _drawn(), "after": 7}, _drawn()), NOW)
    assert forms._form.cache_info().misses == computed


def _drawn() -> str:
    return str(uuid.uuid4())


def test_an_event_with_unusual_strings_goes_the_long_way(store: MongoStore) -> None:
    for id_, reference in (("e0", "Task/1"), (str(uuid.uuid4()), "urn:uuid:0b9d1d2e-8b1e-4f57-9a0a-6d1f0c2b7e31")):
        event = events.event(id_, "v.w", NOW, interaction="read", caller=None, person=None, entities=[reference])
        save = Save(event, None, "association-é,1", (Key(own("association-é,1")),))
        assert forms.formed(save, NOW) is None
        store.commit(Changes(saves=[save]))
    assert store.database.AuditEvent.count_documents({"x.entity": "Task/1"}) == 1
