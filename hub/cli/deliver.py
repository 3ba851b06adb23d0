"""`hub deliver`: send what is due once, for those who run the hub's deliveries by cron."""

import click

from hub.cli.manual import command
from hub.cli.session import Session, pass_session
from hub.delivery import worker
from hub.delivery.tending import tend
from hub.exchange.expire import sweep


@command("deliver", "cli.deliver")
@click.option("--json", "as_json", is_flag=True)
@pass_session
def deliver(session: Session, as_json: bool) -> None:
    with session.deployment() as deployment:
        sweep(hub=deployment.hub)
        tend(hub=deployment.hub)
        sent = worker.deliver(deployment.ways, hub=deployment.hub, patience=deployment.patience)
        counts = deployment.hub.store.counts()
        waiting, void = (counts.get(f"outbox.{state}", 0) for state in ("waiting", "void"))
    if as_json:
        session.write_json({"sent": sent, "waiting": waiting, "void": void})
    else:
        session.tell("deliver.done", sent=sent, waiting=waiting, void=void)
