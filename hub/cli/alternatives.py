"""`hub referral alternatives`: where a referral that was refused could go next, and whether her consent is to be asked first."""

from typing import Any

import click

from hub.bootstrap import Deployment
from hub.cli.cards import fitted
from hub.cli.directory import FIT, WIDE, fit_as_json, fit_cells
from hub.cli.manual import command
from hub.cli.problems import WrongUse
from hub.cli.session import Session, pass_session
from hub.exchange.consents import ASKED_AT_THE_HUB
from hub.exchange.person import REFERRAL_PURPOSE
from hub.exchange.reroute import Alternative, alternatives
from hub.exchange.reviews import keeper
from hub.fhir.definitions import load
from hub.fhir.references import split
from hub.ports import Caller


@command("alternatives", "cli.referral-alternatives")
@click.argument("task", metavar="Task/ID")
@click.option("--count", type=click.IntRange(1, 50), default=5, show_default=True, metavar="N")
@click.option("--json", "as_json", is_flag=True)
@pass_session
def show_alternatives(session: Session, task: str, count: int, as_json: bool) -> None:
    type_, id_ = split(task)
    if type_ != "Task" or not id_:
        raise WrongUse("referral-show.not-a-referral")
    with session.deployment() as deployment:
        by = Caller(ASKED_AT_THE_HUB, keeper(task, hub=deployment.hub), REFERRAL_PURPOSE)
        found = alternatives(id_, by, hub=deployment.hub, count=count, remembering=True)
        rows = [_cells(session, number, one, deployment) for number, one in enumerate(found, 1)]
    if as_json:
        session.write_json([_as_json(session, one) for one in found])
    elif rows:
        headings = [*(session.say(f"directory.{name}") for name in FIT), session.say("referral-alternatives.consent")]
        session.out.print(fitted(headings, rows, width=session.out.width, least=WIDE))
        session.tell("directory.call-first")
    else:
        session.tell("directory.none")


def _cells(session: Session, number: int, one: Alternative, deployment: Deployment) -> tuple[str, ...]:
    consent = load().display("referral-consent", one.consent, session.language) or one.consent
    return (*fit_cells(session, number, one.answer, deployment), consent)


def _as_json(session: Session, one: Alternative) -> dict[str, Any]:
    return {**fit_as_json(session, one.answer), "consent": one.consent}
