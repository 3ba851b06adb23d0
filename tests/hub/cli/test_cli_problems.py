"""How a command ends when something is wrong: one clear sentence, a meaningful code, and no traceback unless asked for."""

from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner

from hub import errors, texts
from hub.__main__ import main
from hub.cli import problems
from hub.cli.session import Session
from hub.errors import AdapterError, HubError, Problem
from hub.exchange import Invalid
from hub.fhir.issues import Issue
from tests.support.blanks import blanks
from tests.support.command_line import Command

SPEAKS = Session(language="en")
MARK = "Zineb Marquée"


def fail(problem: Exception) -> None:
    raise problem


@pytest.mark.parametrize("name", [name for name, value in vars(errors).items() if isinstance(value, Problem)])
@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_every_problem_has_a_sentence(name: str, language: str) -> None:
    problem: Problem = getattr(errors, name)
    assert texts.catalogue("problems")[problem.code][language]


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (HubError(errors.NO_DEPLOYMENT, folder="/a/b"), "The folder /a/b is no deployment folder"),
        (HubError(errors.NO_DEPLOYMENT, folder="x"), "--home"),
        (
            HubError(errors.UNKNOWN_ORGANIZATION, name="x", known="a, b"),
            "has the id x. Those that are there: a, b.",
        ),
        (
            HubError(errors.BAD_FILE, place="hub.toml", detail="server.port"),
            "hub.toml: This file cannot be read: server.port.",
        ),
        (HubError(errors.SECRET_MISSING, name="token", env="A_TOKEN", file="-"), "environment variable A_TOKEN"),
        (HubError(errors.UNKNOWN_CONNECTION, name="x", known="a, b"), "Known connections: a, b"),
        (HubError(errors.UNKNOWN_ADAPTER, name="x", known="kobo"), "Known adapters: kobo"),
        (HubError(errors.MISCONFIGURED, text="store.no-port"), "No network port is free"),
        (HubError(errors.SUBSETTED), "partial view"),
        (HubError(errors.UNKNOWN_REFERENCE), "does not point to a resource"),
        (AdapterError("adapters.file-missing"), "does not exist or cannot be opened"),
    ],
)
def test_a_problem_is_told_in_one_sentence(problem: Exception, said: str) -> None:
    sentence = problems.sentence(SPEAKS, problem)
    assert said in sentence
    assert "{" not in sentence


def test_a_sentence_that_lacks_a_blank_falls_back_on_the_problems_own() -> None:
    assert problems.sentence(SPEAKS, HubError(errors.CONFLICT, text="store.library-missing")).startswith(
        "Somebody else"
    )
    assert problems.sentence(SPEAKS, AdapterError("adapters.not-in-the-catalogue")) == "adapters.not-in-the-catalogue"


def test_what_a_validation_found_is_listed() -> None:
    found = Invalid(
        errors.INVALID,
        (
            Issue(
                "error", "required", "conformance.missing", "Organization.name", params={"element": "Organization.name"}
            ),
        ),
    )
    assert "\n  Organization.name: " in problems.sentence(SPEAKS, found)


def test_something_unexpected_is_named_by_its_type_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert problems.watched(SPEAKS, lambda: fail(ValueError(MARK))) == problems.FAILED
    told = capsys.readouterr().err
    assert "ValueError" in told and "--debug" in told
    assert MARK not in told and "Traceback" not in told


def test_debug_shows_what_developers_need(capsys: pytest.CaptureFixture[str]) -> None:
    assert problems.watched(Session(debug=True), lambda: fail(ValueError("why"))) == problems.FAILED
    assert "Traceback" in capsys.readouterr().err


def test_stopping_by_hand_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert problems.watched(SPEAKS, lambda: fail(KeyboardInterrupt())) == 130  # type: ignore[arg-type]  # no Exception
    assert problems.watched(SPEAKS, lambda: fail(click.Abort())) == 130
    assert "Stopped at your request" in capsys.readouterr().err


@pytest.mark.parametrize(("answer", "code"), [(None, 0), (0, 0), (3, 3), (True, 0), ("text", 0)])
def test_a_commands_answer_is_its_exit_code(answer: object, code: int) -> None:
    assert problems.watched(SPEAKS, lambda: answer) == code


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    shown = CliRunner().invoke(main, ["--lang", "en", "init", str(tmp_path / "file" / "below")], env={"COLUMNS": "200"})
    assert shown.exit_code == 1
    assert "cannot be reached" in shown.output


def test_every_command_in_a_folder_that_is_none_says_how_to_make_one(tmp_path: Path) -> None:
    for arguments in (
        ("pull", "--all"),
        ("status",),
        ("serve",),
        ("deliver",),
        ("quarantine", "list"),
        ("client", "list"),
    ):
        shown = Command(tmp_path)(*arguments)
        assert shown.exit_code == 1, arguments
        assert "hub init" in " ".join(shown.output.split())  # wherever the line ends
        assert "Traceback" not in shown.output


def test_the_catalogue_of_the_command_line_is_complete_yaml() -> None:
    """Words such as yes and no are quoted: read as booleans they would be no keys."""
    for key, entry in texts.catalogue("cli").items():
        assert isinstance(key, str)
        assert set(entry) == set(texts.LANGUAGES), key
        assert all(isinstance(text, str) and text.strip() for text in entry.values()), key
        found = {frozenset(blanks(text)) for text in entry.values()}
        assert len(found) == 1 or key.endswith(".output"), key
    assert yaml.safe_load("a: yes") == {"a": True}
