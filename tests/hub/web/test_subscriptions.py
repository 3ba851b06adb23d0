"""Subscriptions over HTTP: whose they are, how they begin, what arrives, and what is recovered afterwards.

https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask import Flask

from hub.exchange import Hub
from hub.fhir import Resource
from hub.fhir.canonicals import code_system
from hub.fhir.serial import dumps
from hub.ports import Registry
from hub.store import MongoStore
from hub.subscription.extensions import FILTER
from hub.web.app import create_app
from tests.support.parties import Addresses, Party, register
from tests.support.receivers import Receiver, receiving
from tests.support.shared_case import PATCH, SharedCase, share
from tests.support.subscribing import BEARER, Sending, bundles, numbers, subscription, told, written
from tests.support.subscribing import parameters as read


@pytest.fixture
def app(hub: Hub, registry: Registry) -> Flask:
    return create_app(hub, registry, Addresses(), allows=lambda url: url.startswith("http://127.0.0.1:"))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def case(party: Callable[..., Party], survivor: Resource) -> SharedCase:
    return share(party, survivor)


@pytest.fixture
def sending(hub: Hub, registry: Registry) -> Sending:
    return Sending(hub, registry)


def move(case: SharedCase, status: str) -> None:
    version = case.reader.get(f"/fhir/{case.task}").headers["ETag"]
    steps = [{"op": "replace", "path": "/status", "value": status}]
    answer = case.reader.send("PATCH", f"/fhir/{case.task}", steps, **PATCH, If_Match=version)
    assert answer.status_code == 200, answer.text


def subscribe(party: Party, sending: Sending, receiver: Receiver, *filters: str, **channel: object) -> str:
    """An active one; what happened before is nobody's event."""
    sending.run(receiver)
    id_ = written(party, subscription(receiver.url, *filters, **channel))["id"]  # type: ignore[arg-type]
    sending.run(receiver)
    assert party.get(f"/fhir/Subscription/{id_}").json["status"] == "active"  # type: ignore[index]
    return str(id_)


# --- how it begins ----------------------------------------------------------------------------------------------------


def test_a_new_subscription_is_requested_until_its_receiver_has_answered_a_handshake(
    party: Callable[..., Party], sending: Sending, receiver: Receiver
) -> None:
    chu = party("chu")
    answer = chu.send("POST", "/fhir/Subscription", subscription(receiver.url))
    assert (answer.status_code, answer.json["status"]) == (201, "requested")  # type: ignore[index]
    assert answer.headers["Location"].endswith(f"/fhir/Subscription/{answer.json['id']}/_history/1")  # type: ignore[index]
    sending.run(receiver)
    (shaken,) = told(receiver, "handshake")
    assert (shaken["status"], shaken["events-since-subscription-start"], shaken["events"]) == ("requested", "0", {})
    assert chu.get(f"/fhir/Subscription/{answer.json['id']}").json["status"] == "active"  # type: ignore[index]


def test_who_does_not_answer_the_handshake_is_in_error_until_it_asks_again(
    party: Callable[..., Party], sending: Sending, receiver: Receiver
) -> None:
    chu = party("chu")
    receiver.status = 500
    id_ = written(chu, subscription(receiver.url))["id"]
    sending.run(receiver)
    failed = chu.get(f"/fhir/Subscription/{id_}", Accept_Language="fr").json or {}
    assert failed["status"] == "error" and "ne va pas" in failed["error"]
    assert sending.run(receiver) == 0 and len(receiver.got) == 1, "it is not asked again by itself"
    receiver.status = 200
    answer = chu.send("PUT", f"/fhir/Subscription/{id_}", failed | {"status": "requested"})
    assert (answer.status_code, answer.json["status"]) == (200, "requested")  # type: ignore[index]
    sending.run(receiver)
    read_back = chu.get(f"/fhir/Subscription/{id_}").json or {}
    assert read_back["status"] == "active" and "error" not in read_back


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"reason": "To open\x01 them."}, "Subscription.reason"),
        ({"contact": [{"system": "email", "value": "a\x0bb@amal.example"}]}, "Subscription.contact[0].value"),
        ({"contact": "amal"}, "Subscription.contact"),
        ({"contact": [{"colour": "red"}]}, "Subscription.contact[0]"),
        ({"meta": {"tag": "x"}}, "Subscription.meta.tag"),
        ({"meta": {"tag": [{"code": "a\x01"}]}}, "Subscription.meta.tag[0].code"),
        ({"error": "\x00"}, "Subscription.error"),
        ({"channel": {"endpoint": "https://amal.example/\x01"}}, "Subscription.channel.endpoint"),
        ({"channel": {"endpoint": "https://amal.example/a b"}}, "Subscription.channel.endpoint"),
        ({"channel": {"header": ["X-Of-Ours: a\x01"]}}, "Subscription.channel.header"),
        ({"_criteria": {"extension": [{"url": FILTER, "valueString": "Task?status=a\x01"}]}}, "Subscription.criteria"),
    ],
)
def test_what_no_resource_may_hold_is_refused_in_a_subscription_too(
    party: Callable[..., Party], receiver: Receiver, wrong: Resource, place: str
) -> None:
    """https://hl7.org/fhir/R4/datatypes.html#string"""
    chu, right = party("chu"), subscription(receiver.url)
    kept = written(chu, right)
    sent = {**right, **wrong, "channel": {**right["channel"], **wrong.get("channel", {})}}
    made = chu.send("POST", "/fhir/Subscription", sent)
    changed = chu.send("PUT", f"/fhir/Subscription/{kept['id']}", {**sent, "id": kept["id"]})
    for answer in (made, changed):
        assert answer.status_code == 422
        assert place in [one for issue in (answer.json or {})["issue"] for one in issue.get("expression", ())]
        assert "\\u00" not in answer.text
    assert [one["resource"] for one in chu.get("/fhir/Subscription").json["entry"]] == [kept]  # type: ignore[index]


