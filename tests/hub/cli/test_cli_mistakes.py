"""What somebody who is new to mappings gets wrong, and the same answer wherever it is met: the place, and what to do."""

import json

import pytest

from hub.exchange.discard import REASONS
from tests.support.command_line import GOOD, Command, marks_in

WORDS = """{
  "resourceType": "ConceptMap",
  "status": "active",
  "group": [{
    "target": "https://ihala.example/fhir/CodeSystem/gbv-type",
    "element": [
      {"code": "Sigle secret", "target": [{"code": "physical-assault", "equivalence": "equivalent"}]},
      {"code": "VPsy", "target": [{"code": "psychological-abuse", "equivalence": "equivalent"}]}
    ]
  }]
}
"""
MAPPING = """extends: spreadsheet/register-fr
id: spreadsheet/ours
version: "1"
columns:
  violence_types: {headers: {fr: [Sigle]}, map: [our-words, violence-types]}
  request: {headers: {fr: [Ce que demande la femme]}}
"""
WHERE = "mappings/spreadsheet/ours"


@pytest.fixture
def beginner(hub: Command) -> Command:
    """A register with a mapping and a word list of its own, both sound."""
    hub.register(GOOD)
    folder = hub.home / WHERE
    folder.mkdir(parents=True)
    (folder / "mapping.yaml").write_text(MAPPING, "utf-8")
    (folder / "our-words.json").write_text(WORDS, "utf-8")
    connection = hub.home / "connections" / "register.yaml"
    connection.write_text(connection.read_text("utf-8").replace("register-fr", "ours"), "utf-8")
    assert hub.json("check")["problems"] == []
    return hub


def write(hub: Command, file: str, before: str, after: str) -> None:
    path = hub.home / file
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after), "utf-8")


def told_everywhere(hub: Command, language: str = "en") -> tuple[str, str]:
    """Place and sentence of the one problem that `hub check` finds, which the commands that need the mapping tell, too."""
    (problem,) = json.loads(hub("check", "--json", language=language).stdout)["problems"]
    for command in (("pull", "register"), ("connection", "check", "register")):
        shown = hub(*command, language=language)
        assert shown.exit_code == 1
        assert f"{problem['place']}: {problem['sentence']}" in shown.output
        assert not marks_in(shown.output)
    return problem["place"], problem["sentence"]


@pytest.mark.parametrize("language", ["ar", "fr", "en"])
def test_a_word_list_without_a_comma_is_told_with_line_and_character_and_without_its_words(
    beginner: Command, language: str
) -> None:
    write(beginner, f"{WHERE}/our-words.json", "}]},\n", "}]}\n")
    place, sentence = told_everywhere(beginner, language)
    assert place == f"{WHERE}/our-words.json:8"
    assert " 7 " in sentence
    assert "JSON" in sentence
    assert "hub check" in sentence
    assert "Sigle" not in sentence
    for command in (("preview", str(beginner.home / "registers" / "register.csv")), ("test",)):
        shown = beginner("mapping", command[0], "spreadsheet/ours", *command[1:], language=language)
        assert f"{place}: {sentence}" in shown.output


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"target": "https://ihala.example/fhir/CodeSystem/gbv-type",', ""),
        ('"code": "Sigle secret", ', ""),
        ('"code": "Sigle secret", "target": [', '"code": "Sigle secret", "target": ["physical-assault", '),
        (WORDS, "[]"),
    ],
)
def test_a_word_list_that_lacks_what_it_needs_says_its_shape(beginner: Command, before: str, after: str) -> None:
    write(beginner, f"{WHERE}/our-words.json", before, after)
    place, sentence = told_everywhere(beginner)
    assert place == f"{WHERE}/our-words.json:1"
    assert "each element a code" in sentence


@pytest.mark.parametrize("file", ["mapping.yaml", "our-words.json"])
def test_a_file_in_another_encoding_is_told_with_its_line_and_one_with_a_mark_is_read(
    beginner: Command, file: str
) -> None:
    path = beginner.home / WHERE / file
    sound = path.read_text("utf-8")
    path.write_text(sound, "utf-8-sig")
    assert beginner.json("check")["problems"] == []
    path.write_text(sound.replace("Sigle", "Siglé"), "cp1252")
    line = next(number for number, text in enumerate(sound.splitlines(), 1) if "Sigle" in text)
    assert told_everywhere(beginner)[0] == f"{WHERE}/{file}:{line}"


def test_a_mapping_that_is_not_there_is_told_with_those_that_are_called_nearly_so(beginner: Command) -> None:
    register = str(beginner.home / "registers" / "register.csv")
    for command in (
        ("test", "spreadsheet/our"),
        ("preview", "spreadsheet/our", register),
        ("diff", "spreadsheet/our", "spreadsheet/ours", register),
        ("diff", "register", "--mapping", "spreadsheet/our"),
    ):
        shown = beginner("mapping", *command)
        assert shown.exit_code == 1
        assert "No mapping is called spreadsheet/our. Is it one of these: spreadsheet/ours" in shown.output
        assert "hub mapping list" in shown.output
        assert "kobo/" not in shown.output


def test_where_nothing_is_near_all_mappings_are_named(beginner: Command) -> None:
    shown = beginner("mapping", "test", "qqq")
    assert all(one["id"] in shown.output for one in beginner.json("mapping", "list"))


