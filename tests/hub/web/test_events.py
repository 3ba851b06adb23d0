"""Events: told at once to who may know, an id and no more; silent as soon as consent, token or client ends; resumed without a gap."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask

from hub.exchange import Hub
from hub.exchange.listen import Listeners
from hub.exchange.tell import Listening
from hub.fhir import Resource
from hub.oauth import tokens, vault
from hub.oauth.tokens import hashed
from hub.ports import Caller, Changes, Due, Registry
from hub.store import MongoFeed, MongoStore
from hub.web import events
from hub.web.app import create_app
from hub.web.paging import Pages
from tests.support.ears import listen
from tests.support.parties import Addresses, Party
from tests.support.patience import PATIENCE_S, until
from tests.support.shared_case import PATCH, SharedCase, share, stored, to


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beats that a test can wait for."""
    monkeypatch.setattr(events, "BEAT_S", 0.1)


@pytest.fixture
def listeners(hub: Hub, store: MongoStore, registry: Registry) -> Iterator[Listeners]:
    made = Listeners(hub, MongoFeed(store), registry, most=8)
    yield made
    made.end()
    until(lambda: not made.running())


@pytest.fixture
def app(hub: Hub, registry: Registry, listeners: Listeners) -> Flask:
    return create_app(hub, registry, Addresses(), listeners=listeners)


def caller_of(party: Party, listeners: Listeners) -> Caller:
    return tokens.authenticate(f"Bearer {party.token}", listeners.hub.clock.now(), listeners.registry)


@pytest.fixture
def case(party: Callable[..., Party], survivor: Resource) -> SharedCase:
    """The hospital accepted."""
    return share(party, survivor)


def amend(case: SharedCase) -> int:
    """The association changes how urgent the referral is; the version that this makes."""
    read = case.keeper.get(f"/fhir/{case.task}")
    other = "urgent" if (read.json or {})["priority"] == "asap" else "asap"
    steps = [{"op": "replace", "path": "/priority", "value": other}]
    answer = case.keeper.send("PATCH", f"/fhir/{case.task}", steps, **PATCH, If_Match=read.headers["ETag"])
    assert answer.status_code == 200, answer.text
    return int((answer.json or {})["meta"]["versionId"])


def move(case: SharedCase, status: str) -> Resource:
    steps = [{"op": "replace", "path": "/status", "value": status}]
    version = case.reader.get(f"/fhir/{case.task}").headers["ETag"]
    answer = case.reader.send("PATCH", f"/fhir/{case.task}", steps, **PATCH, If_Match=version)
    assert answer.status_code == 200, answer.text
    return answer.json or {}


# --- who is told what ---------------------------------------------------------------------------------------------------


def test_both_parties_of_a_referral_are_told_at_once_and_nobody_else(case: SharedCase) -> None:
    amal, chu, stranger = listen(case.keeper), listen(case.reader), listen(case.stranger)
    started = time.perf_counter()
    changed = move(case, "in-progress")
    for ears in (amal, chu):
        (event,) = ears.wait(1)
        assert event.kind == "referral.start"
        assert event.data == {"reference": case.task, "version": 3, "at": changed["meta"]["lastUpdated"]}
        assert event.at - started < PATIENCE_S / 2
    amend(case)
    amal.wait(2)
    assert stranger.heard == []
    assert amal.answer.content_type == "text/event-stream; charset=utf-8"
    assert amal.answer.headers["Cache-Control"] == "no-store"


def test_a_message_is_told_to_whom_it_is_addressed_by_its_id_alone(case: SharedCase) -> None:
    amal, stranger = listen(case.keeper), listen(case.stranger)
    said = {"about": [to(case.task)], "payload": [{"contentString": "Peut-elle venir jeudi ?"}]}
    sent = stored(case.reader, {"resourceType": "Communication", **said})
    (event,) = amal.wait(1)
    assert event.kind == "message.send"
    assert event.data == {"reference": f"Communication/{sent['id']}", "version": 1, "at": sent["meta"]["lastUpdated"]}
    assert stranger.heard == []


def test_after_a_withdrawal_the_recipient_is_told_nothing_more(case: SharedCase) -> None:
    amal, chu = listen(case.keeper), listen(case.reader)
    amend(case)
    chu.wait(1)
    case.withdraw()
    amal.wait(2)
    assert case.reader.get(f"/fhir/{case.task}").status_code == 404
    chu.wait(2)
    assert chu.kinds == ["referral.update", "consent.notify"], (
        "the notice that is its own to read, and nothing of the referral"
    )
    assert chu.heard[1].data["reference"].startswith("Communication/")


