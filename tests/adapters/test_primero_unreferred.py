"""What an incident in Primero says of services for which nobody was referred: in both of its lists of answers, and in no other."""

import json
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

from adapters.primero import adapter, forms
from adapters.primero.unreferred import SHELTER, SUBFORMS
from adapters.replay import Served
from hub import mapping
from hub.mapping import Context
from hub.ports import Connection, SourceRecord
from tests.support.primero import Primero, case, incident

FORM = mapping.load("primero/gbvims-plus")
CONTEXT = Context("association", lambda name: name, date(2026, 11, 23))
OLD = {
    "service_provided_by_your_agency": ("completed", "service-given-here"),
    "services_already_received_from_another_agency": ("completed", "service-already-received"),
    "service_not_applicable": ("revoked", "not-applicable"),
    "referral_declined_by_survivor": ("active", "declined-by-survivor"),
    "service_unavailable": ("draft", "service-unavailable"),
}
"""`lookup-service-referred`: https://github.com/primeroIMS/primero/blob/main/db/lookups/lookups.rb."""
ANSWERS = OLD | {"no_referral_" + name.removeprefix("referral_"): meant for name, meant in OLD.items()}
"""And `lookup-service-referred-gbv`."""


@pytest.fixture
def tool():
    forms.forget()
    return Primero()


@pytest.fixture
def connection(tool, tmp_path):
    with Served(tool).running() as served:
        said = {"url": served.url, "user": "hub"}
        yield Connection("c", "association", "primero", FORM.id, said, tmp_path, FORM.layout(), lambda _: "a-password")


def record(connection):
    (found,) = [one for one in adapter.pull(connection, None) if isinstance(one, SourceRecord)]
    return found


def unreferred(connection):
    """Service, status and reason of each; and what stands in the way."""
    mapped = FORM.forward(record(connection), CONTEXT)
    needs = [one.resource for one in mapped.drafts if one.local.startswith("unreferred:")]
    told = [
        (n["code"]["coding"][0]["code"], n["status"], n["extension"][0]["valueCode"], n["authoredOn"]) for n in needs
    ]
    return told, [one.text for one in mapped.issues if one.blocks]


@pytest.mark.parametrize("answer", ANSWERS)
def test_why_she_was_not_referred_is_read_in_the_words_of_both_lists(tool, connection, answer):
    tool.add(case(1), incidents=[incident(1, **{SHELTER: answer, "date_of_first_report": "2026-03-11"})])
    assert unreferred(connection) == ([("shelter", *ANSWERS[answer], "2026-03-11")], [])


@pytest.mark.parametrize("subform", SUBFORMS)
def test_each_service_has_its_own_question(tool, connection, subform):
    question, asked_for = SUBFORMS[subform]
    rows = [{"unique_id": "a", question: "referral_declined_by_survivor"}, {"unique_id": "b", question: "referred"}]
    tool.add(case(1), incidents=[incident(1, **{subform: rows})])
    table = json.loads(Path(str(files("mappings")), "primero/gbvims-plus/service.json").read_text("utf-8"))
    (meant,) = [one["target"][0]["code"] for one in table["group"][0]["element"] if one["code"] == asked_for]
    (told, *others), issues = unreferred(connection)
    assert told[:3] == (meant, "active", "declined-by-survivor") and not others and not issues


@pytest.mark.parametrize("said", [None, "", "referred", "referred_80724"])
def test_no_answer_and_a_referral_are_none(tool, connection, said):
    tool.add(case(1), incidents=[incident(1, **{SHELTER: said})])
    assert unreferred(connection) == ([], [])


def test_an_answer_with_the_number_of_an_instance_is_understood_and_an_unknown_one_waits(tool, connection):
    (identity,) = [tool.add(case(1), incidents=[incident(1, **{SHELTER: "no_referral_declined_by_survivor_06469"})])]
    assert [one[2] for one in unreferred(connection)[0]] == ["declined-by-survivor"]
    tool.incidents[identity] = [incident(1, **{SHELTER: "she_will_think_about_it"})]
    assert unreferred(connection)[1] == ["mapping.code-unknown"]


def test_a_row_of_services_that_was_referred_stands_beside_it_and_is_as_it_was(tool, connection):
    tool.add(case(1), incidents=[incident(1, **{SHELTER: "referral_declined_by_survivor"})])
    drafts = {one.local: one.resource for one in FORM.forward(record(connection), CONTEXT).drafts}
    (referred,) = [one for name, one in drafts.items() if name.startswith("need:")]
    assert referred["performer"] == [{"reference": "Organization/chu-ibn-zohr"}] and "extension" not in referred
    assert "performer" not in next(one for name, one in drafts.items() if name.startswith("unreferred:"))


def test_a_role_that_loses_the_questions_takes_none_of_the_answers_back(tool, connection):
    tool.add(case(1), incidents=[incident(1, **{SHELTER: "referral_declined_by_survivor"})])
    assert record(connection).content["service_answers"] and not record(connection).unsaid
    tool.lost = {"incident_service_referrals"}
    after = record(connection)  # the day's forms are still known, and not believed
    assert "service_answers" in after.unsaid
    assert "service_answers" not in after.content and "service_answers" not in after.cleared


def test_the_questions_are_described_once_as_the_door_gives_their_answers(tool, connection):
    survey, choices = (one.rows for one in adapter.sample(connection, 300))
    begun = survey.index(next(one for one in survey if one[:2] == ("begin_repeat", "service_answers")))
    kinds = {name: kind for kind, name, *_ in survey[begun + 1 : begun + 5]}
    assert kinds == {
        "id": "text",
        "service": "select_one service",
        "referral": "select_one lookup-service-referred",
        "date": "date",
    }
    assert ("lookup-service-referred", "referral_declined_by_survivor") in {one[:2] for one in choices}
    assert not {name for _, name, *_ in survey} & {SHELTER, *(question for question, _ in SUBFORMS.values())}


def test_a_row_of_an_action_plan_refers_nobody_beside_the_row_of_services_that_it_became(tool, connection):
    planned = [
        {"unique_id": "p1", "service_type": "health_medical_service", "service_referral": "referred", "service_provider": "CHU"},
        {"unique_id": "p2", "service_type": "legal_assistance_service", "service_referral": "referral_declined_by_survivor"},
    ]  # fmt: skip
    tool.add(case(1, action_plan_section=planned))
    read = record(connection)
    assert "action_plan_section" not in read.content and len(read.content["services_section"]) == 1
    mapped = FORM.forward(read, CONTEXT)
    needs = [one.resource for one in mapped.drafts if one.resource["resourceType"] == "ServiceRequest"]
    assert len(needs) == 1 and needs[0]["performer"]
    assert [one.text for one in mapped.issues if one.blocks] == []
