"""`hub adapter`: what there is, what it asks for, and a folder for a new one that passes the kit at once."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from hub import mapping, texts
from hub.__main__ import main
from hub.cli.adapter_new import wanted

ROOT = Path(__file__).parents[3]
NAME = "my_tool"


def run(*words, **options):
    return CliRunner().invoke(main, list(words), env={"COLUMNS": "150"}, **options)


def in_a_process(*words, cwd, path=()):
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    env["PYTHONPATH"] = os.pathsep.join([*map(str, path), str(ROOT)])
    return subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def written(tmp_path):
    assert run("adapter", "new", NAME, "--into", str(tmp_path)).exit_code == 0
    return tmp_path / NAME


@pytest.fixture
def installed(written):
    """As an installation leaves it: the package on the path, and its entry point beside it."""
    info = written / f"{NAME}-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text(f"[hub.adapters]\n{NAME} = {NAME}:adapter\n")
    return written


@pytest.mark.parametrize("speaks", texts.LANGUAGES)
def test_the_doors_that_are_installed_are_listed_by_name_title_and_promise(speaks):
    shown = run("--lang", speaks, "adapter", "list").output
    assert "kobo" in shown and "spreadsheet" in shown
    assert texts.say("cli.heading.promises", speaks) in shown
    assert texts.say("cli.adapter.complete-scan", speaks).split()[-1] in shown


def test_the_list_for_programs_says_what_each_can_do():
    found = {one["name"]: one for one in json.loads(run("adapter", "list", "--json").output)}
    assert set(found["kobo"]["capabilities"]) == {"complete-scan", "hook", "http", "read", "write-back"}
    assert found["kobo"]["title"] == "KoboToolbox project"


@pytest.mark.parametrize("speaks", texts.LANGUAGES)
def test_the_settings_of_a_door_are_explained_in_the_readers_language(speaks):
    shown = " ".join(run("--lang", speaks, "adapter", "show", "kobo").output.split())
    assert "page_size" in shown and texts.say("cli.adapter.type-integer", speaks) in shown
    assert texts.say("adapters.setting-only-validated", speaks).split()[1] in shown
    assert texts.say("cli.adapter.secret", speaks) in shown


def test_a_description_for_programs_holds_every_setting_in_three_languages():
    told = json.loads(run("adapter", "show", "kobo", "--json").output)
    assert [one["name"] for one in told["secrets"]] == ["token", "hint"]
    assert {one["name"]: one["type"] for one in told["settings"]}["page_size"] == "integer"
    assert all(set(one["meaning"]) == set(texts.LANGUAGES) for one in told["settings"])


def test_a_door_that_is_not_there_is_said_with_those_that_are():
    shown = run("adapter", "show", "kobbo")
    assert shown.exit_code == 2 and "kobbo" in shown.stderr and "spreadsheet" in shown.stderr


def test_a_new_door_passes_the_kit_before_a_line_of_it_is_changed(written):
    done = in_a_process(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-x", "--tb=short", cwd=written)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert "skipped" not in done.stdout


def test_a_new_door_is_found_where_it_is_installed_and_speaks_its_own_sentences(installed):
    hub = [sys.executable, "-m", "hub", "--lang", "fr", "adapter"]
    listed = in_a_process(*hub, "list", "--json", cwd=installed, path=[installed])
    assert NAME in {one["name"] for one in json.loads(listed.stdout)}
    shown = in_a_process(*hub, "show", NAME, cwd=installed, path=[installed])
    assert "La clé d'accès" in shown.stdout


def test_a_new_door_keeps_the_rules_of_the_house(written):
    settings = ["--config", str(ROOT / "pyproject.toml")]
    lint = in_a_process(sys.executable, "-m", "ruff", "check", *settings, "--ignore", "I001", NAME, cwd=written)
    assert lint.returncode == 0, lint.stdout


def test_the_example_of_a_new_doors_mapping_gives_what_stands_beside_it(written):
    form = mapping.load(f"{NAME}/records", search=[written / "mappings"])
    assert mapping.check(f"{NAME}/records", search=[written / "mappings"]) == ()
    (expected,) = (written / "mappings").rglob("*.expected.json")
    assert [one["local"] for one in json.loads(expected.read_text("utf-8"))["drafts"]] == ["patient", "case", "need"]
    assert form.layout().follow_up == ("follow_up_status", "follow_up_date")


@pytest.mark.parametrize("name", ["My-Tool", "1tool", "class", "../up", "a/b", ""])
def test_a_name_that_python_could_not_import_is_refused(name, tmp_path):
    assert run("adapter", "new", name, "--into", str(tmp_path)).exit_code == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["json", "kobo", "hub", "adapters"])
def test_a_name_that_is_taken_is_refused(name, tmp_path):
    assert run("adapter", "new", name, "--into", str(tmp_path)).exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_not_written_to(written, tmp_path):
    before = {path: path.read_bytes() for path in written.rglob("*") if path.is_file()}
    again = run("adapter", "new", NAME, "--into", str(tmp_path))
    assert again.exit_code == 1 and str(written) in again.stderr.replace("\n", "")
    assert {path: path.read_bytes() for path in written.rglob("*") if path.is_file()} == before


def test_nothing_of_the_template_is_left_in_a_new_door():
    for path, text in wanted(NAME):
        assert "door_name" not in f"{path}{text}"
        assert not path.name.endswith(".txt")
