"""`hub mapping scaffold --ask` about a register's referrals: who the recipients are, on which day she agreed, and which of the
columns says what is needed. docs/integrators.md tells the same; from there to a stored referral nothing else is to be done."""

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from hub import texts
from hub.__main__ import main
from tests.support.command_line import Command

REGISTER = """N° dossier;Date d'accueil;Nom et prénom;Demande;Orientée vers;Accord
1/26;05/01/2026;Zineb Marquée;médical;CHU;oui
2/26;06/01/2026;Fatima Marquée;;Foyer Invente;oui
3/26;07/01/2026;Fatima Marquée;;CHU;oui sauf adresse
4/26;08/01/2026;Fatima Marquée;juridique;Me Marquée;non
"""
DAY = "n\n"
HOSPITAL, NEW = "2\n", "0\n1\n1\n\n"


@pytest.fixture
def register(tmp_path: Path, unread: Command) -> Path:
    (unread.home / "registers").mkdir()
    path = unread.home / "registers" / "2026.csv"
    path.write_text(REGISTER, "utf-8")
    return path


def asked(hub: Command, register: Path, answers: str, language: str = "en") -> Result:
    line = ["--home", str(hub.home), "--lang", language, "mapping", "scaffold", str(register), "--ask"]
    return CliRunner().invoke(main, line, input=answers)


def written(hub: Command) -> dict:
    return yaml.safe_load(text_of(hub))


def text_of(hub: Command) -> str:
    return (hub.home / "mappings" / "spreadsheet" / "our-register" / "mapping.yaml").read_text("utf-8")


def connected(hub: Command) -> list:
    """The referrals that are there after the register was pulled."""
    (hub.home / "connections" / "register.yaml").write_text(
        "organization: example-association\nadapter: spreadsheet\nmapping: spreadsheet/our-register\n"
        "settings: {path: registers/2026.csv}\n",
        "utf-8",
    )
    hub("pull", "register")
    return hub.json("referral", "list")


WORD = "\n"  # of "oui sauf adresse", left open


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_from_a_register_that_nobody_has_seen_to_its_referrals_by_answers_alone(
    language: str, register: Path, unread: Command
) -> None:
    done = asked(unread, register, WORD + "yes\n" + HOSPITAL + NEW, language)
    assert done.exit_code == 0, done.output
    assert written(unread)["columns"]["referred_to"]["words"] == {
        "example-hospital": ["CHU"],
        "foyer-invente": ["Foyer Invente"],
    }
    assert unread.json("check")["ok"]
    added = yaml.safe_load((unread.home / "organizations.yaml").read_text("utf-8"))[-1]
    assert (added["id"], added["type"], added["services"]) == ("foyer-invente", "association", ["shelter"])
    found = connected(unread)
    assert sorted((one["status"], one["owner"].removeprefix("Organization/")) for one in found) == [
        ("draft", "example-hospital"), ("requested", "example-hospital"), ("requested", "foyer-invente"),
    ]  # fmt: skip


def test_who_has_the_title_of_a_person_is_not_asked_about_and_not_named(register: Path, unread: Command) -> None:
    done = asked(unread, register, WORD + DAY)
    assert "Marquée" not in done.output + text_of(unread)
    assert texts.say("mapping.scaffold-persons", "en", count=1) in text_of(unread)


def test_what_says_that_she_is_referred_to_nobody_stops_no_row(register: Path, unread: Command) -> None:
    assert asked(unread, register, WORD + "yes\n" + HOSPITAL + "-\n").exit_code == 0
    assert written(unread)["columns"]["referred_to"]["words"]["-"] == ["Foyer Invente"]
    assert len(connected(unread)) == 2


def test_a_column_that_says_what_for_may_be_pointed_at(register: Path, unread: Command) -> None:
    register.write_text(REGISTER.replace("Demande", "Zzyx"), "utf-8")
    done = asked(unread, register, "no\n1\n" + WORD + "yes\n" + HOSPITAL + NEW)
    assert done.exit_code == 0, done.output
    assert written(unread)["columns"]["request"]["headers"] == {"fr": ["Zzyx"]}


