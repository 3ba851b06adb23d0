"""What the parties of a referral write to each other: who may write to whom, who reads it, and until when."""

from typing import Any

import pytest

from hub import errors
from hub.exchange import change, disclose
from hub.fhir import Resource
from hub.fhir.canonicals import profile
from hub.fhir.query import Match, Query, Target
from hub.fhir.serial import loads
from hub.store import MongoStore
from tests.support.consents import consent, permit, provision
from tests.support.network import (
    CLASSES,
    CONSENT,
    KEEPER,
    NEED,
    PERSON,
    Network,
    agreed,
    by,
    concept,
    need,
    network,
    referred,
    refusal,
    survivor,
)

TALKING = (*CLASSES, "messages", "attachments")


def talking(*to: str, classes: tuple[str, ...] = TALKING) -> Resource:
    return consent(provision(exceptions=[permit(one, classes) for one in to]), CONSENT, person=PERSON)


@pytest.fixture
def at(store: MongoStore) -> Network:
    found = network(store)
    found.keep(survivor(), need(), talking("chu"))
    return found


def sent(at: Network, status: str = "accepted") -> str:
    """A referral to the hospital, as far as this."""
    task = str(at.create(referred("chu"), KEEPER)["id"])
    if status == "accepted":
        at.move(task, "accepted", "chu")
    return task


def message(task: str, said: str = "Peut-elle venir jeudi ?", **more: Any) -> Resource:
    body: Resource = {
        "resourceType": "Communication",
        "about": [{"reference": f"Task/{task}"}],
        "payload": [{"contentString": said}],
    }
    return body | more


def document(id_: str = "doc-1") -> Resource:
    return {
        "resourceType": "DocumentReference",
        "id": id_,
        "meta": {"profile": [profile("document")]},
        "status": "current",
        "type": concept("document-type", "medical-certificate"),
        "subject": {"reference": f"Patient/{PERSON}"},
        "date": "2026-05-30T10:00:00+00:00",
        "custodian": {"reference": f"Organization/{KEEPER}"},
        "content": [{"attachment": {"contentType": "application/pdf", "url": "Binary/scan-1"}}],
    }


def news(at: Network) -> list[tuple[str, str]]:
    rows = at.store.database.outbox.find({"kind": {"$regex": "^message"}}).sort("order")
    return [(row["kind"], row["recipient"]) for row in rows]


def say(at: Network, id_: str, status: str, organization: str, **more: Any) -> Resource:
    seen = disclose.read("Communication", id_, by(organization), hub=at.hub)
    body = {**loads(seen.text), "status": status, **more}
    view = change.update("Communication", id_, body, by(organization), expected=seen.version, hub=at.hub)
    found: Resource = loads(view.text)
    return found


def open_read(at: Network, id_: str, organization: str) -> Resource:
    view = disclose.read("Communication", id_, by(organization), hub=at.hub)
    found: Resource = loads(view.text)
    return found


def test_what_the_hub_knows_need_not_be_said(at: Network) -> None:
    one = at.create(message(sent(at)), "chu")
    assert (one["status"], one["subject"]) == ("in-progress", {"reference": f"Patient/{PERSON}"})
    assert one["sender"] == {"reference": "Organization/chu"}
    assert one["recipient"] == [{"reference": f"Organization/{KEEPER}"}]
    assert one["sent"].startswith("2026-06-01T") and "received" not in one


@pytest.mark.parametrize(("who", "other"), [(KEEPER, "chu"), ("chu", KEEPER)])
def test_each_party_writes_to_the_other_and_nobody_else_reads_it(store: MongoStore, who: str, other: str) -> None:
    at = network(store)
    at.keep(survivor(), need(), talking("chu", "clinique", "tribunal"), need("clinique", "need-2"))
    elsewhere = next(one["id"] for one in at.all("Task") if one["owner"]["reference"] == "Organization/clinique")
    at.move(elsewhere, "accepted", "clinique")
    id_ = at.create(message(sent(at)), who)["id"]
    assert at.sees("Communication", id_, who) and at.sees("Communication", id_, other)
    assert at.sees("Patient", PERSON, "clinique")
    assert not at.sees("Communication", id_, "clinique") and not at.sees("Communication", id_, "tribunal")
    assert news(at) == [("message.send", "" if other == KEEPER else other)]


def test_before_acceptance_the_recipient_may_ask_and_is_told_nothing_in_words(at: Network) -> None:
    task = sent(at, "requested")
    assert refusal(lambda: at.create(message(task), KEEPER)) is errors.OUT_OF_TURN
    assert at.all("Communication") == [] and news(at) == []
    at.create(message(task), "chu")
    assert at.stored(task)["status"] == "received", "who writes about it has read it"


