"""`hub report`: the figures of an organisation into the tool of whoever keeps the public statistics, through one connection."""

from collections.abc import Iterator

import click

from hub.bootstrap import Deployment
from hub.cli.manual import command
from hub.cli.periods import how_long, months
from hub.cli.problems import FAILED, OK, WrongUse, say_issue
from hub.cli.session import Session, pass_session
from hub.delivery.figures import can_report
from hub.delivery.figures import report as send
from hub.delivery.write_back import Door
from hub.fhir.definitions import load
from hub.ports import Reported, Return


@command("report", "cli.report")
@click.argument("connection", metavar="CONNECTION")
@click.option("--month", "wanted", metavar="YYYY-MM", type=click.DateTime(["%Y-%m"]), required=True)
@how_long
@click.option("--dry-run", is_flag=True)
@click.option("--json", "as_json", is_flag=True)
@pass_session
def report(
    session: Session, connection: str, *, wanted: click.DateTime, length: str | None, dry_run: bool, as_json: bool
) -> int:
    year, month = int(wanted.year), int(wanted.month)  # type: ignore[attr-defined]
    with session.deployment() as deployment:
        door = _door(connection, deployment)
        asked = months(year, month, length, deployment)
        figures, made = send(door, year, month, months=asked, dry_run=dry_run, hub=deployment.hub)
    if as_json:
        session.write_json(_described(session, figures, made, dry_run=dry_run))
    else:
        _show(session, figures, made, dry_run=dry_run)
    return FAILED if any(issue.blocks for issue in made.issues) else OK


def _door(connection: str, deployment: Deployment) -> Door:
    door = deployment.door(connection)
    if not can_report(door):
        raise WrongUse("report.no-figures", name=connection)
    return door


def _described(session: Session, figures: Return, made: Reported, *, dry_run: bool) -> dict[str, object]:
    return {
        "dry_run": dry_run,
        "first": figures.first.isoformat(),
        "last": figures.last.isoformat(),
        **_counts(made),
        "begun": made.begun,
        "ended": made.ended,
        "held": list(figures.rows.held) if figures.rows else [],
        "unmapped": list(figures.unmapped),
        "problems": [{"text": one.text, "sentence": say_issue(session, one)} for one in made.issues],
    }


def _counts(made: Reported) -> dict[str, int]:
    return {name: getattr(made, name) for name in ("imported", "updated", "deleted", "ignored")}


def _show(session: Session, figures: Return, made: Reported, *, dry_run: bool) -> None:
    for sentence in _problems(session, figures, made):
        session.out.print(sentence, markup=False, highlight=False, soft_wrap=True)
    if not any(issue.blocks for issue in made.issues):
        session.tell("report.tried" if dry_run else "report.sent", **_counts(made))
        if made.begun or made.ended:
            session.tell("report.singly-tried" if dry_run else "report.singly", begun=made.begun, ended=made.ended)


def _problems(session: Session, figures: Return, made: Reported) -> Iterator[str]:
    for issue in made.issues:
        yield f"{session.say('error' if issue.blocks else 'warning')} {say_issue(session, issue)}"
    for one in figures.unmapped:
        yield f"{session.say('warning')} {session.say('report.unmapped', figure=one)}"
    if (made.begun or made.ended) and figures.rows and figures.rows.held:
        names = ", ".join(_trait(session, one) for one in figures.rows.held)
        yield f"{session.say('warning')} {session.say('report.held', traits=names)}"


def _trait(session: Session, name: str) -> str:
    return load().display("report-dimension", name, session.language) or session.say("report.group")
