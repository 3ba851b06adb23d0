"""`hub init`: write a deployment folder that explains itself."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path

import click

from hub.cli.manual import command
from hub.cli.problems import FAILED, WrongUse
from hub.cli.session import Session, pass_session
from hub.keyring import make_kek, signing_keys

FOLDERS = ("connections", "mappings", "secrets")


@command("init", "cli.init")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--template", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--force", is_flag=True)
@pass_session
def init(session: Session, folder: Path, template: Path | None, force: bool) -> int | None:
    if template and folder.resolve() == template.resolve():
        raise WrongUse("init.same-folder")
    with _templates(template) as sources:
        wanted = _wanted(sources)
        taken = sorted(str(name) for name in wanted if (folder / name).exists())
        if taken and not force:
            session.err.print(session.say("init.taken", files=", ".join(taken)), markup=False, soft_wrap=True)
            return FAILED
        _write(wanted, folder)
    made = _write_pepper(folder / "secrets" / "pepper")
    signing_keys(folder, make=True)
    make_kek(folder)
    session.tell("init.done", folder=folder)
    session.tell("init.pepper-made" if made else "init.pepper-kept", folder=folder)
    session.tell("init.next", folder=folder)
    return None


@contextmanager
def _templates(other: Path | None) -> Iterator[list[Path]]:
    """The packaged template, and over it the one that was asked for."""
    with as_file(files("hub.cli") / "template") as ours:
        yield [ours, *([other] if other else [])]


def _wanted(sources: list[Path]) -> dict[Path, Path]:
    """Name in the folder → file to copy. What a deployment makes for itself (data, secrets) is never copied."""
    return {
        found.relative_to(source): found
        for source in sources
        for found in sorted(source.rglob("*"))
        if found.is_file() and found.relative_to(source).parts[0] not in {"data", "secrets", "__pycache__"}
    }


def _write(wanted: dict[Path, Path], folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # registers will lie in it
    for name in FOLDERS:
        (folder / name).mkdir(exist_ok=True)
    (folder / "secrets").chmod(0o700)
    for target, source in wanted.items():
        (folder / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, folder / target)


def _write_pepper(path: Path) -> bool:
    """Made once and never replaced, whatever --force says: without it no record would be recognised again."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(32) + "\n")
    return True
