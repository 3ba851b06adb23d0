"""`hub erase`: destroy all that is kept of one survivor, and the key that it was encrypted with."""

import click

from hub.cli.disclosures import person_id
from hub.cli.manual import command
from hub.cli.problems import FAILED
from hub.cli.session import Session, pass_session
from hub.exchange.erase import REASONS
from hub.exchange.erase import erase as erase_survivor
from hub.fhir.instants import instant


@command("erase", "cli.erase")
@click.argument("survivor", metavar="Patient/ID")
@click.option("--reason", type=click.Choice(REASONS), required=True)
@click.option("--confirm", metavar="ID")
@click.option("--json", "as_json", is_flag=True)
@pass_session
def erase(session: Session, survivor: str, reason: str, confirm: str | None, as_json: bool) -> int | None:
    person = person_id(survivor)
    if confirm is None:
        session.err.print(session.say("erase.warning"), markup=False, soft_wrap=True)
        confirm = click.prompt(session.say("erase.type-id"), err=True, default="", show_default=False)
    if confirm.strip() != person:
        session.err.print(session.say("erase.not-confirmed"), markup=False, soft_wrap=True)
        return FAILED
    with session.deployment() as deployment:
        done = erase_survivor(person, reason, hub=deployment.hub)
    key = done.key
    said = {"at": instant(done.at), "documents": done.documents, "key": key.id if key else "-"}
    said["fingerprint"] = key.fingerprint if key else "-"
    if as_json:
        session.write_json({"survivor": survivor, "reason": reason, **said})
    else:
        session.tell("erase.done", **{"id" if name == "key" else name: str(value) for name, value in said.items()})
    return None
