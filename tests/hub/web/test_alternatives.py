"""Task/[id]/$alternatives over HTTP: `profiles/operation-definitions/task-alternatives.json`"""

import json
from importlib.resources import files
from typing import Any, Final

import pytest
from fhir.resources.R4B.bundle import Bundle

from hub.directory.weights import WORTH
from hub.exchange.announce import announce
from hub.fhir import Resource
from hub.fhir.canonicals import code_system, profile
from hub.fhir.instants import MOROCCO
from hub.ports import Registry
from hub.store import MongoStore
from hub.web.alternatives import OPERATIONS
from tests.support.accompanied import consent_of, rules_broken
from tests.support.consents import permit
from tests.support.network import CLASSES, KEEPER, business, outcome, reason, referred
from tests.support.parties import register
from tests.support.referring import Referring, referring

DEFINITION: Final = json.loads(
    files("profiles").joinpath("operation-definitions", "task-alternatives.json").read_text("utf-8")
)
NEVER: Final = "00000000-0000-4000-8000-00000000dead"


@pytest.fixture
def at(store: MongoStore, registry: Registry) -> Referring:
    found = referring(store, registry)
    found.consent = found.agree("chu", "clinique")
    found.need = found.ask("chu")
    return found


@pytest.fixture
def refused(at: Referring) -> str:
    """A referral to the hospital that it refused."""
    (task,) = at.referrals("chu")
    at.move("chu", task["id"], "rejected", **reason())
    return str(task["id"])


def next_best(at: Referring, task: str, organization: str = KEEPER, **headers: str) -> dict[str, str]:
    """Organisation → how consent stands, the most fitting first."""
    return {by: consent["coding"][0]["code"] for by, consent in found(at, task, organization, **headers).items()}


def found(at: Referring, task: str, organization: str = KEEPER, **headers: str) -> dict[str, Any]:
    answer = at.by(organization).get(f"/fhir/Task/{task}/$alternatives", **headers)
    assert answer.status_code == 200, answer.text
    bundle: Resource = answer.json or {}
    Bundle.model_validate(bundle)
    assert rules_broken(bundle) == []
    entries = bundle.get("entry", [])
    assert bundle["total"] == len(entries)
    assert [one["search"]["score"] for one in entries] == sorted((e["search"]["score"] for e in entries), reverse=True)
    return {one["resource"]["providedBy"]["reference"][13:]: consent_said(one) for one in entries}


def consent_said(entry: dict[str, Any]) -> Any:
    said = {one["url"]: one["valueCodeableConcept"] for one in entry["search"]["extension"]}
    assert said.keys() == {profile("match-reason"), profile("referral-consent")}
    return said[profile("referral-consent")]


def test_who_sent_it_is_told_who_else_could_help_and_whether_her_consent_covers_telling_them(
    at: Referring, refused: str
) -> None:
    assert business(at.read(KEEPER, f"Task/{refused}")) == "re-routing"
    assert next_best(at, refused) == {"clinique": "permitted", "dispensaire": "needs-consent", "rabat": "needs-consent"}


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Ask her consent first"),
        ("fr", "Son accord est à demander d'abord"),
        ("ar", "تُطلب موافقتها أولا"),
    ],
)
def test_it_is_told_in_the_language_of_who_asks(at: Referring, refused: str, language: str, said: str) -> None:
    assert found(at, refused, Accept_Language=language)["dispensaire"]["text"] == said


def test_to_all_others_it_is_as_absent_to_who_refused_it_and_who_could_take_it_too(at: Referring, refused: str) -> None:
    for organization in ("chu", "clinique", "tribunal"):
        party = at.by(organization)
        for method in ("GET", "POST"):
            hidden = party.send(method, f"/fhir/Task/{refused}/$alternatives")
            never = party.send(method, f"/fhir/Task/{NEVER}/$alternatives")
            assert hidden.status_code == never.status_code == 404
            assert hidden.data == never.data


def test_the_recipient_of_an_open_referral_sees_it_and_not_who_else_could_help(at: Referring) -> None:
    (task,) = at.referrals("chu")
    assert at.status("chu", f"Task/{task['id']}") == 200
    assert at.status("chu", f"Task/{task['id']}/$alternatives") == 404
    assert "chu" not in next_best(at, task["id"]), "it is asked already"


def test_refused_then_sent_to_the_next_best_then_accepted_and_completed(at: Referring, refused: str) -> None:
    choice = next(by for by, consent in next_best(at, refused).items() if consent == "permitted")
    anew = at.create(KEEPER, referred(choice, at.need))["id"]
    assert next_best(at, refused) == {"dispensaire": "needs-consent", "rabat": "needs-consent"}
    at.move(choice, anew, "accepted")
    at.move(choice, anew, "completed", **outcome())
    assert at.read(KEEPER, f"Task/{anew}")["status"] == "completed"
    assert at.read(KEEPER, f"Task/{refused}")["status"] == "rejected"
    assert at.status("chu", f"Task/{anew}") == 404


