"""Messages over HTTP: sent, found as a thread in its order, received by who reads them; a refusal says what is to be done."""

from collections.abc import Callable

import pytest

from hub.fhir import Resource
from tests.support.parties import Party
from tests.support.shared_case import CLASSES, PATCH, SharedCase, as_new, share, stored, to

RECEIVED = [{"op": "replace", "path": "/status", "value": "completed"}]


@pytest.fixture
def case(party: Callable[..., Party], survivor: Resource) -> SharedCase:
    return share(party, survivor, (*CLASSES, "messages"))


def message(case: SharedCase, said: str, **more: object) -> Resource:
    return {
        "resourceType": "Communication",
        "about": [to(case.task)],
        "payload": [{"contentString": said}],
        **more,
    }


def test_a_thread_is_found_in_the_order_in_which_it_was_written(case: SharedCase) -> None:
    first = stored(case.reader, message(case, "Peut-elle venir accompagnée jeudi ?"))
    answers = to(f"Communication/{first['id']}")
    second = stored(case.keeper, message(case, "نعم، ستحضر رفقة المساعدة الاجتماعية.", inResponseTo=[answers]))
    for who in (case.keeper, case.reader):
        found = who.get(f"/fhir/Communication?about={case.task}&_sort=sent").json or {}
        assert [one["resource"]["id"] for one in found["entry"]] == [first["id"], second["id"]]
        along = who.get(f"/fhir/Task?_id={case.task.partition('/')[2]}&_revinclude=Communication:about").json or {}
        assert len(along["entry"]) == 3
    assert (case.stranger.get(f"/fhir/Communication?about={case.task}").json or {})["total"] == 0


def test_the_recipient_says_that_it_has_received_it_and_reading_alone_says_nothing(case: SharedCase) -> None:
    one = stored(case.keeper, message(case, "Elle arrive à dix heures."))
    assert case.reader.get(f"/fhir/Communication/{one['id']}").headers["ETag"] == 'W/"1"'
    steps = RECEIVED
    assert case.keeper.send("PATCH", f"/fhir/Communication/{one['id']}", steps, **PATCH).status_code == 403
    answer = case.reader.send("PATCH", f"/fhir/Communication/{one['id']}", steps, **PATCH)
    assert (answer.status_code, (answer.json or {})["status"]) == (200, "completed")
    assert "received" in (answer.json or {})


def test_the_trail_tells_the_keeper_who_wrote_and_who_received(case: SharedCase) -> None:
    one = stored(case.keeper, message(case, "Elle arrive à dix heures."))
    case.reader.send("PATCH", f"/fhir/Communication/{one['id']}", RECEIVED, **PATCH)
    trail = case.keeper.get(f"/fhir/AuditEvent?entity=Communication/{one['id']}").text
    assert "message.send" in trail and "message.read" in trail and "dix heures" not in trail


@pytest.mark.parametrize("language", ["ar", "fr", "en"])
def test_what_the_other_could_not_see_is_not_sent_and_the_sentence_says_why(case: SharedCase, language: str) -> None:
    document = as_new("document", "context", subject=to(case.patient), custodian=to("Organization/amal"))
    kept = stored(case.keeper, document)
    pointing = message(case, "") | {"payload": [{"contentReference": to(f"DocumentReference/{kept['id']}")}]}
    answer = case.keeper.send("POST", "/fhir/Communication", pointing, Accept_Language=language)
    assert answer.status_code == 422
    text = (answer.json or {})["issue"][0]["diagnostics"]
    assert {"ar": "الوثائق", "fr": "documents", "en": "documents"}[language] in text
    case.withdraw()
    closed = case.keeper.send("POST", "/fhir/Communication", message(case, "Bonjour"), Accept_Language=language)
    assert closed.status_code == 422


def test_a_message_is_not_deleted_and_the_answer_says_what_to_do_instead(case: SharedCase) -> None:
    one = stored(case.keeper, message(case, "Bonjour"))
    answer = case.keeper.send("DELETE", f"/fhir/Communication/{one['id']}")
    assert answer.status_code == 405 and "entered-in-error" in answer.text


def test_a_message_and_a_step_of_its_referral_are_one_transaction(case: SharedCase) -> None:
    version = case.reader.get(f"/fhir/{case.task}").headers["ETag"]
    task = case.reader.get(f"/fhir/{case.task}").json or {}
    start = {
        "request": {"method": "PUT", "url": case.task, "ifMatch": version},
        "resource": {**task, "status": "in-progress"},
    }
    say = {"request": {"method": "POST", "url": "Communication"}, "resource": message(case, "Nous commençons.")}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [start, say]}
    assert case.reader.send("POST", "/fhir", bundle).status_code == 200
    refused = bundle | {"entry": [say | {"resource": message(case, "x", note=[{"text": "x"}])}]}
    assert case.reader.send("POST", "/fhir", refused).status_code == 422
    assert (case.keeper.get(f"/fhir/Communication?about={case.task}").json or {})["total"] == 1
