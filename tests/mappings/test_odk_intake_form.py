"""The intake form that goes with the mappings for KoboToolbox and ODK Central: valid, in three languages, and asked as it is read."""

import re
from datetime import date

import pytest
from openpyxl import load_workbook
from pyxform.xls2xform import convert

from hub import mapping
from hub.mapping import Context
from hub.ports import Place, SourceRecord
from scripts.make_intake_form import FORM, LABELS, WHY, tables

WORKBOOK = FORM.with_name("intake.xlsx")
INTAKE = mapping.load("odk/intake")
CONTEXT = Context("association-anwar", lambda _: None, date(2026, 11, 23))
SHEETS = {
    sheet.title: [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    for sheet in load_workbook(WORKBOOK).worksheets
}


def rows(sheet):
    header, *below = SHEETS[sheet]
    return [dict(zip(header, row, strict=True)) for row in below]


def paths():
    """Every question by its path, with its type."""
    groups: list[str] = []
    for row in rows("survey"):
        if row["type"].startswith("begin_"):
            groups.append(row["name"])
        elif row["type"].startswith("end_"):
            groups.pop()
        else:
            yield "/".join([*groups, row["name"]]), row["type"]


def choices(list_):
    return [row["name"] for row in rows("choices") if row["list_name"] == list_]


def test_the_form_is_a_valid_xlsform_without_a_warning():
    converted = convert(WORKBOOK)
    assert converted.warnings == []
    assert '<bind nodeset="/data/identite/code_survivante"' in converted.xform


def test_the_workbook_is_as_its_source_makes_it():
    assert {name: [row for row in table if any(row)] for name, table in SHEETS.items()} == tables()


def test_every_question_and_every_choice_is_said_in_three_languages():
    asked = [row for row in rows("survey") if not row["type"].startswith("end_")] + rows("choices")
    for row in asked:
        assert all(row[label] for label in LABELS), row["name"]
        assert re.search(r"[\u0621-\u064a]", row[LABELS[0]]), row["name"]


def test_what_is_not_taken_says_why_in_three_languages():
    held = [row for row in rows("survey") if row["constraint"]]
    assert held
    assert [row["name"] for row in held if not all(row[why] for why in WHY)] == []


def test_every_question_is_a_column_of_the_mapping_and_every_column_is_a_question():
    columns = {path for name, headers in INTAKE.layout().columns.items() for path in headers or (name,)}
    repeats = {row["name"] for row in rows("survey") if row["type"] == "begin_repeat"}
    assert {path for path, _ in paths()} == columns - repeats - {"__system/reviewState"}


@pytest.mark.parametrize(("path", "type_"), [one for one in paths() if one[1].startswith("select_")])
def test_every_choice_is_understood(path, type_):
    for choice in choices(type_.partition(" ")[2]):
        content = {"identite/code_survivante": "A-1", "date_accueil": "2026-03-12", path: choice}
        group = path.partition("/")[0]
        if group in {"auteurs", "references"}:
            content[group] = [{path: content.pop(path)}]
            if path != "references/service" and group == "references":
                content[group][0]["references/service"] = "medical"
        record = SourceRecord("submission", "1", "1", content, Place(row=1))
        mapped = INTAKE.forward(record, CONTEXT)
        assert [issue for issue in mapped.issues if issue.blocks] == [], choice


def test_the_concept_map_says_what_a_supervisor_sees():
    told = {
        status: INTAKE.back({"task": {"resourceType": "Task", "status": status}}, CONTEXT).get("revue")
        for status in ("rejected", "failed", "completed")
    }
    assert told["completed"] == "approved"
    assert told["rejected"] == told["failed"] == "hasIssues"
