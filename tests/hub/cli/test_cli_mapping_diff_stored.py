"""`hub mapping diff CONNECTION`: what a mapping change would do to what is stored is told before it is done, and nothing is written."""

import re
import shutil
from importlib.resources import files

from tests.support.command_line import BAD, GOOD, MENDED, Command, marks_in

OTHER = GOOD.replace("1;05/01/2026;AR-001", "2;06/01/2026;AR-002").replace("0612345678", "0612345679")


def own(hub: Command, columns: str, version: str = "2", more: str = "") -> None:
    folder = hub.home / "mappings" / "spreadsheet" / "ours"
    folder.mkdir(parents=True, exist_ok=True)
    text = f"extends: spreadsheet/register-fr\nid: spreadsheet/ours\nversion: '{version}'\n{more}columns: {columns}\n"
    (folder / "mapping.yaml").write_text(text, "utf-8")


def pulled(hub: Command, *rows: str) -> None:
    hub.register(*rows)
    assert hub("pull", "register").exit_code in {0, 3}


def resources(hub: Command) -> dict[str, int]:
    told: dict[str, int] = hub.json("status")["resources"]
    return told


def test_stored_records_that_would_change_are_counted_by_element_and_place_and_none_is_written(hub: Command) -> None:
    pulled(hub, GOOD, OTHER, BAD)
    own(hub, "{remarks: {ignored: true}, violence_types: {on_error: warn}}")
    before = hub.json("status")
    told = hub.json("mapping", "diff", "register", "--mapping", "spreadsheet/ours")
    assert (told["records"], told["changed"], told["aside"], told["mended"]) == (3, 3, 0, 1)
    notes = told["elements"]["Observation.note.text"]
    assert (notes["records"], notes["examples"]) == (2, ["row 2", "row 3"])
    assert told["elements"]["EpisodeOfCare"]["examples"] == ["row 4"]  # of the record that was set aside
    assert (told["edited"], told["new"], told["unmet"], told["version_raised"]) == (0, 0, 0, True)
    assert hub.json("status") == before


def test_what_is_told_names_elements_and_rows_and_never_a_value(hub: Command) -> None:
    pulled(hub, GOOD, OTHER, BAD)
    own(hub, "{remarks: {ignored: true}, full_name: {ignored: true}}")
    for speaks in ("ar", "fr", "en"):
        shown = hub("mapping", "diff", "register", "--mapping", "spreadsheet/ours", language=speaks)
        assert shown.exit_code == 0
        assert marks_in(shown.output) == []
        assert "Observation.note.text" in shown.output
    as_json = hub("mapping", "diff", "register", "--mapping", "spreadsheet/ours", "--json").stdout
    assert marks_in(as_json) == []


def test_the_mapping_that_stored_them_changes_nothing_and_says_that_its_version_is_not_raised(hub: Command) -> None:
    pulled(hub, GOOD, OTHER)
    told = hub.json("mapping", "diff", "register")
    assert (told["records"], told["changed"], told["elements"], told["follows"]) == (2, 0, {}, {})
    assert told["version_raised"] is False
    assert "raise it" in hub("mapping", "diff", "register").output


def test_an_edited_mapping_is_compared_even_before_its_version_is_raised(hub: Command) -> None:
    own(hub, "{}")
    hub.register(GOOD)
    hub.connect("register", path="registers/register.csv")
    file = hub.home / "connections" / "register.yaml"
    file.write_text(file.read_text("utf-8").replace("spreadsheet/register-fr", "spreadsheet/ours"), "utf-8")
    assert hub("pull", "register").exit_code == 0
    own(hub, "{remarks: {ignored: true}}")
    told = hub.json("mapping", "diff", "register")
    assert told["changed"] == 1
    assert told["version_raised"] is False


