"""`hub mapping diff`: what a mapping change would change is counted by element, before it is applied."""

import json

from tests.support.command_line import BAD, GOOD, Command, marks_in


def own(hub: Command, columns: str) -> None:
    folder = hub.home / "mappings" / "spreadsheet" / "ours"
    folder.mkdir(parents=True)
    text = f"extends: spreadsheet/register-fr\nid: spreadsheet/ours\nversion: '2'\ncolumns: {columns}\n"
    (folder / "mapping.yaml").write_text(text, "utf-8")


def test_what_differs_is_counted_and_no_value_is_shown(unread: Command) -> None:
    unread.register(GOOD, BAD)
    own(unread, "{remarks: {ignored: true}, violence_types: {on_error: warn}}")
    asked = (
        "mapping",
        "diff",
        "spreadsheet/register-fr",
        "spreadsheet/ours",
        str(unread.home / "registers/register.csv"),
    )
    told = unread.json(*asked)
    assert (told["records"], told["changed"], told["aside"], told["mended"]) == (2, 2, 0, 1)
    assert told["elements"]["Observation.note.text"] == 1
    shown = unread(*asked).output
    assert "Of 2 records, 2 would change" in shown
    assert marks_in(shown + json.dumps(told, ensure_ascii=False)) == []


def test_a_mapping_beside_itself_changes_nothing(unread: Command) -> None:
    unread.register(GOOD)
    register = str(unread.home / "registers/register.csv")
    assert (
        unread.json("mapping", "diff", "spreadsheet/register-fr", "spreadsheet/register-fr", register)["elements"] == {}
    )
