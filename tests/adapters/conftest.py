"""Connections, small registers and a running KoboToolbox stand-in for the adapters' tests."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from adapters.kobo import adapter as kobo
from adapters.spreadsheet import adapter as spreadsheet
from demo.kobo_server import KoboServer, Project
from demo.registers import kobo_submissions
from hub.ports import Connection, Layout, SourceRecord, Watermark

COLUMNS = {
    "case_number": ("N° dossier", "رقم الملف"),
    "visit_date": ("Date d'accueil", "Date", "تاريخ الاستقبال"),
    "survivor_code": ("Code", "الرمز"),
    "full_name": ("Nom et prénom", "الاسم الكامل"),
    "phone": ("Téléphone", "الهاتف"),
    "age": ("Âge", "السن"),
    "request": ("Demande", "الطلب"),
    "referral_status": ("Statut de l'orientation", "وضعية الإحالة"),
    "appointment": ("Rendez-vous", "الموعد"),
}
LAYOUT = Layout(
    COLUMNS, frozenset({"visit_date"}), ("case_number", "visit_date"), None, ("referral_status", "appointment")
)
HEADER = ("N° dossier", "Date d'accueil", "Code", "Nom et prénom", "Téléphone", "Âge", "Demande")
ROW = ("1/2026", date(2026, 3, 12), "A-1", "Aïcha Bennani", "0612345678", 24, "médical")

Row = Sequence[Any]


@pytest.fixture
def connect(tmp_path: Path) -> Callable[..., Connection]:
    """A spreadsheet connection in the test's own folder."""

    def make(path: str = "register.xlsx", layout: Layout = LAYOUT, **settings: Any) -> Connection:
        return Connection(
            "register", "association", "spreadsheet", "form", {"path": path, **settings}, tmp_path, layout, lambda _: ""
        )

    return make


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    """Write a workbook: each sheet a list of rows; a name that begins with `-` hides its sheet."""

    def write(name: str = "register.xlsx", **sheets: Sequence[Row]) -> Path:
        book = Workbook()
        book.remove(book.worksheets[0])
        for title, rows in sheets.items():
            sheet = book.create_sheet(title.removeprefix("hidden_"))
            if title.startswith("hidden_"):
                sheet.sheet_state = "hidden"
            for row in rows:
                sheet.append(list(row))
        book.save(tmp_path / name)
        return tmp_path / name

    return write


@pytest.fixture
def read() -> Callable[[Connection], list[SourceRecord]]:
    """The records of a pull from the beginning."""

    def pull(connection: Connection) -> list[SourceRecord]:
        adapter = kobo if connection.adapter == "kobo" else spreadsheet
        return [one for one in adapter.pull(connection, None) if isinstance(one, SourceRecord)]

    return pull


@pytest.fixture
def reach() -> Callable[[Connection], Watermark]:
    """The last watermark of a pull from the beginning."""

    def pull(connection: Connection) -> Watermark:
        adapter = kobo if connection.adapter == "kobo" else spreadsheet
        return [one for one in adapter.pull(connection, None) if isinstance(one, Watermark)][-1]

    return pull


@pytest.fixture
def project() -> Project:
    """A KoboToolbox project of 140 submissions."""
    return Project("aZahraIntake", "a-token", kobo_submissions(until=date(2026, 6, 30)))


@pytest.fixture
def server(project: Project) -> Iterator[KoboServer]:
    with KoboServer(project).running() as running:
        yield running


@pytest.fixture
def kobo_connection(server: KoboServer, tmp_path: Path) -> Callable[..., Connection]:
    """A connection to the running project."""

    def make(token: str = "a-token", **settings: Any) -> Connection:
        layout = Layout({}, follow_up=("suivi/statut_reference", "suivi/resultat"))
        asked = {"url": server.url, "asset": "aZahraIntake", **settings}
        return Connection("project", "association", "kobo", "form", asked, tmp_path, layout, lambda _: token)

    return make
