"""`hub init`: a folder that works at once, and that is never overwritten by accident."""

import stat
from pathlib import Path

from click.testing import CliRunner, Result

from hub import settings
from hub.__main__ import main


def init(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["--lang", "en", "init", *map(str, arguments)], env={"COLUMNS": "200"})


def test_the_folder_can_be_read_as_a_deployment_at_once(tmp_path: Path) -> None:
    made = init(tmp_path / "new" / "hub")
    assert made.exit_code == 0
    read = settings.read(tmp_path / "new" / "hub")
    assert read.language == "fr"
    assert {entry.id for entry in read.organizations} == {"example-association", "example-hospital"}
    assert read.connections == ()  # the example is an example
    assert len(read.pepper) >= 40


def test_it_says_what_to_do_next(tmp_path: Path) -> None:
    said = init(tmp_path / "hub").output
    assert f"hub --home {tmp_path / 'hub'} check" in said
    assert "Keep a copy" in said


def test_secrets_are_for_this_account_alone(tmp_path: Path) -> None:
    init(tmp_path / "hub")
    for name in ("", "secrets"):  # others on this machine open neither registers nor passwords
        assert stat.S_IMODE((tmp_path / "hub" / name).stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "hub" / "secrets" / "pepper").stat().st_mode) == 0o600


def test_two_deployments_have_different_peppers(tmp_path: Path) -> None:
    init(tmp_path / "a")
    init(tmp_path / "b")
    assert (tmp_path / "a/secrets/pepper").read_text() != (tmp_path / "b/secrets/pepper").read_text()


def test_nothing_is_overwritten_without_force(tmp_path: Path) -> None:
    init(tmp_path / "hub")
    (tmp_path / "hub" / "hub.toml").write_text("# mine\n")
    (tmp_path / "hub" / "organizations.yaml").unlink()
    again = init(tmp_path / "hub")
    assert again.exit_code == 1
    assert "hub.toml" in again.output
    assert (tmp_path / "hub" / "hub.toml").read_text() == "# mine\n"
    assert not (tmp_path / "hub" / "organizations.yaml").exists()  # all or nothing


def test_force_replaces_files_but_never_the_pepper(tmp_path: Path) -> None:
    init(tmp_path / "hub")
    pepper = (tmp_path / "hub" / "secrets" / "pepper").read_text()
    (tmp_path / "hub" / "hub.toml").write_text("# mine\n")
    forced = init(tmp_path / "hub", "--force")
    assert forced.exit_code == 0
    assert "[server]" in (tmp_path / "hub" / "hub.toml").read_text()
    assert (tmp_path / "hub" / "secrets" / "pepper").read_text() == pepper


def test_another_template_is_copied_over_ours_without_its_secrets_and_data(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    for name in ("connections", "secrets", "data"):
        (theirs / name).mkdir(parents=True)
    init(tmp_path / "ours")
    toml = (tmp_path / "ours" / "hub.toml").read_text("utf-8")
    (theirs / "hub.toml").write_text(toml.replace('language = "fr"', 'language = "ar"'), "utf-8")
    (theirs / "connections" / "one.yaml").write_text(
        "organization: example-hospital\nadapter: spreadsheet\nmapping: m\n"
    )
    (theirs / "secrets" / "pepper").write_text("theirs")
    (theirs / "data" / "file").write_text("theirs")
    assert init(tmp_path / "hub", "--template", theirs).exit_code == 0
    read = settings.read(tmp_path / "hub")
    assert read.language == "ar"
    assert [connection.id for connection in read.connections] == ["one"]
    assert read.pepper != b"theirs"
    assert not (tmp_path / "hub" / "data").exists()


def test_a_folder_is_not_its_own_template(tmp_path: Path) -> None:
    assert init(tmp_path, "--template", tmp_path).exit_code == 2


def test_the_example_connection_becomes_one_by_renaming_it(tmp_path: Path) -> None:
    init(tmp_path / "hub")
    example = tmp_path / "hub" / "connections" / "example.yaml.txt"
    example.rename(example.with_suffix(""))
    (connection,) = settings.read(tmp_path / "hub").connections
    assert (connection.id, connection.adapter, connection.mapping) == (
        "example",
        "spreadsheet",
        "spreadsheet/register-fr",
    )
