"""The follow-up register, read as the association's secretary reads it."""

import re

import pytest
from openpyxl import Workbook, load_workbook

from adapters.spreadsheet import adapter
from adapters.spreadsheet import push as pushing
from hub.errors import Fatal, Retriable
from hub.ports import Complete, FollowUp, SourceRecord, Watermark


def follow_up(id_="task-1", number="12/2026", **values):
    return FollowUp(
        id_, {"case_number": number}, {"referral_status": "acceptée", "appointment": "15/03/2026 10:30", **values}
    )


def path_of(connection):
    return connection.folder / "follow-up" / "register.xlsx"


def sheet_of(connection):
    return load_workbook(path_of(connection)).worksheets[0]


def visible(sheet):
    """What stands on the sheet, without its hidden row and column."""
    rows = [
        [cell.value for cell in row if not sheet.column_dimensions[cell.column_letter].hidden]
        for row in sheet.iter_rows()
        if not sheet.row_dimensions[row[0].row].hidden
    ]
    return [row for row in rows if any(row)]


def test_a_follow_up_is_a_row_under_french_headers(connect):
    adapter.push(connect(language="fr"), [follow_up(request="médical", referred_to="CHU Atlas")])
    title, _, header, row = visible(sheet_of(connect()))
    assert title[0] == "Registre de suivi des orientations"
    assert header == ["N° dossier", "Service demandé", "Orientée vers", "Statut de l'orientation", "Rendez-vous"]
    assert row == ["12/2026", "médical", "CHU Atlas", "acceptée", "15/03/2026 10:30"]


def test_the_arabic_register_is_arabic_and_right_to_left(connect):
    adapter.push(connect(language="ar"), [follow_up(referral_status="مقبولة")])
    sheet = sheet_of(connect())
    title, note, header, _ = visible(sheet)
    assert sheet.sheet_view.rightToLeft
    assert header == ["رقم الملف", "وضعية الإحالة", "الموعد"]
    assert all(re.fullmatch(r"[\u0600-\u06ff\s.،؛]+", text) for text in (title[0], note[0], *header))
    assert sheet.freeze_panes == "C5"


def test_the_same_follow_up_twice_is_one_row_and_news_replaces_it(connect):
    connection = connect()
    adapter.push(connection, [follow_up(), follow_up()])
    adapter.push(connection, [follow_up()])
    assert len(visible(sheet_of(connection))) == 4
    adapter.push(connection, [follow_up(referral_status="réalisée", appointment="")])
    assert visible(sheet_of(connection))[3] == ["12/2026", "réalisée", None]


def test_two_referrals_of_one_case_are_two_rows(connect):
    adapter.push(connect(), [follow_up("task-1"), follow_up("task-2")])
    assert [row[0] for row in visible(sheet_of(connect()))[3:]] == ["12/2026", "12/2026"]


def test_only_follow_up_columns_are_written_whatever_a_follow_up_carries(connect):
    adapter.push(connect(), [follow_up(full_name="Aïcha Bennani", phone="0612345678")])
    everything = str([[cell.value for cell in row] for row in sheet_of(connect()).iter_rows()])
    assert "Bennani" not in everything and "0612345678" not in everything


