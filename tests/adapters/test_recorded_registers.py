"""The same small register as Excel, an old Excel and LibreOffice write it, with all that such a file holds beside the cells.

`adapters/spreadsheet/recorded`: a merged title, a line of totals, a hidden sheet of lists, a name of which half is bold, rows that
are repeated to the end of the sheet; text files in the encodings of a French and of an Arabic Windows.
"""

import contextlib
import json
import random
import zipfile
from datetime import date
from pathlib import Path

import pytest

from adapters import spreadsheet
from adapters.spreadsheet import extents
from hub import mapping
from hub.errors import AdapterError
from hub.mapping import Context
from hub.ports import Connection, SourceRecord, Watermark
from tests.support.budget import examples

FOLDER = Path(str(spreadsheet.__file__)).parent / "recorded"
NAMES = ("excel.xlsx", "excel-97.xls", "libreoffice.ods", "excel-fr.csv", "excel-ar.csv")
CONTEXT = Context("association", lambda text: text, date(2026, 11, 23))
EXAMPLES = examples(30, 1_000)


def pulled(path, language="fr"):
    form = mapping.load(f"spreadsheet/register-{language}")
    said = {"path": path.name}
    to = Connection("c", "association", "spreadsheet", form.id, said, path.parent, form.layout(), lambda _: "")
    return form, list(spreadsheet.adapter.pull(to, None))


def told(name):
    """Of each woman: name, day of the visit, age, telephone and what she asks for."""
    form, found = pulled(FOLDER / name, "ar" if name == "excel-ar.csv" else "fr")
    records = [one for one in found if isinstance(one, SourceRecord)]
    assert isinstance(found[-1], Watermark)
    issues = [issue for one in records for issue in (*one.issues, *form.forward(one, CONTEXT).issues)]
    assert not [one for one in issues if one.blocks]
    drafts = [form.forward(one, CONTEXT).drafts for one in records]
    return [sorted(draft.resource["resourceType"] for draft in one) for one in drafts], [
        dict(one.content) for one in records
    ]


def test_every_file_of_the_folder_is_read_here():
    assert {file.name for file in FOLDER.iterdir()} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_register_says_the_same_whichever_program_wrote_it(name):
    types, contents = told(name)
    expected_types, expected = told("excel.xlsx")
    assert types == expected_types and len(contents) == 2
    assert [one["full_name"] for one in expected] == ["Fictive Aïcha", "Fictive Nadia"]
    days = {"2026-03-12": "12/03/2026", "2026-03-13": "13/03/2026"}
    for mine, theirs in zip(contents, expected, strict=True):
        assert mine.keys() == theirs.keys()
        words = {"full_name", "request", "consent"} if name == "excel-ar.csv" else set()
        for column, text in theirs.items():
            if column not in words:
                assert mine[column] in {text, days.get(text, text)}, column


def test_a_register_in_arabic_is_read_in_the_letters_that_were_written():
    _, contents = told("excel-ar.csv")
    assert [one["full_name"] for one in contents] == ["خيالية عائشة", "خيالية نادية"]


def test_a_register_as_excel_writes_it_says_the_same_row_by_row(monkeypatch):
    held = told("excel.xlsx")
    monkeypatch.setattr(extents, "HELD_CELLS", 10)
    assert told("excel.xlsx") == held


@pytest.mark.parametrize("limit", [10, extents.HELD_CELLS])
@pytest.mark.parametrize("seed", range(EXAMPLES))
def test_a_workbook_with_characters_changed_is_read_or_refused(tmp_path, monkeypatch, seed, limit):
    monkeypatch.setattr(extents, "HELD_CELLS", limit)
    chance = random.Random(seed)
    with zipfile.ZipFile(FOLDER / "excel.xlsx") as whole:
        parts = {name: bytearray(whole.read(name)) for name in whole.namelist()}
    part = parts[chance.choice([name for name in parts if name.startswith("xl/")])]
    for _ in range(chance.choice((1, 2, 5))):
        part[chance.randrange(len(part))] = chance.choice(b'<>/"=&0159azAZ ')
    with zipfile.ZipFile(tmp_path / "register.xlsx", "w") as spoilt:
        for name, content in parts.items():
            spoilt.writestr(name, bytes(content))
    with contextlib.suppress(AdapterError):
        _, found = pulled(tmp_path / "register.xlsx")
        for one in found:
            if isinstance(one, SourceRecord):
                assert one.id and one.version
                assert "Aïcha" not in f"{one!r} {one.place} {dict(one.handle)} {json.dumps(one.version)}"
