"""`hub mapping`: which mappings there are; and `preview`, what one makes of a file."""

from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from hub import mapping as room
from hub.cli.manual import command, group
from hub.cli.mapping_diff import diff
from hub.cli.mapping_test import schema, test
from hub.cli.preview import preview
from hub.cli.scaffold import scaffold
from hub.cli.session import Session, pass_session
from hub.errors import HubError


@group("mapping", "cli.mapping")
def mapping() -> None: ...


@command("list", "cli.mapping-list")
@click.option("--json", "as_json", is_flag=True)
@pass_session
def show_all(session: Session, as_json: bool) -> None:
    own = session.home.resolve() / "mappings"
    found = [_described(session, name, own) for name in sorted(set(room.available(search=[own])))]
    if as_json:
        session.write_json(found)
        return
    table = Table(*(session.say(f"heading.{name}") for name in ("mapping", "version", "title")))
    for one in found:
        shown = (one["id"], one["version"] or "-", one["title"] or session.say("mapping-list.broken"))
        table.add_row(*(Text(str(cell)) for cell in shown))
    session.out.print(table)


mapping.add_command(show_all)
mapping.add_command(preview)
mapping.add_command(scaffold)
mapping.add_command(test)
mapping.add_command(schema)
mapping.add_command(diff)


def _described(session: Session, name: str, own: Path) -> dict[str, str | None]:
    """`version` and `title` are None when the mapping cannot be loaded: `hub check` says why."""
    try:
        form = room.load(name, search=[own])
    except HubError:
        return {"id": name, "version": None, "title": None}
    title = form.title.get(session.language) or next(iter(form.title.values()), name)
    return {"id": name, "version": form.version, "title": title}
