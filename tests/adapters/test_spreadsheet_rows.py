"""What is a record, and which one it is."""

from datetime import date

from adapters.spreadsheet import adapter
from hub.ports import Layout

HEADER = ("N° dossier", "Date d'accueil", "Code", "Nom et prénom", "Téléphone", "Âge", "Demande")
ROW = ("1/2026", date(2026, 3, 12), "A-1", "Aïcha Bennani", "0612345678", 24, "médical")
OTHER = ("2/2026", date(2026, 3, 13), "A-2", "Salma Tazi", "0622345678", 31, "juridique")


def test_blank_rows_totals_and_numbers_written_in_advance_are_no_records(save, connect, read):
    save(
        Registre=[
            HEADER,
            ROW,
            [],
            ["  "],
            OTHER,
            ["Total", 2, None, None, None, 55],
            ["3/2026"],
            ["المجموع :", 2],
            ["TOTAUX 2026", 4],
        ]
    )
    assert [record.place.row for record in read(connect())] == [2, 5]


def test_a_remark_that_begins_with_total_is_still_a_record(save, connect, read):
    save(Registre=[HEADER, ROW, ("12", date(2026, 3, 13), "A", "Total", "06", 3, "x")])
    assert len(read(connect())) == 2


def test_the_id_stays_when_the_row_is_edited_and_the_version_changes(save, connect, read):
    save(Registre=[HEADER, ROW])
    (before,) = read(connect())
    save(Registre=[HEADER, OTHER, (*ROW[:5], 25, ROW[6])])
    after = next(record for record in read(connect()) if record.id == before.id)
    assert after.version != before.version
    assert after.place.row == 3


def test_the_version_stays_when_columns_and_rows_only_move(save, connect, read):
    save(Registre=[HEADER, ROW, OTHER])
    before = {record.id: record.version for record in read(connect())}
    save(Registre=[["Titre"], HEADER[::-1], OTHER[::-1], [], ROW[::-1]])
    assert {record.id: record.version for record in read(connect())} == before


def test_an_id_folds_digits_and_letters(save, connect, read):
    save(Registre=[HEADER, ("١/٢٠٢٦", *ROW[1:])])
    assert read(connect())[0].id == "1/2026|2026-03-12"


def test_a_number_given_twice_blocks_the_second_row_and_leaves_the_first(save, connect, read):
    save(Registre=[HEADER, ROW, (ROW[0], ROW[1], *OTHER[2:]), OTHER])
    first, second, third = read(connect())
    assert not first.issues and not third.issues
    (issue,) = second.issues
    assert (issue.text, issue.code, issue.blocks) == ("adapters.duplicate-key", "duplicate", True)
    assert issue.column == "N° dossier + Date d'accueil"
    assert second.id not in {first.id, third.id}


def test_a_copy_of_a_row_is_read_once(save, connect, read):
    save(Mars=[HEADER, ROW, ROW], Copie=[HEADER, ROW, OTHER])
    assert [record.content["case_number"] for record in read(connect())] == ["1/2026", "2/2026"]


def test_the_ids_of_duplicates_stay_from_pull_to_pull(save, connect, read):
    twin = (ROW[0], ROW[1], *OTHER[2:])
    save(Registre=[HEADER, ROW, twin, (*twin[:5], 99, "x")])
    first, again = read(connect()), read(connect())
    assert [record.id for record in first] == [record.id for record in again]
    assert len({record.id for record in first}) == 3


def test_a_row_without_its_number_is_read_with_a_warning_and_known_again_by_date_and_code(save, connect, read):
    save(Registre=[HEADER, (None, *ROW[1:])])
    (before,) = read(connect())
    assert [(issue.text, issue.blocks) for issue in before.issues] == [("adapters.no-key", False)]
    save(Registre=[HEADER, (None, *ROW[1:5], 25, ROW[6])])
    assert read(connect())[0].id == before.id


def test_two_women_without_number_and_code_are_never_taken_for_one(save, connect, read):
    anonymous = (None, date(2026, 3, 12), None, None, None, 24, "médical")
    save(Registre=[HEADER, anonymous, anonymous])
    first, second = read(connect())
    assert first.id != second.id


def test_a_handle_finds_the_row_again_and_names_no_one(save, connect, read):
    save(Registre=[HEADER, ROW])
    assert read(connect())[0].handle == {"case_number": "1/2026"}
    named = Layout(connect().layout.columns, key=("full_name", "phone"))
    save(Registre=[HEADER[1:], ROW[1:]])
    assert read(connect(layout=named))[0].handle == {"survivor_code": "A-1"}
    save(Registre=[HEADER[3:], ROW[3:]])
    assert read(connect(layout=named))[0].handle == {"sheet": "1", "row": "2"}


def test_the_same_file_twice_gives_nothing_the_second_time(save, connect, reach):
    save(Registre=[HEADER, ROW])
    assert list(adapter.pull(connect(), reach(connect()))) == []


def test_a_watermark_ends_with_the_content_or_the_way_of_reading_and_not_with_the_name(save, connect, reach, tmp_path):
    path = save(Registre=[HEADER, ROW])
    reached = reach(connect())
    path.rename(tmp_path / "Aïcha Bennani.xlsx")
    assert list(adapter.pull(connect("Aïcha Bennani.xlsx"), reached)) == []
    assert "Bennani" not in reached.value
    other = Layout({**connect().layout.columns, "remarks": ("Observations",)}, key=("case_number",))
    assert list(adapter.pull(connect("Aïcha Bennani.xlsx", layout=other), reached)) != []
    save("Aïcha Bennani.xlsx", Registre=[HEADER, OTHER])
    assert list(adapter.pull(connect("Aïcha Bennani.xlsx"), reached)) != []


def test_all_files_of_a_folder_are_read_and_numbered(save, connect, read, tmp_path):
    (tmp_path / "registers").mkdir()
    save("registers/b.xlsx", Registre=[HEADER, OTHER])
    save("registers/a.xlsx", Registre=[HEADER, ROW])
    (tmp_path / "registers" / "~$a.xlsx").write_bytes(b"locked")
    (tmp_path / "registers" / "notes.docx").write_bytes(b"no register")
    assert [str(record.place) for record in read(connect("registers"))] == [
        "sheet 1, row 2, record file 1",
        "sheet 1, row 2, record file 2",
    ]


def test_a_bad_file_never_stops_the_others(save, connect, tmp_path):
    (tmp_path / "registers").mkdir()
    (tmp_path / "registers" / "a.xlsx").write_bytes(b"PK\x03\x04 cut off")
    save("registers/b.xlsx", Registre=[HEADER, ROW])
    pulled = adapter.pull(connect("registers"), None)
    assert next(pulled).content["case_number"] == "1/2026"
    try:
        rest = list(pulled)
    except Exception as failure:
        rest = [failure]
    assert [getattr(one, "text", one) for one in rest] == ["adapters.file-unreadable"]
