"""`hub adapter new`: write a folder for a door of one's own. It passes the acceptance kit before a line of it is changed."""

import keyword
import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Final

import click

from hub.cli.manual import command
from hub.cli.problems import FAILED, WrongUse
from hub.cli.session import Session, pass_session

NAME: Final = re.compile(r"[a-z][a-z0-9_]{1,39}")
PLACEHOLDER: Final = "door_name"
MOVED: Final = {"package": "{name}", "mapping": "mappings/{name}/records"}
"""Where a folder of the template goes, where that is not its own name."""


@command("new", "cli.adapter-new")
@click.argument("name", metavar="NAME")
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), default=Path(), metavar="DIR")
@pass_session
def new(session: Session, name: str, into: Path) -> int | None:
    _require_name(name)
    target = into / name
    if target.exists():
        session.err.print(session.say("adapter-new.taken", folder=target), markup=False, soft_wrap=True)
        return FAILED
    for path, text in wanted(name):
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_text(text, "utf-8")
    session.tell("adapter-new.done", folder=target)
    session.tell("adapter-new.next", folder=target, name=name)
    return None


def _require_name(name: str) -> None:
    """A name that Python can import and nothing else goes by."""
    if not NAME.fullmatch(name) or keyword.iskeyword(name):
        raise WrongUse("adapter-new.bad-name", name=name)
    if find_spec(name) is not None or find_spec(f"adapters.{name}") is not None:
        raise WrongUse("adapter-new.name-taken", name=name)


def wanted(name: str) -> Iterator[tuple[PurePosixPath, str]]:
    """Path in the new folder → its text."""
    for path, file in _below(files("hub.cli") / "door", PurePosixPath()):
        head, *rest = path.parts
        place = PurePosixPath(MOVED.get(head, head).format(name=name), *rest)
        text = file.read_text("utf-8").replace(PLACEHOLDER, name)
        yield PurePosixPath(str(place).replace(PLACEHOLDER, name).removesuffix(".txt")), text


def _below(folder: Traversable, path: PurePosixPath) -> Iterator[tuple[PurePosixPath, Traversable]]:
    for one in sorted(folder.iterdir(), key=lambda found: found.name):
        if one.is_dir() and one.name != "__pycache__":
            yield from _below(one, path / one.name)
        elif one.is_file():
            yield path / one.name, one
