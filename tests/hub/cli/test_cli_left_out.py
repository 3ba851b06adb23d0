"""Records that a mapping leaves out as tests: each command that reads records says how many, and none shows what stands in them."""

import json

import pytest

from hub.texts import LANGUAGES
from tests.support.command_line import GOOD, Command, marks_in

TEST = GOOD.replace("1;05/01/2026;AR-001", "TEST-2;06/01/2026;AR-002").replace("0612345678", "0611111111")
OTHER = TEST.replace("TEST-2", "2")
MARKED = "[{column: case_number, begins: TEST-}]"


def form(hub: Command, left_out: str = MARKED, version: str = "1", name: str = "ours") -> None:
    folder = hub.home / "mappings" / "spreadsheet" / name
    folder.mkdir(parents=True, exist_ok=True)
    text = f"extends: spreadsheet/register-fr\nid: spreadsheet/{name}\nversion: '{version}'\nleft_out: {left_out}\n"
    (folder / "mapping.yaml").write_text(text, "utf-8")


def register(hub: Command, *rows: str) -> None:
    hub.register(*rows)
    file = hub.home / "connections" / "register.yaml"
    file.write_text(file.read_text("utf-8").replace("spreadsheet/register-fr", "spreadsheet/ours"), "utf-8")


def numbers(hub: Command) -> dict[str, int]:
    (one,) = hub.json("pull", "register")
    return {name: number for name, number in one.items() if number and isinstance(number, int) and name != "read"}


def test_a_pull_tells_how_many_it_left_out_each_time_and_shows_nothing_of_them(hub: Command) -> None:
    form(hub)
    register(hub, GOOD, TEST)
    shown = hub("pull", "register")
    assert shown.exit_code == 0 and "Left out as tests" in shown.output
    assert marks_in(shown.output) == [] and "TEST" not in shown.output
    assert hub.json("quarantine", "list") == [] and hub.json("status")["stored"]["Patient"] == 1
    register(hub, GOOD, TEST, GOOD.replace("1;05/01", "9;05/01").replace("AR-001", "AR-009"))
    assert numbers(hub) == {"created": 1, "unchanged": 1, "left_out": 1}


def test_where_nothing_is_left_out_there_is_no_column_for_it(hub: Command) -> None:
    form(hub)
    register(hub, GOOD)
    assert "Left out" not in hub("pull", "register").output


def test_a_check_of_the_connection_tells_it_and_nobody_would_see_them(unread: Command) -> None:
    form(unread)
    register(unread, TEST)
    told = unread.json("connection", "check", "register")
    assert (told["left_out"], told["created"], told["recipients"]) == (1, 0, [])
    shown = unread("connection", "check", "register")
    assert shown.exit_code == 0 and "left out as tests, as the mapping says (left_out): 1" in shown.output
    assert marks_in(shown.output) == [] and "TEST" not in shown.output


def test_a_preview_says_which_and_how_many_and_shows_no_cell_of_them_even_when_asked_to(unread: Command) -> None:
    form(unread)
    register(unread, GOOD, TEST)
    asked = ("mapping", "preview", "spreadsheet/ours", str(unread.home / "registers/register.csv"))
    shown = unread(*asked, "--reveal").output
    assert "row 3 · left out as a test" in shown and "Left out as tests: 1." in shown
    assert "0611111111" not in shown and "TEST-2" not in shown and "0612345678" in shown
    first, second = unread.json(*asked, "--reveal")
    assert (first["left_out"], second["left_out"], second["columns"], second["resources"]) == (False, True, {}, [])


def test_what_a_new_list_would_withdraw_is_told_before_it_is_applied(hub: Command) -> None:
    form(hub, "[]")
    register(hub, GOOD, TEST)
    assert numbers(hub) == {"created": 2}
    form(hub, version="2")
    told = hub.json("mapping", "diff", "register")
    assert (told["records"], told["left_out"], told["taken"], told["changed"]) == (2, 1, 0, 0)
    shown = hub("mapping", "diff", "register").output
    assert "what is stored of them would be withdrawn: 1" in shown
    assert marks_in(shown + json.dumps(told, ensure_ascii=False)) == []
    assert numbers(hub) == {"unchanged": 1, "withdrawn": 1, "left_out": 1}
    form(hub, "[]", version="3")
    assert hub.json("mapping", "diff", "register")["taken"] == 1
    assert numbers(hub) == {"updated": 1, "unchanged": 1}


