"""A tick in one column is a word of another, as if it were written there (`ticks`, docs/mapping-format.md)."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.cli.columns import shown_columns
from hub.mapping import Context, check, load
from hub.ports import Place, SourceRecord
from hub.texts import LANGUAGES, say

CONTEXT = Context("association", lambda _: None, date(2026, 11, 23))
DETAILED = load("spreadsheet/register-detailed")
WORDS = {
    "violence_physical": "physique", "violence_psychological": "psychologique", "violence_verbal": "verbale",
    "violence_sexual": "sexuelle",
    "violence_economic": "économique", "violence_legal": "juridique", "violence_digital": "numérique",
}  # fmt: skip
ROW = {"visit_date": "16/03/2026", "survivor_code": "ANW-1"}


def mapped(content, mapping=DETAILED, **told):
    return mapping.forward(SourceRecord("row", "1", "1", {**ROW, **content}, Place(row=1), **told), CONTEXT)


def incident(content):
    return {one.local: one.resource for one in mapped(content).drafts}.get("incident")


@given(
    st.dictionaries(st.sampled_from(sorted(WORDS)), st.sampled_from(["x", "✓", 1, "oui", "نعم", "non", "", "-", None])),
    st.sampled_from(["", "-", "expulsion", "physique et psychologique", "aucune"]),
)
def test_ticks_say_what_their_words_written_in_one_cell_say(ticked, own):
    words = [word for column, word in WORDS.items() if ticked.get(column) not in {"non", "", "-", None}]
    written = ", ".join([*([own] if own not in {"", "-"} else []), *words])
    assert mapped({**ticked, "violence_types": own}) == mapped({"violence_types": written})


@pytest.mark.parametrize("ticked", [("verbal",), ("psychological",), ("verbal", "psychological")])
def test_two_kinds_that_mean_one_code_are_no_mistake_and_give_it_once(ticked):
    found = mapped({f"violence_{one}": "x" for one in ticked})
    assert found.issues == ()
    observed = next(one.resource for one in found.drafts if one.local == "incident")
    told = [
        coding["code"]
        for part in observed["component"]
        if part["code"]["coding"][0]["code"] == "violence-type"
        for coding in part["valueCodeableConcept"]["coding"]
    ]
    assert told == ["psychological-abuse"]
    assert observed == incident({"violence_types": "psychologique"})


def test_both_are_written_back_as_the_one_kind_that_they_mean():
    found = mapped({"violence_verbal": "x", "violence_psychological": "x", "violence_physical": "x"})
    told = DETAILED.back({one.local: one.resource for one in found.drafts}, CONTEXT)
    assert sorted(told["violence_types"].split(", ")) == ["physique", "psychologique"]


def test_without_a_tick_nothing_is_said():
    assert incident({"violence_physical": "non", "violence_legal": ""}) is None


def test_what_is_no_answer_is_told_of_its_own_column_and_stops_nobody():
    found = mapped({"violence_physical": "x", "violence_digital": "un peu"})
    (issue,) = found.issues
    assert (issue.column, issue.severity, issue.text) == ("violence_digital", "warning", "mapping.answer-unknown")
    assert issue.path == "Observation.component.value"
    assert "incident" in {one.local for one in found.drafts}


def test_what_comes_back_is_written_in_the_column_whose_words_they_are():
    resources = {one.local: one.resource for one in mapped({"violence_physical": "x", "violence_legal": "x"}).drafts}
    told = DETAILED.back(resources, CONTEXT)
    assert told["violence_types"] == "physique, juridique"
    assert not told.keys() & WORDS.keys()


def test_a_tick_that_could_not_be_told_leaves_the_incident_open():
    lost = mapped({}, unsaid=("violence_physical",))
    assert lost.is_untold("incident")
    assert not mapped({}, unsaid=("email",)).is_untold("incident")


def test_a_ticked_column_is_shown_where_that_of_its_words_is(tmp_path):
    assert shown_columns("spreadsheet/register-detailed", tmp_path) >= WORDS.keys()
    own = "extends: spreadsheet/register-detailed\nid: own/form\ncolumns:\n  violence_types: {class: identity}\n"
    assert not shown_columns("own/form", write(tmp_path, own)) & WORDS.keys()


def write(folder: Path, text: str) -> Path:
    (folder / "own/form").mkdir(parents=True, exist_ok=True)
    (folder / "own/form/mapping.yaml").write_text(text, "utf-8")
    return folder


OVERLAY = "extends: spreadsheet/register-detailed\nid: own/form\ncolumns:\n"
TICK = "headers: {fr: [Autre]}, transform: answer, "


@pytest.mark.parametrize(
    ("column", "problem"),
    [
        ("own: {%sticks: {nowhere: physique}}", "unknown-column"),
        ("own: {%sticks: {children: mariée}}", "ticks-no-list"),
        ("own: {%sticks: {remarks: physique}}", "ticks-no-list"),
        ("own: {%sticks: {violence_types: imaginaire}}", "ticks-word"),
        ("own: {%sticks: [violence_types, physique]}", "shape"),
        ("own: {%sticks: {violence_types: physique, request: juridique}}", "shape"),
        ("own: {%sdirection: both, ticks: {violence_types: physique}}", "shape"),
        ("own: {headers: {fr: [Autre]}, transform: text, ticks: {violence_types: physique}}", "shape"),
        ("many: {repeat: true}\n  own: {%sin: many, ticks: {violence_types: physique}}", "ticks-repeat"),
        (
            "many: {repeat: true}\n  violence_types: {in: many}\n  own: {%sticks: {violence_types: physique}}",
            "ticks-repeat",
        ),
    ],
)
def test_ticks_that_cannot_work_are_told_at_their_line(tmp_path, column, problem):
    text = OVERLAY + "  " + (column % TICK if "%s" in column else column) + "\n"
    issues = [
        one for one in check("own/form", search=[write(tmp_path, text)]) if one.text == f"mapping.check-{problem}"
    ]
    line = next(number for number, one in enumerate(text.splitlines(), 1) if "own: {" in one)
    assert f"mappings/own/form/mapping.yaml:{line}" in {one.params["place"] for one in issues}
    for language in LANGUAGES:
        assert "{" not in say(issues[0].text, language, **issues[0].params).replace("{column: word}", "")


@pytest.mark.parametrize("said", ["{ignored: true}", "{map: own, systems: [], headers: {fr: [Faits]}}"])
def test_a_form_like_another_may_read_the_words_otherwise_and_leave_its_ticks_alone(tmp_path, said):
    """What an association has said of its own column before there were ticks is no mistake."""
    write(tmp_path, OVERLAY + f"  violence_types: {said}\n")
    (tmp_path / "own/form/own.json").write_text('{"resourceType": "ConceptMap", "group": []}', "utf-8")
    assert not [one for one in check("own/form", search=[tmp_path]) if "tick" in one.text]


STATES = "  single: {headers: {fr: [Cél]}, transform: answer, ticks: {marital_status: célibataire}}\n" + (
    "  married: {headers: {fr: [Mariée]}, transform: answer, ticks: {marital_status: mariée}}\n"
)


def test_a_tick_may_say_the_one_word_of_a_column(tmp_path):
    own = load("own/form", search=[write(tmp_path, OVERLAY + STATES)])
    found = mapped({"married": "x", "single": ""}, own)
    person = next(one.resource for one in found.drafts if one.local == "patient")
    assert found.issues == ()
    assert person == next(one.resource for one in mapped({"marital_status": "mariée"}).drafts if one.local == "patient")


def test_where_two_are_ticked_of_a_column_of_one_word_somebody_is_told_of_both(tmp_path):
    own = load("own/form", search=[write(tmp_path, OVERLAY + STATES)])
    found = mapped({"married": "x", "single": "x"}, own, headers={"married": "Mariée", "single": "Cél"})
    (issue,) = found.issues
    assert issue.column == "Cél, Mariée"
    person = next(one.resource for one in found.drafts if one.local == "patient")
    assert "maritalStatus" not in person