# --- events -----------------------------------------------------------------------------------------------------------


def test_an_event_is_told_by_its_number_and_by_id_alone(case: SharedCase, sending: Sending, receiver: Receiver) -> None:
    id_ = subscribe(case.reader, sending, receiver)
    move(case, "in-progress")
    sending.run(receiver)
    (event,) = told(receiver)
    assert event["events"] == {1: f"https://hub.example/fhir/{case.task}"}
    assert event["subscription"] == {"reference": f"https://hub.example/fhir/Subscription/{id_}"}
    first, second = bundles(receiver)[-1]["entry"]
    assert first["request"] == {"method": "GET", "url": f"https://hub.example/fhir/Subscription/{id_}/$status"}
    assert second["fullUrl"].endswith(case.task) and "resource" not in second
    assert second["request"]["method"] == "PUT" and second["response"]["status"] == "200"


def test_an_empty_notification_refers_to_nothing(case: SharedCase, sending: Sending, receiver: Receiver) -> None:
    subscribe(case.reader, sending, receiver, content="empty")
    move(case, "in-progress")
    sending.run(receiver)
    (event,) = told(receiver)
    assert event["events"] == {1: None}
    assert len(bundles(receiver)[-1]["entry"]) == 1
    assert case.task not in dumps(bundles(receiver)[-1])


def test_a_full_notification_carries_what_a_read_shows_at_that_moment(
    case: SharedCase, sending: Sending, receiver: Receiver
) -> None:
    subscribe(case.reader, sending, receiver, content="full-resource")
    move(case, "in-progress")
    sending.run(receiver)
    assert bundles(receiver)[-1]["entry"][1]["resource"] == case.reader.get(f"/fhir/{case.task}").json


def test_who_may_not_see_it_gets_no_number_for_it(
    case: SharedCase, sending: Sending, receiver: Receiver, store: MongoStore
) -> None:
    id_ = subscribe(case.stranger, sending, receiver)
    move(case, "in-progress")
    sending.run(receiver)
    assert told(receiver) == []
    answer = case.stranger.get(f"/fhir/Subscription/{id_}/$status").json or {}
    assert read(answer["entry"][0]["resource"])["events-since-subscription-start"] == "0"


def test_what_may_not_be_told_any_more_when_it_is_sent_goes_out_as_nothing_and_its_number_stays(
    case: SharedCase, sending: Sending, receiver: Receiver
) -> None:
    id_ = subscribe(case.reader, sending, receiver)
    receiver.status = 503
    move(case, "in-progress")
    sending.run(receiver)
    assert numbers(receiver) == [1]
    case.withdraw()
    receiver.status = 200
    receiver.got.clear()
    sending.run(receiver)
    assert told(receiver) == []
    known = case.reader.get(f"/fhir/Subscription/{id_}/$events").json or {}
    found = read(known["entry"][0]["resource"])
    assert found["events-since-subscription-start"] == "1" and found["events"] == {}


def test_filters_must_all_hold(case: SharedCase, sending: Sending, receiver: Receiver) -> None:
    subscribe(case.reader, sending, receiver, "Task?status=in-progress", "Task?owner=Organization/chu")
    other = subscribe(case.reader, sending, receiver, "Task?status=in-progress", "Task?owner=Organization/hopital")
    move(case, "in-progress")
    sending.run(receiver)
    (event,) = told(receiver)
    assert other not in event["subscription"]["reference"]


# --- what was missed --------------------------------------------------------------------------------------------------


