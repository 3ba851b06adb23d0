"""A register whose header stands in two languages: from the file to a mapping to what `hub pull` reads. No row of the header is a
record, and no record is taken for one."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from openpyxl import Workbook

from hub.texts import LANGUAGES
from tests.support.command_line import Command
from tests.support.two_languages import ARABIC, FRENCH, GROUPS, NOTE, ROWS

MERGED = ("C3:F3", "G3:H3", "I3:O3")
WITHOUT_RISK = (*FRENCH[:11], "", *FRENCH[12:])
IN_WORDS = ("AM-24-030", "", "Z.M", "", "mariée", "deux", "physique", "mari", "E", "CHR", "", "", "oui", "neuf", "rien")


def saved(hub: Command, rows: Sequence[Sequence[str]], merged: Sequence[str] = ()) -> str:
    book = Workbook()
    sheet = book.worksheets[0]
    for row in rows:
        sheet.append([cell or None for cell in row])
    for area in merged:
        sheet.merge_cells(area)
    (hub.home / "registers").mkdir(exist_ok=True)
    book.save(hub.home / "registers" / "network.xlsx")
    return str(hub.home / "registers" / "network.xlsx")


def connect(hub: Command) -> None:
    lines = ["organization: example-association", "adapter: spreadsheet", "mapping: spreadsheet/our-register"]
    lines += ["settings:", "  path: registers/network.xlsx", ""]
    (hub.home / "connections" / "network.yaml").write_text("\n".join(lines), "utf-8")


def mapping_file(hub: Command) -> Path:
    return hub.home / "mappings" / "spreadsheet" / "our-register" / "mapping.yaml"


@pytest.mark.parametrize(
    ("header", "merged"),
    [
        ((NOTE, (), ARABIC, FRENCH), ()),
        ((NOTE, (), FRENCH, ARABIC), ()),
        ((NOTE, (), GROUPS, ARABIC, FRENCH), MERGED),
        ((NOTE, ARABIC, WITHOUT_RISK), ()),
        ((NOTE, WITHOUT_RISK, ARABIC), ()),
    ],
    ids=["Arabic above", "French above", "headings above both", "a gap below", "a gap above"],
)
def test_no_row_of_the_header_is_a_record(hub: Command, header: Sequence[Sequence[str]], merged: Sequence[str]) -> None:
    path = saved(hub, (*header, *ROWS), merged)
    told = hub.json("mapping", "scaffold", path)
    found = {one["header"]: one["column"] for one in told["columns"]}
    assert found.get("درجة الخطر", found.get("Niv danger (1-3)")) == "urgency"
    assert not told["header_again"]
    connect(hub)
    assert hub.json("check")["ok"]
    (pulled,) = hub.json("pull", "network", "--dry-run")
    seen = hub.json("mapping", "preview", "spreadsheet/our-register", path, "--rows", "20")
    assert [one["place"] for one in seen] == [f"sheet 1, row {len(header) + at + 1}" for at in range(len(ROWS))]
    assert pulled["read"] == len(ROWS)
    assert not [issue for one in seen for issue in one["issues"] if issue["text"].startswith("adapters.")]


def test_both_texts_of_each_column_stand_in_the_mapping(hub: Command) -> None:
    hub("mapping", "scaffold", saved(hub, (ARABIC, FRENCH, *ROWS)))
    written = mapping_file(hub).read_text("utf-8")
    assert all(f'"{text}"' in written for text in (*ARABIC, *FRENCH))
    assert 'urgency: {headers: {ar: ["درجة الخطر"], fr: ["Niv danger (1-3)"]}' in written


@pytest.mark.parametrize("first", [IN_WORDS, ("AM-24-030", "29/02/2024", *IN_WORDS[2:])])
def test_a_first_record_in_the_other_language_is_read(hub: Command, first: Sequence[str]) -> None:
    hub("mapping", "scaffold", saved(hub, (ARABIC, first, *ROWS)))
    assert "neuf" not in mapping_file(hub).read_text("utf-8")
    connect(hub)
    (pulled,) = hub.json("pull", "network", "--dry-run")
    assert pulled["read"] == len(ROWS) + 1


@pytest.mark.parametrize("speaks", LANGUAGES)
def test_what_may_be_a_header_is_asked_about_and_shows_no_cell(hub: Command, speaks: str) -> None:
    rows = (
        ("الاسم الكامل", "المدينة", "نوع العنف", "الطلب", "الحالة العائلية"),
        ("Zineb Marquée", "Agadir", "psychologique", "écoute", "mariée"),
        ("Fatima Marquée", "Taroudant", "physique", "juridique", "divorcée"),
    )
    told = hub("mapping", "scaffold", saved(hub, rows), language=speaks)
    said = {"ar": "بلغة أخرى", "fr": "dans une autre langue", "en": "in another language"}[speaks]
    written = mapping_file(hub).read_text("utf-8")
    assert said in told.stderr and said in written.splitlines()[2]
    assert "Marquée" not in told.output + written and "Agadir" not in written