def test_two_mappings_of_a_file_are_compared_too(unread: Command) -> None:
    form(unread)
    unread.register(GOOD, TEST)
    file = str(unread.home / "registers/register.csv")
    told = unread.json("mapping", "diff", "spreadsheet/register-fr", "spreadsheet/ours", file)
    assert (told["left_out"], told["taken"], told["changed"], told["elements"]) == (1, 0, 0, {})
    back = unread.json("mapping", "diff", "spreadsheet/ours", "spreadsheet/register-fr", file)
    assert (back["left_out"], back["taken"]) == (0, 1)
    assert (
        "taken from then on: 1" in unread("mapping", "diff", "spreadsheet/ours", "spreadsheet/register-fr", file).output
    )


def test_an_example_beside_a_mapping_can_say_that_it_is_left_out(unread: Command) -> None:
    form(unread)
    folder = unread.home / "mappings" / "spreadsheet" / "ours" / "examples"
    folder.mkdir()
    (folder / "a-test.input.json").write_text(json.dumps({"case_number": "test-1"}), "utf-8")
    (folder / "a-test.expected.json").write_text(json.dumps({"left_out": True, "drafts": [], "issues": []}), "utf-8")
    assert unread("mapping", "test", "spreadsheet/ours").exit_code == 0


MANY = [GOOD.replace("1;05/01/2026;AR-001", f"{at};05/01/2026;AR-{at:03}") for at in range(1, 21)]
OF_ALL = '[{column: visit_date, begins: "05"}]'
ALARM = {
    "en": "are left out as tests, and none is taken",
    "fr": "sont laissés de côté comme essais : aucun n'est pris",
    "ar": "تُركت على أنها تجريبية، ولم يؤخذ منها شيء",
}


@pytest.mark.parametrize("speaks", LANGUAGES)
def test_a_sign_that_every_record_has_is_told_loudly_wherever_records_are_read(hub: Command, speaks: str) -> None:
    form(hub, OF_ALL)
    register(hub, *MANY)
    file = str(hub.home / "registers/register.csv")
    for asked in (
        ("mapping", "preview", "spreadsheet/ours", file, "--rows", "20"),
        ("connection", "check", "register"),
        ("pull", "register", "--dry-run"),
        ("pull", "register"),
    ):
        shown = hub(*asked, language=speaks)
        assert shown.exit_code == 0 and ALARM[speaks] in shown.stderr, asked
        assert marks_in(shown.output) == []
    status = hub("status", language=speaks)
    assert "register" in status.stderr and "left_out" in status.stderr
    assert hub.json("status")["connections"][0]["all_left_out"] is True


def test_programs_are_told_of_it_too(hub: Command) -> None:
    form(hub, OF_ALL)
    register(hub, *MANY)
    (checked,) = hub.json("connection", "check", "register")["warnings"]
    (pulled,) = hub.json("pull", "register")[0]["warnings"]
    assert checked["place"] == pulled["place"] == "" and "(20)" in pulled["sentence"]
    assert checked["text"] == pulled["text"] == "receive.all-left-out"


def test_nobody_is_warned_where_one_record_is_taken_or_they_are_few(hub: Command) -> None:
    form(hub, OF_ALL)
    register(hub, *MANY[:19])
    assert "left_out" not in hub("pull", "register").stderr
    assert "left_out" not in hub("status").stderr
    register(hub, *MANY, GOOD.replace("1;05/01/2026;AR-001", "21;06/01/2026;AR-021"))
    assert "left_out" not in hub("pull", "register").stderr
    assert hub.json("status")["connections"][0]["all_left_out"] is False


def test_what_was_stored_and_is_left_out_by_a_new_sign_is_told_when_all_of_it_goes(hub: Command) -> None:
    form(hub, "[]")
    register(hub, *MANY)
    assert numbers(hub) == {"created": 20}
    form(hub, OF_ALL, version="2")
    shown = hub("pull", "register")
    assert ALARM["en"] in shown.stderr
    assert hub.json("status")["connections"][0]["all_left_out"] is True
