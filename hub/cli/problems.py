"""How a command ends: the exit code, and one clear sentence for whatever went wrong.

A traceback is shown with `--debug` only: the text of an exception may quote data.
"""

import contextlib
import traceback
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import click

from hub import texts
from hub.cli.session import Session
from hub.errors import AdapterError, HubError
from hub.fhir.issues import Issue

OK: Final = 0
FAILED: Final = 1
WRONG_USE: Final = 2
QUARANTINED: Final = 3
BROKEN: Final = 4
INTERRUPTED: Final = 130


class WrongUse(click.UsageError):
    """The command line makes no sense; `sentence` (a key of `cli.yaml`) says why."""

    def __init__(self, sentence: str, context: click.Context | None = None, /, **blanks: str) -> None:
        super().__init__(sentence, context or click.get_current_context(silent=True))
        self.sentence = sentence
        self.blanks = blanks


def watched(session: Session, run: Callable[[], Any]) -> int:
    """Run a command to its exit code."""
    try:
        answer = run()
    except click.exceptions.NoArgsIsHelpError as asked:
        click.echo(asked.format_message())
        return WRONG_USE
    except click.ClickException as wrong:
        return _tell_wrong_use(session, wrong)
    except (click.Abort, KeyboardInterrupt):
        session.err.print(session.say("interrupted"), markup=False)
        return INTERRUPTED
    except Exception as problem:
        return _tell(session, problem)
    return answer if isinstance(answer, int) and not isinstance(answer, bool) else OK


def sentence(session: Session, problem: Exception) -> str:
    """What a person reads of a problem. Unexpected ones are named by their type alone."""
    if isinstance(problem, HubError):
        said = _say_first(session, (problem.text, problem.problem.text), problem.params) or problem.problem.code
        found = "".join(f"\n  {one}" for one in _findings(session, problem))
        return f"{problem.place}: {said}{found}" if problem.place else said + found
    if isinstance(problem, AdapterError):
        return _say_first(session, (problem.text,), problem.params) or problem.text
    if isinstance(problem, PermissionError | FileNotFoundError | IsADirectoryError | NotADirectoryError):
        return session.say("file-problem", file=str(problem.filename or "-"), problem=problem.strerror or "-")
    return session.say("unexpected", problem=type(problem).__name__)


def say_issue(session: Session, issue: Issue) -> str:
    """The sentence of an issue, or its key where the catalogue lacks it."""
    return _say_first(session, (issue.text,), issue.params) or issue.text


def _tell(session: Session, problem: Exception) -> int:
    if session.debug:
        traceback.print_exception(problem)
    label = session.say("error")
    session.err.print(
        f"{label} {sentence(session, problem)}", style="red", markup=False, highlight=False, soft_wrap=True
    )
    return FAILED


def _tell_wrong_use(session: Session, wrong: click.ClickException) -> int:
    context = getattr(wrong, "ctx", None)
    said = f"{session.say('error')} {_wrong(session, wrong)}"
    if isinstance(context, click.Context):
        said += f"\n{session.say('see-help', command=context.command_path)}"
    session.err.print(said, style="red", markup=False, highlight=False, soft_wrap=True)
    return WRONG_USE


def _wrong(session: Session, wrong: click.ClickException) -> str:
    """Click speaks English only; what it most often says is said here in the reader's language."""
    if isinstance(wrong, WrongUse):
        return session.say(wrong.sentence, **wrong.blanks)
    if isinstance(wrong, click.MissingParameter):
        return session.say("wrong.missing", name=_name(wrong)) + _choices(session, wrong)
    if isinstance(wrong, click.NoSuchOption):
        near = get_close_matches(wrong.option_name, wrong.possibilities or [], 1)
        return session.say("wrong.option", name=wrong.option_name) + _did_you_mean(session, near)
    if isinstance(wrong, click.BadParameter):
        return session.say("wrong.value", name=_name(wrong), detail=_detail(session, wrong))
    return session.say("wrong.use", detail=wrong.format_message())


def _choices(session: Session, wrong: click.MissingParameter) -> str:
    kind = wrong.param.type if wrong.param else None
    if not isinstance(kind, click.Choice):
        return ""
    return f" {session.say('wrong.choose', known=', '.join(str(choice) for choice in kind.choices))}"


def _did_you_mean(session: Session, near: list[str]) -> str:
    return f" {session.say('wrong.near', name=near[0])}" if near else ""


def _name(wrong: click.BadParameter) -> str:
    parameter = wrong.param
    if isinstance(parameter, click.Option):
        return max(parameter.opts, key=len)
    return (parameter.human_readable_name if parameter else "") or str(wrong.param_hint or "-")


def _detail(session: Session, wrong: click.BadParameter) -> str:
    kind = wrong.param.type if wrong.param else None
    if isinstance(kind, click.Choice):
        return session.say("wrong.choice", known=", ".join(str(choice) for choice in kind.choices))
    if isinstance(kind, click.Path) and kind.exists:
        return session.say("wrong.path", folder=Path.cwd())
    return wrong.message


def _say_first(session: Session, keys: tuple[str, ...], blanks: Mapping[str, str]) -> str:
    for key in keys:
        with contextlib.suppress(KeyError, FileNotFoundError):
            return texts.say(key, session.language, **blanks)
    return ""


def _findings(session: Session, problem: HubError) -> list[str]:
    """What a validation found, where the problem carries it."""
    issues: tuple[Issue, ...] = getattr(problem, "issues", ())
    blocking = [issue for issue in issues if issue.blocks]
    return [f"{i.params.get('place') or i.path or i.column or '-'}: {say_issue(session, i)}" for i in blocking]
