"""When a consent ends: recipients who could see data are told and nobody else is, what is queued for them is void, and the
record says what each of them had seen. All of it in the transaction of the act."""

import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta

from hub.conformance import validate
from hub.delivery.worker import deliver
from hub.errors import Retriable
from hub.exchange import change
from hub.exchange.disclosures import account
from hub.exchange.person import VOIDED
from hub.exchange.recall import Seen, stated
from hub.fhir import Resource
from hub.fhir.instants import instant
from hub.fhir.query import Target
from hub.fhir.references import reference
from hub.fhir.serial import loads
from hub.ports import Caller, Changes, Destination, Due, Parcel
from tests.support.association import (
    ASSOCIATION,
    BEGINNING,
    COURT,
    HOSPITAL,
    Scene,
    association,
    court,
    hospital,
    reason,
)
from tests.support.consents import asked, permit, provision
from tests.support.delivering import Board
from tests.support.written import example


def inbox(at: Scene, by: Caller) -> list[Resource]:
    page = at.search("Communication", by, recipient=Target("Organization", by.organization))
    return [loads(view.text) for view in page.entries]


def sign(at: Scene, *rules: Resource) -> Resource:
    """One more consent of the woman in the register."""
    patient = {"reference": reference(at.one("Patient"))}
    said = {"patient": patient, "performer": [patient], "organization": [{"reference": f"Organization/{ASSOCIATION}"}]}
    written = {key: value for key, value in example("consent-by-class").items() if key not in {"id", "sourceReference"}}
    body = {**written, **said, "dateTime": instant(at.clock.now()), "provision": provision(exceptions=rules)}
    view = change.create(body, association(), hub=at.hub)
    signed: Resource = loads(view.text)
    return signed


def queue(at: Scene, about: Resource, recipient: str) -> None:
    at.store.commit(Changes(outbox=[Due("referral.update", "", reference(about), recipient=recipient)]))


def rows(at: Scene) -> dict[str, tuple[str, str]]:
    """By recipient, the state of what is queued for it or on its way, and why; but for the notice that is its own."""
    about = {"reference": {"$not": {"$regex": "^Communication/"}}}
    queued = [*at.store.database.outbox.find(about), *at.store.database.dispatches.find(about)]
    return {row["recipient"]: (row["state"], row["error"]) for row in queued if row["recipient"]}


# --- recipients are told ---------------------------------------------------------------------------------------------


def test_a_recipient_that_could_see_data_finds_the_notice_in_its_inbox(at: Scene) -> None:
    task = at.accepted()
    assert inbox(at, hospital()) == []
    at.withdraw()
    (told,) = inbox(at, hospital())
    assert {one["code"] for one in told["meta"]["security"]} >= {"DELAU", "NORDSCLCD"}
    (about,) = told["about"]
    assert (about["reference"], about["identifier"]["value"]) == (reference(task), task["identifier"][0]["value"])
    assert told["reasonCode"][0]["coding"][0]["code"] == "consent-withdrawn"
    assert len({one["contentString"] for one in told["payload"]}) == 3
    assert [issue for issue in validate(told) if issue.blocks] == []


def test_the_notice_says_nothing_of_the_survivor(at: Scene) -> None:
    at.accepted()
    at.withdraw()
    (told,) = inbox(at, hospital())
    patient = at.one("Patient")
    said = str(told)
    for private in (patient["id"], "Zineb", "S-7", "MA-CAS", "medical", at.one("ServiceRequest")["id"]):
        assert private not in said


def test_the_recipient_and_the_custodian_read_it_whatever_their_purpose_and_nobody_else_does(at: Scene) -> None:
    at.accepted()
    at.withdraw()
    assert len(inbox(at, hospital("TREAT"))) == 1
    assert at.search("Communication", association()).total == 1
    assert at.search("Communication", court()).total == 0


