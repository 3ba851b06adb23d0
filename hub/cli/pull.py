"""`hub pull`: read what is new in the tools of the associations, with the progress and what became of it."""

from collections.abc import Sequence
from time import sleep
from typing import Any, NoReturn

import click
from rich.table import Table

from hub.bootstrap import Deployment
from hub.cli import findings
from hub.cli.manual import command
from hub.cli.problems import FAILED, OK, QUARANTINED, WrongUse, sentence
from hub.cli.progress import progress
from hub.cli.session import Session, pass_session
from hub.delivery.write_back import Door
from hub.errors import AdapterError, Conflict
from hub.exchange.pull import pull as pull_from
from hub.exchange.receipt import Receipt

COLUMNS = ("read", "created", "updated", "unchanged", "quarantined", "waiting")
SELDOM = ("withdrawn",)
"""Told where there is something to tell."""


@command("pull", "cli.pull")
@click.argument("connection", required=False)
@click.option("--all", "everything", is_flag=True)
@click.option("--dry-run", is_flag=True)
@click.option("--accept-withdrawals", is_flag=True)
@click.option("--watch", type=click.IntRange(min=1), metavar="SECONDS")
@click.option("--json", "as_json", is_flag=True)
@pass_session
def pull(
    session: Session,
    connection: str | None,
    *,
    everything: bool,
    dry_run: bool,
    accept_withdrawals: bool,
    watch: int | None,
    as_json: bool,
) -> int:
    if (connection is None) != everything:
        raise WrongUse("pull.one-or-all")
    if watch and (dry_run or accept_withdrawals or as_json):
        raise WrongUse("pull.watch-alone")
    with session.deployment() as deployment:
        if watch:
            _watch(session, deployment, _doors(deployment, connection), watch)
        doors = _doors(deployment, connection)
        pulls = [
            _pull(session, deployment, door, dry_run=dry_run, accepted=accept_withdrawals, quiet=as_json)
            for door in doors
        ]
        if not dry_run:
            deployment.checkpoint_if_due()
    if as_json:
        session.write_json([described(session, one, dry_run=dry_run) for one in pulls])
    else:
        show(session, pulls, dry_run=dry_run)
    if any(one.failure for one in pulls):
        return FAILED
    return QUARANTINED if any(_new(one.receipt) for one in pulls) else OK


class Pulled:
    """What one connection gave, and the sentence that says why it stopped, if it did."""

    def __init__(self, connection: str, receipt: Receipt, failure: str = "") -> None:
        self.connection, self.receipt, self.failure = connection, receipt, failure


def _watch(session: Session, deployment: Deployment, doors: Sequence[Door], seconds: int) -> NoReturn:
    """Again and again until interrupted; what brought nothing is not told, nor is a failure that was told before."""
    failed: dict[str, str] = {}
    session.tell("pull.watching", seconds=seconds)
    while True:
        pulls = [_pull(session, deployment, door, dry_run=False, accepted=False, quiet=True) for door in doors]
        deployment.checkpoint_if_due()
        told = [one for one in pulls if one.receipt != Receipt() or one.failure != failed.get(one.connection, "")]
        failed = {one.connection: one.failure for one in pulls}
        if told:
            show(session, told)
        sleep(seconds)


def _doors(deployment: Deployment, connection: str | None) -> Sequence[Door]:
    return [deployment.door(connection)] if connection else [door for _, door in sorted(deployment.doors.items())]


def _pull(
    session: Session, deployment: Deployment, door: Door, *, dry_run: bool, accepted: bool, quiet: bool
) -> Pulled:
    so_far = Receipt()

    def count(receipt: Receipt) -> None:
        nonlocal so_far
        so_far += receipt
        display(f"{door.connection.id}: {session.say('pull.progress', **numbers(so_far))}")

    with progress(session, door.connection.id, quiet=quiet) as display:
        try:
            pull_from(
                door.connection, door.adapter, door.mapping, hub=deployment.hub, dry_run=dry_run,
                accept_withdrawals=accepted, progress=count,
            )  # fmt: skip
        except (AdapterError, Conflict) as problem:
            return Pulled(door.connection.id, so_far, sentence(session, problem))
    return Pulled(door.connection.id, so_far)


def numbers(receipt: Receipt) -> dict[str, int]:
    """`quarantined`: set aside now; `waiting`: set aside before and not changed since."""
    waiting = sum(1 for one in receipt.rejected if one.again)
    return {
        "read": receipt.read,
        "created": receipt.created,
        "updated": receipt.updated,
        "unchanged": receipt.unchanged,
        "quarantined": len(receipt.rejected) - waiting,
        "waiting": waiting,
        "withdrawn": receipt.withdrawn,
    }


def _new(receipt: Receipt) -> bool:
    return any(not one.again for one in receipt.rejected)


def show(session: Session, pulls: Sequence[Pulled], *, dry_run: bool = False) -> None:
    for one in pulls:
        _show_findings(session, one.connection, one.receipt)
    table = _table(session, pulls)
    session.out.print(table)
    for one in pulls:
        if one.failure:
            text = f"{session.say('error')} {one.connection}: {one.failure}"
            session.err.print(text, style="red", markup=False, highlight=False, soft_wrap=True)
    if dry_run:
        session.tell("pull.dry-run")
    if any(_new(one.receipt) for one in pulls):
        session.tell("pull.dry-run-quarantine" if dry_run else "pull.see-quarantine")


def _show_findings(session: Session, title: str, receipt: Receipt) -> None:
    """What was set aside and why, then what was stored in spite of something."""
    rejected = [(one.place, issue) for one in receipt.rejected for issue in one.issues]
    for key, found in (("quarantine-title", rejected), ("warnings-title", list(receipt.warnings))):
        if (table := findings.table(session, session.say(f"pull.{key}", name=title), found)) is not None:
            session.out.print(table)


def _table(session: Session, pulls: Sequence[Pulled]) -> Any:
    together = sum((one.receipt for one in pulls), Receipt())
    shown = (*COLUMNS, *(name for name in SELDOM if numbers(together)[name]))
    table = Table()
    table.add_column(session.say("heading.connection"))
    for name in shown:
        table.add_column(session.say(f"heading.{name}"), justify="right")
    for one in pulls:
        table.add_row(one.connection, *(str(numbers(one.receipt)[name]) for name in shown))
    if len(pulls) > 1:
        table.add_section()
        table.add_row(session.say("heading.total"), *(str(numbers(together)[name]) for name in shown), style="bold")
    return table


def described(session: Session, one: Pulled, *, dry_run: bool) -> dict[str, Any]:
    return {
        "connection": one.connection,
        "dry_run": dry_run,
        **numbers(one.receipt),
        "rejected": [
            {"place": r.place, "again": r.again, "issues": [findings.as_json(session, i) for i in r.issues]}
            for r in one.receipt.rejected
        ],
        "warnings": [{"place": place, **findings.as_json(session, issue)} for place, issue in one.receipt.warnings],
        "referrals": dict(one.receipt.referrals),
        "failure": one.failure or None,
    }
