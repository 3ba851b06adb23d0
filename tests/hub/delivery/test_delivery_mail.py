"""Subscribers who are told by mail: that there is news and nothing more, once the mailbox is known to be theirs, and not too often."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.fhir import Resource
from hub.outbound.mail import MailServer
from hub.ports import Registry
from hub.subscription import extensions as named
from hub.subscription.mails import news
from hub.web.app import create_app
from tests.support.association import HOSPITAL, Scene
from tests.support.mailboxes import Mailboxes, mailboxes, said
from tests.support.parties import Addresses, Party, register
from tests.support.subscribing import SITE, Sending, mailed, parameters, written

MINUTE = timedelta(minutes=1)
DESK = "mailto:desk@hospital.example"


@pytest.fixture
def boxes() -> Iterator[Mailboxes]:
    with mailboxes() as made:
        yield made


@pytest.fixture
def sending(at: Scene, registry: Registry, boxes: Mailboxes) -> Sending:
    server = MailServer("127.0.0.1", boxes.port, "none", "hub@ihala.example", recipients=("@hospital.example",))
    return Sending(at.hub, registry, mail=server)


@pytest.fixture
def theirs(at: Scene, registry: Registry) -> Party:
    at.clock.at = today()
    app = create_app(at.hub, registry, Addresses(), allows=lambda url: url.endswith("@hospital.example"))
    return register(app, registry, HOSPITAL, now=at.clock.now())


def today() -> datetime:
    """The database forgets by its own clock what ends by that of the scene."""
    return datetime.now(UTC).replace(microsecond=0)


def happen(at: Scene, *rows: int) -> None:
    """A referral to the hospital for each."""
    for number in rows:
        at.receive(at.row(str(number), survivor_code=f"S-{number}", case_number=str(number), cin=f"AB{number}"))


def standing(theirs: Party, id_: str) -> str:
    return str(theirs.get(f"/fhir/Subscription/{id_}").json["status"])  # type: ignore[index]


def code_in(boxes: Mailboxes) -> str:
    found = re.search(r"[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}", said(boxes.got[-1]))
    assert found
    return found[0]


def confirm(theirs: Party, id_: str, code: str) -> Any:
    body = {"resourceType": "Parameters", "parameter": [{"name": "code", "valueString": code}]}
    return theirs.send("POST", f"/fhir/Subscription/{id_}/$confirm", body)


def begin(at: Scene, theirs: Party, sending: Sending, boxes: Mailboxes, **said: Any) -> str:
    """An active one; its minute is over."""
    id_ = str(written(theirs, mailed(DESK, **said))["id"])
    sending.deliver()
    assert confirm(theirs, id_, code_in(boxes)).status_code == 200
    boxes.got.clear()
    at.clock.forward(2 * MINUTE)
    return id_


def missed(theirs: Party, id_: str) -> dict[int, Any]:
    answer = theirs.get(f"/fhir/Subscription/{id_}/$events?content=id-only")
    assert answer.status_code == 200, answer.text
    found: dict[int, Any] = parameters(answer.json["entry"][0]["resource"])["events"]  # type: ignore[index]
    return found


# --- whose mailbox it is ----------------------------------------------------------------------------------------------


def test_nothing_but_a_code_is_sent_until_somebody_who_reads_there_has_said_it(
    at: Scene, theirs: Party, sending: Sending, boxes: Mailboxes
) -> None:
    made = written(theirs, mailed(DESK))
    sending.deliver()
    assert len(boxes.got) == 1 and boxes.got[0]["To"] == "desk@hospital.example"
    code = code_in(boxes)
    assert code not in repr(made) and code.replace("-", "") not in repr(list(at.store.database.subscriptions.find()))
    happen(at, 1)
    at.clock.forward(2 * MINUTE)
    sending.deliver()
    assert len(boxes.got) == 1 and standing(theirs, made["id"]) == "requested"
    for wrong in ("é", "0000-0000-0000", code[:-1]):
        answer = confirm(theirs, made["id"], wrong)
        assert answer.status_code == 422 and answer.json["issue"][0]["code"] == "not-supported"
    assert standing(theirs, made["id"]) == "requested"
    assert confirm(theirs, made["id"], code.lower()).json["status"] == "active"
    assert confirm(theirs, made["id"], code).status_code == 422, "once"
    assert list(missed(theirs, made["id"])) == [1], "what happened meanwhile can be asked for"


def test_a_code_is_good_for_three_days(at: Scene, theirs: Party, sending: Sending, boxes: Mailboxes) -> None:
    id_ = written(theirs, mailed(DESK))["id"]
    sending.deliver()
    at.clock.forward(timedelta(days=3, minutes=1))
    again = register(theirs.app, sending.registry, HOSPITAL, now=at.clock.now())
    assert confirm(again, id_, code_in(boxes)).status_code == 422


def test_another_address_is_confirmed_anew_and_the_same_one_is_not(
    at: Scene, theirs: Party, sending: Sending, boxes: Mailboxes
) -> None:
    id_ = begin(at, theirs, sending, boxes)
    assert theirs.send("PUT", f"/fhir/Subscription/{id_}", mailed(DESK) | {"id": id_}).status_code == 200
    sending.deliver()
    assert (standing(theirs, id_), boxes.got) == ("active", [])
    other = mailed("mailto:other@hospital.example") | {"id": id_}
    assert theirs.send("PUT", f"/fhir/Subscription/{id_}", other).status_code == 200
    sending.deliver()
    assert standing(theirs, id_) == "requested" and boxes.got[-1]["To"] == "other@hospital.example"


def test_a_mailbox_that_does_not_exist_puts_it_in_error(theirs: Party, sending: Sending, boxes: Mailboxes) -> None:
    boxes.refuses = "550 no such user"
    id_ = written(theirs, mailed(DESK))["id"]
    sending.deliver()
    found = theirs.get(f"/fhir/Subscription/{id_}", Accept_Language="fr").json or {}
    assert (found["status"], found["error"]) == ("error", "Le serveur de courrier dit que cette boîte n'existe pas.")


# --- what a mail says -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["ar", "fr", "en"])
def test_a_mail_says_that_there_is_news_and_nothing_else(
    at: Scene, theirs: Party, sending: Sending, boxes: Mailboxes, language: str
) -> None:
    begin(at, theirs, sending, boxes, language=language)
    happen(at, 1)
    sending.deliver()
    (mail,) = boxes.got
    expected = news("", SITE, language)
    assert (mail["Subject"], said(mail).strip()) == (expected.subject, expected.text)
    tasks = [one["_id"] for one in at.store.database.Task.find()]
    assert tasks and not any(id_ in mail.as_string() for id_ in tasks)


@pytest.mark.parametrize(
    "wrong",
    [
        {"content": "id-only"}, {"content": "full-resource"}, {"payload": "application/fhir+json"}, {"endpoint": "https://hospital.example"},
        {"header": ["X-Key: a"]}, {"extension": [{"url": named.HEARTBEAT, "valueUnsignedInt": 60}]}, {"endpoint": "mailto:desk@elsewhere.example"},
        {"endpoint": "mailto:desk@hospital.example?body=x"}, {"language": "de"},
    ],
)  # fmt: skip
def test_what_could_say_more_or_go_elsewhere_is_refused(theirs: Party, wrong: dict[str, Any]) -> None:
    answer = theirs.send("POST", "/fhir/Subscription", mailed(**({"endpoint": DESK} | wrong)))
    assert answer.status_code == 422, answer.text


def test_a_web_address_is_no_mailbox(theirs: Party) -> None:
    asked: Resource = mailed(DESK)
    asked["channel"]["type"] = "rest-hook"
    assert theirs.send("POST", "/fhir/Subscription", asked).status_code == 422


# --- how often --------------------------------------------------------------------------------------------------------


def test_whatever_happens_an_address_is_written_to_once_a_minute(
    at: Scene, theirs: Party, sending: Sending, boxes: Mailboxes
) -> None:
    begin(at, theirs, sending, boxes)
    sent = []
    for number in range(12):  # an event each ten seconds, for two minutes
        happen(at, number)
        sending.deliver()
        sent.append(len(boxes.got))
        at.clock.forward(timedelta(seconds=10))
    assert sent[0] == 1 and len(boxes.got) <= 3
    at.clock.forward(2 * MINUTE)
    sending.deliver()
    assert 2 <= len(boxes.got) <= 4
    at.clock.forward(10 * MINUTE)
    sending.deliver()
    count = len(boxes.got)
    at.clock.forward(10 * MINUTE)
    sending.deliver()
    assert len(boxes.got) == count, "nothing waits any more"


def test_a_server_that_is_away_for_an_hour_sends_one_mail_of_all_that_happened(
    at: Scene, theirs: Party, sending: Sending, boxes: Mailboxes
) -> None:
    id_ = begin(at, theirs, sending, boxes)
    boxes.refuses = "451 later"
    happen(at, 1, 2, 3)
    for _ in range(6):
        sending.deliver()
        at.clock.forward(timedelta(minutes=10))
    boxes.refuses = ""
    at.clock.forward(timedelta(hours=1))
    sending.deliver()
    at.clock.forward(2 * MINUTE)
    sending.deliver()
    assert len(boxes.got) <= 2
    theirs = again(theirs, at, sending)
    assert standing(theirs, id_) == "active" and list(missed(theirs, id_)) == [1, 2, 3]
    assert not list(at.store.database.dispatches.find({"state": "waiting"}))


def again(party: Party, at: Scene, sending: Sending) -> Party:
    return register(party.app, sending.registry, HOSPITAL, now=at.clock.now())


def test_of_what_may_not_be_known_any_more_no_mail_is_sent(
    at: Scene, theirs: Party, sending: Sending, boxes: Mailboxes
) -> None:
    begin(at, theirs, sending, boxes)
    boxes.refuses = "451 later"
    happen(at, 1)
    sending.deliver()
    client = sending.registry.client(f"{HOSPITAL}-system")
    assert client is not None
    sending.registry.change_client(replace(client, disabled=True), client)
    boxes.refuses = ""
    at.clock.forward(timedelta(hours=1))
    sending.deliver()
    assert boxes.got == []