def test_a_token_that_is_narrowed_hears_what_a_search_with_it_finds(
    case: SharedCase, party: Callable[..., Party]
) -> None:
    done, whole = listen(party("chu", "system/Task.rs?status=completed,in-progress")), listen(case.reader)
    amend(case)
    whole.wait(1)  # what is told later is told of the referral as it is by then
    move(case, "in-progress")
    assert [one.kind for one in done.wait(1)] == ["referral.start"]


@pytest.mark.parametrize("scopes", ["system/Patient.rs", "system/Task.r", "system/Task.c"])
def test_who_may_not_search_referrals_is_refused(party: Callable[..., Party], scopes: str) -> None:
    answer = party("chu", scopes).get("/events")
    assert answer.status_code == 403
    assert "system/Task.rs" in answer.text


def test_without_a_token_nobody_listens(app: Flask) -> None:
    assert app.test_client().get("/events").status_code == 401


def test_to_ask_for_the_head_holds_no_stream(case: SharedCase, listeners: Listeners) -> None:
    assert case.reader.send("HEAD", "/events").content_type == "text/event-stream; charset=utf-8"
    assert len(listeners) == 0


def test_what_is_for_one_recipient_is_told_to_it_alone_and_what_two_rows_say_once(
    case: SharedCase, store: MongoStore
) -> None:
    amal, chu, stranger = listen(case.keeper), listen(case.reader), listen(case.stranger)
    rows = [
        ("referral.remind", ""),
        ("referral.remind", "chu"),
        ("referral.escalate", "amal"),
        ("referral.rest", "hopital"),
    ]
    store.commit(Changes(outbox=[Due(kind, "", case.task, recipient=who) for kind, who in rows]))
    amal.wait(2), chu.wait(1)  # of the version that is the present one now
    amend(case)
    assert [one.kind for one in amal.wait(3)] == ["referral.remind", "referral.escalate", "referral.update"]
    assert [one.kind for one in chu.wait(2)] == ["referral.remind", "referral.update"]
    assert chu.heard[0].data["version"] == 2, "a row without a version of its own is told with the present one"
    assert stranger.heard == []


def test_the_description_of_the_surface_tells_of_it(app: Flask) -> None:
    described = app.test_client().get("/openapi.json").json["paths"]["/events"]  # type: ignore[index]
    assert described.keys() == {"get"}
    assert described["get"]["security"] == [{"oauth2": []}]
    assert described["get"]["responses"]["200"]["content"] == {"text/event-stream": {"schema": {"type": "string"}}}


# --- what ends a stream -------------------------------------------------------------------------------------------------


def test_a_revoked_token_hears_nothing_more_and_its_stream_ends(case: SharedCase, registry: Registry) -> None:
    amal, chu = listen(case.keeper), listen(case.reader)
    registry.end_token(hashed(case.reader.token), "chu-system")
    amend(case)
    amal.wait(1)
    until(chu.has_ended)
    assert chu.heard == []


def test_when_nothing_happens_a_token_that_ends_is_noticed_at_the_next_beat(
    case: SharedCase, registry: Registry
) -> None:
    chu = listen(case.reader)
    until(lambda: chu.blocks.comments > 3)
    registry.end_token(hashed(case.reader.token), "chu-system")
    until(chu.has_ended)


def test_when_a_client_is_disabled_its_streams_end(case: SharedCase, registry: Registry) -> None:
    chu = listen(case.reader)
    client = registry.client("chu-system")
    assert client
    registry.change_client(replace(client, disabled=True), client)
    amend(case)
    until(chu.has_ended)
    assert chu.heard == []


def test_who_reads_slowly_is_asked_about_again_before_anything_leaves(case: SharedCase, listeners: Listeners) -> None:
    waiting = listeners.join(Listening(caller_of(case.reader, listeners), frozenset({"Task"})))
    amend(case)
    told = waiting.take(10)
    assert told and len(listeners.fresh(told, waiting)) == 1
    case.withdraw()
    long_ago = [replace(one, asked=one.asked - timedelta(seconds=2)) for one in told]
    assert list(listeners.fresh(long_ago, waiting)) == []


def test_who_reads_too_slowly_is_sent_away_and_goes_on_where_it_was(case: SharedCase, listeners: Listeners) -> None:
    listening = Listening(caller_of(case.reader, listeners), frozenset({"Task"}))
    waiting = listeners.join(listening)
    amend(case)
    (first,) = waiting.take(10) or ()
    waiting.offer([first] * 3, first.row.place)
    assert waiting.take(0) == (), "the same again is nothing new"
    waiting.offer([replace(first, row=replace(first.row, commit=str(n))) for n in range(500)], first.row.place)
    assert waiting.take(0) is None
    amend(case)
    again = listeners.join(listening)
    told = [one for some in listeners.missed(again, first.row.place) for one in some]
    told += again.take(10) or () if not told else ()  # it may come with what is told to all
    assert [one.version for one in told] == [4]