def test_where_no_column_says_the_day_of_the_visit_an_agreement_still_stops_no_row(
    register: Path, unread: Command
) -> None:
    register.write_text(REGISTER.replace("Date d'accueil", "Zzyx"), "utf-8")
    assert asked(unread, register, "").exit_code == 0
    assert written(unread)["columns"]["consent_date"] == {"on_error": "warn"}


def test_an_agreement_without_a_day_makes_a_draft_until_somebody_says_which_day_it_is(
    register: Path, unread: Command
) -> None:
    assert asked(unread, register, WORD + DAY + HOSPITAL + NEW).exit_code == 0
    assert written(unread)["columns"]["consent_date"] == {"on_error": "warn"}
    assert "# ? consent_date: {otherwise: visit_date}" in text_of(unread)
    assert {one["status"] for one in connected(unread)} == {"draft"}


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_whom_nobody_named_stays_a_question_and_is_counted(language: str, register: Path, unread: Command) -> None:
    done = asked(unread, register, WORD + "yes\n" + HOSPITAL + "\n", language)
    stranger = texts.say("mapping.scaffold-stranger", language, name="Foyer Invente", cell="Foyer Invente", rows=1)
    assert f"# ? {stranger}" in text_of(unread)
    assert texts.say("cli.mapping-scaffold.strangers", language, count=1) in done.output
    assert "CHU" not in text_of(unread).partition("words:")[2].partition("\n")[2]
    assert unread.json("check")["ok"]


def test_recipients_are_listed_without_questions_too(register: Path, unread: Command) -> None:
    assert unread("mapping", "scaffold", str(register)).exit_code == 0
    listed = [line for line in text_of(unread).splitlines() if "words: {id:" in line]
    assert len(listed) == 2 and "CHU" in listed[0]  # that of most rows first


@pytest.mark.parametrize("answer", ["7\n", "personne\n", "-1\n", "?\n"])
def test_what_is_no_answer_is_asked_again_and_left_after_the_third(
    answer: str, register: Path, unread: Command
) -> None:
    done = asked(unread, register, WORD + "yes\n" + answer * 3 + "\n")
    assert done.exit_code == 0, done.output
    assert done.output.count(texts.say("cli.choose-from-list", "en")) == 3
    assert "words" not in written(unread)["columns"]["referred_to"]


def test_an_organisation_is_known_by_its_name_or_id_as_well_as_by_its_number(register: Path, unread: Command) -> None:
    assert asked(unread, register, WORD + "yes\nHôpital Exemple\nexample-association\n").exit_code == 0
    assert written(unread)["columns"]["referred_to"]["words"] == {
        "example-hospital": ["CHU"], "example-association": ["Foyer Invente"],
    }  # fmt: skip


def test_of_several_services_somebody_says_which_is_meant(register: Path, unread: Command) -> None:
    assert asked(unread, register, WORD + "yes\n" + HOSPITAL + "0\n1\n2, 5 9\n2\nOujda-Angad\n").exit_code == 0
    added = yaml.safe_load((unread.home / "organizations.yaml").read_text("utf-8"))[-1]
    assert len(added["services"]) == 3
    assert added["usual_service"] == added["services"][1]
    assert added["province"] == "MA-OUJ"
    assert unread.json("check")["ok"]


@pytest.mark.parametrize("town", ["Oujda", "oujda", "وجدة"])
def test_a_province_goes_by_its_town(town: str, register: Path, unread: Command) -> None:
    assert asked(unread, register, WORD + "yes\n" + HOSPITAL + f"0\n1\n1\n{town}\n").exit_code == 0
    added = yaml.safe_load((unread.home / "organizations.yaml").read_text("utf-8"))[-1]
    assert added["province"] == "MA-OUJ"


def test_the_directory_keeps_what_stands_in_it(register: Path, unread: Command) -> None:
    file = unread.home / "organizations.yaml"
    before = file.read_text("utf-8")
    file.write_text(before.rstrip("\n"), "utf-8")
    assert asked(unread, register, WORD + "yes\n" + HOSPITAL + NEW).exit_code == 0
    assert file.read_text("utf-8").startswith(before)


