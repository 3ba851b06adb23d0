"""`hub connection check`: credentials, a few records, all of it dry, and what each recipient would see."""

from collections.abc import Generator, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import click
from rich.table import Table
from rich.text import Text

from hub.bootstrap import Deployment
from hub.cli import findings
from hub.cli.manual import command, group
from hub.cli.problems import FAILED, OK, QUARANTINED, sentence
from hub.cli.pulling import show_findings, warn_of_all
from hub.cli.session import Session, pass_session
from hub.delivery.write_back import Door
from hub.errors import AdapterError
from hub.exchange.rehearse import Rehearsal, Seen, rehearse
from hub.fhir.definitions import load
from hub.fhir.issues import Issue
from hub.ports import Coded, SourceRecord

LOOKED_THROUGH: Final = 50
"""What a pull gives for each record that is tried, at most: most doors also say what is there and what is gone."""


@dataclass(frozen=True)
class _Tried:
    """`waiting`: how many records of the connection were set aside before, tried now or not."""

    connection: str
    found: Sequence[Issue]
    rehearsal: Rehearsal
    failure: str
    waiting: int


@group("connection", "cli.connection")
def connection() -> None: ...


@command("check", "cli.connection-check")
@click.argument("name", metavar="NAME")
@click.option("--rows", metavar="N", type=click.IntRange(1, 200), default=20, show_default=True)
@click.option("--json", "as_json", is_flag=True)
@pass_session
def check(session: Session, *, name: str, rows: int, as_json: bool) -> int:
    with session.deployment() as deployment:
        door = deployment.door(name)
        found, rehearsal, failure = _try(session, deployment, door, rows)
        tried = _Tried(name, found, rehearsal, failure, deployment.hub.store.set_aside(name))
        if as_json:
            session.write_json(_as_json(session, tried))
        else:
            _show(session, deployment, tried)
    if failure or any(issue.blocks for issue in found):
        return FAILED
    return QUARANTINED if rehearsal.receipt.rejected else OK


connection.add_command(check)


def _try(session: Session, deployment: Deployment, door: Door, rows: int) -> tuple[list[Issue], Rehearsal, str]:
    found: list[Issue] = []
    records: list[SourceRecord] = []
    failure = ""
    try:
        found = list(door.adapter.check(door.connection))
        if isinstance(door.adapter, Coded) and not any(issue.blocks for issue in found):
            found += door.adapter.codes(door.connection, door.mapping.cells, door.mapping.row_codes)
        if not any(issue.blocks for issue in found):
            records = _records(door, rows)
    except AdapterError as problem:
        failure = sentence(session, problem)
    return found, rehearse(records, door.connection, door.mapping, hub=deployment.hub), failure


def _records(door: Door, rows: int) -> list[SourceRecord]:
    """The first ones; what the tool says of answers to referrals is not tried, as it would be a step of a referral."""
    pulled = door.adapter.pull(door.connection, None)
    with closing(pulled) if isinstance(pulled, Generator) else nullcontext(pulled) as given:
        here = islice(given, rows * LOOKED_THROUGH)
        ours = (one for one in here if isinstance(one, SourceRecord) and one.kind not in door.mapping.answers)
        return list(islice(ours, rows))


def _show(session: Session, deployment: Deployment, tried: _Tried) -> None:
    name, rehearsal = tried.connection, tried.rehearsal
    if tried.failure:
        session.err.print(f"{session.say('error')} {tried.failure}", style="red", markup=False, soft_wrap=True)
    if (table := findings.table(session, "", (("", issue) for issue in tried.found))) is not None:
        session.out.print(table)
    show_findings(session, name, rehearsal.receipt, "connection-check")
    session.tell("connection-check.reads", count=rehearsal.receipt.read)
    if left_out := rehearsal.receipt.left_out:
        session.tell("connection-check.left_out", count=left_out)
        warn_of_all(session, rehearsal.receipt.read, left_out)
    if tried.waiting:
        session.tell("connection-check.waiting", count=tried.waiting, name=name)
    if rehearsal.seen:
        session.out.print(_recipients(session, deployment, rehearsal.seen))
    else:
        session.tell("connection-check.nobody")
    if rehearsal.ended:
        session.tell("connection-check.ended", count=rehearsal.ended)
    session.tell("connection-check.dry")


def _recipients(session: Session, deployment: Deployment, seen: Sequence[Seen]) -> Table:
    table = Table(*(session.say(f"heading.{name}") for name in ("recipient", "persons", "at-once", "once-accepted")))
    for one in seen:
        who = deployment.hub.directory.name(one.recipient, session.language)
        open_ = (_classes(session, one.at_once), _classes(session, one.accepted))
        table.add_row(Text(who), str(one.persons), *map(Text, open_))
    return table


def _classes(session: Session, names: frozenset[str]) -> str:
    return ", ".join(load().display("data-class", name, session.language) or name for name in sorted(names)) or "-"


def _as_json(session: Session, tried: _Tried) -> dict[str, Any]:
    rehearsal = tried.rehearsal
    return {
        "connection": tried.connection,
        "findings": [findings.as_json(session, issue) for issue in tried.found],
        **rehearsal.receipt.numbers,
        "rejected": [
            {"place": one.place, "issues": [findings.as_json(session, issue) for issue in one.issues]}
            for one in rehearsal.receipt.rejected
        ],
        "warnings": [{"place": place, **findings.as_json(session, issue)} for place, issue in rehearsal.receipt.doubts],
        "persons": rehearsal.persons,
        "ended": rehearsal.ended,
        "recipients": [
            {
                "recipient": one.recipient,
                "persons": one.persons,
                "at_once": sorted(one.at_once),
                "accepted": sorted(one.accepted),
            }
            for one in rehearsal.seen
        ],
        "set_aside": tried.waiting,
        "failure": tried.failure or None,
    }
