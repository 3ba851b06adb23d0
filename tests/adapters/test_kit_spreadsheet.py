"""The door to spreadsheets passes the acceptance kit, with a text file and with a workbook."""

import csv

import pytest
from openpyxl import Workbook, load_workbook

from adapters import spreadsheet
from adapters.acceptance import Acceptance, Case, Scans, WritesBack, read
from demo.registers.french import COLUMNS
from hub.errors import Fatal
from hub.ports import Connection
from tests.support.doors import layout_of, package_folder
from tests.support.written_registers import french_case

NAME, PHONE = "Zineb El Fassi", "0600112233"


class RegisterCase(Case):
    adapter = spreadsheet.adapter
    folder = package_folder(spreadsheet)
    mapping = "spreadsheet/register-fr"
    marks = (NAME, PHONE)

    def __init__(self, folder):
        self.place = folder
        self.rows = [list(self._row(number).values()) for number in range(1, 9)]
        self.write()

    def _row(self, number):
        cells = french_case(number, full_name=f"{NAME} {number}", phone=PHONE)
        return {column: cells.get(column, "") for column in COLUMNS}

    def connection(self, **settings):
        asked = {"path": self.name, "snapshot": True, **settings}
        layout = layout_of(self.mapping)
        return Connection("c", "association", "spreadsheet", self.mapping, asked, self.place, layout, lambda _: "")

    def add(self):
        self.rows.append(list(self._row(len(self.rows) + 20).values()))
        self.write()

    def edit(self):
        self.rows[3][list(COLUMNS).index("request")] = "juridique"
        self.write()

    def delete(self):
        del self.rows[2]
        self.write()

    def told(self):
        written = self.place / "follow-up" / "c.xlsx"
        if not written.exists():
            return None
        return [[cell.value for cell in row] for row in load_workbook(written).worksheets[0].iter_rows()]


class CsvCase(RegisterCase):
    """Text both ways."""

    name = "register.csv"

    def connection(self, **settings):
        return super().connection(output_format="csv", **settings)

    def told(self):
        written = self.place / "follow-up" / "c.csv"
        if not written.exists():
            return None
        return list(csv.reader(written.read_text("utf-8-sig").splitlines(), delimiter=";"))

    def write(self):
        with (self.place / self.name).open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file, delimiter=";").writerows([list(COLUMNS.values()), *self.rows])

    def spoil(self):
        self.rows[4] += ["", "", f"{NAME} {PHONE}"]
        self.write()


class WorkbookCase(RegisterCase):
    name = "register.xlsx"

    def write(self):
        book = Workbook()
        for row in [list(COLUMNS.values()), *self.rows]:
            book.worksheets[0].append(row)
        book.save(self.place / self.name)

    def spoil(self):
        self.rows[4][list(COLUMNS).index("phone")] = 2.12613e15
        self.write()


class TestText(Acceptance, Scans, WritesBack):
    @pytest.fixture
    def case(self, tmp_path):
        return CsvCase(tmp_path)


class TestWorkbook(Acceptance, Scans, WritesBack):
    @pytest.fixture
    def case(self, tmp_path):
        return WorkbookCase(tmp_path)


@pytest.fixture
def register(tmp_path):
    return CsvCase(tmp_path)


def test_a_file_that_is_not_declared_a_snapshot_proves_nothing_gone(register):
    pulled = list(register.adapter.pull(register.connection(snapshot=False), None))
    assert {type(one).__name__ for one in pulled} == {"SourceRecord", "Watermark"}


def test_a_snapshot_with_a_row_that_cannot_be_trusted_proves_nothing_gone(register):
    assert read(register).complete == {"row"}
    register.spoil()
    assert read(register).complete == set()


def test_a_folder_with_a_file_that_cannot_be_read_proves_nothing_gone(register):
    (register.place / "folder").mkdir()
    (register.place / register.name).rename(register.place / "folder" / register.name)
    (register.place / "folder" / "z.xlsx").write_bytes(b"PK\x03\x04 not a workbook")
    pulled = []
    with pytest.raises(Fatal):
        for one in register.adapter.pull(register.connection(path="folder"), None):
            pulled.append(one)
    assert {type(one).__name__ for one in pulled} == {"SourceRecord"}
