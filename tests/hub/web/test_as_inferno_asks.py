"""What Inferno's Subscriptions R4 Backport kit asks of a server, test by test: by which test of ours it is shown, or why not.

https://github.com/inferno-framework/subscriptions-test-kit (suites/subscriptions_r5_backport_r4_server)
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from fhir.resources.R4B.bundle import Bundle
from flask import Flask

from hub.exchange import Hub
from hub.fhir import Resource
from hub.ports import Registry
from hub.subscription import extensions as named
from hub.web.app import create_app
from tests.support.parties import Addresses, Party
from tests.support.receivers import receiving
from tests.support.shared_case import SharedCase, share
from tests.support.subscribing import REQUESTS, Sending, bundles, parameters, subscription, written

WANTED: Final = "hub/subscription/test_wanted.py"
OVER_HTTP: Final = "hub/web/test_subscriptions.py"
SENT: Final = "hub/delivery/test_delivery_subscriptions.py"
HERE: Final = "hub/web/test_as_inferno_asks.py"

KIT: Final[dict[str, tuple[str, str, str]]] = {
    "cs_conformance": ("Capability Statement Conformance Verification", HERE, "test_the_statement_names_the_profile_and_the_topics"),
    "topic_discovery": ("Attempt topic discovery", "hub/web/test_subscription_topics.py", "test_the_statement_announces_all_topics_of_the_contract"),
    "subscription_conformance": ("[USER INPUT VERIFICATION] Verify Subscription to Send to Server", WANTED, "test_what_is_asked_is_read_whole"),
    "notification_delivery": ("Send Subscription and Receive Notification Requests from Server", HERE, "test_everything_that_is_sent_or_answered_is_a_bundle_as_the_guide_says"),
    "creation_response_conformance": ("Verify Subscription Creation Response", OVER_HTTP, "test_a_new_subscription_is_requested_until_its_receiver_has_answered_a_handshake"),
    "notification_presence": ("Notification Presence Verification", OVER_HTTP, "test_an_event_is_told_by_its_number_and_by_id_alone"),
    "notification_conformance": ("Subscription Event Notification Verification", HERE, "test_everything_that_is_sent_or_answered_is_a_bundle_as_the_guide_says"),
    "empty_conformance": ("Subscription Empty Notification Verification", OVER_HTTP, "test_an_empty_notification_refers_to_nothing"),
    "id_only_conformance": ("Subscription Id-Only Notification Verification", OVER_HTTP, "test_an_event_is_told_by_its_number_and_by_id_alone"),
    "full_resource_conformance": ("Subscription Full-Resource Notification Verification", OVER_HTTP, "test_a_full_notification_carries_what_a_read_shows_at_that_moment"),
    "handshake_conformance": ("Subscription Handshake Verification", OVER_HTTP, "test_a_new_subscription_is_requested_until_its_receiver_has_answered_a_handshake"),
    "heartbeat_conformance": ("Subscription Heartbeat Verification", SENT, "test_a_heartbeat_comes_when_nothing_else_does"),
    "status_invocation": ("Server supports subscription $status operation", HERE, "test_the_status_is_asked_of_one_by_its_id_and_of_several_by_a_query"),
    "reject_subscription_topic": ("Server Handles Unsupported Subscription Topics", WANTED, "test_an_unsupported_topic_is_refused"),
    "reject_subscription_filter": ("Server Handles Unsupported Subscription Filter", WANTED, "test_an_unsupported_filter_is_refused"),
    "reject_subscription_channel_type": ("Server Handles Unsupported Subscription Channel Types", WANTED, "test_an_unsupported_channel_is_refused"),
    "reject_subscription_channel_endpoint": ("Server Handles Unsupported Subscription Channel Endpoint", HERE, "test_an_address_that_is_not_allowed_is_refused"),
    "reject_subscription_payload_type": ("Server Handles Unsupported Subscription Payload Types", WANTED, "test_an_unsupported_payload_content_is_refused"),
    "reject_subscription_channel_payload_combo": ("Server Handles Unsupported Subscription Payload for Channel Type", WANTED, "test_a_payload_that_its_channel_does_not_carry_is_refused"),
    "reject_subscription_cross_version_extension": ("Server Handles Cross Version Subscription Extensions", WANTED, "test_a_filter_of_another_version_is_refused"),
}  # fmt: skip
"""Id of theirs → its title, and the test that shows it. The third is about what its own user gives in: we show that ours are read
whole. All other 19 apply."""

TESTS: Final = Path(__file__).parents[2]


@pytest.fixture
def app(hub: Hub, registry: Registry) -> Flask:
    return create_app(hub, registry, Addresses(), allows=lambda url: url.startswith("http://127.0.0.1:"))


@pytest.fixture
def case(party: Callable[..., Party], survivor: Resource) -> SharedCase:
    return share(party, survivor)


def test_each_of_the_kits_server_tests_is_shown_by_a_test_that_exists() -> None:
    assert len(KIT) == 20
    for title, file, name in KIT.values():
        assert f"def {name}(" in (TESTS / file).read_text("utf-8"), title


def said(app: Flask) -> Resource:
    with app.test_client() as http:
        (rest,) = (http.get("/fhir/metadata").json or {})["rest"]
    found: Resource = next(one for one in rest["resource"] if one["type"] == "Subscription")
    return found


def test_the_statement_names_the_profile_and_the_topics(app: Flask) -> None:
    found = said(app)
    assert named.SUBSCRIPTION in found["supportedProfile"]
    assert {one["url"] for one in found["extension"]} == {named.ANNOUNCED}
    assert {"status", "events"} <= {one["name"] for one in found["operation"]}
    assert {"create", "read", "update", "delete", "search-type"} == {one["code"] for one in found["interaction"]}


@pytest.mark.parametrize("content", ["empty", "id-only", "full-resource"])
def test_everything_that_is_sent_or_answered_is_a_bundle_as_the_guide_says(
    case: SharedCase, hub: Hub, registry: Registry, content: str
) -> None:
    sending = Sending(hub, registry)
    with receiving() as receiver:
        sending.run(receiver)
        asked = subscription(receiver.url, content=content) | {"criteria": REQUESTS}
        id_ = written(case.reader, asked)["id"]
        sending.run(receiver)
        case.amend(case.need, priority="stat")
        sending.run(receiver)
    whole = f"/fhir/Subscription/{id_}"
    answered = [case.reader.get(f"{whole}/{name}").json for name in ("$status", "$events")]
    kinds = []
    for bundle in (*bundles(receiver), *answered):
        Bundle.model_validate(bundle)
        kinds.append(told(bundle))
    assert kinds == ["handshake", "event-notification", "query-status", "query-event"]


def told(bundle: Any) -> str:
    """The kind of the status that comes first, which has all that its profile requires."""
    first = bundle["entry"][0]["resource"]
    assert first["meta"]["profile"] == [named.STATUS]
    names = [one["name"] for one in first["parameter"]]
    for name in ("subscription", "status", "type", "topic"):
        assert names.count(name) == 1
    kind = str(parameters(first)["type"])
    assert bundle["type"] == ("searchset" if kind == "query-status" else "history")
    if kind != "query-status":
        assert bundle["meta"]["profile"] == [named.NOTIFICATION]
        assert all(one["fullUrl"] and one["request"]["url"] and one["response"]["status"] for one in bundle["entry"])
    return kind


@pytest.fixture
def two(party: Callable[..., Party]) -> Iterator[tuple[Party, list[str]]]:
    chu = party("chu")
    with receiving() as receiver:
        yield chu, [written(chu, subscription(receiver.url))["id"] for _ in range(2)]


def test_the_status_is_asked_of_one_by_its_id_and_of_several_by_a_query(two: tuple[Party, list[str]]) -> None:
    chu, ids = two
    said = {"resourceType": "Parameters", "parameter": [{"name": "id", "valueId": one} for one in ids]}
    for asked, expected in (
        (chu.get(f"/fhir/Subscription/{ids[0]}/$status"), ids[:1]),
        (chu.get(f"/fhir/Subscription/$status?id={ids[1]}"), ids[1:]),
        (chu.get(f"/fhir/Subscription/$status?id={ids[0]}&id={ids[1]}"), ids),
        (chu.get("/fhir/Subscription/$status?status=requested"), ids),
        (chu.get("/fhir/Subscription/$status?status=active"), []),
        (chu.send("POST", "/fhir/Subscription/$status", said), ids),
    ):
        assert asked.status_code == 200, asked.text
        entries = (asked.json or {}).get("entry", ())
        found = [parameters(one["resource"])["subscription"]["reference"].rpartition("/")[2] for one in entries]
        assert (asked.json or {})["type"] == "searchset" and sorted(found) == sorted(expected)


@pytest.mark.parametrize(
    "endpoint",
    ["https://elsewhere.example/hook", "http://169.254.169.254/", "file:///etc/passwd", "ftp://127.0.0.1:9/", "", "mailto:a@b.example"],
)  # fmt: skip
def test_an_address_that_is_not_allowed_is_refused(party: Callable[..., Party], endpoint: str) -> None:
    answer = party("chu").send("POST", "/fhir/Subscription", subscription(endpoint))
    assert answer.status_code in {400, 422}, answer.text


def test_they_are_found_by_what_the_statement_declares(two: tuple[Party, list[str]], app: Flask) -> None:
    chu, ids = two
    assert {one["name"] for one in said(app)["searchParam"]} == {"_id", "criteria", "payload", "status", "type", "url"}
    asked = "status=requested&type=rest-hook&_sort=_id&_count=1"
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    for answer in (
        chu.get(f"/fhir/Subscription?{asked}"),
        chu.send("POST", "/fhir/Subscription/_search", asked, **form),
    ):
        found = answer.json or {}
        assert (found["total"], [one["resource"]["id"] for one in found["entry"]]) == (2, sorted(ids)[:1])
        following = next(one["url"] for one in found["link"] if one["relation"] == "next")
        second = chu.get(following.removeprefix("https://hub.example")).json or {}
        assert [one["resource"]["id"] for one in second["entry"]] == sorted(ids)[1:]
        assert [one["relation"] for one in second["link"]] == ["self"]
    assert chu.get("/fhir/Subscription?contact=x").status_code == 400
