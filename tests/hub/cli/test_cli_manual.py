"""The manual: complete, in three languages, at once, and tolerant of what people type."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import hub.cli
from hub import texts
from hub.__main__ import main
from hub.cli.manual import SHARED, VERBATIM, ManualCommand, ManualGroup, first_text
from hub.cli.root import hoist
from hub.cli.session import language

OURS = (
    "init",
    "check",
    "serve",
    "pull",
    "connection",
    "listen",
    "quarantine",
    "mapping",
    "adapter",
    "profiles",
    "validate",
    "consent",
    "referral",
    "statistics",
    "report",
    "override",
    "client",
    "person",
    "directory",
    "deliver",
    "delivery",
    "status",
    "search",
    "audit",
    "keys",
    "erase",
)


def commands(group: click.Group, names: tuple[str, ...], path: str = "hub") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in names:
        command = group.get_command(context, name)
        assert command is not None
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, tuple(command.list_commands(context)), f"{path} {name}")


ALL = dict([("hub", main), *commands(main, OURS)])


def help_of(path: str, speaks: str) -> str:
    shown = CliRunner().invoke(main, ["--lang", speaks, *path.split()[1:], "--help"], env={"COLUMNS": "100"})
    assert shown.exit_code == 0
    return shown.output


@pytest.mark.parametrize("speaks", texts.LANGUAGES)
@pytest.mark.parametrize("path", ALL)
def test_every_command_has_a_manual_page_in_every_language(path: str, speaks: str) -> None:
    command = ALL[path]
    assert isinstance(command, ManualCommand | ManualGroup)
    assert command.summary(speaks) or path == "hub"
    shown = help_of(path, speaks)
    first_words = first_text(speaks, f"{command.texts}.help").split()[:4]
    assert " ".join(first_words) in " ".join(shown.split())


@pytest.mark.parametrize("speaks", texts.LANGUAGES)
@pytest.mark.parametrize("path", ALL)
def test_every_argument_and_option_is_explained(path: str, speaks: str) -> None:
    command = ALL[path]
    assert isinstance(command, ManualCommand | ManualGroup)
    for parameter in command.get_params(click.Context(command)):
        name = parameter.name or ""
        keys = [f"cli.option.{SHARED[name]}"] if name in SHARED else [f"{command.texts}.{name}"]
        said = first_text(speaks, *keys)
        assert said, f"{path}: {name}"
        assert said.split()[0] in help_of(path, speaks)


@pytest.mark.parametrize("path", [path for path, command in ALL.items() if isinstance(command, ManualCommand)])
def test_every_command_shows_examples_that_can_be_typed(path: str) -> None:
    command = ALL[path]
    assert isinstance(command, ManualCommand)
    examples = [line for line in first_text("en", f"{command.texts}.examples").splitlines() if not line.startswith("#")]
    assert examples
    assert all(line.startswith(path) or path == "hub serve" for line in examples)


@pytest.mark.parametrize(
    "path", [path for path, command in ALL.items() if any(p.name == "as_json" for p in command.params)]
)
def test_what_json_writes_is_documented(path: str) -> None:
    assert "What --json writes" in help_of(path, "en")


def test_no_text_of_the_manual_is_left_unused() -> None:
    prefixes = {
        command.texts.removeprefix("cli.")
        for command in ALL.values()
        if isinstance(command, ManualCommand | ManualGroup)
    }
    names = {p.name for command in ALL.values() for p in command.params} | {"short", "help", *VERBATIM}
    sources = "".join(path.read_text("utf-8") for path in Path(hub.cli.__path__[0]).glob("*.py"))
    said = set(re.findall(r"""["']([a-z][a-z._-]*)["']""", sources))
    for key in texts.catalogue("cli"):
        prefix, _, rest = key.partition(".")
        of_the_manual = prefix in {"option", "place"} or (prefix in prefixes and rest in names)
        assert of_the_manual or key in said or rest in said, key


def test_our_commands_and_the_demonstration_are_listed_without_loading_the_hub() -> None:
    listed = [*OURS, "demo"]
    code = (
        "import sys, click; from hub.__main__ import main\n"
        "print(*[main.summary_of(click.Context(main), name, 'en') for name in sys.argv[1:]], sep='\\n')\n"
        "print(sorted({'pymongo', 'flask', 'granian', 'jsonschema_rs', 'openpyxl'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code, *listed], capture_output=True, text=True, check=True)
    *summaries, loaded = shown.stdout.splitlines()
    assert len(summaries) == len(listed) and all(summaries)
    assert loaded == "[]"


def test_a_command_that_serves_nobody_loads_nothing_of_the_web() -> None:
    code = "import sys, hub.bootstrap; print(sorted({'flask', 'jinja2', 'hub.web', 'hub.console'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_exit_codes_are_told() -> None:
    shown = help_of("hub", "en")
    assert all(f"\n  {code} " in shown for code in (0, 1, 2, 3, 4, 130))


def test_the_common_options_may_stand_anywhere() -> None:
    assert hoist(["pull", "--home", "here", "x", "--debug", "--lang=fr"]) == [
        "--home",
        "here",
        "--debug",
        "--lang=fr",
        "pull",
        "x",
    ]
    assert hoist(["pull", "--", "--debug"]) == ["pull", "--", "--debug"]
    shown = CliRunner().invoke(main, ["pull", "--help", "--lang", "fr"])
    assert shown.output.startswith("Usage : hub pull")


@pytest.mark.parametrize(
    ("asked", "environment", "expected"),
    [
        ("fr", {"LANG": "ar_MA.UTF-8"}, "fr"),
        (None, {"IHALA_LANG": "ar", "LANG": "fr_MA.UTF-8"}, "ar"),
        (None, {"LC_ALL": "fr_MA.UTF-8", "LANG": "en_GB.UTF-8"}, "fr"),
        (None, {"LANG": "ar_MA.UTF-8"}, "ar"),
        (None, {"LANG": "C.UTF-8"}, "en"),
        (None, {}, "en"),
    ],
)
def test_the_language_is_the_one_asked_for_or_that_of_the_place(
    asked: str | None, environment: dict[str, str], expected: str
) -> None:
    assert language(asked, environment) == expected


def test_a_command_mistyped_is_guessed() -> None:
    shown = CliRunner().invoke(main, ["--lang", "fr", "quarantaine"])
    assert shown.exit_code == 2
    assert "Vouliez-vous dire quarantine ?" in shown.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["pull", "--dry"], "There is no option --dry. Did you mean --dry-run?"),
        (["init"], "DIR is missing."),
        (["serve", "--workers", "none"], "The value of --workers does not fit"),
        (["--lang", "de", "status"], "possible values are ar, fr, en"),
        (["mapping", "preview", "x/y", "/nowhere/at/all"], "does not exist or cannot be read"),
        (["--home", "a", "mapping", "scaffold", "registers/x.csv"], f"you type ({Path.cwd()}), also with --home"),
    ],
)
def test_a_wrong_command_line_is_explained_and_ends_with_2(arguments: list[str], said: str) -> None:
    shown = CliRunner().invoke(main, arguments, env={"LANG": "C", "COLUMNS": "200"})
    assert shown.exit_code == 2
    assert said in shown.output
    assert "--help" in shown.output


def test_a_command_of_another_package_that_cannot_be_loaded_leaves_the_others_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "guest-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: guest\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[hub.commands]\nguest = guest_that_is_not_there:command\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    shown = CliRunner().invoke(main, ["--help"])
    assert shown.exit_code == 0
    assert "guest" in shown.output
    assert "quarantine" in shown.output
    used = CliRunner().invoke(main, ["--lang", "en", "guest", "--some", "thing"], env={"COLUMNS": "200"})
    assert used.exit_code == 1
    assert "The command guest comes from another package and cannot be loaded (ModuleNotFoundError)" in used.output


def test_a_command_of_another_package_is_one_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "guest-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: guest\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[hub.commands]\ngreet = a_good_guest:greet\n")
    (tmp_path / "a_good_guest.py").write_text(
        "import click\n@click.command()\n@click.pass_context\ndef greet(context):\n    'Say hello.'\n"
        "    click.echo('hello in ' + context.find_root().obj.language)\n    return 3\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    greeted = CliRunner().invoke(main, ["--lang", "ar", "greet"])
    assert (greeted.output, greeted.exit_code) == ("hello in ar\n", 3)


def test_the_version_is_told() -> None:
    assert CliRunner().invoke(main, ["--version"]).output.startswith("ihala ")
