"""The form behind an ODK Central connection is read as its XLSForm, or by its fields where it has none; never a submission."""

import zipfile
from io import BytesIO

import pytest
from openpyxl import Workbook

from adapters.odk import adapter, form
from adapters.replay import Served
from hub.errors import Fatal
from hub.ports import Connection, Layout
from tests.support.odk_central import EMAIL, FORM, PASSWORD, PROJECT, Central

SURVEY = [
    ["type", "name", "label::Français (fr)", "label::العربية (ar)"],
    ["text", "code_f", "Code", "الرمز"],
    ["select_multiple v", "q7", "Type de violence", None],
]
CHOICES = [["list_name", "name", "label::Français (fr)", "label::العربية (ar)"], ["v", "v1", "Physique", "جسدي"]]
FIELDS = [
    {"name": "meta", "path": "/meta", "type": "structure"},
    {"name": "instanceID", "path": "/meta/instanceID", "type": "string"},
    {"name": "femme", "path": "/femme", "type": "structure"},
    {"name": "code_f", "path": "/femme/code_f", "type": "string"},
    {"name": "enfants", "path": "/femme/enfants", "type": "repeat"},
    {"name": "age", "path": "/femme/enfants/age", "type": "int"},
    {"name": "femme_bis", "path": "/femme_bis", "type": "string", "selectMultiple": True},
]


def workbook(*sheets: tuple[str, list[list[str | None]]]) -> bytes:
    book = Workbook()
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.remove(book.worksheets[0])
    book.save(saved := BytesIO())
    return saved.getvalue()


@pytest.fixture
def central():
    found = Central()
    found.submit({"code_f": "ANW-0042"})
    return found


@pytest.fixture
def connection(central, tmp_path):
    with Served(central).running() as served:
        asked = {"url": served.url, "project": PROJECT, "form": FORM}
        secrets = {"email": EMAIL, "password": PASSWORD}
        yield Connection("c", "o", "odk", "", asked, tmp_path, Layout({}), secrets.__getitem__)


def test_the_workbook_that_the_form_was_made_from_gives_questions_choices_and_labels(central, connection):
    central.workbook = workbook(("settings", [["form_id"], ["f"]]), ("survey", SURVEY), ("choices", CHOICES))
    survey, choices = adapter.sample(connection, 300)
    assert survey.rows[2] == ("select_multiple v", "q7", "Type de violence")
    assert choices.rows == tuple(map(tuple, CHOICES))


def test_a_form_that_has_no_workbook_is_told_by_its_fields(central, connection):
    central.fields = FIELDS
    (survey,) = adapter.sample(connection, 300)
    assert survey.rows == (
        ("type", "name"),
        ("begin_group", "femme"),
        ("string", "code_f"),
        ("begin_repeat", "enfants"),
        ("int", "age"),
        ("end_repeat", ""),
        ("end_group", ""),
        ("select_multiple", "femme_bis"),
    )


@pytest.mark.parametrize("has_workbook", [True, False])
def test_no_submission_is_asked_for(central, connection, has_workbook):
    central.workbook = workbook(("survey", SURVEY)) if has_workbook else None
    list(adapter.sample(connection, 300))
    assert central.asked and not [one for one in central.asked if "ubmissions" in one.path]


def test_no_more_questions_are_read_than_were_asked_for(central, connection):
    central.workbook = workbook(("survey", [SURVEY[0], *([SURVEY[1]] * 50)]))
    (survey,) = adapter.sample(connection, 10)
    assert len(survey.rows) == 11


def test_a_session_that_is_over_is_renewed_before_the_workbook_is_read(central, connection):
    central.workbook = workbook(("survey", SURVEY))
    central.fail(401, after=1)
    assert list(adapter.sample(connection, 300))


@pytest.mark.parametrize("body", [b"no workbook", b"PK\x03\x04 and no more", b"\xd0\xcf\x11\xe0"])
def test_what_is_no_workbook_is_refused(central, connection, body):
    central.workbook = body
    with pytest.raises(Fatal) as refused:
        list(adapter.sample(connection, 300))
    assert refused.value.text == "adapters.file-unreadable"


def test_a_workbook_that_swells_when_it_is_unpacked_is_refused(central, connection, monkeypatch):
    monkeypatch.setattr(form, "LARGEST", 2**20)
    with zipfile.ZipFile(packed := BytesIO(), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 2**22)
    central.workbook = packed.getvalue()
    with pytest.raises(Fatal) as refused:
        list(adapter.sample(connection, 300))
    assert refused.value.text == "adapters.file-too-large"


def test_a_stray_cell_far_away_takes_no_memory(central, connection):
    book = Workbook()
    book.active.title = "survey"
    for row in SURVEY:
        book.active.append(row)
    book.active.cell(row=1_000_000, column=16_000, value="x")
    book.save(saved := BytesIO())
    central.workbook = saved.getvalue()
    (survey,) = adapter.sample(connection, 300)
    assert survey.rows[1][:2] == ("text", "code_f") and len(survey.rows) <= 301


def test_a_form_that_is_not_there_is_told(central, connection):
    connection.settings["form"] = "another"
    with pytest.raises(Fatal) as refused:
        list(adapter.sample(connection, 300))
    assert refused.value.text == "odk.form-missing"
