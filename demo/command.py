"""`hub demo`: what it is called with. `performance.py` is what it does."""

from pathlib import Path

import click

from hub.cli.manual import command
from hub.cli.session import Session, pass_session


@command("demo", "demo")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path("ihala-demo"))
@click.option("--picture", type=click.Path(dir_okay=False, path_type=Path))
@pass_session
def demo(session: Session, folder: Path, picture: Path | None) -> None:
    from demo.performance import perform  # noqa: PLC0415 — `hub --help` tells of the demonstration and needs none of it

    perform(session, folder, picture)
