"""Another file under the register's path: nothing of it comes in, nothing that is there goes, and whoever looks is asked about it."""

from pathlib import Path
from typing import Final

import pytest

from hub.texts import LANGUAGES, say
from tests.support.command_line import Command, marks_in

REGISTER: Final = "N° fiche;Date;Nom et prénom;Code;Demande\n1;25/01/2026;Zineb Marquée;AR-1;juridique\n"
STRANGERS: Final = "Date;Code;Nom et prénom;Téléphone\n05/01/2026;B-7;Fatima Marquée;0611111111\n"
MAPPING: Final = """
extends: spreadsheet/register-fr
id: spreadsheet/our-register
version: "0.1.0"
title: {ar: "سجلنا", fr: "notre registre", en: "our register"}
columns:
"""
NUMBERED: Final = '  case_number: {headers: {fr: ["N° fiche"]}}\n'
DATED: Final = '  visit_date: {headers: {fr: ["Date"]}}\n'
CONNECTION: Final = """
organization: example-association
adapter: spreadsheet
mapping: spreadsheet/our-register
settings: {path: register.csv, snapshot: true}
"""


@pytest.fixture
def register(hub: Command) -> Path:
    write(hub, NUMBERED + DATED)
    (hub.home / "connections" / "register.yaml").write_text(CONNECTION, "utf-8")
    path = hub.home / "register.csv"
    path.write_text(REGISTER, "utf-8")
    return path


def write(hub: Command, columns: str) -> None:
    folder = hub.home / "mappings" / "spreadsheet" / "our-register"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mapping.yaml").write_text(MAPPING + columns, "utf-8")


@pytest.mark.parametrize("speaks", LANGUAGES)
def test_of_another_file_nothing_is_stored_and_nothing_is_withdrawn_for_it(
    register: Path, hub: Command, speaks: str
) -> None:
    assert hub("pull", "register").exit_code == 0
    before = hub.json("status")["stored"]
    register.write_text(STRANGERS, "utf-8")
    told, *_ = say("adapters.key-missing", speaks, columns="|").split("|")
    for command in (
        ("pull", "register"),
        ("pull", "register", "--accept-withdrawals"),
        ("connection", "check", "register"),
        ("mapping", "preview", "spreadsheet/our-register", str(register), "--organization", "example-association"),
    ):
        shown = hub(*command, language=speaks)
        assert shown.exit_code == 1, command
        assert told in flat(shown.output), command
        assert "case_number (N° fiche, N° dossier," in flat(shown.output)
        assert marks_in(shown.output) == []
    stored = hub.json("status")["stored"]
    assert stored | {"AuditEvent": 0} == before | {"AuditEvent": 0}
    assert stored["Patient"] == 1
    assert hub.json("quarantine", "list") == []


def test_a_register_whose_mapping_has_no_such_column_is_read_with_the_key_that_it_inherits(
    register: Path, hub: Command
) -> None:
    write(hub, DATED)
    register.write_text(STRANGERS, "utf-8")
    assert hub("pull", "register").exit_code == 0
    assert hub.json("status")["stored"]["Patient"] == 1


def test_a_key_that_the_mapping_says_itself_must_be_there_whoever_named_its_column(
    register: Path, hub: Command
) -> None:
    write(hub, DATED + "key: [survivor_code]\n")
    assert hub("pull", "register").exit_code == 0
    register.write_text(REGISTER.replace("Code", "Casier"), "utf-8")
    refused = hub("pull", "register")
    assert refused.exit_code == 1
    assert "survivor_code (" in refused.output


def flat(shown: str) -> str:
    """Without the folds of a table's cells."""
    return " ".join(word for word in shown.split() if word not in {"│", "┃"})
