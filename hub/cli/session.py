"""What every command is handed: the deployment folder, the language, and the two streams it writes to."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from hub import texts

if TYPE_CHECKING:
    from hub.bootstrap import Deployment


@dataclass(frozen=True)
class Session:
    """Answers go to `out`; everything about how it goes (progress, errors) to `err`, so that answers can be piped."""

    home: Path = Path()
    language: str = "en"
    debug: bool = False
    log_level: str | None = None

    def say(self, key: str, /, **blanks: object) -> str:
        """A sentence of `hub/texts/cli.yaml`."""
        return texts.say(f"cli.{key}", self.language, **blanks)

    def tell(self, key: str, /, **blanks: object) -> None:
        """Print a sentence."""
        self.out.print(self.say(key, **blanks), markup=False, highlight=False, soft_wrap=True)

    @property
    def out(self) -> Console:
        return _console(stderr=False)

    @property
    def err(self) -> Console:
        return _console(stderr=True)

    def write_json(self, answer: Any) -> None:
        """For programs: one JSON document, in UTF-8, indented, with the keys in the order that `--help` tells."""
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))

    @contextmanager
    def deployment(self) -> Iterator["Deployment"]:
        """The deployment of the chosen folder, opened; closed in the end, also when the process is told to stop."""
        from hub import bootstrap  # noqa: PLC0415 — `hub --help` and the shell's completion need none of it
        from hub.cli.stopping import waking  # noqa: PLC0415

        with waking(), bootstrap.opened(self.home.resolve()) as opened:
            yield opened


pass_session = click.make_pass_decorator(Session)


def language(asked: str | None, environment: Mapping[str, str]) -> str:
    """The language to speak: as asked, else IHALA_LANG, else the locale's (POSIX: LC_ALL, LC_MESSAGES, LANG)."""
    variables: Sequence[str] = ("IHALA_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
    chosen = asked or next((environment[name] for name in variables if environment.get(name)), "")
    return texts.choose_language(chosen)


def _console(stderr: bool) -> Console:
    # a program that reads wants whole lines: no terminal, no folding to 80 columns
    width = None if os.isatty(2 if stderr else 1) or "COLUMNS" in os.environ else 160
    return Console(stderr=stderr, width=width, emoji=False)
