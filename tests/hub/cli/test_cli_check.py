"""`hub check`: everything is loaded and tried; each problem comes with its place and with what to do."""

from pathlib import Path

import pytest

from hub.fhir.definitions import load
from tests.support.command_line import GOOD, Command, marks_in


@pytest.fixture
def sound(unread: Command) -> Command:
    unread.register(GOOD)
    return unread


def problems(hub: Command) -> list[tuple[str, str]]:
    return [
        (one["place"], one["text"]) for one in hub.json("check")["problems"] if one["severity"] in {"error", "fatal"}
    ]


def test_a_sound_deployment_has_no_problem(sound: Command) -> None:
    shown = sound("check")
    assert shown.exit_code == 0, shown.output
    assert f"2 organisations, {len(load().profiles())} profiles" in shown.output
    assert "1 connection." in shown.output
    answer = sound.json("check")
    assert answer["ok"] is True
    assert set(answer["checked"]) == {"organizations", "profiles", "mappings", "adapters", "connections"}


def test_every_packaged_mapping_is_sound(sound: Command) -> None:
    assert sound.json("check")["checked"]["mappings"] >= 4
    assert not [place for place, text in problems(sound) if text.startswith("mapping.")]


def test_a_folder_that_is_none_is_named_with_the_remedy(tmp_path: Path) -> None:
    shown = Command(tmp_path)("check")
    assert shown.exit_code == 1
    assert "hub init" in " ".join(shown.output.replace("│", " ").split())  # wherever the line ends


def test_a_file_that_is_no_yaml_is_told_with_its_line(sound: Command) -> None:
    (sound.home / "organizations.yaml").write_text("- id: a\n  name: {fr: A\n- id: b\n", "utf-8")
    (place, text), *_ = problems(sound)
    assert place.startswith("organizations.yaml:")
    assert text == "problems.bad-file"


def test_every_connection_is_looked_at_whatever_is_wrong_with_the_first(sound: Command) -> None:
    sound.connect("absent", path="registers/not-there.csv")
    sound.connect("unset", output="follow-up")
    (sound.home / "connections" / "stranger.yaml").write_text(
        "organization: example-association\nadapter: telepathy\nmapping: spreadsheet/register-fr\n", "utf-8"
    )
    found = dict(problems(sound))
    assert found == {
        "connections/absent.yaml": "adapters.file-missing",
        "connections/stranger.yaml": "problems.unknown-adapter",
        "connections/unset.yaml": "adapters.path-not-set",
    }


def test_a_setting_that_is_missing_is_explained(sound: Command) -> None:
    (sound.home / "connections" / "unset.yaml").write_text(
        "organization: example-association\nadapter: kobo\nmapping: kobo/intake\n", "utf-8"
    )
    shown = sound("check", language="fr")
    assert "Le réglage asset manque" in shown.output
    assert "KoboToolbox" in shown.output


def test_a_register_that_is_handed_over_needs_no_path(sound: Command) -> None:
    sound.connect("handed", upload="true")
    assert problems(sound) == []


def test_a_mapping_of_ones_own_is_checked_with_file_and_line(sound: Command) -> None:
    own = sound.home / "mappings" / "spreadsheet" / "ours"
    own.mkdir(parents=True)
    (own / "mapping.yaml").write_text(
        'id: spreadsheet/ours\nversion: "1"\nlanguage: fr\nextends: spreadsheet/register-fr\n'
        "columns:\n  age:\n    transform: guess\n",
        "utf-8",
    )
    shown = sound("check")
    assert shown.exit_code == 1
    assert "spreadsheet/ours/mapping.yaml:7" in shown.output


def test_a_name_that_two_organisations_share_is_a_warning(sound: Command) -> None:
    file = sound.home / "organizations.yaml"
    file.write_text(
        file.read_text("utf-8").replace("aliases: [Exemple]", "aliases: [Exemple, Hôpital Exemple]"), "utf-8"
    )
    shown = sound("check")
    assert shown.exit_code == 0
    assert "shared by example-association, example-hospital" in shown.output


def test_an_organisation_that_does_not_conform_is_told_by_its_id(sound: Command) -> None:
    file = sound.home / "organizations.yaml"
    file.write_text(file.read_text("utf-8").replace("type: hospital-unit", "type: castle"), "utf-8")
    assert any(place.startswith("organizations.yaml, example-hospital") for place, _ in problems(sound))


def test_checking_stores_nothing_and_shows_nobody(sound: Command) -> None:
    shown = sound("check")
    assert marks_in(shown.output) == []
    assert not (sound.home / "data").exists()