def test_so_many_may_listen_and_half_of_them_of_one_organisation(
    case: SharedCase, party: Callable[..., Party], listeners: Listeners
) -> None:
    there = [listen(case.reader) for _ in range(4)]
    refused = case.reader.get("/events", Accept_Language="fr")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "2")
    assert "_lastUpdated" in refused.text
    assert listen(case.keeper).status == 200, "others still find room"
    there[0].close()
    until(lambda: len(listeners) == 4)
    assert listen(case.reader).status == 200


# --- going on where one was ---------------------------------------------------------------------------------------------


def test_who_comes_back_is_told_what_it_missed_and_nothing_twice(case: SharedCase) -> None:
    chu = listen(case.reader)
    amend(case)
    chu.wait(1)
    chu.close()
    amend(case)
    move(case, "in-progress")
    back = listen(case.reader, chu.blocks.last_id)
    amend(case)
    assert [one.data["version"] for one in back.wait(3)] == [4, 5, 6]
    assert back.kinds == ["referral.update", "referral.start", "referral.update"]


def test_who_was_told_nothing_goes_on_from_where_it_came_in(case: SharedCase) -> None:
    chu = listen(case.reader)
    chu.close()
    amend(case)
    assert [one.data["version"] for one in listen(case.reader, chu.blocks.last_id).wait(1)] == [3]


def test_what_was_missed_is_told_by_the_consent_of_now(case: SharedCase) -> None:
    chu = listen(case.reader)
    chu.close()
    amend(case)
    case.withdraw()
    back = listen(case.reader, chu.blocks.last_id)
    back.wait(1)
    until(lambda: back.blocks.comments)
    assert back.kinds == ["consent.notify"], "nothing of the referral"


@pytest.mark.parametrize("after", ["never-given", "AAAA", "e" * 400, "%00"])
def test_an_id_that_is_not_known_resets(case: SharedCase, after: str) -> None:
    chu = listen(case.reader, after)
    assert [(one.kind, one.data) for one in chu.wait(1)] == [("reset", {})]
    amend(case)
    assert chu.wait(2)[1].kind == "referral.update"


def test_an_id_of_another_system_resets(case: SharedCase) -> None:
    amal = listen(case.keeper)
    assert listen(case.reader, amal.blocks.last_id).wait(1)[0].kind == "reset"


def test_an_id_of_another_database_resets(case: SharedCase, hub: Hub, store: MongoStore) -> None:
    """As after a restore from a copy: its log is another."""
    pages = Pages(vault.key(hub.pepper, "hub.web.paging"))
    other = store.database.client[f"{store.database.name}_before"]
    with other.outbox.watch() as stream:
        other.outbox.insert_one({"kind": "referral.send"})
        place = next(stream)["_id"]["_data"]
    store.database.client.drop_database(other)
    chu = listen(case.reader)
    amend(case)
    chu.wait(1)
    after = pages.seal([], place.ljust(events.PLACE), type_="events", client="chu-system")
    assert listen(case.reader, after).wait(1)[0].kind == "reset"


# --- what can be told apart ---------------------------------------------------------------------------------------------


def test_ids_say_nothing_and_are_of_one_length(case: SharedCase) -> None:
    amal, chu = listen(case.keeper), listen(case.reader)
    first = chu.blocks.last_id
    for _ in range(3):
        amend(case)
    ids = [first, *(one.id for one in [*chu.wait(3), *amal.wait(3)])]
    assert {len(id_) for id_ in ids} == {len(first)}
    assert len(set(ids)) == len(ids), "not even the same event has the same id for two"


def test_each_telling_is_one_look_of_each_system_at_the_person(case: SharedCase, hub: Hub, store: MongoStore) -> None:
    ears = [listen(case.reader), listen(case.reader), listen(case.keeper), listen(case.stranger)]
    before = looks(store)
    amend(case)
    for one in ears[:3]:
        one.wait(1)
    new = looks(store) - before
    assert new == {"chu-system": 1, "amal-system": 1}, "one for each system, however many streams"


def looks(store: MongoStore) -> Counter[str]:
    """How often each system was shown something by an operation."""
    found = Counter[str]()
    for one in store.database.AuditEvent.find({}, {"_id": 1}):
        stored = store.read("AuditEvent", one["_id"], None)
        event = stored.resource() if stored else {}
        codes = [subtype["code"] for subtype in event["subtype"]]
        if "operation" in codes and "disclosure.permit" in codes:
            found[event["agent"][0]["altId"]] += 1
    return found
