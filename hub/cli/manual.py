"""Commands whose help reads like a manual, in the reader's language, at the moment when it is read.

A command's `texts` is the beginning of its keys in the text catalogue (`cli.pull`): `.short` for lists, `.help` for the
manual's text, `.examples` verbatim (may be absent), `.<parameter>` for each argument and option. What all commands share
is under `cli.option.<parameter>`.
"""

from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from typing import Any, Final

import click

from hub import texts
from hub.cli.problems import WrongUse
from hub.cli.session import Session, language

MARK: Final = "\b\n"  # click: do not fill this paragraph
VERBATIM: Final = ("output", "examples", "exits", "more")
SHARED: Final = {
    "as_json": "json",
    "help": "help",
    "_click_default_help": "help",
}  # parameters that read the same in every command


def language_of(context: click.Context) -> str:
    """The language that this invocation speaks."""
    session = context.find_root().obj
    return session.language if isinstance(session, Session) else language(None, {})


class _Manual(click.Command):
    """Texts instead of docstrings."""

    texts: str

    def __init__(self, *args: Any, texts: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.texts = texts
        self.help = self.short_help = None

    def own(self, context: click.Context, part: str) -> str:
        """A text of this command; "" when it has none of this kind."""
        return first_text(language_of(context), f"{self.texts}.{part}")

    def summary(self, speaks: str) -> str:
        return first_text(speaks, f"{self.texts}.short")

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        pieces = " ".join(self.collect_usage_pieces(ctx))
        formatter.write_usage(ctx.command_path, pieces, f"{heading(ctx, 'usage')} ")
        self._paragraphs(formatter, self.own(ctx, "help"))
        for name, rows in self._sections(ctx):
            if rows:
                with formatter.section(heading(ctx, name)):
                    formatter.write_dl(rows)
        for part in VERBATIM:
            self._verbatim(ctx, formatter, part)

    def _sections(self, context: click.Context) -> Iterator[tuple[str, list[tuple[str, str]]]]:
        parameters = self.get_params(context)
        arguments = [p for p in parameters if isinstance(p, click.Argument)]
        yield "arguments", [(p.make_metavar(context), self._about(context, p)) for p in arguments]
        options = [p for p in parameters if isinstance(p, click.Option) and not p.hidden]
        yield "options", [(_spelling(p, context), self._about(context, p)) for p in options]

    def _about(self, context: click.Context, parameter: click.Parameter) -> str:
        name = parameter.name or ""
        shared = SHARED.get(name)
        said = first_text(language_of(context), f"cli.option.{shared}") if shared else self.own(context, name)
        default = parameter.default
        if isinstance(parameter, click.Option) and parameter.show_default and default is not None:
            return f"{said} {heading(context, 'default').format(value=_shown(default))}"
        return said

    def _paragraphs(self, formatter: click.HelpFormatter, text: str) -> None:
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(text.strip())

    def _verbatim(self, context: click.Context, formatter: click.HelpFormatter, part: str) -> None:
        if lines := self.own(context, part).rstrip():
            with formatter.section(heading(context, part)):
                formatter.write_text(MARK + lines)


class ManualCommand(_Manual):
    """A command that does something."""


class ManualGroup(_Manual, click.Group):
    """A command made of commands."""

    def _sections(self, context: click.Context) -> Iterator[tuple[str, list[tuple[str, str]]]]:
        yield from super()._sections(context)
        speaks = language_of(context)
        yield "commands", [(name, self.summary_of(context, name, speaks)) for name in self.list_commands(context)]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-") and not ctx.resilient_parsing:
            raise no_such_command(ctx, name, self.list_commands(ctx))
        return super().resolve_command(ctx, args)

    def summary_of(self, context: click.Context, name: str, speaks: str) -> str:
        found = self.get_command(context, name)
        return found.summary(speaks) if isinstance(found, _Manual) else found.get_short_help_str(70) if found else ""


def command(name: str, key: str, *, takes_dashes: bool = False) -> Callable[[Callable[..., Any]], ManualCommand]:
    """A command whose texts begin with `key`. What its function returns is the exit code; None is 0.

    `takes_dashes`: an argument may begin with a dash, as one key id in 64 does; it need not be written after `--`.
    """
    return click.command(name, cls=ManualCommand, texts=key, context_settings={"ignore_unknown_options": takes_dashes})


def group(name: str, key: str) -> Callable[[Callable[..., Any]], ManualGroup]:
    return click.group(name, cls=ManualGroup, texts=key)


def no_such_command(context: click.Context, name: str, known: Sequence[str]) -> WrongUse:
    near = get_close_matches(name, known, 1)
    said = texts.say("cli.wrong.near", language_of(context), name=near[0]) if near else ""
    return WrongUse("wrong.command", context, name=name, near=f" {said}" if said else "")


def heading(context: click.Context, name: str) -> str:
    return first_text(language_of(context), f"cli.heading.{name}")


def first_text(speaks: str, *keys: str) -> str:
    """The first of these keys that the catalogue has, as it is written: examples may hold braces."""
    for key in keys:
        file, _, rest = key.partition(".")
        try:
            entry = texts.catalogue(file).get(rest)
        except FileNotFoundError:
            continue
        if entry:
            return entry.get(speaks) or entry["en"]
    return ""


def _spelling(option: click.Option, context: click.Context) -> str:
    names: Sequence[str] = [*option.opts, *option.secondary_opts]
    return ", ".join(names) if option.is_flag else f"{', '.join(names)} {option.make_metavar(context)}"


def _shown(default: Any) -> str:
    return " ".join(map(str, default)) if isinstance(default, tuple) else str(default)
