"""`hub override`: what was shown without a consent, for those who must review it, and for those who must do it at the hub itself.

Numbers of people and reasons in words are asked for and never taken from the command line: other accounts could read them there.
"""

import sys
from collections.abc import Iterable
from typing import Any, Final

import click

from hub.bootstrap import Deployment
from hub.cli.cards import cards
from hub.cli.disclosures import person_id
from hub.cli.manual import command, group
from hub.cli.problems import WrongUse
from hub.cli.session import Session, pass_session
from hub.consent.overrides import BREAK_GLASS, Opened, opened_by
from hub.exchange import overrides, reviews
from hub.exchange.consents import ASKED_AT_THE_HUB
from hub.exchange.overrides import Duty, Emergency
from hub.exchange.person import REFERRAL_PURPOSE
from hub.exchange.whom import Known
from hub.fhir import Resource
from hub.fhir.canonicals import identifier_system
from hub.fhir.definitions import load
from hub.fhir.instants import MOROCCO, instant
from hub.ports import Caller

BY: Final = ("cin", "passport", "residence-permit", "survivor-code")
JSON: Final = ("--json", "as_json")
COLUMNS: Final = ("review", "survivor", "keeper", "recipient", "kind", "until", "why", "words", "outcome")


@group("override", "cli.override")
def override() -> None: ...


@command("list", "cli.override-list")
@click.option("--organization", metavar="ORG")
@click.option("--all", "every", is_flag=True)
@click.option(*JSON, is_flag=True)
@pass_session
def show_all(session: Session, organization: str | None, every: bool, as_json: bool) -> None:
    with session.deployment() as deployment:
        asked = [_known(organization, deployment)] if organization else deployment.hub.directory.organizations()
        found = [task for one in asked for task in reviews.kept(one, hub=deployment.hub, waiting_only=not every)]
        if as_json:
            session.write_json([_as_json(task) for task in found])
        elif found:
            _show(session, found, deployment)
        else:
            session.tell("override-list.none")


@command("review", "cli.override-review")
@click.argument("task", metavar="Task/ID")
@click.option("--outcome", metavar="CODE", required=True)
@click.option("--note", "has_note", is_flag=True)
@click.option(*JSON, is_flag=True)
@pass_session
def review(session: Session, task: str, outcome: str, has_note: bool, as_json: bool) -> None:
    note = _ask(session, "ask-note") if has_note else ""
    with session.deployment() as deployment:
        caller = Caller(ASKED_AT_THE_HUB, reviews.keeper(task, hub=deployment.hub), REFERRAL_PURPOSE)
        _tell(session, "reviewed", [reviews.review(task, outcome, note, caller, hub=deployment.hub)], as_json)


@command("open", "cli.override-open")
@click.option("--for", "organization", metavar="ORG", required=True)
@click.option("--by", type=click.Choice(BY))
@click.option("--survivor", metavar="Patient/ID")
@click.option("--custodian", metavar="ORG", default="")
@click.option("--reason", metavar="CODE", required=True)
@click.option("--policy", metavar="ID", default="")
@click.option(*JSON, is_flag=True)
@pass_session
def open_(
    session: Session,
    *,
    organization: str,
    by: str | None,
    survivor: str | None,
    custodian: str,
    reason: str,
    policy: str,
    as_json: bool,
) -> None:
    if (by is None) == (survivor is None):
        raise WrongUse("override-open.whom")
    known = Known(person=person_id(survivor), custodian=custodian) if survivor else _by(session, str(by), custodian)
    words = _ask(session, "ask-words")
    with session.deployment() as deployment:
        caller = Caller(ASKED_AT_THE_HUB, _known(organization, deployment), BREAK_GLASS)
        emergency = Emergency(known, reason, words, policy)
        _tell(session, "opened", overrides.break_glass(emergency, caller, hub=deployment.hub), as_json)


@command("disclose", "cli.override-disclose")
@click.option("--survivor", metavar="Patient/ID", required=True)
@click.option("--to", "recipient", metavar="ORG", required=True)
@click.option("--policy", metavar="ID", required=True)
@click.option("--reason", metavar="CODE", required=True)
@click.option("--informed", metavar="CODE", required=True)
@click.option(*JSON, is_flag=True)
@pass_session
def disclose(
    session: Session, *, survivor: str, recipient: str, policy: str, reason: str, informed: str, as_json: bool
) -> None:
    person, words = person_id(survivor), _ask(session, "ask-words")
    with session.deployment() as deployment:
        caller = Caller(ASKED_AT_THE_HUB, reviews.keeper(f"Patient/{person}", hub=deployment.hub), REFERRAL_PURPOSE)
        duty = Duty(person, _known(recipient, deployment), policy, reason, words, informed)
        _tell(session, "opened", [overrides.disclose(duty, caller, hub=deployment.hub)], as_json)


for one_more in (show_all, review, open_, disclose):
    override.add_command(one_more)


def _by(session: Session, by: str, custodian: str) -> Known:
    return Known(identifier_system(by), _ask(session, "ask-number"), custodian=custodian)


def _ask(session: Session, sentence: str) -> str:
    """One line from whoever types, or from a pipe."""
    if sys.stdin.isatty():
        session.err.print(session.say(f"override.{sentence}"), markup=False, soft_wrap=True)
    return sys.stdin.readline().strip()


def _known(organization: str, deployment: Deployment) -> str:
    if deployment.hub.directory.organization(organization) is None:
        known = ", ".join(sorted(deployment.hub.directory.organizations()))
        raise WrongUse("consent-list.unknown", name=organization, known=known)
    return organization


def _tell(session: Session, sentence: str, tasks: Iterable[Resource], as_json: bool) -> None:
    if as_json:
        session.write_json([_as_json(task) for task in tasks])
        return
    for task in tasks:
        one = opened_by(task)
        session.tell(f"override.{sentence}", task=one.task, survivor=task["for"]["reference"], until=_time(one))


def _time(one: Opened) -> str:
    return one.until.astimezone(MOROCCO).strftime("%Y-%m-%d %H:%M")


def _as_json(task: Resource) -> dict[str, Any]:
    one = opened_by(task)
    return {
        "review": one.task,
        "survivor": task["for"]["reference"],
        "kind": one.kind,
        "keeper": task["owner"]["reference"],
        "recipient": f"Organization/{one.recipient}",
        "since": instant(one.since),
        "until": instant(one.until),
        "purposes": sorted(one.purposes),
        "data_classes": sorted(one.classes),
        "reason": one.reason,
        "words": task["reasonCode"]["text"],
        "basis": task["instantiatesUri"],
        "informed": one.informed or None,
        "outcome": one.review or None,
    }


def _show(session: Session, found: list[Resource], deployment: Deployment) -> None:
    """One under the other: the references are long, and are copied into the next command."""
    headings = [session.say(f"override-list.{name}") for name in COLUMNS]
    session.out.print(cards(headings, [_cells(session, task, deployment) for task in found]))


def _cells(session: Session, task: Resource, deployment: Deployment) -> tuple[str, ...]:
    def label(system: str, code: str) -> str:
        return load().display(system, code, session.language) or code

    one, name = opened_by(task), deployment.hub.directory.name
    keeper = task["owner"]["reference"].removeprefix("Organization/")
    return (
        one.task,
        task["for"]["reference"],
        name(keeper, session.language),
        name(one.recipient, session.language),
        label("override-kind", one.kind),
        _time(one),
        label("override-reason", one.reason),
        task["reasonCode"]["text"],
        label("override-review", one.review) if one.review else session.say("override-list.waits"),
    )
