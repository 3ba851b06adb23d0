"""The way back: what became of a referral is told to the tool that the case came from, in its own words and language."""

import time
from collections.abc import Callable
from pathlib import Path

from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from tests.scenarios.conftest import SUBMISSIONS, Stage, pulled
from tests.support import written_registers as register
from tests.support.patience import PATIENCE_S
from tests.support.personas import Resource, outcome

DELIVERED_WITHIN = PATIENCE_S


def wait_for(happened: Callable[[], bool], what: str) -> None:
    ends = time.monotonic() + DELIVERED_WITHIN
    while time.monotonic() < ends:
        if happened():
            return
        time.sleep(0.1)
    raise AssertionError(f"{what} did not happen within {DELIVERED_WITHIN:.0f} s")


def complete(stage: Stage, association: str, survivor_code: str, came_of_it: str) -> Resource:
    (task,) = stage.cast[association].referrals(survivor_code)
    reference = f"Task/{task['id']}"
    assert stage.hospital.change(reference, status="accepted").status == 200
    done = stage.hospital.change(reference, status="completed", output=outcome(came_of_it))
    assert done.status == 200
    return task


def follow_up(folder: Path) -> Worksheet | None:
    path = folder / "follow-up" / "yasmine" / "yasmine-register.xlsx"
    if not path.exists():
        return None
    book = load_workbook(path)
    sheet: Worksheet = book.worksheets[0]
    return sheet


def row_of(sheet: Worksheet | None, task: Resource) -> dict[str, str]:
    """Header → cell, as a person of the association reads them."""
    if sheet is None:
        return {}
    rows = list(sheet.iter_rows(values_only=True))
    headers = next((row for row in rows if "نتيجة الإحالة" in row), ())
    found = next((row for row in rows if row[0] == task["id"]), ())
    return {str(header): str(cell) for header, cell in zip(headers, found, strict=False) if header and cell}


def test_the_arabic_register_gets_the_outcome_in_a_follow_up_register_of_its_own(stage: Stage) -> None:
    register_before = (stage.deployment.folder / "registers" / "yasmine.xlsx").read_bytes()
    task = complete(stage, "yasmine-psy", register.survivor_code(1, "YAS"), "service-provided")
    folder = stage.deployment.folder
    wait_for(lambda: "نتيجة الإحالة" in row_of(follow_up(folder), task), "the outcome in the follow-up register")

    sheet = follow_up(folder)
    assert sheet is not None
    assert sheet.sheet_view.rightToLeft
    row = row_of(sheet, task)
    assert row["رقم الملف"] == f"1/{register.VISIT.year}"
    assert row["الخدمة المطلوبة"] == "طبي"
    assert row["الجهة المحال إليها"]
    assert row["نتيجة الإحالة"] == "قُدمت الخدمة"
    for cells in sheet.iter_rows():
        for cell in cells:
            assert cell.data_type in {"s", "n"} and not isinstance(cell.value, int | float), cell.coordinate
            assert not (isinstance(cell.value, str) and cell.value[:1] in "=+-@") or cell.quotePrefix, cell.coordinate
    assert "اسم مخترع" not in str(list(sheet.iter_rows(values_only=True)))
    assert (folder / "registers" / "yasmine.xlsx").read_bytes() == register_before, "a register is never written to"


def test_the_kobo_project_gets_the_outcome_and_the_next_pull_knows_its_own_echo(stage: Stage) -> None:
    number = SUBMISSIONS[0]
    version = stage.kobo.submission(number)["_uuid"]
    complete(stage, "zahra-ecoute", register.survivor_code(number, "ZAH"), "partly-provided")
    wait_for(lambda: "suivi/resultat" in stage.kobo.submission(number), "the write-back")
    written = stage.kobo.submission(number)
    assert written["_uuid"] != version, "a write-back is a new version of the submission"
    assert written["suivi/statut_reference"] == "realisee"
    assert written["suivi/resultat"] == "Service rendu en partie"

    echo = pulled(stage.deployment, "zahra-kobo")
    assert echo["read"] >= 1
    assert (echo["created"], echo["updated"], echo["quarantined"]) == (0, 0, 0)
    assert echo["unchanged"] == echo["read"]


def test_a_real_edit_after_the_write_back_is_still_an_edit(stage: Stage) -> None:
    number = SUBMISSIONS[1]
    complete(stage, "zahra-ecoute", register.survivor_code(number, "ZAH"), "service-provided")
    wait_for(lambda: "suivi/resultat" in stage.kobo.submission(number), "the write-back")
    stage.kobo.edit([number], {"identite/province": "rabat"})
    edited = pulled(stage.deployment, "zahra-kobo")
    assert (edited["created"], edited["updated"], edited["quarantined"]) == (0, 1, 0)
    (survivor,) = [
        one["for"]["reference"] for one in stage.cast["zahra-ecoute"].referrals(register.survivor_code(number, "ZAH"))
    ]
    assert stage.cast["zahra-ecoute"].read(survivor).body["address"][0]["state"] == "MA-RAB"
