"""`hub mapping test`: the examples beside a mapping, as an integrator runs them."""

import json
import re
from pathlib import Path

import pytest

from tests.support.command_line import Command


def test_the_examples_of_a_ready_mapping_are_as_written(unread: Command) -> None:
    told = unread.json("mapping", "test", "spreadsheet/register-fr")
    assert {"example": "referral-with-consent", "result": "same"} in told
    assert {one["result"] for one in told} == {"same"}


def test_a_new_example_is_written_then_compared_and_what_differs_is_told_without_values(unread: Command) -> None:
    folder = unread.home / "mappings" / "spreadsheet" / "ours"
    (folder / "examples").mkdir(parents=True)
    (folder / "mapping.yaml").write_text(
        "extends: spreadsheet/register-fr\nid: spreadsheet/ours\nversion: '1'\n", "utf-8"
    )
    example = folder / "examples" / "one.input.json"
    example.write_text(
        json.dumps({"visit_date": "05/01/2026", "survivor_code": "X-1", "full_name": "Zineb Marquée"}), "utf-8"
    )
    assert unread("mapping", "test", "spreadsheet/ours").exit_code == 1
    assert unread("mapping", "test", "spreadsheet/ours", "--write").exit_code == 0
    assert unread("mapping", "test", "spreadsheet/ours").exit_code == 0
    example.write_text(
        json.dumps({"visit_date": "06/01/2026", "survivor_code": "X-1", "full_name": "Zineb Marquée"}), "utf-8"
    )
    shown = unread("mapping", "test", "spreadsheet/ours")
    assert shown.exit_code == 1
    assert "not as written: one" in shown.output
    assert "Zineb" not in shown.output


def test_the_schema_is_written_as_json(unread: Command) -> None:
    assert json.loads(unread("mapping", "schema").stdout)["additionalProperties"] is False


@pytest.mark.parametrize("language", ["ar", "fr", "en"])
def test_a_mapping_without_examples_says_so_and_how_one_is_made(unread: Command, language: str) -> None:
    folder = unread.home / "mappings" / "spreadsheet" / "ours"
    folder.mkdir(parents=True)
    (folder / "mapping.yaml").write_text(
        "extends: spreadsheet/register-fr\nid: spreadsheet/ours\nversion: '1'\n", "utf-8"
    )
    shown = unread("mapping", "test", "spreadsheet/ours", language=language)
    assert shown.exit_code == 0
    said = " ".join(shown.output.split())
    assert "hub mapping test spreadsheet/ours --write" in said
    assert "examples/x.input.json" in said
    assert '{"visit_date": "05/01/2026"}' in said
    (folder / "examples").mkdir()
    (folder / "examples" / "x.input.json").write_text('{"visit_date": "05/01/2026"}', "utf-8")
    shown = unread("mapping", "test", "spreadsheet/ours", "--write", language=language)
    assert shown.exit_code == 0
    assert "x.input.json" not in shown.output


def test_examples_of_ones_own_run_as_the_documentation_says(unread: Command) -> None:
    """Its blocks are written as they stand there: the organisation and the directory are those of the example's own file."""
    format_ = (Path(__file__).parents[3] / "docs" / "mapping-format.md").read_text("utf-8")
    _, told = format_.split("\n## Examples of your own\n")
    _, record, _, surroundings, *_ = re.split(r"```(?:json|yaml)?\n", told)
    folder = unread.home / "mappings" / "spreadsheet" / "ours"
    (folder / "examples").mkdir(parents=True)
    (folder / "mapping.yaml").write_text(
        "extends: spreadsheet/register-fr\nid: spreadsheet/ours\nversion: '1'\n", "utf-8"
    )
    (folder / "examples" / "x.input.json").write_text(record, "utf-8")
    (folder / "examples" / "examples.yaml").write_text(surroundings, "utf-8")
    assert unread("mapping", "test", "spreadsheet/ours", "--write").exit_code == 0
    expected = json.loads((folder / "examples" / "x.expected.json").read_text("utf-8"))
    assert not [one for one in expected["issues"] if one["severity"] == "error"]
    assert "Organization/example-association" in json.dumps(expected)
    assert "Organization/example-hospital" in json.dumps(expected)


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        (
            "x.input.json",
            '{"visit_date": "05/01/2026"\n "full_name": "Zineb"}',
            "This is not JSON: line 2, character 2.",
        ),
        ("examples.yaml", "organization: example-association\n", "organization: id, today"),
        ("examples.yaml", "{organization: Zineb", "organization: id, today"),
    ],
)
def test_a_file_of_examples_that_cannot_be_read_is_told_with_its_place_and_without_what_it_says(
    unread: Command, file: str, text: str, told: str
) -> None:
    folder = unread.home / "mappings" / "spreadsheet" / "ours" / "examples"
    folder.mkdir(parents=True)
    (folder.parent / "mapping.yaml").write_text(
        "extends: spreadsheet/register-fr\nid: spreadsheet/ours\nversion: '1'\n", "utf-8"
    )
    (folder / file).write_text(text, "utf-8")
    shown = unread("mapping", "test", "spreadsheet/ours")
    assert shown.exit_code == 1
    assert f"examples/{file}: " in shown.output
    assert told in shown.output
    assert "Zineb" not in shown.output