def test_a_need_that_is_given_to_somebody_else_is_referred_anew_and_waits_for_her_consent(
    at: Referring, refused: str
) -> None:
    need = at.read(KEEPER, f"ServiceRequest/{at.need}")
    given = need | {"performer": [{"reference": "Organization/dispensaire"}]}
    assert at.put(KEEPER, given, f'W/"{need["meta"]["versionId"]}"').status_code == 200
    (draft,) = (one for one in at.referrals(KEEPER) if one["status"] == "draft")
    assert (draft["owner"]["reference"], business(draft)) == ("Organization/dispensaire", "awaiting-consent")
    at.agree("dispensaire")
    assert at.read("dispensaire", f"Task/{draft['id']}")["status"] == "requested"


def test_who_refused_or_failed_it_is_not_named_again(at: Referring, refused: str) -> None:
    second = at.create(KEEPER, referred("clinique", at.need))["id"]
    at.move("clinique", second, "accepted")
    at.move("clinique", second, "failed", **reason())
    for task in (refused, second):
        assert next_best(at, task) == {"dispensaire": "needs-consent", "rabat": "needs-consent"}


def rooms(at: Referring, task: str, organization: str = KEEPER, **headers: str) -> dict[str, tuple[str, str]]:
    """Organisation → code and words of what is told of its room."""
    answer = at.by(organization).get(f"/fhir/Task/{task}/$alternatives", **headers)
    told = ((one["resource"]["providedBy"]["reference"][13:], reasons_of(one)) for one in (answer.json or {})["entry"])
    return {by: next(one for one in found if WORTH[one[0]].aspect == "room") for by, found in told}


def reasons_of(entry: dict[str, Any]) -> list[tuple[str, str]]:
    said = (
        one["valueCodeableConcept"] for one in entry["search"]["extension"] if one["url"] == profile("match-reason")
    )
    return [(one["coding"][0]["code"], one["text"]) for one in said]


@pytest.fixture
def second(at: Referring, refused: str) -> str:
    """Another need of the same kind, which somebody else refused: the hospital that refused the first could be asked."""
    at.agree("clinique", "chu")
    at.need = at.ask("clinique")
    task = next(str(one["id"]) for one in at.referrals("clinique") if one["id"] != refused)
    at.move("clinique", task, "rejected", **reason("out-of-scope"))
    return task


def test_who_refused_another_of_its_referrals_for_lack_of_room_is_shown_with_that_as_a_doubt(
    at: Referring, second: str
) -> None:
    told = rooms(at, second)
    day = f"{at.hub.clock.now().astimezone(MOROCCO):%d/%m/%Y}"
    assert told["chu"] == (
        "refused-for-room",
        f"Refused a referral of yours of the same kind for lack of room on {day}",
    )
    assert {told[by][0] for by in ("dispensaire", "rabat")} == {"room-not-told"}
    assert next_best(at, second)["chu"] == "permitted", "a doubt, and no no"


def test_the_directory_itself_says_nothing_of_a_refusal_and_others_are_told_nothing(at: Referring, second: str) -> None:
    before = at.read("tribunal", "HealthcareService/chu-care")
    assert "capacity" not in json.dumps(before)
    assert rooms(at, second)["chu"][0] == "refused-for-room"
    assert at.read("tribunal", "HealthcareService/chu-care") == before
    coding = {"system": code_system("service-type"), "code": "medical"}
    asked = {"resourceType": "Parameters", "parameter": [{"name": "service", "valueCoding": coding}]}
    for organization in ("tribunal", "clinique", KEEPER):
        answer = at.by(organization).send("POST", "/fhir/HealthcareService/$match", asked)
        assert answer.status_code == 200
        assert "refused-for-room" not in answer.text


def test_once_it_says_anew_that_it_has_room_the_refusal_is_forgotten(at: Referring, second: str) -> None:
    announce("chu-care", "capacity", purpose="COC", hub=at.hub)
    assert rooms(at, second)["chu"][0] == "has-room"


def test_a_refusal_for_another_reason_says_nothing_of_its_room(at: Referring) -> None:
    (task,) = at.referrals("chu")
    at.move("chu", task["id"], "rejected", **reason("out-of-scope"))
    at.need = at.ask("clinique")
    other = next(str(one["id"]) for one in at.referrals("clinique"))
    at.move("clinique", other, "rejected", **reason())
    assert rooms(at, other)["chu"][0] == "room-not-told"


def test_a_token_that_may_not_search_for_referrals_is_told_of_no_other(at: Referring, second: str) -> None:
    narrow = register(at.app, at.registry, KEEPER, "system/Task.r system/HealthcareService.rs")
    answer = narrow.get(f"/fhir/Task/{second}/$alternatives")
    assert answer.status_code == 200
    assert "refused-for-room" not in answer.text


@pytest.mark.parametrize(("language", "said"), [("fr", "A refusé faute de place"), ("ar", "لعدم توفر مكان")])
def test_a_refusal_for_lack_of_room_is_told_in_the_language_of_who_asks(
    at: Referring, second: str, language: str, said: str
) -> None:
    assert said in rooms(at, second, Accept_Language=language)["chu"][1]