def test_what_was_missed_is_asked_for_by_its_numbers(case: SharedCase, sending: Sending, receiver: Receiver) -> None:
    id_ = subscribe(case.reader, sending, receiver)
    for status in ("in-progress", "on-hold"):
        version = case.reader.get(f"/fhir/{case.task}").headers["ETag"]
        steps = [{"op": "replace", "path": "/status", "value": status}]
        if status == "on-hold":
            steps.append({"op": "add", "path": "/statusReason", "value": _reason()})  # type: ignore[dict-item]
        answer = case.reader.send("PATCH", f"/fhir/{case.task}", steps, **PATCH, If_Match=version)
        assert answer.status_code == 200, answer.text
    sending.run(receiver)
    assert numbers(receiver) == [1, 2]
    asked = f"/fhir/Subscription/{id_}/$events"
    for query, expected in (
        ("", [1, 2]),
        ("?eventsSinceNumber=2", [2]),
        ("?eventsUntilNumber=1", [1]),
        ("?eventsSinceNumber=3", []),
    ):
        answer = case.reader.get(asked + query)
        assert answer.status_code == 200, answer.text
        status = read(answer.json["entry"][0]["resource"])  # type: ignore[index]
        assert (status["type"], list(status["events"])) == ("query-event", expected)


def _reason() -> Resource:
    return {"coding": [{"system": code_system("referral-status-reason"), "code": "no-capacity"}], "text": "x"}


# --- whose it is ------------------------------------------------------------------------------------------------------


def test_to_everybody_else_it_is_as_one_that_never_was(party: Callable[..., Party], receiver: Receiver) -> None:
    chu, amal = party("chu"), party("amal")
    id_ = written(chu, subscription(receiver.url))["id"]
    nothing = "00000000-0000-4000-8000-000000000000"
    for method, rest in (("GET", ""), ("DELETE", ""), ("GET", "/$status"), ("GET", "/$events")):
        hidden = amal.send(method, f"/fhir/Subscription/{id_}{rest}")
        absent = amal.send(method, f"/fhir/Subscription/{nothing}{rest}")
        assert (hidden.status_code, hidden.data) == (absent.status_code, absent.data) and hidden.status_code == 404
    assert amal.get("/fhir/Subscription").json["total"] == 0  # type: ignore[index]
    assert chu.get("/fhir/Subscription").json["total"] == 1  # type: ignore[index]


def test_headers_are_sealed_and_never_read_back(
    party: Callable[..., Party], sending: Sending, receiver: Receiver, store: MongoStore
) -> None:
    chu = party("chu")
    made = written(chu, subscription(receiver.url, header=[f"Authorization: Bearer {BEARER}"]))
    assert BEARER not in dumps(made) and "header" not in made["channel"]
    assert BEARER not in chu.get(f"/fhir/Subscription/{made['id']}").text
    assert BEARER not in repr(list(store.database.subscriptions.find()))
    sending.run(receiver)
    assert receiver.got[0][0]["authorization"] == f"Bearer {BEARER}"


def test_who_puts_it_on_another_server_says_the_headers_again(
    party: Callable[..., Party], sending: Sending, receiver: Receiver
) -> None:
    chu = party("chu")
    made = written(chu, subscription(receiver.url, header=[f"Authorization: Bearer {BEARER}"]))
    with receiving() as other:
        assert (
            chu.send(
                "PUT", f"/fhir/Subscription/{made['id']}", made | {"channel": subscription(other.url)["channel"]}
            ).status_code
            == 200
        )
        sending.run(other)
        assert "authorization" not in other.got[-1][0]


def test_after_it_is_deleted_nothing_is_sent(case: SharedCase, sending: Sending, receiver: Receiver) -> None:
    id_ = subscribe(case.reader, sending, receiver)
    assert case.reader.send("DELETE", f"/fhir/Subscription/{id_}").status_code == 204
    move(case, "in-progress")
    receiver.got.clear()
    sending.run(receiver)
    assert receiver.got == []
    assert case.reader.get(f"/fhir/Subscription/{id_}").status_code == 404


def test_who_may_not_read_what_the_topic_is_about_may_not_subscribe(
    app: Flask, registry: Registry, receiver: Receiver
) -> None:
    narrow = register(app, registry, "chu", "system/Subscription.cruds system/Patient.rs")
    assert narrow.send("POST", "/fhir/Subscription", subscription(receiver.url)).status_code == 403


def test_of_a_client_that_is_disabled_nothing_is_sent(
    case: SharedCase, sending: Sending, receiver: Receiver, registry: Registry
) -> None:
    subscribe(case.reader, sending, receiver)
    move(case, "in-progress")
    client = registry.client("chu-system")
    assert client is not None
    registry.change_client(replace(client, disabled=True), client)
    receiver.got.clear()
    sending.run(receiver)
    assert receiver.got == []


def test_each_change_of_a_subscription_is_in_the_audit_of_its_organisation(
    party: Callable[..., Party], receiver: Receiver
) -> None:
    chu = party("chu")
    made = written(chu, subscription(receiver.url))
    chu.send("PUT", f"/fhir/Subscription/{made['id']}", made)
    chu.send("DELETE", f"/fhir/Subscription/{made['id']}")
    found = chu.get("/fhir/AuditEvent?_count=50").json or {}
    verbs = [one["resource"]["subtype"][1]["code"] for one in found.get("entry", ())]
    assert {"subscription.create", "subscription.update", "subscription.delete"} <= set(verbs)