def test_a_connection_that_names_no_mapping_is_told_with_its_file(beginner: Command) -> None:
    write(beginner, "connections/register.yaml", "spreadsheet/ours", "spreadsheet/our")
    place, sentence = told_everywhere(beginner)
    assert place == "connections/register.yaml"
    assert "spreadsheet/ours" in sentence


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("extends: spreadsheet/register-fr", "extends: spreadsheet/registre-fr"),
        ('version: "1"', 'version: "1"\nanswers: [spreadsheet/registre-fr]'),
    ],
)
def test_a_mapping_that_another_names_and_that_is_not_there_is_told_with_the_line(
    beginner: Command, before: str, after: str
) -> None:
    write(beginner, f"{WHERE}/mapping.yaml", before, after)
    place, sentence = told_everywhere(beginner)
    assert place == f"{WHERE}/mapping.yaml:{1 if 'extends' in after else 4}"
    assert "spreadsheet/register-fr" in sentence


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("[Sigle]}", "[Sigle]", 6),
        ("fr: [Sigle]", "fr: Sigle", 5),
        ("id: spreadsheet/ours", "idd: spreadsheet/ours", 2),
        (MAPPING, "- columns", 1),
    ],
)
def test_a_mapping_that_cannot_be_used_is_told_once_and_alike_wherever_it_is_needed(
    beginner: Command, before: str, after: str, line: int
) -> None:
    write(beginner, f"{WHERE}/mapping.yaml", before, after)
    if line == 2:  # `id` itself is not there then
        write(beginner, f"{WHERE}/mapping.yaml", "columns:", "id: spreadsheet/ours\ncolumns:")
    assert told_everywhere(beginner)[0] == f"{WHERE}/mapping.yaml:{line}"


def test_a_mapping_that_extends_itself_in_a_circle_is_told(beginner: Command) -> None:
    write(beginner, f"{WHERE}/mapping.yaml", "spreadsheet/register-fr", "spreadsheet/others")
    other = beginner.home / "mappings" / "spreadsheet" / "others"
    other.mkdir()
    (other / "mapping.yaml").write_text(MAPPING.replace("spreadsheet/register-fr", "spreadsheet/ours"), "utf-8")
    assert "comes back to itself" in beginner("pull", "register").output


def test_a_mapping_that_cannot_be_read_keeps_nobody_from_having_another_proposed(beginner: Command) -> None:
    write(beginner, f"{WHERE}/mapping.yaml", "[Sigle]}", "[Sigle]")
    shown = beginner(
        "mapping", "scaffold", str(beginner.home / "registers" / "register.csv"), "--out", str(beginner.home / "new")
    )
    assert shown.exit_code == 0, shown.output


@pytest.mark.parametrize("again", ["Sigle", "SIGLÉ"])
@pytest.mark.parametrize("order", ["before", "behind"])
def test_a_header_under_two_columns_is_told_with_its_line_and_both_columns(
    beginner: Command, again: str, order: str
) -> None:
    asked = f"  referred_to: {{headers: {{fr: [Autre, {again}]}}}}\n"
    sigle = "  violence_types:"
    write(beginner, f"{WHERE}/mapping.yaml", sigle, asked + sigle) if order == "before" else None
    write(beginner, f"{WHERE}/mapping.yaml", "  request:", asked + "  request:") if order == "behind" else None
    place, sentence = told_everywhere(beginner)
    assert place == f"{WHERE}/mapping.yaml:6"
    assert f"The header “{again if order == 'behind' else 'Sigle'}” is named under two columns" in sentence
    assert "violence_types" in sentence
    assert "referred_to" in sentence
    assert sentence in beginner("mapping", "test", "spreadsheet/ours").output


@pytest.mark.parametrize(
    "line",
    [
        "referral_status: {headers: {fr: [Sigle]}}",  # only written
        "referred_to: {headers: {en: [Sigle]}}",  # another language
        "remarks: {headers: {fr: [Demande]}}",  # said by what it extends alone
        "one: {headers: {fr: [Casier]}, ignored: true}\n  two: {headers: {fr: [Casier]}, ignored: true}",
    ],
)
def test_a_header_that_is_read_under_one_column_alone_is_no_problem(beginner: Command, line: str) -> None:
    write(beginner, f"{WHERE}/mapping.yaml", "  request:", f"  {line}\n  request:")
    assert beginner.json("check")["problems"] == []


@pytest.mark.parametrize(
    ("language", "said"), [("ar", "ينقص --reason."), ("fr", "Il manque --reason."), ("en", "--reason is missing.")]
)
def test_an_option_that_is_missing_names_its_possible_values(hub: Command, language: str, said: str) -> None:
    shown = hub("quarantine", "discard", "abc", language=language)
    assert shown.exit_code == 2
    assert said in shown.output
    assert all(reason in shown.output for reason in REASONS)


def test_an_organisation_that_the_directory_does_not_know_is_refused_with_those_that_it_knows(hub: Command) -> None:
    hub.register(GOOD)
    register = str(hub.home / "registers" / "register.csv")
    ours = ("spreadsheet/register-fr", register)
    for command in (("preview", *ours), ("diff", "spreadsheet/register-fr", *ours)):
        shown = hub("mapping", *command, "--organization", "example-asociation")
        assert shown.exit_code == 2
        assert "The organisation example-asociation is not in organizations.yaml." in shown.output
        assert "example-association, example-hospital" in shown.output
        assert hub("mapping", *command, "--organization", "example-association").exit_code == 0