def test_a_consent_without_the_class_of_messages_lets_none_be_sent(store: MongoStore) -> None:
    at = network(store)
    at.keep(survivor(), need(), agreed("chu"))
    task = sent(at)
    assert refusal(lambda: at.create(message(task), KEEPER)) is errors.OUT_OF_TURN
    assert at.create(message(task), "chu"), "its keeper sees all that is kept with it"


def test_a_withdrawal_closes_what_was_written_to_the_recipient_and_leaves_what_it_wrote(at: Network) -> None:
    task = sent(at)
    to, from_ = at.create(message(task), KEEPER)["id"], at.create(message(task), "chu")["id"]
    at.keep({**talking("chu"), "status": "inactive"})
    assert not at.sees("Communication", to, "chu") and at.sees("Communication", from_, "chu")
    assert at.sees("Communication", to, KEEPER) and at.sees("Communication", from_, KEEPER)
    assert refusal(lambda: at.create(message(task), KEEPER)) is errors.OUT_OF_TURN
    assert refusal(lambda: at.create(message(task), "chu")) is errors.UNKNOWN_REFERENCE
    notices = [one for one in at.all("Communication") if "reasonCode" in one]
    assert len(notices) == 1, "the notice of withdrawal"
    at.keep(need("clinique", "need-3"))
    assert len([one for one in at.all("Communication") if "reasonCode" in one]) == 1, "it is told once"
    assert at.sees("Communication", notices[0]["id"], "chu")


@pytest.mark.parametrize("status", ["cancelled", "rejected"])
def test_a_referral_that_was_refused_or_taken_back_is_not_written_about(at: Network, status: str) -> None:
    task = sent(at, "requested")
    given = {"statusReason": concept("referral-status-reason", "no-capacity") | {"text": "Dit par la structure."}}
    at.move(task, status, "chu", **given)
    assert refusal(lambda: at.create(message(task), KEEPER)) is errors.OUT_OF_TURN
    assert refusal(lambda: at.create(message(task), "chu")) is errors.OUT_OF_TURN


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"sender": {"reference": f"Organization/{KEEPER}"}}, errors.NOT_YOURS),
        ({"recipient": [{"reference": "Organization/clinique"}]}, errors.UNKNOWN_REFERENCE),
        ({"recipient": [{"reference": f"Organization/{KEEPER}"}, {"reference": "Organization/clinique"}]}, errors.UNKNOWN_REFERENCE),
        ({"subject": {"reference": "Patient/another"}}, errors.UNKNOWN_REFERENCE),
        ({"basedOn": [{"reference": "ServiceRequest/another"}]}, errors.UNKNOWN_REFERENCE),
        ({"about": [{"reference": "Task/another"}]}, errors.UNKNOWN_REFERENCE),
        ({"about": [{"reference": f"ServiceRequest/{NEED}"}]}, errors.UNKNOWN_REFERENCE),
        ({"inResponseTo": [{"reference": "Communication/another"}]}, errors.UNKNOWN_REFERENCE),
        ({"payload": [{"contentReference": {"reference": "DocumentReference/another"}}]}, errors.UNKNOWN_REFERENCE),
        ({"status": "completed"}, errors.ILLEGAL_TRANSITION),
        ({"payload": []}, errors.INVALID),
        ({"about": "x"}, errors.INVALID),
        ({"note": [{"text": "x"}]}, errors.INVALID),
    ],
)  # fmt: skip
def test_what_a_party_may_not_write_is_not_written(at: Network, more: Resource, problem: errors.Problem) -> None:
    task = sent(at)
    assert refusal(lambda: at.create(message(task) | more, "chu")) is problem
    assert at.all("Communication") == []


def test_who_has_no_part_in_a_referral_writes_nothing_about_it(at: Network) -> None:
    task = sent(at)
    assert refusal(lambda: at.create(message(task), "clinique")) is errors.UNKNOWN_REFERENCE


def test_an_answer_names_what_it_answers_and_a_thread_is_found_in_its_order(at: Network) -> None:
    task = sent(at)
    first = at.create(message(task), KEEPER)["id"]
    answer = message(task, "Oui.", inResponseTo=[{"reference": f"Communication/{first}"}])
    second = at.create(answer, "chu")["id"]
    about = Query("Communication", (Match("about", "reference", (Target("Task", task),)),))
    to = Query("Communication", (Match("in-response-to", "reference", (Target("Communication", first),)),))
    for who in (KEEPER, "chu"):
        assert {one.id for one in disclose.search(about, by(who), hub=at.hub).entries} == {first, second}
        assert [one.id for one in disclose.search(to, by(who), hub=at.hub).entries] == [second]
    assert not disclose.search(about, by("clinique"), hub=at.hub).entries


def test_a_document_is_pointed_to_if_the_other_sees_it_too(at: Network) -> None:
    at.keep(document())
    task = sent(at)
    pointing = message(task, payload=[{"contentReference": {"reference": "DocumentReference/doc-1"}}])
    at.create(pointing, KEEPER)
    at.create(pointing, "chu")
    at.keep(talking("chu", classes=(*CLASSES, "messages")))
    assert refusal(lambda: at.create(pointing, KEEPER)) is errors.OUT_OF_TURN
    assert refusal(lambda: at.create(pointing, "chu")) is errors.UNKNOWN_REFERENCE, "hidden is absent"


