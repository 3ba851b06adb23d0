"""Questions that `hub mapping scaffold` leaves, answered by a person: at the prompt in her own language, or in the file as it says."""

import re
from pathlib import Path

import openpyxl
import pytest
import yaml
from click.testing import CliRunner, Result

from hub import texts
from hub.__main__ import main
from hub.mapping import load
from tests.support.command_line import MARKS, Command, marks_in

HEADERS = "N° dossier;Date;Nom et prénom;Tél;Demande;Orientée vers"
ROWS = (
    "1;25/01/2026;Zineb Marquée;oui;juridique;Hôpital Exemple",
    "2;26/01/2026;Fatima Marquée;non;écoute;",
    "3;27/01/2026;Fatima Marquée;non;écoute;",
)
KNOWN = "Téléphone"


@pytest.fixture
def register(tmp_path: Path) -> Path:
    path = tmp_path / "register.csv"
    path.write_text("\n".join((HEADERS, *ROWS, "")), "utf-8")
    return path


def asked(hub: Command, register: Path, language: str, answers: str) -> Result:
    line = ["--home", str(hub.home), "--lang", language, "mapping", "scaffold", str(register), "--ask"]
    return CliRunner().invoke(main, line, input=answers)


def mapping_file(hub: Command) -> Path:
    return hub.home / "mappings" / "spreadsheet" / "our-register" / "mapping.yaml"


@pytest.mark.parametrize(
    ("language", "answer"), [("ar", "نعم"), ("ar", "ن"), ("fr", "oui"), ("fr", "O"), ("en", "yes"), ("ar", "y")]
)
def test_a_question_is_answered_in_the_language_in_which_it_is_asked(
    register: Path, unread: Command, language: str, answer: str
) -> None:
    done = asked(unread, register, language, f"{answer}\n")
    assert done.exit_code == 0, done.output
    assert 'phone: {headers: {fr: ["Tél"]}}' in mapping_file(unread).read_text("utf-8")


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_what_is_neither_yes_nor_no_is_asked_again_in_the_same_language(
    register: Path, unread: Command, language: str
) -> None:
    done = asked(unread, register, language, "peut-être\n\n")
    assert done.exit_code == 0, done.output
    assert done.output.count(KNOWN) >= 2  # as people call the column, and not only by its name in the mapping
    why = texts.say("mapping.scaffold-values-contradict", language, read=0, tried=3)
    assert why in done.output.partition("┏")[0]  # with the question, and not only in the table below
    assert texts.say("cli.say-yes-or-no", language) in done.output
    assert "invalid input" not in done.output
    assert 'headers: {fr: ["Tél"]}, ignored: true' in mapping_file(unread).read_text("utf-8")
    assert MARKS
    assert marks_in(done.output) == []


def test_a_question_that_is_answered_in_the_file_as_the_file_says_is_read(register: Path, unread: Command) -> None:
    assert unread("mapping", "scaffold", str(register)).exit_code == 0
    assert "phone" not in expected(unread)
    written = mapping_file(unread).read_text("utf-8")
    answered = re.sub(r"# \? (phone: .*\n).*unmapped_.*\n", r"\1", written)
    assert answered != written
    mapping_file(unread).write_text(answered, "utf-8")
    assert "phone" in expected(unread)
    assert unread.json("check")["ok"]


def expected(hub: Command) -> frozenset[str]:
    return load("spreadsheet/our-register", search=[hub.home / "mappings"]).layout().expected


MARKED = "N° dossier;Date d'accueil;Type de violence;Données de test ?\nD-1;05/01/2026;physique;oui\nD-2;06/01/2026;physique;non\n"


def test_a_column_that_marks_tests_is_in_the_file_as_a_question_and_leaves_nothing_out(
    tmp_path: Path, unread: Command
) -> None:
    (tmp_path / "marked.csv").write_text(MARKED, "utf-8")
    assert unread("mapping", "scaffold", str(tmp_path / "marked.csv")).exit_code == 0
    written = mapping_file(unread).read_text("utf-8")
    assert '# ? left_out: [{column: is_test, equals: "yes"}]' in written
    assert yaml.safe_load(written).keys().isdisjoint({"left_out"})


@pytest.mark.parametrize(("answer", "leaves"), [("yes", 1), ("no", 0)])
def test_a_column_that_marks_tests_leaves_them_out_where_a_person_says_so(
    tmp_path: Path, unread: Command, answer: str, leaves: int
) -> None:
    (tmp_path / "marked.csv").write_text(MARKED, "utf-8")
    assert asked(unread, tmp_path / "marked.csv", "en", f"{answer}\n").exit_code == 0
    said = yaml.safe_load(mapping_file(unread).read_text("utf-8"))
    assert len(said.get("left_out", ())) == leaves
    assert unread.json("check")["ok"]


def test_nothing_is_asked_where_a_mapping_lies_already(register: Path, unread: Command) -> None:
    assert asked(unread, register, "en", "yes\n").exit_code == 0
    mapping_file(unread).write_text("mine", "utf-8")
    out = ["--out", str(mapping_file(unread).parent), "--ask"]
    done = CliRunner().invoke(main, ["--home", str(unread.home), "mapping", "scaffold", str(register), *out])
    assert done.exit_code == 1, done.output
    assert KNOWN not in done.output
    assert mapping_file(unread).read_text("utf-8") == "mine"


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_word_that_waits_for_a_code_is_counted_also_after_an_answer_that_no_list_knows(
    tmp_path: Path, unread: Command, language: str
) -> None:
    path = tmp_path / "register.csv"
    rows = [row.replace("écoute", "tawjih") for row in ROWS]
    path.write_text(
        "\n".join((HEADERS, *rows, *(row.replace("juridique", "écoute") for row in ROWS[:1] * 3), "")), "utf-8"
    )
    done = asked(unread, path, language, "\nblabla\n")
    assert done.exit_code == 0, done.output
    assert texts.say("cli.mapping-scaffold.words", language, count=1) in done.output


