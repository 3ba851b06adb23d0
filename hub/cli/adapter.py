"""`hub adapter`: which doors there are, what one asks of a connection, and `new`: a folder for a door of one's own."""

from importlib.metadata import EntryPoint
from typing import Any, Final

import click
from rich.table import Table
from rich.text import Text

from hub import bootstrap, texts
from hub.cli.adapter_new import new
from hub.cli.manual import command, first_text, group
from hub.cli.problems import WrongUse
from hub.cli.session import Session, pass_session
from hub.ports import Manifest

KINDS: Final = {
    "string": "type-string",
    "integer": "type-integer",
    "number": "type-number",
    "boolean": "type-boolean",
    "array": "type-array",
    "object": "type-object",
}
"""Of settings, as a manifest names them and as people do."""
PROMISES: Final = ("read", "http", "hook", "complete-scan", "write-back", "report")
"""What a door can do, in the order in which it is told."""


@group("adapter", "cli.adapter")
def adapter() -> None: ...


@command("list", "cli.adapter-list")
@click.option("--json", "as_json", is_flag=True)
@pass_session
def show_all(session: Session, as_json: bool) -> None:
    found = [_summary(session, point) for _, point in sorted(bootstrap.adapters().items())]
    if as_json:
        session.write_json(found)
        return
    table = Table(*(session.say(f"heading.{name}") for name in ("adapter", "title", "promises")))
    for one in found:
        promises = "\n".join(session.say(f"adapter.{name}") for name in one["capabilities"])
        table.add_row(Text(one["name"]), Text(one["title"] or session.say("adapter.broken")), Text(promises))
    session.out.print(table)


@command("show", "cli.adapter-show")
@click.argument("name", metavar="NAME")
@click.option("--json", "as_json", is_flag=True)
@pass_session
def show(session: Session, name: str, as_json: bool) -> None:
    known = bootstrap.adapters()
    if name not in known:
        raise WrongUse("adapter-show.unknown", name=name, known=", ".join(sorted(known)))
    manifest: Manifest = known[name].load().manifest
    if as_json:
        session.write_json(_described(session, manifest))
        return
    session.out.print(Text(_title(session, manifest), style="bold"))
    session.out.print(_settings(session, manifest))
    for promise in _promises(manifest):
        session.tell(f"adapter.{promise}")


adapter.add_command(show_all)
adapter.add_command(show)
adapter.add_command(new)


def _summary(session: Session, point: EntryPoint) -> dict[str, Any]:
    """`title` is None when the door cannot be loaded: `hub check` says why."""
    try:
        manifest: Manifest = point.load().manifest
    except Exception:  # whatever a door of somebody else does while it is loaded, the others are still listed
        return {"name": point.name, "title": None, "capabilities": []}
    return {"name": point.name, "title": _title(session, manifest), "capabilities": _promises(manifest)}


def _title(session: Session, manifest: Manifest) -> str:
    return manifest.title.get(session.language) or manifest.title.get("en") or manifest.name


def _promises(manifest: Manifest) -> list[str]:
    able = {*manifest.capabilities, *(["write-back"] if manifest.writes_back else [])}
    return [promise for promise in PROMISES if promise in able]


def _settings(session: Session, manifest: Manifest) -> Table:
    table = Table(*(session.say(f"heading.{name}") for name in ("setting", "kind", "meaning")))
    for name, key in manifest.settings.items():
        kind = session.say(f"adapter.{KINDS[manifest.types.get(name, 'string')]}")
        required = f"{kind} ({session.say('adapter.required')})" if name in manifest.required else kind
        table.add_row(Text(name), Text(required), Text(first_text(session.language, key)))
    for name, key in manifest.secrets.items():
        table.add_row(Text(name), Text(session.say("adapter.secret")), Text(first_text(session.language, key)))
    return table


def _described(session: Session, manifest: Manifest) -> dict[str, Any]:
    settings = [
        {
            "name": name,
            "type": manifest.types.get(name, "string"),
            "required": name in manifest.required,
            "meaning": _meaning(key),
        }
        for name, key in manifest.settings.items()
    ]
    return {
        "name": manifest.name,
        "title": dict(manifest.title),
        "kinds": list(manifest.kinds),
        "capabilities": _promises(manifest),
        "settings": settings,
        "secrets": [{"name": name, "meaning": _meaning(key)} for name, key in manifest.secrets.items()],
    }


def _meaning(key: str) -> dict[str, str]:
    return {language: first_text(language, key) for language in texts.LANGUAGES}