def test_a_directory_that_is_written_otherwise_stays_as_it_was(register: Path, unread: Command) -> None:
    file = unread.home / "organizations.yaml"
    text = json.dumps(yaml.safe_load(file.read_text("utf-8")))
    file.write_text(text, "utf-8")
    done = asked(unread, register, WORD + "yes\n" + HOSPITAL + NEW)
    assert done.exit_code == 0, done.output
    assert file.read_text("utf-8") == text
    assert "foyer-invente" in done.output and "# ?" in text_of(unread)
    assert written(unread)["columns"]["referred_to"]["words"] == {"example-hospital": ["CHU"]}
    assert [one.name for one in unread.home.iterdir() if one.name.endswith(".new")] == []


def test_who_gives_shelter_has_an_address_that_nobody_is_told(register: Path, unread: Command) -> None:
    assert asked(unread, register, WORD + "yes\n" + HOSPITAL + NEW).exit_code == 0
    assert yaml.safe_load((unread.home / "organizations.yaml").read_text("utf-8"))[-1]["shelter"] is True


def test_an_arabic_name_has_an_id_of_letters_that_every_tool_takes(register: Path, unread: Command) -> None:
    register.write_text(REGISTER.replace("Foyer Invente", "دار الأمان"), "utf-8")
    assert asked(unread, register, WORD + "yes\n" + HOSPITAL + NEW).exit_code == 0
    added = yaml.safe_load((unread.home / "organizations.yaml").read_text("utf-8"))[-1]
    assert (added["id"], added["name"]) == ("association", {"ar": "دار الأمان"})
    assert unread.json("check")["ok"]


def test_a_directory_that_cannot_be_read_is_left_alone(register: Path, unread: Command) -> None:
    file = unread.home / "organizations.yaml"
    file.write_text("- id: [", "utf-8")
    done = asked(unread, register, WORD + "yes\n")
    assert done.exit_code == 0, done.output
    assert file.read_text("utf-8") == "- id: ["


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_column_that_is_needed_and_was_not_found_is_asked_for(language: str, register: Path, unread: Command) -> None:
    register.write_text(REGISTER.replace("Orientée vers", "Zzyx"), "utf-8")
    done = asked(unread, register, "1\n" + WORD + "yes\n" + HOSPITAL + NEW, language)
    question = texts.say("cli.mapping-scaffold.which", language, known="Orientée vers", column="referred_to")
    assert question in done.output
    line = written(unread)["columns"]["referred_to"]
    assert line["headers"] == {"fr": ["Zzyx"]} and len(line["words"]) == 2
    assert len(connected(unread)) == 3


def test_a_column_that_is_not_read_and_not_beyond_doubt_may_be_the_one_that_is_needed(
    register: Path, unread: Command
) -> None:
    register.write_text(REGISTER.replace("Orientée vers", "Avocat"), "utf-8")
    done = asked(unread, register, "1\n" + WORD + "yes\n" + HOSPITAL + NEW)
    assert done.exit_code == 0, done.output
    assert written(unread)["columns"]["referred_to"]["headers"] == {"fr": ["Avocat"]}


def test_an_answer_that_no_list_knows_is_asked_about_and_read_so(register: Path, unread: Command) -> None:
    assert asked(unread, register, "no\nyes\n" + HOSPITAL + NEW).exit_code == 0
    assert written(unread)["columns"]["consent"]["words"] == {"no": ["oui sauf adresse"]}


def test_a_header_in_dialect_is_known_by_what_it_resembles(register: Path, unread: Command) -> None:
    rows = ["smiya;nhar li jat;ch7al f 3merha;drari;chno bghat;fin sifetnaha;taxi"]
    rows += [f"Marquée {at};0{at}/03/2026;{20 + at};{at};médical;sbitar;10" for at in range(1, 5)]
    register.write_text("\n".join(rows), "utf-8")
    done = asked(unread, register, "y\n" * 20)
    assert done.exit_code == 0, done.output
    assert {"visit_date", "referred_to"} <= written(unread)["columns"].keys()


@pytest.mark.parametrize("word", ["TOTAL", "Total :", "Sous-total femmes", "المجموع", "مج"])
def test_what_stands_in_a_row_of_totals_is_no_recipient(word: str, register: Path, unread: Command) -> None:
    register.write_text(f"{REGISTER}{word};;4;;voir Zineb;\n", "utf-8")
    assert unread("mapping", "scaffold", str(register)).exit_code == 0
    assert "CHU" in text_of(unread) and "Zineb" not in text_of(unread)