@pytest.mark.parametrize("text", ["=1+1", "+212", "-3", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x","y")', "٣"])
def test_no_cell_is_ever_a_formula(connect, text):
    adapter.push(connect(), [FollowUp("=task", {"case_number": text}, {"referral_status": text, "appointment": text})])
    for row in sheet_of(connect()).iter_rows():
        for cell in row:
            assert cell.value is None or (cell.data_type == "s" and cell.quotePrefix and cell.number_format == "@")


def test_a_case_without_number_is_found_by_sheet_and_row(connect):
    adapter.push(
        connect(language="fr"), [FollowUp("task-1", {"sheet": "3", "row": "14"}, {"referral_status": "reçue"})]
    )
    assert visible(sheet_of(connect()))[3][0] == "feuille 3, ligne 14"


def test_what_the_secretary_adds_stays_and_follows_when_she_sorts(connect):
    connection = connect()
    adapter.push(connection, [follow_up("task-1", "12/2026"), follow_up("task-2", "13/2026")])
    book = load_workbook(path_of(connection))
    sheet = book.worksheets[0]
    sheet.cell(4, sheet.max_column + 1, "Mes notes")
    sheet.cell(5, sheet.max_column, "rappeler lundi")
    for column in range(1, sheet.max_column + 1):  # she sorts: the rows change places
        above, below = sheet.cell(5, column), sheet.cell(6, column)
        above.value, below.value = below.value, above.value
    book.save(path_of(connection))
    adapter.push(connection, [follow_up("task-1", "12/2026", referral_status="réalisée", referred_to="CHU Atlas")])
    header, first, second = visible(sheet_of(connection))[2:]
    assert header == ["N° dossier", "Statut de l'orientation", "Rendez-vous", "Mes notes", "Orientée vers"]
    assert first == ["13/2026", "acceptée", "15/03/2026 10:30", None, None]
    assert second == ["12/2026", "réalisée", "15/03/2026 10:30", "rappeler lundi", "CHU Atlas"]


@pytest.mark.parametrize("mark", ["~$register.xlsx", ".~lock.register.xlsx#"])
def test_a_register_that_is_open_in_a_spreadsheet_program_is_written_later(connect, mark):
    adapter.push(connect(), [follow_up()])
    (path_of(connect()).parent / mark).write_text("open")
    before = path_of(connect()).read_bytes()
    with pytest.raises(Retriable) as later:
        adapter.push(connect(), [follow_up(referral_status="réalisée")])
    assert later.value.text == "adapters.register-open" and later.value.after
    assert path_of(connect()).read_bytes() == before


def test_a_write_that_fails_leaves_the_old_register_whole(connect, monkeypatch):
    adapter.push(connect(), [follow_up()])
    before = path_of(connect()).read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pushing.os, "fsync", full)
    with pytest.raises(Retriable):
        adapter.push(connect(), [follow_up(referral_status="réalisée")])
    assert path_of(connect()).read_bytes() == before
    assert [file.name for file in path_of(connect()).parent.iterdir()] == ["register.xlsx"]


def test_a_register_that_cannot_be_read_is_never_overwritten(connect):
    path_of(connect()).parent.mkdir()
    path_of(connect()).write_bytes(b"something else")
    with pytest.raises(Fatal) as refused:
        adapter.push(connect(), [follow_up()])
    assert refused.value.text == "adapters.register-unreadable"
    assert path_of(connect()).read_bytes() == b"something else"


def test_the_register_is_for_its_owner_alone(connect):
    adapter.push(connect(), [follow_up()])
    assert path_of(connect()).stat().st_mode & 0o077 == 0


def test_nothing_to_say_writes_nothing(connect):
    adapter.push(connect(), [])
    assert not path_of(connect()).exists()


def test_the_follow_up_register_is_not_read_as_a_register(save, connect, read, tmp_path):
    header = ("N° dossier", "Date d'accueil", "Code")
    (tmp_path / "registers").mkdir()
    save("registers/a.xlsx", Registre=[header, ("1", "12/03/2026", "A")])
    connection = connect("registers", output="registers")
    adapter.push(connection, [follow_up()])
    assert len(read(connection)) == 1


OWN = [("N° dossier", "Date d'accueil", "Code"), ("1/2026", "12/03/2026", "A-1"), ("record", "", ""), ("2/2026",)]


@pytest.mark.parametrize(("path", "output"), [("register.xlsx", "."), ("in", "in"), ("in/register.xlsx", "./in")])
def test_the_associations_own_workbook_is_never_written_over_and_the_check_says_so(
    save, connect, tmp_path, path, output
):
    (tmp_path / "in").mkdir()
    own = save("in/register.xlsx" if "in" in path else "register.xlsx", Registre=OWN)
    before = own.read_bytes()
    connection = connect(path, output=output)
    found = [issue for issue in adapter.check(connection) if issue.text == "adapters.register-unreadable"]
    assert len(found) == 1 and found[0].blocks
    with pytest.raises(Fatal) as refused:
        adapter.push(connection, [follow_up()])
    assert refused.value.text == "adapters.register-unreadable"
    assert own.read_bytes() == before


@pytest.mark.parametrize("others", [0, 1])
def test_a_register_that_bears_the_name_of_the_follow_up_register_is_told_at_every_pull(
    save, connect, tmp_path, others
):
    (tmp_path / "in").mkdir()
    own = save("in/register.xlsx", Registre=OWN)
    for number in range(others):
        save(f"in/{number}.xlsx", Registre=[OWN[0], ("9/2026", "12/03/2026", "A-9")])
    connection = connect("in", output="in", snapshot=True)
    for _ in range(2):
        given = []
        with pytest.raises(Fatal) as told:
            given.extend(adapter.pull(connection, None))
        assert told.value.text == "adapters.register-not-read"
        assert not told.value.params, "no name of a file"
    own.rename(tmp_path / "in" / "ours.xlsx")
    assert len([one for one in adapter.pull(connection, None) if isinstance(one, SourceRecord)]) > others


def test_the_other_files_of_such_a_folder_are_read_and_nothing_is_taken_for_gone(save, connect, tmp_path):
    (tmp_path / "in").mkdir()
    save("in/a.xlsx", Registre=[OWN[0], ("9/2026", "12/03/2026", "A-9")])
    connection = connect("in", output="in", snapshot=True)
    before = list(adapter.pull(connection, None))
    reached = before[-1]
    assert isinstance(reached, Watermark) and any(isinstance(one, Complete) for one in before)
    save("in/register.xlsx", Registre=OWN)
    pulled, given = adapter.pull(connection, reached), []
    with pytest.raises(Fatal):
        for one in pulled:
            given.append(one)
    assert [type(one) for one in given] == [SourceRecord]


def test_what_is_to_be_read_is_not_made_by_the_hub_where_it_is_not_there_yet(connect, tmp_path):
    connection = connect("register.xlsx", output=".")
    with pytest.raises(Fatal):
        adapter.push(connection, [follow_up()])
    assert not (tmp_path / "register.xlsx").exists()


def test_a_workbook_without_a_sheet_of_cells_is_not_written_over(connect):
    path_of(connect()).parent.mkdir()
    book = Workbook()
    book.create_chartsheet()
    book.remove(book.worksheets[0])
    book.save(path_of(connect()))
    before = path_of(connect()).read_bytes()
    with pytest.raises(Fatal):
        adapter.push(connect(), [follow_up()])
    assert path_of(connect()).read_bytes() == before


def test_its_own_register_stands_beside_the_sources_and_nothing_is_wrong_with_it(save, connect, tmp_path, read):
    (tmp_path / "in").mkdir()
    save("in/2026.xlsx", Registre=[*OWN[:2]])
    connection = connect("in", output="in")
    for _ in range(2):
        adapter.push(connection, [follow_up()])
        assert not [issue for issue in adapter.check(connection) if issue.blocks]
    assert len(read(connection)) == 1
