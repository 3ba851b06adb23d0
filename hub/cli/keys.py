"""`hub keys`: the keys that data is encrypted with, and their rotation while the hub runs."""

import os
from pathlib import Path

import click

from hub.cli.manual import command, group
from hub.cli.problems import WrongUse
from hub.cli.session import Session, pass_session
from hub.keyring import KEK_VARIABLE, add_kek, kek_text, write_keks
from hub.ports import DataKeys, Kek


@group("keys", "cli.keys")
def keys() -> None: ...


@command("list", "cli.keys-list")
@click.option("--json", "as_json", is_flag=True)
@pass_session
def list_(session: Session, as_json: bool) -> None:
    with session.deployment() as deployment:
        rows = _rows(session.home, deployment.keys)
    if as_json:
        session.write_json(rows)
        return
    for row in rows:
        session.tell("keys-list.row", id=row["key"], count=row["wraps"], use=session.say(f"keys-list.{row['use']}"))


@command("rotate", "cli.keys-rotate")
@pass_session
def rotate(session: Session) -> None:
    with session.deployment() as deployment:
        made = _begin(session.home, deployment.keys)
        session.tell("keys-rotate.new" if made else "keys-rotate.goes-on")
        count = 0
        while done := deployment.keys.rewrap():
            count += done
        session.tell("keys-rotate.done", count=count)
    session.tell("keys-rotate.next")


@command("retire", "cli.keys-retire")
@pass_session
def retire(session: Session) -> None:
    if os.environ.get(KEK_VARIABLE):
        raise WrongUse("keys.environment", name=KEK_VARIABLE)
    with session.deployment() as deployment:
        wraps = deployment.keys.wrapped()
        lines = kek_text(session.home).split()
        kept = [line for place, line in enumerate(lines) if place == 0 or wraps.get(Kek.of(line).id)]
        if len(kept) < len(lines):
            write_keks(session.home, kept)
    session.tell("keys-retire.done", count=len(lines) - len(kept))


def _begin(home: Path, data_keys: DataKeys) -> bool:
    """A new key-encryption key in front, unless an earlier rotation has not come to its end, or the environment gives them."""
    current = Kek.of(kek_text(home).replace(",", " ").split()[0]).id
    if os.environ.get(KEK_VARIABLE) or data_keys.wrapped().keys() - {current}:
        return False
    add_kek(home)
    return True


def _rows(home: Path, data_keys: DataKeys) -> list[dict[str, object]]:
    wraps = dict(data_keys.wrapped())
    known = [Kek.of(line).id for line in kek_text(home).replace(",", " ").split()]
    rows: list[dict[str, object]] = [
        {"key": id_, "wraps": wraps.pop(id_, 0), "use": "older" if place else "current"}
        for place, id_ in enumerate(known)
    ]
    return [*rows, *({"key": id_, "wraps": count, "use": "missing"} for id_, count in wraps.items())]


keys.add_command(list_)
keys.add_command(rotate)
keys.add_command(retire)
