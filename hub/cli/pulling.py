"""What a pull of a connection gave, and how it is told: the table, what was set aside and why, what stopped it."""

from collections.abc import Sequence
from typing import Any

from rich.table import Table

from hub.bootstrap import Deployment
from hub.cli import findings
from hub.cli.problems import sentence
from hub.cli.progress import progress
from hub.cli.session import Session
from hub.delivery.write_back import Door
from hub.errors import AdapterError, Conflict, Retriable
from hub.exchange.pull import pull as pull_from
from hub.exchange.receipt import ALL_LEFT_OUT, Receipt, is_all_left_out
from hub.exchange.tally import Tally
from hub.texts import say

COLUMNS = ("read", "created", "updated", "unchanged", "quarantined", "waiting")
SELDOM = ("withdrawn", "left_out")
"""Told where there is something to tell."""


class Pulled:
    """What one connection gave, and the sentence that says why it stopped, if it did. `after`: so many seconds it asks to be
    left alone."""

    def __init__(self, connection: str, receipt: Receipt, failure: str = "", after: float | None = None) -> None:
        self.connection, self.receipt, self.failure, self.after = connection, receipt, failure, after


def pull_door(
    session: Session,
    deployment: Deployment,
    door: Door,
    *,
    dry_run: bool = False,
    accepted: bool = False,
    quiet: bool = True,
) -> Pulled:
    so_far = Tally()

    def count(receipt: Receipt) -> None:
        so_far.add(receipt)
        display(f"{door.connection.id}: {session.say('pull.progress', **so_far.receipt.numbers)}")

    with progress(session, door.connection.id, quiet=quiet) as display:
        try:
            pull_from(
                door.connection, door.adapter, door.mapping, hub=deployment.hub, dry_run=dry_run,
                accept_withdrawals=accepted, progress=count,
            )  # fmt: skip
        except (AdapterError, Conflict) as problem:
            after = problem.after if isinstance(problem, Retriable) else None
            return Pulled(door.connection.id, so_far.receipt, sentence(session, problem), after)
    return Pulled(door.connection.id, so_far.receipt)


def news(receipt: Receipt) -> bool:
    return receipt.numbers["quarantined"] > 0


def show(session: Session, pulls: Sequence[Pulled], *, dry_run: bool = False) -> None:
    for one in pulls:
        show_findings(session, one.connection, one.receipt)
    table = _table(session, pulls)
    session.out.print(table)
    for one in pulls:
        if one.failure:
            text = f"{session.say('error')} {one.connection}: {one.failure}"
            session.err.print(text, style="red", markup=False, highlight=False, soft_wrap=True)
        warn_of_all(session, one.receipt.read, one.receipt.left_out, f"{one.connection}: ")
    if dry_run:
        session.tell("pull.dry-run")
    if any(news(one.receipt) for one in pulls):
        session.tell("pull.dry-run-quarantine" if dry_run else "pull.see-quarantine")


def warn_of_all(session: Session, read: int, left_out: int, title: str = "") -> None:
    """Where a mapping takes no record at all, as no register holds tests alone."""
    if is_all_left_out(read, left_out):
        text = f"{session.say('warning')} {title}{say(ALL_LEFT_OUT, session.language, count=left_out)}"
        session.err.print(text, style="bold red", markup=False, highlight=False, soft_wrap=True)


def show_findings(session: Session, connection: str, receipt: Receipt, said_by: str = "pull") -> None:
    """What was set aside and why, then what was stored in spite of something: a record is under one of the two. `said_by`: the
    command that has words for them."""
    rejected = [(one.place, issue) for one in receipt.rejected for issue in one.issues]
    for key, aside, found in (("quarantine-title", True, rejected), ("warnings-title", False, receipt.warnings)):
        more = [one for one in receipt.unnamed if one.aside == aside]
        title = session.say(f"{said_by}.{key}", name=connection)
        if (table := findings.table(session, title, found, more)) is not None:
            session.out.print(table)


def _table(session: Session, pulls: Sequence[Pulled]) -> Any:
    together = sum((one.receipt for one in pulls), Receipt())
    shown = (*COLUMNS, *(name for name in SELDOM if together.numbers[name]))
    table = Table()
    table.add_column(session.say("heading.connection"))
    for name in shown:
        table.add_column(session.say(f"heading.{name}"), justify="right")
    for one in pulls:
        table.add_row(one.connection, *(str(one.receipt.numbers[name]) for name in shown))
    if len(pulls) > 1:
        table.add_section()
        table.add_row(session.say("heading.total"), *(str(together.numbers[name]) for name in shown), style="bold")
    return table


def described(session: Session, one: Pulled, *, dry_run: bool) -> dict[str, Any]:
    return {
        "connection": one.connection,
        "dry_run": dry_run,
        **one.receipt.numbers,
        "rejected": [
            {"place": r.place, "again": r.again, "issues": [findings.as_json(session, i) for i in r.issues]}
            for r in one.receipt.rejected
        ],
        "warnings": [{"place": place, **findings.as_json(session, issue)} for place, issue in one.receipt.doubts],
        "unnamed": [
            {"places": more.places, "aside": more.aside, **findings.as_json(session, more.issue)}
            for more in one.receipt.unnamed
        ],
        "referrals": dict(one.receipt.referrals),
        "failure": one.failure or None,
    }
