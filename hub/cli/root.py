"""`hub` itself: the options that every command understands, commands loaded only when they are asked for, and the way out.

An installed package adds commands through the entry-point group `hub.commands`; one that cannot be loaded says so and
leaves the others alone.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points, version
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from hub.cli import logging, problems
from hub.cli.manual import ManualGroup, first_text
from hub.cli.session import Session, language
from hub.texts import LANGUAGES

GROUP: Final = "hub.commands"
LEVELS: Final = ("debug", "info", "warning", "error")
VALUED: Final = ("--home", "--lang", "--log-level")
FLAGS: Final = ("--debug",)


class Root(ManualGroup):
    """`commands`: name → `module:attribute`, in the order in which the manual lists them."""

    def __init__(self, commands: Mapping[str, str]) -> None:
        super().__init__("hub", texts="cli.hub", params=_options(), callback=_begin, subcommand_metavar="COMMAND …")
        self._ours = commands

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*self._ours, *(name for name in _added() if name not in self._ours)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in self._ours:
            module, _, attribute = self._ours[cmd_name].partition(":")
            return _as_command(getattr(import_module(module), attribute))
        point = _added().get(cmd_name)
        return _load(point) if point else None

    def summary_of(self, context: click.Context, name: str, speaks: str) -> str:
        """Our own are described without being loaded: the manual is there at once."""
        if name in self._ours:
            return first_text(speaks, f"cli.{name}.short")
        return super().summary_of(context, name, speaks)

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any) -> NoReturn:  # type: ignore[override]  # one way out, whatever click would do
        given = hoist(sys.argv[1:] if args is None else args)
        session = Session(language=language(_value_of("--lang", given), os.environ), debug="--debug" in given)
        extra = {name: value for name, value in extra.items() if name not in {"standalone_mode", "obj"}}
        sys.exit(problems.watched(session, lambda: super(Root, self).main(
            given, prog_name or "hub", standalone_mode=False, obj=session, **extra
        )))  # fmt: skip


def hoist(arguments: Sequence[str]) -> list[str]:
    """The common options first, wherever they were typed: `hub pull --all --debug` is what people write."""
    ours: list[str] = []
    others: list[str] = []
    left = list(arguments)
    while left:
        word = left.pop(0)
        if word == "--":
            others += [word, *left]
            break
        if word in FLAGS or word.startswith(tuple(f"{name}=" for name in VALUED)):
            ours.append(word)
        elif word in VALUED and left:
            ours += [word, left.pop(0)]
        else:
            others.append(word)
    return ours + others


def _value_of(option: str, arguments: Sequence[str]) -> str | None:
    for word, following in zip(arguments, [*arguments[1:], ""], strict=True):
        if word == option or word.startswith(f"{option}="):
            return word.partition("=")[2] or following
    return None


def _options() -> list[click.Parameter]:
    return [
        click.Option(["--home"], type=click.Path(path_type=Path), envvar="IHALA_HOME", default=Path(), metavar="DIR"),
        click.Option(["--lang"], type=click.Choice(LANGUAGES)),
        click.Option(["--log-level"], type=click.Choice(LEVELS), envvar="IHALA_LOG_LEVEL"),
        click.Option(["--debug"], is_flag=True),
        click.Option(["--version"], is_flag=True, is_eager=True, expose_value=False, callback=_tell_version),
    ]


def _tell_version(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        click.echo(f"ihala {version('ihala')}")
        context.exit()


@click.pass_context
def _begin(context: click.Context, home: Path, lang: str | None, log_level: str | None, debug: bool) -> None:
    session: Session = context.obj
    context.obj = replace(session, home=home, debug=debug or session.debug, log_level=log_level)
    logging.configure(log_level or "warning")


def _added() -> Mapping[str, EntryPoint]:
    return {point.name: point for point in sorted(entry_points(group=GROUP), key=lambda point: point.name)}


def _load(point: EntryPoint) -> click.Command:
    try:
        return _as_command(point.load())
    except Exception as problem:
        return _broken(point.name, type(problem).__name__)


def _broken(name: str, problem: str) -> click.Command:
    """Stands where a command of another package would be, and says that it cannot be loaded."""

    def tell() -> int:
        session: Session = click.get_current_context().find_root().obj
        session.err.print(session.say("broken-command", name=name, problem=problem), style="red", markup=False)
        return problems.FAILED

    return click.Command(name, callback=tell, short_help=f"({problem})", add_help_option=False,
                         context_settings={"ignore_unknown_options": True, "allow_extra_args": True})  # fmt: skip


def _as_command(found: Any) -> click.Command:
    if not isinstance(found, click.Command):
        raise TypeError("not a click command")
    return found
