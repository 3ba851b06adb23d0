"""She declines to be referred: from the row of a register to what remains of it, which is hers and a number."""

import csv
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.spreadsheet import adapter
from hub import mapping
from hub.errors import HubError
from hub.exchange.pull import pull
from hub.exchange.receipt import Receipt
from hub.exchange.statistics import statistics
from hub.fhir.references import reference
from hub.ports import Connection
from hub.referral.reporting import Reporting, report
from tests.hub.exchange.test_exchange_unchanged_no import COUNTED
from tests.support.association import ASSOCIATION, ROW, Scene, court, hospital

HEADERS = {
    "case_number": "N° dossier", "visit_date": "Date d'accueil", "survivor_code": "Code bénéficiaire", "full_name": "Nom et prénom",
    "cin": "CIN", "phone": "Téléphone", "birth_date": "Date de naissance", "province": "Province", "violence_types": "Type de violence",
    "request": "Demande", "referred_to": "Orientée vers", "urgency": "Urgence", "consent": "Consentement",
    "consent_date": "Date du consentement", "remarks": "Observations", "may_be_counted": "Statistiques",
}  # fmt: skip
HERS = ("Patient", "EpisodeOfCare", "Observation", "ServiceRequest", "Consent", "Task", "Provenance")
MARKS = (ROW["full_name"], ROW["cin"], ROW["phone"], ROW["survivor_code"], ROW["remarks"])


@pytest.fixture
def register(at: Scene, tmp_path: Path) -> "Register":
    (tmp_path / "mapping.yaml").write_text(COUNTED, "utf-8")
    return Register(at, tmp_path)


class Register:
    """The file of an association that asks, too, whether she may be counted."""

    def __init__(self, at: Scene, folder: Path) -> None:
        self.at, self.path = at, folder / "register.csv"
        self.form = mapping.load(str(folder / "mapping.yaml"))
        self.connection = Connection(
            "register", ASSOCIATION, "spreadsheet", self.form.id, {"path": "register.csv"}, folder, self.form.layout(),
            lambda _: "",
        )  # fmt: skip

    def says(self, answer: str) -> Receipt:
        row = ROW | {"consent": answer, "may_be_counted": "oui"}
        with self.path.open("w", encoding="utf-8", newline="") as file:
            write = csv.writer(file, delimiter=";").writerow
            write(HEADERS.values())
            write([row[name] for name in HEADERS])
        return pull(self.connection, adapter, self.form, hub=self.at.hub)

    def sent(self) -> tuple[int | None, str]:
        """How many referrals of June the report tells, and all that it says."""
        self.at.clock.at = datetime(2026, 7, 1, tzinfo=UTC)
        found = statistics(ASSOCIATION, 2026, 6, hub=replace(self.at.hub, reporting=Reporting(1, 1)))
        return found.groups[0].whole, repr(report(found, "MA-CAS"))


def seen_by_others(at: Scene) -> list[str]:
    """What anybody but her association reads or finds, of all that is kept of her."""
    others, found = (hospital(), court(), hospital("HRESCH")), []
    for one in (resource for type_ in HERS for resource in at.all(type_)):
        for caller in others:
            try:
                found.append(at.read(reference(one), caller).text)
            except HubError:
                continue
    return found + [view.text for type_ in HERS for by in others for view in at.search(type_, by).entries]


def test_of_a_row_in_which_she_declines_nothing_leaves_and_nobody_is_asked(register: Register) -> None:
    told, at = register.says("refuse"), register.at
    assert (told.created, told.rejected, dict(told.referrals)) == (1, (), {})
    (need,) = at.all("ServiceRequest")
    assert "performer" not in need
    assert at.all("Task") == []
    assert seen_by_others(at) == []
    assert [one for name in HERS for one in at.all(name) if at.keys(one)] == []
    assert register.sent()[0] == 0, "a referral that was never made"


def test_who_declines_once_it_was_sent_is_counted_and_nothing_else_is_left_of_it_outside(register: Register) -> None:
    register.says("oui")
    at = register.at
    assert len(seen_by_others(at)) == 2, "the notice, read and found"
    register.says("refuse")
    assert at.one("Task")["status"] == "cancelled"
    assert seen_by_others(at) == []
    whole, said = register.sent()
    assert whole == 1
    identifying = [*MARKS, *(one["id"] for type_ in HERS for one in at.all(type_))]
    assert [mark for mark in identifying if mark in said] == []


def test_who_declines_and_does_not_wish_to_be_counted_is_in_no_number(register: Register) -> None:
    register.says("oui")
    register.says("refuse")
    assert register.sent()[0] == 1
    row = register.path.read_text("utf-8").replace(";oui\n", ";non\n").replace(";oui\r\n", ";non\r\n")
    register.path.write_text(row, "utf-8")
    pull(register.connection, adapter, register.form, hub=register.at.hub)
    assert register.sent()[0] == 0