def test_a_withdrawal_is_told_at_once(at: Referring, refused: str) -> None:
    answer = at.by(KEEPER).send("POST", f"/fhir/Consent/{at.consent}/$withdraw")
    assert answer.status_code == 200, answer.text
    assert set(next_best(at, refused).values()) == {"needs-consent"}


def test_to_whom_she_said_no_is_not_proposed_as_permitted_and_nobody_else_is_either(at: Referring) -> None:
    (task,) = at.referrals("chu")
    at.decline()
    assert at.read(KEEPER, f"Task/{task['id']}")["status"] == "cancelled"
    assert next_best(at, task["id"]) == {
        "chu": "refused",
        "clinique": "needs-consent",
        "dispensaire": "needs-consent",
        "rabat": "needs-consent",
    }
    for to in ("chu", "clinique"):
        answer = at.by(KEEPER).send("POST", "/fhir/Task", referred(to, at.need))
        assert answer.status_code == 422, "what is not proposed is not sent either"
        assert "has not consented" in answer.text
    later = consent_of(f"Patient/{at.person}", permit("clinique", CLASSES)) | {"dateTime": "2026-06-03"}
    at.create(KEEPER, later | {"organization": [{"reference": f"Organization/{KEEPER}"}]})
    assert next_best(at, task["id"])["clinique"] == "permitted"
    assert next_best(at, task["id"])["chu"] == "refused", "only whom her new word names"
    assert at.create(KEEPER, referred("clinique", at.need))["status"] == "requested"


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "She does not agree to it"), ("fr", "Elle n'est pas d'accord"), ("ar", "لا توافق عليها")],
)
def test_that_she_said_no_is_told_in_the_language_of_who_asks(at: Referring, language: str, said: str) -> None:
    (task,) = at.referrals("chu")
    at.decline()
    assert found(at, task["id"], Accept_Language=language)["chu"]["text"] == said


def test_her_no_to_another_need_hides_nobody(at: Referring, refused: str) -> None:
    before, asked = next_best(at, refused), at.need
    at.need = at.ask("clinique")
    at.decline()
    at.need = asked
    assert next_best(at, refused) == before


def test_of_what_is_completed_nothing_is_to_be_sent(at: Referring) -> None:
    (task,) = at.referrals("chu")
    at.move("chu", task["id"], "accepted")
    at.move("chu", task["id"], "completed", **outcome())
    assert at.status(KEEPER, f"Task/{task['id']}/$alternatives") == 422


def test_a_need_that_was_revoked_is_referred_to_nobody(at: Referring, refused: str) -> None:
    need = at.read(KEEPER, f"ServiceRequest/{at.need}")
    assert at.put(KEEPER, need | {"status": "revoked"}, f'W/"{need["meta"]["versionId"]}"').status_code == 200
    assert at.status(KEEPER, f"Task/{refused}/$alternatives") == 422


@pytest.mark.parametrize("scopes", ["system/Task.rs", "system/HealthcareService.rs"])
def test_it_takes_the_scopes_of_both_that_it_reads(at: Referring, refused: str, scopes: str) -> None:
    narrow = register(at.app, at.registry, KEEPER, scopes)
    assert narrow.get(f"/fhir/Task/{refused}/$alternatives").status_code == 403


def test_a_scope_that_does_not_reach_the_referral_finds_none(at: Referring, refused: str) -> None:
    narrow = register(at.app, at.registry, KEEPER, "system/Task.rs?status=completed system/HealthcareService.rs")
    assert narrow.get(f"/fhir/Task/{refused}/$alternatives").status_code == 404


def test_nothing_is_asked_but_of_which_referral(at: Referring, refused: str) -> None:
    assert at.status(KEEPER, f"Task/{refused}/$alternatives?patient=Souad") == 400


def test_that_it_was_asked_is_on_record_and_that_somebody_else_tried(at: Referring) -> None:
    (task,) = at.referrals("chu")
    asked = {by: at.by(by).get(f"/fhir/Task/{task['id']}/$alternatives").status_code for by in (KEEPER, "chu")}
    assert asked == {KEEPER: 200, "chu": 404}
    told = at.read(KEEPER, f"AuditEvent?entity=Task/{task['id']}&subtype=operation")["entry"]
    outcomes = {
        (agent["altId"], one["resource"]["outcome"])
        for one in told
        for agent in one["resource"]["agent"]
        if "altId" in agent
    }
    assert outcomes == {(f"{KEEPER}-system", "0"), ("chu-system", "4")}


def test_the_definition_is_what_is_answered_and_the_statement_leads_there(at: Referring) -> None:
    (operation,) = OPERATIONS
    assert [one for one in DEFINITION["parameter"] if one["use"] == "in"] == []
    assert operation.parameters == {}
    assert operation.definition == DEFINITION["url"]
    statement = at.by(KEEPER).get("/fhir/metadata").json or {}
    (type_,) = (one for one in statement["rest"][0]["resource"] if one["type"] == "Task")
    assert {"name": "alternatives", "definition": DEFINITION["url"]} in type_["operation"]