def test_who_has_seen_only_the_notice_of_the_referral_is_told_too(at: Scene) -> None:
    at.receive(at.row())
    at.withdraw()
    assert len(inbox(at, hospital())) == 1
    assert at.one("Task")["status"] == "cancelled"


def test_who_never_knew_of_a_referral_is_told_nothing(at: Scene) -> None:
    at.receive(at.row(consent="non", consent_date=None))
    assert at.one("Task")["status"] == "draft"
    sign(at, permit(COURT, ["core"]))
    at.withdraw()
    assert at.all("Communication") == []


def test_nobody_is_told_twice(at: Scene) -> None:
    at.accepted()
    at.withdraw()
    patient = at.one("Patient")
    change.update("Patient", patient["id"], {**patient, "gender": "unknown"}, association(), expected=None, hub=at.hub)
    assert len(at.all("Communication")) == 1


def test_a_consent_that_takes_the_place_of_another_leaves_nothing_to_tell(at: Scene) -> None:
    at.accepted()
    old = at.one("Consent")
    change.create(asked({**old, "status": "active"}), association(), hub=at.hub)
    steps = [{"op": "replace", "path": "/status", "value": "inactive"}]
    change.patch("Consent", old["id"], steps, association(), expected=None, hub=at.hub)
    assert at.one("Task")["status"] == "accepted"
    assert at.all("Communication") == []


def test_who_loses_a_part_is_told(at: Scene) -> None:
    at.accepted()
    sign(at, provision("deny", to=[HOSPITAL], classes=["safe-contact"]))
    assert at.one("Task")["status"] == "accepted"
    assert len(inbox(at, hospital())) == 1


def test_the_end_of_a_referral_is_no_end_of_a_consent(at: Scene) -> None:
    at.receive(at.row())
    at.move(at.one("Task"), "rejected", hospital(), **reason("no-capacity"))
    assert at.all("Communication") == []


def test_a_consent_taken_back_in_the_register_is_a_withdrawal_too(at: Scene) -> None:
    at.accepted()
    at.receive(at.row(consent="non"))
    assert len(inbox(at, hospital())) == 1
    assert len(at.audit("consent.notify")) == 1


# --- what cannot be recalled -----------------------------------------------------------------------------------------


def test_the_record_says_what_cannot_be_recalled_from_whom_and_until_when(at: Scene) -> None:
    task = at.accepted()
    at.clock.forward(timedelta(days=2))
    at.read(task["for"]["reference"], hospital())
    at.clock.forward(timedelta(days=1))
    at.withdraw()
    (event,) = at.audit("consent.notify")
    found = stated(event)
    assert found is not None
    assert (found.recipient, found.first, found.last) == (HOSPITAL, BEGINNING, BEGINNING + timedelta(days=2))
    assert {"notice", "core"} <= set(found.classes)
    assert [issue for issue in validate(event) if issue.blocks] == []
    assert stated(at.audit("consent.withdraw")[0]) is None


def test_of_whom_never_looked_it_says_so(at: Scene) -> None:
    at.receive(at.row())
    at.withdraw()
    assert [stated(event) for event in at.audit("consent.notify")] == [Seen(HOSPITAL)]


def test_the_statement_is_the_custodians_alone(at: Scene) -> None:
    at.accepted()
    at.withdraw()
    (event,) = at.audit("consent.notify")
    stored = at.hub.store.read("AuditEvent", event["id"], None)
    assert stored is not None
    assert {key.grant for key in stored.keys} == {f"{ASSOCIATION}|*|*"}


def test_reading_the_notice_is_no_look_at_her_data(at: Scene) -> None:
    task = at.accepted()
    at.withdraw()
    at.clock.forward(timedelta(days=1))
    assert len(inbox(at, hospital())) == 1
    found = account(task["for"]["reference"].partition("/")[2], hub=at.hub)
    assert {one.at for one in found.of("seen")} == {BEGINNING}
    assert [one.at for one in found.entries if one.kind == "notice"] == [BEGINNING + timedelta(days=1)]


