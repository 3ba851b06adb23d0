"""The topics of the contract besides referrals: requests that changed, and consents that ended. Each subscriber by what it may see.

profiles/subscription-topics
"""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from hub.exchange import Hub
from hub.fhir import Resource
from hub.fhir.serial import dumps
from hub.ports import Registry
from hub.web.app import create_app
from tests.support.parties import Addresses, Party, register
from tests.support.receivers import Receiver, receiving
from tests.support.shared_case import SharedCase, share
from tests.support.subscribing import REQUESTS, WITHDRAWALS, Sending, bundles, subscription, told, written
from tests.support.subscribing import parameters as read

BASE = "https://hub.example/fhir/"


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


@pytest.fixture
def subscribe(sending: Sending, receiver: Receiver) -> Callable[..., str]:
    """An active one, whose handshake is over; what happened before is nobody's event."""

    def subscribed(who: Party, topic: str, *filters: str, content: str = "id-only") -> str:
        sending.run(receiver)
        id_ = written(who, subscription(receiver.url, *filters, content=content) | {"criteria": topic})["id"]
        sending.run(receiver)
        receiver.got.clear()
        return str(id_)

    return subscribed


def references(receiver: Receiver) -> list[str]:
    return [str(about).removeprefix(BASE) for one in told(receiver) for about in one["events"].values()]


# --- requests ---------------------------------------------------------------------------------------------------------


def test_a_request_that_changed_is_told_to_whom_it_was_sent(
    case: SharedCase, sending: Sending, receiver: Receiver, subscribe: Callable[..., str]
) -> None:
    subscribe(case.reader, REQUESTS, content="full-resource")
    case.amend(case.need, priority="stat")
    sending.run(receiver)
    assert references(receiver) == [case.need]
    entry = bundles(receiver)[-1]["entry"][1]
    assert entry["request"] == {"method": "PUT", "url": case.need} and entry["resource"]["priority"] == "stat"
    assert entry["resource"] == case.reader.get(f"/fhir/{case.need}").json, "what a read shows, and nothing more"


def test_who_may_not_see_a_request_has_no_number_for_it_and_a_new_one_is_no_event(
    case: SharedCase, sending: Sending, receiver: Receiver, subscribe: Callable[..., str], party: Callable[..., Party]
) -> None:
    mine = subscribe(case.stranger, REQUESTS)
    case.amend(case.need, priority="stat")
    case.stranger.send("POST", "/fhir/ServiceRequest", {})
    sending.run(receiver)
    answer = case.stranger.get(f"/fhir/Subscription/{mine}/$status").json or {}
    assert receiver.got == []
    assert read(answer["entry"][0]["resource"])["events-since-subscription-start"] == "0"


def test_a_request_is_filtered_as_a_search_filters(
    case: SharedCase, sending: Sending, receiver: Receiver, subscribe: Callable[..., str]
) -> None:
    subscribe(case.reader, REQUESTS, "ServiceRequest?requester=Organization/nour")
    subscribe(case.reader, REQUESTS, "ServiceRequest?status=active&performer=Organization/chu")
    case.amend(case.need, priority="stat")
    sending.run(receiver)
    assert references(receiver) == [case.need]


def test_a_request_that_was_withdrawn_before_it_was_sent_is_not_told(
    case: SharedCase, sending: Sending, receiver: Receiver, subscribe: Callable[..., str]
) -> None:
    mine = subscribe(case.reader, REQUESTS)
    receiver.status = 503
    case.amend(case.need, priority="stat")
    sending.run(receiver)
    case.withdraw()
    receiver.status = 200
    receiver.got.clear()
    sending.run(receiver)
    known = case.reader.get(f"/fhir/Subscription/{mine}/$events").json or {}
    assert receiver.got == [] and read(known["entry"][0]["resource"])["events"] == {}


# --- consents ---------------------------------------------------------------------------------------------------------


def test_who_keeps_a_consent_is_told_that_it_ended(
    case: SharedCase, sending: Sending, receiver: Receiver, subscribe: Callable[..., str]
) -> None:
    subscribe(case.keeper, WITHDRAWALS, "Consent?organization=Organization/amal")
    case.withdraw()
    sending.run(receiver)
    assert references(receiver) == [case.consent]


def test_a_recipient_is_told_of_the_notice_that_is_its_own_and_not_of_the_consent(
    case: SharedCase, sending: Sending, receiver: Receiver, subscribe: Callable[..., str]
) -> None:
    mine = subscribe(case.reader, WITHDRAWALS, content="full-resource")
    case.withdraw()
    sending.run(receiver)
    (notice,) = references(receiver)
    assert notice.startswith("Communication/")
    sent = bundles(receiver)[-1]
    assert sent["entry"][1]["request"] == {"method": "POST", "url": "Communication"}
    assert sent["entry"][1]["resource"] == case.reader.get(f"/fhir/{notice}").json
    assert not any(hidden in dumps(sent) for hidden in (case.consent, case.patient, case.need, case.incident))
    known = case.reader.get(f"/fhir/Subscription/{mine}/$events").json or {}
    assert list(read(known["entry"][0]["resource"])["events"].values()) == [BASE + notice]


def test_of_a_withdrawal_who_had_nothing_to_see_is_told_nothing(
    case: SharedCase, sending: Sending, receiver: Receiver, subscribe: Callable[..., str]
) -> None:
    subscribe(case.stranger, WITHDRAWALS)
    case.withdraw()
    sending.run(receiver)
    assert receiver.got == []


def test_another_change_of_a_consent_is_no_withdrawal(
    case: SharedCase, sending: Sending, receiver: Receiver, subscribe: Callable[..., str]
) -> None:
    subscribe(case.keeper, WITHDRAWALS)
    case.amend(case.consent, dateTime="2026-05-02")
    sending.run(receiver)
    assert receiver.got == []


def test_what_a_token_does_not_open_is_not_told_by_the_topic_either(
    case: SharedCase,
    sending: Sending,
    receiver: Receiver,
    subscribe: Callable[..., str],
    app: Flask,
    registry: Registry,
) -> None:
    notices = register(app, registry, "amal", "system/Subscription.cruds system/Communication.rs")
    subscribe(notices, WITHDRAWALS)
    case.withdraw()
    sending.run(receiver)
    assert receiver.got == [], "the keeper's consent is for who may read consents"
    nothing = register(app, registry, "amal", "system/Subscription.cruds system/Task.rs")
    asked = subscription(receiver.url) | {"criteria": WITHDRAWALS}
    assert nothing.send("POST", "/fhir/Subscription", asked).status_code == 403


@pytest.mark.parametrize(
    "filters",
    [
        ("Consent?organization=Organization/amal", "Communication?sender=Organization/amal"),
        ("Consent?patient=x",),
        ("Task?status=accepted",),
    ],
)
def test_filters_are_of_one_type_of_the_topic(case: SharedCase, receiver: Receiver, filters: tuple[str, ...]) -> None:
    asked = subscription(receiver.url, *filters) | {"criteria": WITHDRAWALS}
    assert case.keeper.send("POST", "/fhir/Subscription", asked).status_code == 422


def test_the_statement_announces_all_topics_of_the_contract(app: Flask) -> None:
    with app.test_client() as http:
        (rest,) = (http.get("/fhir/metadata").json or {})["rest"]
    (said,) = (one for one in rest["resource"] if one["type"] == "Subscription")
    named = {one["valueCanonical"].rpartition("/")[2] for one in said["extension"]}
    assert named == {"referral-task", "service-request", "consent-withdrawn"}
