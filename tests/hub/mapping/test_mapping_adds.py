"""Several columns of one meaning: what stands in one is read as if it stood in the other's cell (`adds_to`,
docs/mapping-format.md)."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.cli.columns import shown_columns
from hub.mapping import Context, Mapping, check, load
from hub.ports import Place, SourceRecord
from hub.texts import LANGUAGES, say

CONTEXT = Context("association", lambda _: None, date(2026, 11, 23))
OVERLAY = "extends: spreadsheet/register-detailed\nid: own/form\nversion: '1'\ncolumns:\n"
COLUMNS = """\
  violence_types_2: {headers: {fr: [Nature violence 2]}, adds_to: violence_types}
  violence_types_3: {headers: {fr: [Nature violence 3]}, adds_to: violence_types}
  remarks_2: {headers: {fr: [Notes du soir]}, adds_to: remarks}
  phone_2: {headers: {fr: [Autre numéro]}, adds_to: phone}
"""
ROW = {"visit_date": "16/03/2026", "survivor_code": "ANW-1"}


def write(folder: Path, columns: str) -> Path:
    (folder / "own/form").mkdir(parents=True, exist_ok=True)
    (folder / "own/form/mapping.yaml").write_text(OVERLAY + columns, "utf-8")
    return folder


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Mapping:
    return load("own/form", search=[write(tmp_path_factory.mktemp("own"), COLUMNS)])


def mapped(mapping, content, **told):
    return mapping.forward(SourceRecord("row", "1", "1", {**ROW, **content}, Place(row=1), **told), CONTEXT)


KINDS = st.sampled_from(["physique", "psychologique, sexuelle", "physique et économique", "expulsion", "", "-", None])


@given(KINDS, KINDS, KINDS)
def test_what_is_added_is_what_one_cell_would_say(own, first, second, third):
    told = {"violence_types": first, "violence_types_2": second, "violence_types_3": third}
    written = ", ".join(dict.fromkeys(one for one in told.values() if one not in {"", "-", None}))
    assert mapped(own, told).drafts == mapped(own, {"violence_types": written}).drafts


def incident(found):
    return {one.local: one.resource for one in found.drafts}["incident"]


def test_texts_follow_each_other_each_said_once(own):
    found = mapped(own, {"remarks": "rappelée", "remarks_2": "calme le soir"})
    assert incident(found)["note"][0]["text"] == "rappelée; calme le soir"
    again = mapped(own, {"remarks": "rappelée", "remarks_2": "rappelée"})
    assert incident(again)["note"][0]["text"] == "rappelée"
    assert incident(mapped(own, {"remarks_2": "calme le soir"}))["note"][0]["text"] == "calme le soir"


def test_telephones_are_all_read(own):
    patient = next(one.resource for one in mapped(own, {"phone": "0612345678", "phone_2": "0698765432"}).drafts)
    assert [one["value"] for one in patient["telecom"]] == ["+212612345678", "+212698765432"]


def test_what_nobody_understands_is_told_of_all_columns_that_it_may_stand_in(own):
    headers = {"violence_types": "Nature violence", "violence_types_2": "Nature violence 2"}
    both = mapped(own, {"violence_types": "physique", "violence_types_2": "zzz"}, headers=headers)
    assert [(one.column, one.severity) for one in both.issues] == [("Nature violence, Nature violence 2", "error")]
    alone = mapped(own, {"violence_types_2": "zzz"}, headers=headers)
    assert [one.column for one in alone.issues] == ["Nature violence 2"]


def test_what_comes_back_is_written_in_the_first_alone(own):
    found = mapped(own, {"violence_types": "physique", "violence_types_2": "sexuelle"})
    told = own.back({one.local: one.resource for one in found.drafts}, CONTEXT)
    assert told["violence_types"] == "physique, sexuelle"
    assert "violence_types_2" not in told


def test_what_came_back_is_read_again_as_the_same(own):
    content = {"remarks": "a", "remarks_2": "b", "violence_types": "physique", "violence_types_2": "sexuelle"}
    found = mapped(own, content)
    told = own.back({one.local: one.resource for one in found.drafts}, CONTEXT)
    again = mapped(own, {**content, "violence_types": told["violence_types"]})
    assert again.drafts == found.drafts


def test_a_column_that_could_not_be_told_leaves_open_what_it_adds_to(own):
    assert mapped(own, {}, unsaid=("violence_types_2",)).is_untold("incident")
    assert not mapped(own, {}, unsaid=("email",)).is_untold("incident")


def test_it_is_shown_where_the_other_is(tmp_path):
    shown = shown_columns("own/form", write(tmp_path, COLUMNS))
    assert {"violence_types_2", "violence_types_3"} <= shown
    assert not {"remarks_2", "phone_2"} & shown


def test_what_is_added_to_a_column_that_is_not_read_is_kept_like_it(tmp_path):
    columns = "  remarks: {ignored: true}\n  remarks_2: {headers: {fr: [Notes]}, adds_to: remarks}\n"
    mapping = load("own/form", search=[write(tmp_path, columns)])
    assert "incident" not in {one.local for one in mapped(mapping, {"remarks_2": "secret"}).drafts}


def test_what_is_ignored_adds_nothing(tmp_path):
    columns = "  remarks_2: {headers: {fr: [Notes]}, adds_to: remarks, ignored: true}\n"
    mapping = load("own/form", search=[write(tmp_path, columns)])
    assert "incident" not in {one.local for one in mapped(mapping, {"remarks_2": "secret"}).drafts}


@pytest.mark.parametrize(
    ("column", "problem"),
    [
        ("own: {headers: {fr: [Autre]}, adds_to: nowhere}", "unknown-column"),
        ("own: {headers: {fr: [Autre]}, adds_to: referred_to}", "adds-to"),
        ("own: {headers: {fr: [Autre]}, adds_to: marital_status}", "adds-to"),
        ("own: {headers: {fr: [Autre]}, adds_to: visit_date}", "adds-to"),
        ("own: {headers: {fr: [Autre]}, adds_to: [remarks]}", "shape"),
        ("own: {headers: {fr: [Autre]}, adds_to: remarks, transform: text}", "shape"),
        ("own: {headers: {fr: [Autre]}, adds_to: remarks, direction: both}", "shape"),
        ("many: {repeat: true}\n  own: {headers: {fr: [Autre]}, in: many, adds_to: remarks}", "adds-to"),
    ],
)
def test_what_cannot_be_added_is_told_with_its_place(tmp_path, column, problem):
    text = OVERLAY + f"  {column}\n"
    found = [
        one
        for one in check("own/form", search=[write(tmp_path, f"  {column}\n")])
        if one.text == f"mapping.check-{problem}"
    ]
    line = next(number for number, one in enumerate(text.splitlines(), 1) if "own: {" in one)
    assert f"mappings/own/form/mapping.yaml:{line}" in {one.params["place"] for one in found}
    for language in LANGUAGES:
        assert "{" not in say(found[0].text, language, **found[0].params)
