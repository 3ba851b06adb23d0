"""`hub pull`: read what is new in the tools of the associations, with the progress and what became of it."""

from collections.abc import Sequence

import click

from hub.bootstrap import Deployment
from hub.cli.manual import command
from hub.cli.problems import FAILED, OK, QUARANTINED, WrongUse
from hub.cli.pulling import described, news, pull_door, show
from hub.cli.rounds import Rounds
from hub.cli.session import Session, pass_session
from hub.cli.watch import watch as watch_over
from hub.delivery.write_back import Door


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
        doors = _doors(deployment, connection)
        if watch:
            session.tell("pull.watching", seconds=watch)
            watch_over(session, deployment, Rounds([door.connection.id for door in doors], watch))
        pulls = [
            pull_door(session, deployment, door, dry_run=dry_run, accepted=accept_withdrawals, quiet=as_json)
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
    return QUARANTINED if any(news(one.receipt) for one in pulls) else OK


def _doors(deployment: Deployment, connection: str | None) -> Sequence[Door]:
    return [deployment.door(connection)] if connection else [door for _, door in sorted(deployment.doors.items())]
