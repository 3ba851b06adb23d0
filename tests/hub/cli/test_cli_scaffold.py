"""`hub mapping scaffold`: from a register that nobody has seen to a mapping that loads, reads it, and tells no one's secrets."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from openpyxl import Workbook

from hub import texts
from hub.__main__ import main
from hub.texts import LANGUAGES
from tests.support.command_line import MARKS, Command, marks_in

HEADERS = "N° fiche;Reçue le;Code usagère;Nom & prénom;Tel.;Violence subie;Aide demandée;Adressée à;Accord écrit;Date accord;Lien avec l'auteur;Casier"
ROWS = (
    "1;25/01/2026;X-1;Zineb Marquée;0612345678;physique;juridique;Hôpital Exemple;oui;25/01/2026;mari;3",
    "2;26/01/2026;X-2;Fatima Marquée;0611111111;lunaire;écoute;;non;;Fatima Marquée;4",
    "3;27/01/2026;X-3;Fatima Marquée;0611111111;psychologique;écoute;;non;;mari;4",
)


def register(folder: Path, *rows: str, headers: str = HEADERS, encoding: str = "utf-8", before: str = "") -> Path:
    path = folder / "register.csv"
    path.write_text("\n".join((*([before] if before else []), headers, *(rows or ROWS), "")), encoding)
    return path


def scaffold(hub: Command, path: Path, *more: str, language: str = "en") -> str:
    shown = hub("mapping", "scaffold", str(path), *more, language=language)
    assert shown.exit_code == 0, shown.output
    return shown.output


def mapping_file(hub: Command) -> Path:
    return hub.home / "mappings" / "spreadsheet" / "our-register" / "mapping.yaml"


def test_what_is_written_loads_and_reads_the_register(tmp_path: Path, unread: Command) -> None:
    scaffold(unread, register(tmp_path))
    seen = json.loads(
        unread("mapping", "preview", "spreadsheet/our-register", str(register(tmp_path)), "--json").stdout
    )
    types = [one["resourceType"] for one in seen[0]["resources"]]
    assert {"Patient", "Consent", "ServiceRequest", "Observation"} <= set(types)
    assert [issue["text"] for issue in seen[0]["issues"]] == []
    assert unread.json("check")["ok"]


@pytest.mark.parametrize("speaks", LANGUAGES)
@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_no_value_of_an_identifying_column_is_printed_or_written(
    tmp_path: Path, unread: Command, speaks: str, as_json: list[str]
) -> None:
    shown = scaffold(unread, register(tmp_path), *as_json, language=speaks)
    assert marks_in(shown + mapping_file(unread).read_text("utf-8")) == []
    assert MARKS


def test_a_word_that_no_list_knows_is_asked_about_and_never_guessed(tmp_path: Path, unread: Command) -> None:
    shown = scaffold(unread, register(tmp_path))
    assert "“lunaire”" in shown
    written = mapping_file(unread).read_text("utf-8")
    assert "# ? a word that no list knows: “lunaire”" in written
    assert "not shown" in written  # of the perpetrator's column, where a name may stand


def test_an_unknown_column_is_listed_as_unmapped(tmp_path: Path, unread: Command) -> None:
    told = json.loads(scaffold(unread, register(tmp_path), "--json"))
    assert told["extends"] == "spreadsheet/register-fr"
    casier = next(one for one in told["columns"] if one["header"] == "Casier")
    assert (casier["column"], casier["confidence"]) == (None, "none")
    assert 'unmapped_1: {headers: {fr: ["Casier"]}, ignored: true}' in mapping_file(unread).read_text("utf-8")


@pytest.mark.parametrize("speaks", LANGUAGES)
def test_columns_that_none_of_theirs_gives_are_named_with_a_header_of_each(
    tmp_path: Path, unread: Command, speaks: str
) -> None:
    scaffold(unread, register(tmp_path), language=speaks)
    written = mapping_file(unread).read_text("utf-8")
    assert "  #   marital_status: Situation" in written
    assert "  #   phone:" not in written
    assert "  #   referral_status" not in written  # that one is written back


def test_a_question_is_not_read_before_it_is_answered(tmp_path: Path, unread: Command) -> None:
    odd = register(tmp_path, *(row.replace("0612345678", "oui").replace("0611111111", "non") for row in ROWS))
    scaffold(unread, odd)
    written = mapping_file(unread).read_text("utf-8")
    assert "# ? phone" in written
    seen = json.loads(unread("mapping", "preview", "spreadsheet/our-register", str(odd), "--json", "--reveal").stdout)
    assert "telecom" not in json.dumps(seen)


def test_a_mapping_that_is_there_is_not_replaced(tmp_path: Path, unread: Command) -> None:
    scaffold(unread, register(tmp_path))
    before = mapping_file(unread).read_text("utf-8")
    again = unread("mapping", "scaffold", str(register(tmp_path)))
    assert again.exit_code == 1
    assert mapping_file(unread).read_text("utf-8") == before


def test_a_proposal_with_columns_that_nobody_has_named_is_not_what_the_next_one_extends(
    tmp_path: Path, unread: Command
) -> None:
    first = json.loads(scaffold(unread, register(tmp_path), "--json"))
    again = json.loads(scaffold(unread, register(tmp_path), "--out", str(tmp_path / "again"), "--json"))
    assert again["extends"] == first["extends"] == "spreadsheet/register-fr"
    assert again["columns"] == first["columns"]


def test_an_own_mapping_whose_columns_are_all_named_is_what_the_next_one_extends(
    tmp_path: Path, unread: Command
) -> None:
    path = register(tmp_path, headers=HEADERS.replace("Adressée à", "Tiroir"))
    scaffold(unread, path)
    written = mapping_file(unread).read_text("utf-8")
    named = [
        line.replace(", ignored: true", "")
        for line in written.splitlines()
        if "# ?" not in line and "Casier" not in line
    ]
    mapping_file(unread).write_text("\n".join(named).replace("unmapped_1", "referred_to"), "utf-8")
    told = json.loads(scaffold(unread, path, "--out", str(tmp_path / "again"), "--json"))
    assert told["extends"] == "spreadsheet/our-register"
    assert {"referred_to"} == {one["column"] for one in told["columns"] if one["header"] == "Tiroir"}


@pytest.mark.parametrize("speaks", LANGUAGES)
def test_a_key_whose_date_is_still_a_question_says_what_it_does_until_then(
    tmp_path: Path, unread: Command, speaks: str
) -> None:
    headers = HEADERS.replace("Code usagère", "Tiroir")
    scaffold(
        unread,
        register(tmp_path, *(row.replace("/01/2026", "e visite") for row in ROWS), headers=headers),
        language=speaks,
    )
    written = mapping_file(unread).read_text("utf-8").splitlines()
    at = written.index("key: [case_number]")
    assert written[at + 1] == "# ? " + texts.say(
        "mapping.scaffold-key-waits", speaks, columns="visit_date", by="case_number"
    )


def test_a_key_that_is_as_usual_says_nothing(tmp_path: Path, unread: Command) -> None:
    scaffold(unread, register(tmp_path))
    assert "key:" not in mapping_file(unread).read_text("utf-8")
    assert "start again each year" not in mapping_file(unread).read_text("utf-8")


def test_an_arabic_register_extends_the_arabic_one(tmp_path: Path, unread: Command) -> None:
    headers = "رقم الملف;تاريخ الاستقبال;الاسم الكامل;نوع العنف;الطلب"
    path = register(tmp_path, "1;25/01/2026;اسم مخترع;جسدي;طبي", headers=headers, encoding="windows-1256")
    assert json.loads(scaffold(unread, path, "--json"))["extends"] == "spreadsheet/register-ar"


def test_a_recorder_workbook_extends_the_recorder(tmp_path: Path, unread: Command) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["GBV", "", ""])
    sheet.append(
        [
            "INCIDENT ID",
            "SURVIVOR CODE",
            "DATE OF INTERVIEW",
            "DATE OF INCIDENT",
            "SEX",
            "GBV TYPE",
            "INCIDENT LOCATION",
        ]
    )
    sheet.append(["I-1", "S-1", "05/01/2026", "04/01/2026", "Female", "Rape", "Home"])
    book.save(tmp_path / "recorder.xlsx")
    told = json.loads(scaffold(unread, tmp_path / "recorder.xlsx", "--json"))
    assert told["extends"] == "spreadsheet/gbvims-recorder"


def test_two_header_rows_a_title_and_month_first_dates_are_recognised(tmp_path: Path, unread: Command) -> None:
    rows = ("1;01/25/2026;X-1;Zineb Marquée;0612345678;physique;juridique;;non;;mari;3",) * 2
    path = register(tmp_path, *rows, before="Association Inventée;;;;;;;;;;;")
    assert json.loads(scaffold(unread, path, "--json"))["date_order"] == "mdy"
    assert "dates: {order: mdy}" in mapping_file(unread).read_text("utf-8")


@pytest.mark.parametrize("content", ["", "\n\n", "a;b\n1;2\n", "<html></html>", "\0\1\2", ";;;;\n" * 50])
def test_a_file_that_holds_no_table_is_refused_in_a_sentence(tmp_path: Path, unread: Command, content: str) -> None:
    path = tmp_path / "register.csv"
    path.write_text(content, "utf-8")
    shown = unread("mapping", "scaffold", str(path))
    assert shown.exit_code in {1, 2}
    assert "Traceback" not in shown.output
    assert not mapping_file(unread).exists()


SURVEY = [
    ["type", "name", "label::Français (fr)", "label::العربية (ar)"],
    ["start", "start", "", ""],
    ["begin_group", "femme", "La femme", ""],
    ["text", "code_f", "Code de la femme", "رمز المستفيدة"],
    ["text", "n1", "Nom complet", "الاسم الكامل"],
    ["text", "n2", "Nom du mari", "اسم الزوج"],
    ["integer", "a1", "Âge", "السن"],
    ["end_group", "", "", ""],
    ["date", "accueil", "Date d'accueil", "تاريخ الاستقبال"],
    ["begin_group", "violence", "", ""],
    ["select_multiple v", "q7", "Type de violence", "نوع العنف"],
    ["end_group", "", "", ""],
    ["select_multiple s", "b", "", "الخدمات المطلوبة"],
    ["text", "salle", "Salle", ""],
]
CHOICES = [
    ["list_name", "name", "label::Français (fr)"],
    ["v", "physical", "Physique"],
    ["v", "v99", "Autre chose"],
    ["s", "medical", "Médical"],
    ["s", "legal", "Juridique"],
]


def test_an_xlsform_is_read_by_its_labels_in_each_language_and_its_choices(tmp_path: Path, unread: Command) -> None:
    book = Workbook()
    for title, rows in (("survey", SURVEY), ("choices", CHOICES)):
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.remove(book.worksheets[0])
    book.save(tmp_path / "form.xlsx")
    told = json.loads(scaffold(unread, tmp_path / "form.xlsx", "--json"))
    assert told["extends"] == "kobo/intake"
    lines = {one["header"]: one for one in told["columns"]}
    assert {header: one["column"] for header, one in lines.items()} == {
        "femme/code_f": "identite/code_survivante",
        "femme/n1": "identite/nom",
        "femme/n2": None,
        "femme/a1": "identite/age",
        "accueil": "date_accueil",
        "violence/q7": "faits/types_violence",
        "b": "besoins/services",
        "salle": None,
    }
    assert lines["violence/q7"]["words"] == ["v99"]  # asked about, whatever its label says
    assert unread.json("check")["ok"]


LABELLED = [
    ["list_name", "name", "label::Français (fr)", "label::العربية (ar)"],
    ["v", "v1", "Violence physique", "عنف جسدي"],
    ["v", "v2", "Autre chose", "شيء آخر"],
    ["s", "s1", "Médical", "طبي"],
    ["s", "s2", "Juridique", "قانوني"],
]


def xlsform(folder: Path, survey: list[list[str]], choices: list[list[str]]) -> Path:
    book = Workbook()
    for title, rows in (("survey", survey), ("choices", choices)):
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.remove(book.worksheets[0])
    book.save(folder / "form.xlsx")
    return folder / "form.xlsx"


def test_choices_that_labels_explain_are_written_as_words_and_the_mapping_reads_them(
    tmp_path: Path, unread: Command
) -> None:
    told = json.loads(scaffold(unread, xlsform(tmp_path, SURVEY, LABELLED), "--json"))
    lines = {one["header"]: one for one in told["columns"]}
    assert [(one["name"], one["meaning"]) for one in lines["violence/q7"]["choices"]] == [
        ("v1", "gbv-type#physical-assault"), ("v2", None),
    ]  # fmt: skip
    assert unread.json("check")["ok"]
    answer = {"_id": 1, "_uuid": "u", "femme/code_f": "X-1", "accueil": "2026-01-05", "violence/q7": "v1", "b": "s1 s2"}
    (tmp_path / "export.json").write_text(json.dumps([answer]), "utf-8")
    seen = unread.json("mapping", "preview", "kobo/our-register", str(tmp_path / "export.json"))
    assert [issue["text"] for issue in seen[0]["issues"]] == []
    assert "physical-assault" in json.dumps(seen)
    assert {"medical", "legal"} <= {
        coding["code"]
        for one in seen[0]["resources"]
        if one["resourceType"] == "ServiceRequest"
        for coding in one["code"]["coding"]
    }


def test_ask_asks_about_what_is_doubtful_alone_and_takes_the_answers(tmp_path: Path, unread: Command) -> None:
    odd = register(tmp_path, *(row.replace("0612345678", "oui").replace("0611111111", "non") for row in ROWS))
    lines = {one["header"]: one for one in json.loads(scaffold(unread, odd, "--json"))["columns"]}
    doubtful = [header for header, one in lines.items() if one["confidence"] == "low"]
    assert doubtful
    mapping_file(unread).unlink()
    asked = CliRunner().invoke(
        main, ["--home", str(unread.home), "--lang", "en", "mapping", "scaffold", str(odd), "--ask"],
        input="y\n" * len(doubtful) + "\n",  # and nothing for the word that no list knows
    )  # fmt: skip
    assert asked.exit_code == 0, asked.output
    assert asked.output.count("[y/N]") == len(doubtful)
    assert all(f"Is “{header}”" in asked.output for header in doubtful)
    written = mapping_file(unread).read_text("utf-8")
    assert "# ? phone" not in written
    assert "phone: {headers:" in written


def test_what_is_denied_stays_unmapped(tmp_path: Path, unread: Command) -> None:
    odd = register(tmp_path, *(row.replace("0612345678", "oui").replace("0611111111", "non") for row in ROWS))
    asked = CliRunner().invoke(
        main, ["--home", str(unread.home), "--lang", "en", "mapping", "scaffold", str(odd), "--ask"], input="n\n" * 9
    )
    assert asked.exit_code == 0, asked.output
    written = mapping_file(unread).read_text("utf-8")
    assert 'headers: {fr: ["Tel."]}, ignored: true' in written


SIGNS = ("1;25/01/2026;1+3;2", "2;26/01/2026;2;1", "3;27/01/2026;3;9")


def test_signs_are_explained_in_words_when_asked_and_are_read_then(tmp_path: Path, unread: Command) -> None:
    path = register(tmp_path, *SIGNS, headers="N° dossier;Date d'accueil;Type de violence;Situation familiale")
    asked = CliRunner().invoke(
        main, ["--home", str(unread.home), "--lang", "fr", "mapping", "scaffold", str(path), "--ask"],
        input="physique\nnumérique\n\nmariée\ncélibataire\n\n",
    )  # fmt: skip
    assert asked.exit_code == 0, asked.output
    assert "Que veut dire « 1 » dans « Type de violence » ?" in asked.output
    seen = json.loads(unread("mapping", "preview", "spreadsheet/our-register", str(path), "--json", "--reveal").stdout)
    assert {"physical-assault", "digital", "M"} <= {code for one in seen[:1] for code in codes_in(one["resources"])}
    assert [issue["text"] for issue in seen[0]["issues"]] == []
    assert {issue["column"] for issue in seen[1]["issues"]} == {"Type de violence"}  # nobody has said what 2 is
    assert {issue["column"] for issue in seen[2]["issues"]} == {"Situation familiale"}


def codes_in(value: Any) -> set[str]:
    if isinstance(value, list):
        return {code for one in value for code in codes_in(one)}
    if not isinstance(value, dict):
        return set()
    own = {value["code"]} if isinstance(value.get("code"), str) else set()
    return own | codes_in(list(value.values()))


def test_a_header_in_two_languages_is_proposed_in_both_so_that_its_second_row_is_no_record(
    tmp_path: Path, unread: Command
) -> None:
    second = "رقم الملف;تاريخ الاستقبال;رمز;الاسم الكامل;الهاتف;نوع العنف;الطلب;موجهة إلى;موافقة كتابية;تاريخ الموافقة;العلاقة;الخزانة"
    path = register(tmp_path, second, *ROWS)
    scaffold(unread, path)
    written = mapping_file(unread).read_text("utf-8")
    assert 'headers: {fr: ["Nom & prénom"], ar: ["الاسم الكامل"]}' in written
    assert 'unmapped_1: {headers: {fr: ["Casier"], ar: ["الخزانة"]}, ignored: true}' in written
    seen = json.loads(unread("mapping", "preview", "spreadsheet/our-register", str(path), "--json").stdout)
    assert [one["place"] for one in seen] == ["row 3", "row 4", "row 5"]
    assert unread.json("check")["ok"]


@pytest.mark.parametrize(
    ("language", "said"), [("ar", "لائحة حضور"), ("fr", "liste de présence"), ("en", "a list of who came")]
)
def test_a_list_of_participants_is_asked_about_before_anybody_is_made_a_case_of(
    tmp_path: Path, unread: Command, language: str, said: str
) -> None:
    path = tmp_path / "list.csv"
    path.write_text("Date;Thème;Lieu;Nom et prénom;Signature\n12/03/2026;Loi 103-13;Agadir;Amina Fictive;\n", "utf-8")
    told = unread("mapping", "scaffold", str(path), "--out", str(tmp_path / "own"), language=language)
    assert told.exit_code == 0, told.output
    assert said in told.stderr
    written = (tmp_path / "own" / "mapping.yaml").read_text("utf-8")
    assert written.splitlines()[2].startswith("# ? ") and said in written.splitlines()[2]
    assert "Amina" not in told.output + written


def test_a_register_is_not_asked_whether_it_is_a_list_of_participants(tmp_path: Path, unread: Command) -> None:
    path = tmp_path / "register.csv"
    path.write_text("N°;Date;Nom;Motif;Signature\n1;12/03/2026;Amina Fictive;divorce;\n", "utf-8")
    answer = unread("mapping", "scaffold", str(path), "--out", str(tmp_path / "own"), "--json")
    assert json.loads(answer.stdout)["gathering"] is False
    assert "participants" not in (tmp_path / "own" / "mapping.yaml").read_text("utf-8")
