"""A header that somebody renames in the register: what came from it stays, and whoever pulls is told so, by the header's name."""

from pathlib import Path

import pytest

from hub.texts import LANGUAGES, say
from tests.support.command_line import MARKS, Command, marks_in

REGISTER = "N° dossier;Date;Nom et prénom;Demande;Envoyée chez\n1;25/01/2026;Zineb Marquée;juridique;Hôpital Exemple\n"
MAPPING = """
extends: spreadsheet/register-fr
id: spreadsheet/our-register
version: "0.1.0"
title: {ar: "سجلنا", fr: "notre registre", en: "our register"}
columns:
  referred_to: {headers: {fr: ["Envoyée chez"]}}
"""
CONNECTION = """
organization: example-association
adapter: spreadsheet
mapping: spreadsheet/our-register
settings: {path: register.csv}
"""


@pytest.fixture
def register(hub: Command) -> Path:
    folder = hub.home / "mappings" / "spreadsheet" / "our-register"
    folder.mkdir(parents=True)
    (folder / "mapping.yaml").write_text(MAPPING, "utf-8")
    (hub.home / "connections" / "register.yaml").write_text(CONNECTION, "utf-8")
    path = hub.home / "register.csv"
    path.write_text(REGISTER, "utf-8")
    return path


@pytest.mark.parametrize("speaks", LANGUAGES)
def test_a_header_that_was_renamed_is_told_and_takes_back_no_referral(
    register: Path, hub: Command, speaks: str
) -> None:
    told = say("adapters.columns-gone", speaks, columns="Envoyée chez").split("(")[0]
    first = hub("pull", "register", language=speaks)
    assert first.exit_code == 0, first.output
    assert told not in flat(first.output)
    before = hub.json("referral", "list")
    assert len(before) == 1
    register.write_text(REGISTER.replace("Envoyée chez", "Structure d'accueil"), "utf-8")
    for command in (("connection", "check", "register"), ("pull", "register")):
        shown = hub(*command, language=speaks)
        assert told in flat(shown.output)
        assert "Envoyée chez" in shown.output
        assert marks_in(shown.output) == []
    assert MARKS
    assert hub.json("referral", "list") == before
    register.write_text(REGISTER.replace("Hôpital Exemple", ""), "utf-8")
    hub("pull", "register", language=speaks)
    assert hub.json("referral", "list") == [], "an empty cell below the header does take it back"


def flat(shown: str) -> str:
    """Without the folds of a table's cells."""
    return " ".join(word for word in shown.split() if word not in {"│", "┃"})