def with_signs(tmp_path: Path) -> Path:
    path = tmp_path / "signs.csv"
    headers = "N° dossier;Date d'accueil;Type de violence;Situation familiale"
    path.write_text("\n".join((headers, "1;25/01/2026;1;2", "2;26/01/2026;2;1", "3;27/01/2026;1;1", "")), "utf-8")
    return path


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_word_that_no_list_knows_is_asked_again_with_some_that_are(
    tmp_path: Path, unread: Command, language: str
) -> None:
    done = asked(unread, with_signs(tmp_path), language, "fisique\nphysique\nn'importe\n\nmariée\n\n")
    assert done.exit_code == 0, done.output
    question = texts.say("cli.mapping-scaffold.means", language, header="Type de violence", sign="1")
    assert done.output.count(question) == 2
    hint, _, after = texts.say("cli.mapping-scaffold.not-known", language, known="|").partition("|")
    told = done.output.split(hint)
    assert len(told) == 3
    assert "physique" in told[1].partition(after)[0]
    assert "fisique" not in told[1].partition(after)[0]
    maps = "".join(path.read_text("utf-8") for path in mapping_file(unread).parent.glob("*.json"))
    assert "physical-assault" in maps and "fisique" not in maps
    assert texts.say("cli.mapping-scaffold.words", language, count=2) in done.output  # those that were left empty


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_where_the_answers_end_what_was_answered_is_kept_and_the_rest_stays_a_question(
    tmp_path: Path, unread: Command, language: str
) -> None:
    done = asked(unread, with_signs(tmp_path), language, "physique\n")
    assert done.exit_code == 0, done.output
    assert texts.say("cli.mapping-scaffold.no-more-answers", language) in done.output
    maps = "".join(path.read_text("utf-8") for path in mapping_file(unread).parent.glob("*.json"))
    assert "physical-assault" in maps
    assert texts.say("cli.mapping-scaffold.words", language, count=3) in done.output
    assert unread.json("check")["ok"]


def test_a_question_that_nobody_answered_is_no_no(register: Path, unread: Command) -> None:
    assert asked(unread, register, "fr", "").exit_code == 0
    assert "# ? phone: " in mapping_file(unread).read_text("utf-8")


def test_two_columns_with_one_name_are_told_and_never_beyond_doubt(tmp_path: Path, unread: Command) -> None:
    path = tmp_path / "register.csv"
    rows = [f"{row};" for row in (HEADERS, *ROWS)]
    rows[0] += "Demande"
    path.write_text("\n".join((*rows, "")), "utf-8")
    found = unread.json("mapping", "scaffold", str(path))
    (line,) = [one for one in found["columns"] if one["column"] == "request"]
    assert line["confidence"] == "medium"
    assert texts.say("mapping.scaffold-twin", "en") in line["reason"]


def test_a_sign_of_which_a_legend_and_habit_say_different_things_is_asked_about(
    tmp_path: Path, unread: Command
) -> None:
    """An N is a no everywhere, and here her refusal."""
    book = openpyxl.Workbook()
    for row in (
        "N° dossier;Date d'accueil;Orientée vers;Accord",
        "1;25/01/2026;Hôpital Exemple;O",
        "2;26/01/2026;Hôpital Exemple;N",
    ):
        book.active.append(row.split(";"))
    legend = book.create_sheet("codes")
    legend.append(["Accord", "accord : O oui, N refuse"])
    book.save(tmp_path / "register.xlsx")
    done = asked(unread, tmp_path / "register.xlsx", "fr", "refuse\n\n")
    assert texts.say("cli.mapping-scaffold.means", "fr", header="Accord", sign="N") in done.output
    assert yaml.safe_load(mapping_file(unread).read_text("utf-8"))["columns"]["consent"]["words"]["declined"] == ["N"]


def ticked(path: Path) -> Path:
    """A register whose columns for the state of each woman are ticked, one of them with a word that no list knows."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in (
        ["", "", "", "", "ETAT CIVIL", "", "", "SUITE"],
        ["N° dossier", "Date", "Nom et prénom", "Tél", "Mariée", "Veuve", "Sans acte", "Observations"],
        ["1", "25/01/2026", "Zineb Marquée", "0661000001", "x", "", "", "calme"],
        ["2", "26/01/2026", "Fatima Marquée", "0661000002", "", "x", "", "seule"],
        ["3", "27/01/2026", "Hind Marquée", "0661000003", "", "", "x", "calme"],
    ):
        sheet.append(row)
    book.save(path)
    return path


def test_a_word_that_is_ticked_and_that_no_list_knows_is_read_once_somebody_has_said_what_it_means(
    tmp_path: Path, unread: Command
) -> None:
    register = ticked(tmp_path / "register.xlsx")
    assert asked(unread, register, "fr", "").exit_code == 0
    columns = yaml.safe_load(mapping_file(unread).read_text("utf-8"))["columns"]
    assert [one["ticks"] for one in columns.values() if "ticks" in one] == [
        {"marital_status": "Mariée"},
        {"marital_status": "Veuve"},
    ]
    mapping_file(unread).unlink()
    done = asked(unread, register, "fr", "oui\ncélibataire\n")
    assert done.exit_code == 0, done.output
    columns = yaml.safe_load(mapping_file(unread).read_text("utf-8"))["columns"]
    assert [one["ticks"]["marital_status"] for one in columns.values() if "ticks" in one] == [
        "Mariée",
        "Veuve",
        "célibataire",
    ]
    assert unread.json("check")["ok"]
