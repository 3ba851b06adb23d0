"""`hub mapping`: what a mapping makes of a file, before anything is stored and without a database."""

import json
from importlib.resources import files
from pathlib import Path

from tests.support.command_line import BAD, GOOD, MARKS, Command, marks_in


def preview(hub: Command, *arguments: str) -> str:
    hub.register(GOOD, BAD)
    shown = hub("mapping", "preview", "spreadsheet/register-fr", str(hub.home / "registers/register.csv"), *arguments)
    assert shown.exit_code == 0, shown.output
    return shown.output


def test_the_row_stands_beside_what_it_becomes(unread: Command) -> None:
    shown = preview(unread)
    assert "Type de violence" in shown
    assert "violence physique" in shown
    assert "gbv-type#physical-assault" in shown
    assert "Organization/example-hospital" in shown  # the directory of the folder knows the name


def test_what_cannot_be_understood_is_told_where_it_stands(unread: Command) -> None:
    shown = preview(unread)
    assert "row 3 · would be set aside" in shown
    assert "“violence lunaire” is not known" in shown


def test_what_identifies_is_hidden_unless_it_is_asked_for(unread: Command) -> None:
    assert marks_in(preview(unread)) == []
    assert "••••" in preview(unread)
    assert {"Zineb Marquée", "0612345678", "Récit très secret"} <= set(marks_in(preview(unread, "--reveal")))


def test_json_holds_resources_cut_to_what_identifies_nobody(unread: Command) -> None:
    said = preview(unread, "--json")
    assert marks_in(said) == []
    first, _ = json.loads(said)
    assert list(first) == ["place", "left_out", "columns", "resources", "issues"]
    assert first["columns"]["Nom et prénom"] == "••••"
    patient = next(one for one in first["resources"] if one["resourceType"] == "Patient")
    assert "name" not in patient
    assert patient["gender"] == "female"
    revealed = json.loads(preview(unread, "--json", "--reveal"))
    assert any(MARKS[0] in json.dumps(one, ensure_ascii=False) for one in revealed)


def test_as_many_rows_as_asked_for(unread: Command) -> None:
    assert len(json.loads(preview(unread, "--json", "--rows", "1"))) == 1


def test_no_deployment_and_no_database_are_needed(tmp_path: Path, unread: Command) -> None:
    preview(unread)
    register = unread.home / "registers" / "register.csv"
    elsewhere = Command(tmp_path / "nowhere")
    shown = elsewhere("mapping", "preview", "spreadsheet/register-fr", str(register), "--organization", "ours")
    assert shown.exit_code == 0, shown.output
    assert "Organization/ours" in shown.output
    assert not (unread.home / "data").exists()


def test_an_adapters_setting_can_be_given(tmp_path: Path, unread: Command) -> None:
    preview(unread)
    old = tmp_path / "old.csv"
    old.write_text((unread.home / "registers" / "register.csv").read_text("utf-8"), "cp1252")
    shown = unread("mapping", "preview", "spreadsheet/register-fr", str(old), "--setting", "encoding=windows-1252")
    assert "gbv-type#physical-assault" in shown.output
    assert unread("mapping", "preview", "spreadsheet/register-fr", str(old), "--setting", "encoding").exit_code == 2


def test_a_tool_without_files_is_tried_on_a_json_export(tmp_path: Path, unread: Command) -> None:
    export = tmp_path / "export.json"
    example = files("mappings") / "kobo" / "intake" / "examples" / "two-referrals.input.json"
    submission = json.loads(example.read_text("utf-8"))
    export.write_text(json.dumps({"count": 1, "results": [submission | {"_id": 7}]}), "utf-8")
    shown = unread("mapping", "preview", "kobo/intake", str(export), "--json")
    assert shown.exit_code == 0, shown.output
    (seen,) = json.loads(shown.stdout)
    assert seen["place"] == "record 7"
    assert [one["resourceType"] for one in seen["resources"]].count("ServiceRequest") >= 2
    assert "Nom fictif" not in shown.stdout
    listed = tmp_path / "list.json"
    listed.write_text(json.dumps([submission]), "utf-8")
    assert "Observation" in unread("mapping", "preview", "kobo/intake", str(listed)).stdout


def test_a_file_that_is_no_export_is_refused(tmp_path: Path, unread: Command) -> None:
    for text in ("not json", '{"a": 1}', "[1, 2]"):
        (tmp_path / "export.json").write_text(text)
        shown = unread("mapping", "preview", "kobo/intake", str(tmp_path / "export.json"))
        assert shown.exit_code == 2
        assert "not a JSON export" in shown.output


def test_an_unknown_mapping_is_named(unread: Command) -> None:
    unread.register(GOOD)
    shown = unread("mapping", "preview", "spreadsheet/not-there", str(unread.home / "registers/register.csv"))
    assert shown.exit_code == 1
    assert "spreadsheet/not-there" in shown.output


def test_the_list_tells_names_versions_and_titles(unread: Command) -> None:
    listed = {one["id"]: one for one in unread.json("mapping", "list")}
    assert {"spreadsheet/register-ar", "spreadsheet/register-fr", "spreadsheet/gbvims-recorder", "kobo/intake"} <= set(
        listed
    )
    assert all(one["version"] and one["title"] for one in listed.values())
    assert "سجل الجمعية" in unread("mapping", "list", language="ar").output


def test_a_broken_mapping_of_ones_own_is_listed_as_such(unread: Command) -> None:
    own = unread.home / "mappings" / "spreadsheet" / "ours"
    own.mkdir(parents=True)
    (own / "mapping.yaml").write_text("id: [", "utf-8")
    assert {"id": "spreadsheet/ours", "version": None, "title": None} in unread.json("mapping", "list")
    assert "hub check" in unread("mapping", "list").output
