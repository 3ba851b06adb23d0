"""What a subscriber asks for: read whole, or refused; as Inferno's subscriptions test kit asks a server.

https://github.com/inferno-framework/subscriptions-test-kit
"""

from typing import Any

import pytest

from hub.errors import SUBSCRIPTION_REFUSED, HubError
from hub.fhir import Resource
from hub.subscription import extensions as named
from hub.subscription.topics import topics
from hub.subscription.wanted import MOST_AT_ONCE, wanted, written
from tests.support.subscribing import TOPIC, mailed, subscription

ENDPOINT = "https://hospital.example/hook"
R5 = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Subscription"
SECRET = "a word that nobody repeats"


def number(url: str, value: Any) -> Resource:
    return {"url": url, "valueUnsignedInt": value}


def refusal(resource: Resource) -> HubError:
    with pytest.raises(HubError) as raised:
        wanted(resource)
    assert raised.value.problem is SUBSCRIPTION_REFUSED and raised.value.problem.status == 422
    assert SECRET not in repr((raised.value.args, raised.value.params))
    return raised.value


def test_what_is_asked_is_read_whole() -> None:
    extensions = [number(named.HEARTBEAT, 60), number(named.TIMEOUT, 5), {"url": named.MOST, "valuePositiveInt": 3}]
    asked = wanted(subscription(ENDPOINT, "Task?status=accepted,rejected&owner=Organization/chu", extension=extensions))
    assert asked.topic is topics()[TOPIC]
    assert asked.filters == (("status", "accepted,rejected"), ("owner", "Organization/chu"))
    assert (asked.heartbeat, asked.timeout, asked.most) == (60, 5, 3)
    assert (asked.content, asked.is_off, asked.headers) == ("id-only", False, None)


def test_what_is_not_said_is_as_much_as_the_hub_does() -> None:
    asked = wanted(subscription(ENDPOINT))
    assert (asked.heartbeat, asked.timeout, asked.most) == (0, 10, MOST_AT_ONCE)


def test_an_unsupported_topic_is_refused() -> None:
    refused = refusal(subscription(ENDPOINT) | {"criteria": "https://ihala.example/fhir/SubscriptionTopic/weather"})
    assert refused.path == "Subscription.criteria"


@pytest.mark.parametrize(
    "text",
    ["Task?patient=Patient/x", "Patient?status=x", "Task?", "Task?status=", "Task?owner.name=x", "status=accepted", "", 7],
)  # fmt: skip
def test_an_unsupported_filter_is_refused(text: Any) -> None:
    assert refusal(subscription(ENDPOINT, text)).text == "subscriptions.bad-filter"


@pytest.mark.parametrize("kind", ["websocket", "e-mail", "sms", "message", None, 1])
def test_an_unsupported_channel_is_refused(kind: Any) -> None:
    assert refusal(subscription(ENDPOINT, type=kind)).path == "Subscription.channel.type"


@pytest.mark.parametrize("payload", ["application/fhir+xml", "text/plain", "", None])
def test_an_unsupported_payload_type_is_refused(payload: Any) -> None:
    assert refusal(subscription(ENDPOINT, payload=payload)).path == "Subscription.channel.payload"


@pytest.mark.parametrize("content", ["everything", "", None])
def test_an_unsupported_payload_content_is_refused(content: Any) -> None:
    assert refusal(subscription(ENDPOINT, content=content)).text == "subscriptions.bad-content"


@pytest.mark.parametrize(
    "where",
    [
        {"extension": [{"url": f"{R5}.topic", "valueUri": TOPIC}]},
        {"modifierExtension": [{"url": f"{R5}.x", "valueBoolean": True}]},
        {"_status": {"extension": []}},
        {"contained": []},
    ],
)
def test_an_extension_of_another_version_is_refused(where: Resource) -> None:
    assert refusal(subscription(ENDPOINT) | where).text == "subscriptions.unknown-element"


@pytest.mark.parametrize("url", [f"{R5}.heartbeatPeriod", f"{R5}.timeout", "https://elsewhere.example/x"])
def test_an_extension_of_another_version_in_the_channel_is_refused(url: str) -> None:
    assert refusal(subscription(ENDPOINT, extension=[number(url, 60)])).text == "subscriptions.unknown-extension"