def test_the_recipient_says_that_it_has_received_a_message_and_the_sender_cannot(at: Network) -> None:
    id_ = at.create(message(sent(at)), KEEPER)["id"]
    assert refusal(lambda: say(at, id_, "completed", KEEPER)) is errors.NOT_YOURS
    read = say(at, id_, "completed", "chu", received="1999-01-01T00:00:00+00:00")
    assert read["received"].startswith("2026-06-01T"), "the hub's own time"
    version = disclose.read("Communication", id_, by("chu"), hub=at.hub).version
    again = {name: value for name, value in read.items() if name != "received"}
    change.update("Communication", id_, again, by("chu"), expected=version, hub=at.hub)
    assert disclose.read("Communication", id_, by("chu"), hub=at.hub).version == version
    assert news(at) == [("message.send", "chu"), ("message.read", "")]


def test_reading_it_is_no_receipt(at: Network) -> None:
    id_ = at.create(message(sent(at)), "chu")["id"]
    disclose.search(Query("Communication"), by(KEEPER), hub=at.hub)
    assert open_read(at, id_, KEEPER) == open_read(at, id_, "chu")
    assert open_read(at, id_, KEEPER)["status"] == "in-progress"
    assert news(at) == [("message.send", "")]


def test_a_message_stays_as_it_was_sent_but_for_who_sent_it_in_error(at: Network) -> None:
    id_ = at.create(message(sent(at)), KEEPER)["id"]
    other = [{"contentString": "Autre chose."}]
    for who in (KEEPER, "chu"):
        assert refusal(lambda who=who: say(at, id_, "in-progress", who, payload=other)) is errors.IMMUTABLE
        assert refusal(lambda who=who: say(at, id_, "stopped", who)) is errors.ILLEGAL_TRANSITION
        assert (
            refusal(lambda who=who: change.delete("Communication", id_, by(who), expected=None, hub=at.hub))
            is errors.NOT_SUPPORTED
        )
    assert refusal(lambda: say(at, id_, "entered-in-error", "chu")) is errors.NOT_YOURS
    say(at, id_, "entered-in-error", KEEPER)
    assert refusal(lambda: say(at, id_, "in-progress", KEEPER)) is errors.ILLEGAL_TRANSITION
    assert at.read(id_, "chu", "Communication")["status"] == "entered-in-error", (
        "who was told it knows that it was wrong"
    )
    assert news(at)[-1] == ("message.void", "chu")


def test_a_notice_of_withdrawal_is_nobodys_to_change(at: Network) -> None:
    sent(at)
    at.keep({**talking("chu"), "status": "inactive"})
    (notice,) = at.all("Communication")
    for who in (KEEPER, "chu"):
        assert refusal(lambda who=who: say(at, notice["id"], "entered-in-error", who)) is errors.NOT_YOURS
    assert open_read(at, notice["id"], "chu") == notice | {"meta": open_read(at, notice["id"], "chu")["meta"]}


def test_an_intermediary_writes_with_whom_it_was_asked_by_and_with_whom_it_asked(store: MongoStore) -> None:
    at = network(store)
    at.keep(survivor(), need(), talking("chu", "clinique"))
    parent = sent(at)
    further = need("clinique") | {
        "meta": {"profile": [profile("referral")]}, "intent": "filler-order",
        "basedOn": [{"reference": f"ServiceRequest/{NEED}"}], "requester": {"reference": "Organization/chu"},
    }  # fmt: skip
    at.create({name: value for name, value in further.items() if name != "id"}, "chu")
    (part,) = (one["id"] for one in at.all("Task") if "partOf" in one)
    assert refusal(lambda: at.create(message(part), KEEPER)) is errors.NOT_YOURS
    up = at.create(message(part), "clinique")["id"]
    assert at.sees("Communication", up, "chu"), "before it has accepted its part, too"
    at.move(part, "accepted", "clinique")
    down = at.create(message(part), "chu")["id"]
    assert at.sees("Communication", down, "clinique") and at.sees("Communication", down, KEEPER)
    between = at.create(message(parent), KEEPER)["id"]
    assert at.sees("Communication", between, "chu") and not at.sees("Communication", between, "clinique")


def test_a_message_without_a_survivors_consent_any_more_is_not_told_to_be_read(at: Network) -> None:
    id_ = at.create(message(sent(at)), KEEPER)["id"]
    at.keep({**talking("chu"), "status": "inactive"})
    assert refusal(lambda: say(at, id_, "completed", "chu")) is errors.NOT_FOUND
    assert at.stored(id_, "Communication")["status"] == "in-progress"
