"""`hub deliver`: send what is due once, for those who run the hub's deliveries by cron."""

import click

from hub.cli.manual import command
from hub.cli.session import Session, pass_session
from hub.delivery import worker


@command("deliver", "cli.deliver")
@click.option("--json", "as_json", is_flag=True)
@pass_session
def deliver(session: Session, as_json: bool) -> None:
    with session.deployment() as deployment:
        sent = worker.deliver(deployment.doors, hub=deployment.hub)
        waiting = deployment.hub.store.counts().get("outbox.waiting", 0)
    if as_json:
        session.write_json({"sent": sent, "waiting": waiting})
    else:
        session.tell("deliver.done", sent=sent, waiting=waiting)