# --- what is queued --------------------------------------------------------------------------------------------------


def test_what_is_queued_for_a_recipient_is_void_with_the_withdrawal_also_while_a_worker_has_it(at: Scene) -> None:
    task = at.accepted()
    at.store.database.outbox.delete_many({})
    queue(at, task, HOSPITAL)
    board = Board(refuses={"board": Retriable("adapters.register-open")})
    send, withdrawn = board.send, []

    def withdraw_meanwhile(destination: Destination, parcels: Sequence[Parcel]) -> None:
        withdrawn.append(at.withdraw())
        assert rows(at)[HOSPITAL] == ("void", VOIDED)
        send(destination, parcels)

    board.send = withdraw_meanwhile  # type: ignore[method-assign]
    assert deliver([board.way], hub=at.hub) == 0
    assert withdrawn
    assert rows(at)[HOSPITAL] == ("void", VOIDED), "the worker that comes back does not bring it back"
    assert at.hub.store.counts()["outbox.void"] == 1


def test_what_is_queued_for_others_stays(at: Scene) -> None:
    task = at.accepted()
    queue(at, task, COURT)
    at.withdraw()
    assert rows(at)[COURT] == ("waiting", "")
    waiting = at.store.database.outbox.count_documents({"recipient": "", "state": "waiting"})
    assert waiting == 4, "sent, accepted, held, and the consent that ended: the association's own tool is told"


def test_what_is_queued_after_a_withdrawal_is_void_when_it_would_be_sent(at: Scene) -> None:
    task = at.accepted()
    at.withdraw()
    queue(at, task, HOSPITAL)
    board = Board(hub=at.hub, organization=HOSPITAL)
    deliver([board.way], hub=at.hub)
    assert [dispatch.action for _, dispatch in board.sent] == ["consent.notify"], "what is its own to read"
    assert rows(at) == {HOSPITAL: ("void", VOIDED)}


# --- a process that dies in the middle -------------------------------------------------------------------------------


def test_a_process_killed_while_it_withdraws_leaves_each_withdrawal_whole_or_undone(
    at: Scene, mongodb_uri: str
) -> None:
    count = 12
    at.receive(*(at.row(str(n), case_number=str(n), survivor_code=f"S-{n}", cin=None) for n in range(1, count + 1)))
    for task in at.all("Task"):
        queue(at, task, HOSPITAL)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.withdrawer", at.store.database.name, str(at.connection.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as withdrawing:
        assert withdrawing.stdin is not None
        assert withdrawing.stdout is not None
        withdrawing.stdin.write(f"{mongodb_uri}\n")
        withdrawing.stdin.flush()
        assert withdrawing.stdout.readline() == "1\n"
        withdrawing.kill()
        acknowledged = 1 + len(withdrawing.stdout.read().splitlines())
    done = [signs(at, patient["id"]) for patient in at.all("Patient")]
    assert all(len(set(one)) == 1 for one in done)
    assert acknowledged <= sum(all(one) for one in done) < count, "killed before it was through, or it shows nothing"


def signs(at: Scene, person: str) -> list[bool]:
    """Which of the things that a withdrawal writes are there."""
    patient = {"reference": f"Patient/{person}"}
    (consent,) = [one for one in at.all("Consent") if one["patient"] == patient]
    (task,) = [one for one in at.all("Task") if one["for"] == patient]
    told = [about["reference"] for notice in at.all("Communication") for about in notice["about"]]
    row = at.store.database.outbox.find_one({"reference": reference(task), "recipient": HOSPITAL})
    assert row is not None
    return [
        consent["status"] == "inactive",
        task["status"] == "cancelled",
        reference(task) in told,
        row["state"] == "void",
        not at.keys(task),
        any(told_of["entity"][-1]["what"] == patient for told_of in at.audit("consent.notify")),
    ]
