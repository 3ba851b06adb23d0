"""`hub mapping diff CONNECTION`: the records of a connection that are stored, and what they would become."""

from dataclasses import replace
from typing import Any

from rich.table import Table
from rich.text import Text

from hub import bootstrap
from hub.bootstrap import Deployment
from hub.cli import findings
from hub.cli.problems import FAILED, OK, sentence
from hub.cli.session import Session
from hub.delivery.write_back import Door
from hub.errors import AdapterError
from hub.exchange.compare import Comparison, compare


def show(session: Session, connection: str, mapping: str | None, *, as_json: bool) -> int:
    with session.deployment() as deployment:
        door = _door(deployment, connection, mapping)
        try:
            found = compare(door.connection, door.adapter, door.mapping, hub=deployment.hub)
        except AdapterError as problem:
            session.err.print(f"{session.say('error')} {sentence(session, problem)}", style="red", markup=False)
            return FAILED
    if as_json:
        session.write_json(_as_json(found))
    else:
        _show(session, found)
    return OK


def _door(deployment: Deployment, connection: str, mapping: str | None) -> Door:
    """The connection's own, or as it would be with another mapping. Raises HubError."""
    door = deployment.door(connection)
    if mapping is None:
        return door
    written = next(one for one in deployment.settings.connections if one.id == connection)
    return bootstrap.door(replace(written, mapping=mapping), deployment.settings)


def _show(session: Session, found: Comparison) -> None:
    if found.elements:
        session.out.print(_table(session, found))
    for type_, count in sorted(found.follows.items()):
        session.tell("mapping-diff.follows", type=type_, count=count)
    for name in ("edited", "new", "unmet"):
        if count := getattr(found, name):
            session.tell(f"mapping-diff.{name}", count=count)
    for name in ("left_out", "taken"):
        if count := getattr(found, name):
            session.tell(f"mapping-diff.{name}", count=count)
    if found.unread:
        session.tell("mapping-diff.unread")
    numbers = {name: getattr(found, name) for name in ("records", "changed", "aside", "mended")}
    session.tell("mapping-diff.stored", **numbers)


def _table(session: Session, found: Comparison) -> Table:
    table = Table(*(session.say(f"heading.{name}") for name in ("element", "records", "place")))
    for element, count in sorted(found.elements.items()):
        told = element if "." in element else session.say("mapping-diff.whole", type=element)
        places = "; ".join(findings.place(session, one) for one in found.examples[element])
        table.add_row(Text(told), str(count), Text(places + (" …" if count > len(found.examples[element]) else "")))
    return table


def _as_json(found: Comparison) -> dict[str, Any]:
    elements = {
        path: {"records": count, "examples": found.examples[path]} for path, count in sorted(found.elements.items())
    }
    counts = ("records", "changed", "aside", "mended", "left_out", "taken", "edited", "new", "unmet")
    return {
        **{name: getattr(found, name) for name in counts},
        "version_raised": not found.unread,
        "elements": elements,
        "follows": dict(sorted(found.follows.items())),
    }