def test_a_filter_of_another_version_is_refused() -> None:
    another = "http://hl7.org/fhir/5.0/subscriptions-backport/StructureDefinition/backport-filter-criteria"
    asked = subscription(ENDPOINT) | {"_criteria": {"extension": [{"url": another, "valueString": "Task?status=x"}]}}
    assert refusal(asked).text == "subscriptions.unknown-extension"


@pytest.mark.parametrize(
    ("kind", "payload", "content"),
    [
        ("rest-hook", "text/plain", "empty"),
        ("email", "application/fhir+json", "empty"),
        ("email", "text/plain", "id-only"),
        ("email", "text/plain", "full-resource"),
    ],
)
def test_a_payload_that_its_channel_does_not_carry_is_refused(kind: str, payload: str, content: str) -> None:
    endpoint = "mailto:desk@hospital.example" if kind == "email" else ENDPOINT
    asked = subscription(endpoint, type=kind, payload=payload, content=content)
    assert refusal(asked).path == "Subscription.channel.payload"


@pytest.mark.parametrize(
    "endpoint",
    [
        "desk@hospital.example", "mailto:", "mailto:a@b.example,c@d.example", "mailto:a@b.example?subject=x", "mailto:a%0ab@c.example",
        "mailto:a@b.example\n", ENDPOINT,
    ],
)  # fmt: skip
def test_an_address_that_is_not_one_mailbox_is_refused(endpoint: str) -> None:
    assert refusal(mailed(endpoint)).path == "Subscription.channel.endpoint"


def test_a_mail_is_asked_for_in_a_language_of_ours() -> None:
    assert wanted(mailed("mailto:desk@hospital.example", language="ar")).language == "ar"
    assert refusal(mailed("mailto:desk@hospital.example", language="de")).path == "Subscription.language"


def test_two_contents_are_refused() -> None:
    twice = {
        "extension": [{"url": named.CONTENT, "valueCode": "empty"}, {"url": named.CONTENT, "valueCode": "id-only"}]
    }
    assert refusal(subscription(ENDPOINT, _payload=twice)).text == "subscriptions.bad-content"


@pytest.mark.parametrize(
    ("url", "value"), [(named.HEARTBEAT, 1), (named.HEARTBEAT, True), (named.TIMEOUT, 60), (named.MOST, 0)]
)
def test_a_number_that_the_hub_would_not_keep_is_refused(url: str, value: Any) -> None:
    assert refusal(subscription(ENDPOINT, extension=[number(url, value)])).text == "subscriptions.bad-number"


@pytest.mark.parametrize(
    "line",
    [
        f"X-Key: {SECRET}\r\nHost: inside.example", f"X-Key: {SECRET}\nX: y", "Host: inside.example", "content-length: 0",
        "Transfer-Encoding: chunked", "X-Forwarded-For: 127.0.0.1", "webhook-signature: v1,x", "Proxy-Authorization: x", "no colon",
        ": empty", "X-Key:", "X-Key: é", "X Key: x", "Connection: close", "Cookie: a=b", "X-Key: \0", 7, None,
    ],
)  # fmt: skip
def test_a_header_by_which_a_request_would_become_another_one_is_refused(line: Any) -> None:
    assert refusal(subscription(ENDPOINT, header=[line])).text == "subscriptions.bad-header"


def test_a_header_twice_is_refused() -> None:
    assert refusal(subscription(ENDPOINT, header=["X-Key: a", "x-key: b"])).text == "subscriptions.bad-header"


@pytest.mark.parametrize("status", ["error", "entered-in-error", None, 1])
def test_a_status_that_is_the_hubs_to_give_is_refused(status: Any) -> None:
    assert refusal(subscription(ENDPOINT) | {"status": status}).path == "Subscription.status"


@pytest.mark.parametrize("wrong", [{"channel": None}, {"reason": ""}, {"end": "tomorrow"}, {"channel": []}])
def test_what_is_no_subscription_is_refused(wrong: Resource) -> None:
    refusal(subscription(ENDPOINT) | wrong)


def test_what_is_kept_has_no_headers_and_nothing_that_the_hub_says_itself() -> None:
    kept = written(subscription(ENDPOINT, header=[f"X-Key: {SECRET}"]) | {"id": "x", "meta": {}, "error": "old"})
    assert SECRET not in repr(kept)
    assert not kept.keys() & {"id", "meta", "status", "error"}
