"""`hub mapping test`: the examples beside a mapping, as an integrator runs them."""

import json

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
