"""Whatever lies in the folder of registers: never a crash, never half a record, never a name in what is said.

Where a separator is lost and another comes in, a name stands under the header of a code and nothing tells that it does not
belong there: of what is said, such a change is not held to anything. Where digits were looked for, no word is shown.
"""

import csv
import io
import random
import zipfile
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from adapters.spreadsheet import adapter
from demo.registers.french import COLUMNS
from hub import mapping
from hub.errors import AdapterError
from hub.mapping import Context
from hub.ports import Complete, Connection, Present, SourceRecord, Watermark
from tests.support.budget import examples
from tests.support.written_registers import french_case

FORM = mapping.load("spreadsheet/register-fr")
NAME, PHONE = "Zineb El Fassi", "0600112233"
MARKS = (NAME, PHONE, "Zineb", "600112233")
EXAMPLES = examples(60, 3000)


def rows():
    cases = [french_case(number, full_name=NAME, phone=PHONE) for number in range(1, 6)]
    return [list(COLUMNS.values()), *([case.get(column, "") for column in COLUMNS] for case in cases)]


def as_text(cells) -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows(cells)
    return out.getvalue().encode()


def as_workbook(cells) -> bytes:
    book, out = Workbook(), io.BytesIO()
    for row in cells:
        book.worksheets[0].append(row)
    book.save(out)
    return out.getvalue()


def fate(folder, name: str, content: bytes, *, shifted: bool = False) -> list[SourceRecord]:
    """The records of a pull, or none where it ends with a problem that is known."""
    for left in folder.iterdir():
        left.unlink()
    (folder / name).write_bytes(content)
    connection = Connection("c", "a", "spreadsheet", FORM.id, {"path": "."}, folder, FORM.layout(), lambda _: "")
    found = []
    try:
        for one in adapter.pull(connection, None):
            assert isinstance(one, SourceRecord | Watermark | Present | Complete)
            found += [one] if isinstance(one, SourceRecord) else []
    except AdapterError as problem:
        assert not any(mark in f"{problem} {problem.text} {problem.params}" for mark in MARKS)
    for record in found:
        assert record.id and record.version
        mapped = FORM.forward(record, Context("association", lambda _: None, date(2030, 11, 23)))
        said = [f"{one.text} {one.params}" for one in (*record.issues, *mapped.issues)]
        assert not any(mark in f"{record!r} {record.place} {record.version}" for mark in MARKS)
        assert shifted or not any(mark in f"{said}" for mark in MARKS)
    return found


def misspelt(raw: bytes, chance: random.Random) -> bytes:
    """Some of its bytes other ones, and every cell where it was."""
    data = bytearray(raw)
    for at in chance.sample(range(len(data)), 12):
        if data[at] not in b';\r\n"':
            data[at] = chance.choice(b"xyz019\x00\xff\xc3 =/")
    return bytes(data)


def mutated(raw: bytes, chance: random.Random) -> bytes:
    """Some of its bytes changed, cut, doubled or exchanged."""
    data = bytearray(raw)
    for _ in range(chance.randint(1, 4)):
        at, kind = chance.randrange(len(data)), chance.randrange(4)
        if kind == 0:
            data[at] = chance.choice(b'";,\t\r\n\x00\xff\xc3=PK<')
        elif kind == 1:
            del data[at : at + chance.randint(1, 40)]
        elif kind == 2:
            data[at:at] = data[at : at + chance.randint(1, 80)]
        else:
            data[at:at] = bytes(chance.choices(b'";\r\n,', k=chance.randint(1, 4)))
        data = data or bytearray(b"x")
    return bytes(data)


@pytest.mark.parametrize("seed", range(10))
def test_a_register_with_bytes_changed_is_read_or_refused(tmp_path, seed):
    chance = random.Random(seed)
    text, book = as_text(rows()), as_workbook(rows())
    for _ in range(EXAMPLES // 10):
        fate(tmp_path, "register.csv", misspelt(text, chance))
        fate(tmp_path, "register.csv", mutated(text, chance), shifted=True)
        fate(tmp_path, "register.xlsx", mutated(book, chance))


@pytest.mark.parametrize("seed", range(5))
def test_a_workbook_whose_parts_are_changed_is_read_or_refused(tmp_path, seed):
    chance = random.Random(seed)
    book = as_workbook(rows())
    for _ in range(EXAMPLES // 5):
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(book)) as was, zipfile.ZipFile(out, "w") as now:
            spoilt = chance.choice(was.namelist())
            for name in was.namelist():
                now.writestr(name, mutated(was.read(name), chance) if name == spoilt else was.read(name))
        fate(tmp_path, "register.xlsx", out.getvalue())


CELLS = st.text(max_size=25) | st.sampled_from(
    ["=1+1", "2.12613E+11", '"', "\u200f", "١٢/٠٣/٢٠٢٦", "oui", "12/03/2026", "Total"]
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(st.lists(CELLS, min_size=1, max_size=len(COLUMNS) + 2), max_size=6))
def test_whatever_stands_in_the_cells_each_row_is_a_record_or_is_set_aside(tmp_path_factory, cells):
    folder = tmp_path_factory.mktemp("cells")
    (header, known, *_) = rows()
    found = fate(folder, "register.csv", as_text([header, known, *cells]))
    assert len(found) <= len(cells) + 1
    assert any(one.content.get("full_name") == NAME for one in found if not one.issues) or not found or cells


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_no_register_and_break_nothing(tmp_path_factory, raw):
    folder = tmp_path_factory.mktemp("bytes")
    for name in ("register.csv", "register.xlsx", "register.ods", "register.xls"):
        fate(folder, name, raw)