def test_what_somebody_changed_in_the_register_since_is_counted_apart(hub: Command) -> None:
    pulled(hub, GOOD, OTHER)
    hub.register(GOOD.replace(";34;", ";35;"), MENDED)
    told = hub.json("mapping", "diff", "register")
    assert (told["records"], told["edited"], told["new"], told["unmet"]) == (0, 1, 1, 1)
    assert told["elements"] == {}


def test_what_an_earlier_visit_says_otherwise_is_no_change_where_the_last_one_stands(hub: Command) -> None:
    again = GOOD.replace("1;05/01/2026", "9;07/02/2026").replace("0612345678", "0612345670")
    pulled(hub, GOOD, again)
    told = hub.json("mapping", "diff", "register")
    assert (told["records"], told["changed"], told["elements"]) == (2, 0, {})


def test_a_mapping_by_which_records_have_another_key_says_so(hub: Command) -> None:
    pulled(hub, GOOD, OTHER)
    own(hub, "{}", more="key: [survivor_code]\n")
    told = hub.json("mapping", "diff", "register", "--mapping", "spreadsheet/ours")
    assert (told["records"], told["new"], told["unmet"]) == (0, 2, 2)


def test_the_pull_after_it_changes_what_was_told(hub: Command) -> None:
    pulled(hub, GOOD, OTHER)
    own(hub, "{remarks: {ignored: true}}")
    told = hub.json("mapping", "diff", "register", "--mapping", "spreadsheet/ours")
    file = hub.home / "connections" / "register.yaml"
    file.write_text(file.read_text("utf-8").replace("spreadsheet/register-fr", "spreadsheet/ours"), "utf-8")
    (receipt,) = hub.json("pull", "register")
    assert receipt["updated"] == told["changed"] == 2
    again = hub.json("mapping", "diff", "register")
    assert again["elements"] == {}


def before_reasons_were_read(hub: Command) -> None:
    """`spreadsheet/register-ar` 1.0.0, when nobody asked why a need was not referred."""
    for name, version in (("register-fr", "1.0.0"), ("register-ar", "1.0.0")):
        shutil.copytree(
            str(files("mappings").joinpath("spreadsheet", name)), hub.home / "mappings" / "spreadsheet" / name
        )
        path = hub.home / "mappings" / "spreadsheet" / name / "mapping.yaml"
        text = re.sub(r'(?m)^version: ".*"', f'version: "{version}"', path.read_text("utf-8"))
        path.write_text(re.sub(r"(?m)^ +extension\[no-referral-reason\].*\n", "", text), "utf-8")


def test_a_decline_that_was_stored_without_its_reason_is_told_before_the_next_pull_gives_it(hub: Command) -> None:
    before_reasons_were_read(hub)
    declined = OTHER.replace(";oui;05/01/2026;", ";ترفض الإحالة;;")
    hub.register(GOOD, declined)
    file = hub.home / "connections" / "register.yaml"
    file.write_text(file.read_text("utf-8").replace("spreadsheet/register-fr", "spreadsheet/register-ar"), "utf-8")
    assert hub("pull", "register").exit_code in {0, 3}
    shutil.rmtree(hub.home / "mappings" / "spreadsheet")  # the hub's own mapping, of today
    told = hub.json("mapping", "diff", "register")
    assert (told["records"], told["changed"], told["version_raised"]) == (2, 1, True)
    reason = "ServiceRequest.extension[no-referral-reason].valueCode"
    assert told["elements"] == {reason: {"records": 1, "examples": ["row 3"]}}
    (receipt,) = hub.json("pull", "register")
    assert (receipt["updated"], receipt["unchanged"]) == (1, 1)
    assert hub.json("mapping", "diff", "register")["elements"] == {}


def test_a_connection_that_is_not_there_and_two_names_alone_are_refused_in_a_sentence(hub: Command) -> None:
    assert hub("mapping", "diff", "nothing").exit_code == 1
    wrong = hub("mapping", "diff", "spreadsheet/register-fr", "spreadsheet/register-ar")
    assert wrong.exit_code == 2
    assert "two mappings and a file" in wrong.output
