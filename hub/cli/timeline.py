"""`hub referral timeline`: the course of one referral as a table. References and codes only, as in `hub referral show`."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

import click

from hub import texts
from hub.bootstrap import Deployment
from hub.cli.cards import fitted
from hub.cli.manual import command
from hub.cli.problems import WrongUse
from hub.cli.session import Session, pass_session
from hub.exchange.consents import ASKED_AT_THE_HUB
from hub.exchange.person import REFERRAL_PURPOSE
from hub.exchange.reviews import keeper
from hub.exchange.timeline import timeline
from hub.fhir import Resource
from hub.fhir.definitions import load
from hub.fhir.instants import MOROCCO, instant
from hub.fhir.references import split
from hub.ports import Caller
from hub.referral.timeline import HUB, Event
from hub.texts import durations

COLUMNS: Final = ("at", "action", "who", "status", "reason", "took", "about")
WIDE: Final = 150


@command("timeline", "cli.referral-timeline")
@click.argument("task", metavar="Task/ID")
@click.option("--as", "organization", metavar="ORG")
@click.option("--json", "as_json", is_flag=True)
@pass_session
def show_timeline(session: Session, task: str, organization: str | None, as_json: bool) -> None:
    type_, id_ = split(task)
    if type_ != "Task" or not id_:
        raise WrongUse("referral-show.not-a-referral")
    with session.deployment() as deployment:
        known = deployment.hub.directory.organizations()
        if organization is not None and organization not in known:
            raise WrongUse("consent-list.unknown", name=organization, known=", ".join(sorted(known)))
        seen_by = organization or keeper(task, hub=deployment.hub)
        events = timeline(id_, Caller(ASKED_AT_THE_HUB, seen_by, REFERRAL_PURPOSE), hub=deployment.hub)
        if as_json:
            session.write_json([_as_json(event) for event in events])
            return
        headings = [session.say(f"referral-timeline.{name}") for name in COLUMNS]
        rows = [_cells(session, event, deployment) for event in events]
        session.out.print(fitted(headings, rows, width=session.out.width, least=WIDE, whole={0, 6}))


def _cells(session: Session, event: Event, deployment: Deployment) -> tuple[str, ...]:
    speaks = session.language
    to = "، ".join(_name(one, session, deployment) for one in event.to)
    who = _name(event.who, session, deployment) if event.who else ""
    business = load().display("referral-business-status", event.business, speaks) if event.business else ""
    status = texts.say(f"referral.{event.status}", speaks) if event.status else ""
    return (
        event.at.astimezone(MOROCCO).strftime("%Y-%m-%d %H:%M"),
        load().display(*event.action, speaks) or event.action[1],
        " → ".join(one for one in (who, to) if one),
        " · ".join(one for one in (status, business) if one),
        " · ".join(_reason(one, speaks) for one in event.reasons),
        _took(session, event),
        event.about,
    )


def _name(reference: str, session: Session, deployment: Deployment) -> str:
    if reference == HUB:
        return session.say("referral-timeline.hub")
    id_ = split(reference)[1]
    return f"{deployment.hub.directory.name(id_, session.language)} ({id_})"


def _reason(reason: Resource, speaks: str) -> str:
    (coding, *_) = reason["coding"]
    return load().display(coding.get("system", ""), coding.get("code", ""), speaks) or str(coding.get("code", ""))


def _took(session: Session, event: Event) -> str:
    if event.took is None or event.worked is None:
        return ""
    worked = dict(_blanks("work", event.worked))
    if event.took >= durations.LONG:  # a day of work is not one of the clock: what was worked stays in hours
        return session.say(
            "referral-timeline.span-days", time=durations.in_days(event.took, session.language), **worked
        )
    return session.say("referral-timeline.span", **dict(_blanks("clock", event.took)), **worked)


def _blanks(name: str, span: timedelta) -> Iterator[tuple[str, int]]:
    minutes = int(span.total_seconds()) // 60
    yield f"{name}_hours", minutes // 60
    yield f"{name}_minutes", minutes % 60


def _as_json(event: Event) -> dict[str, Any]:
    return {
        "at": instant(event.at),
        "about": event.about,
        "action": event.action[1] or None,
        "who": event.who or None,
        "to": list(event.to),
        "status": event.status or None,
        "business_status": event.business or None,
        "reasons": [coding["code"] for one in event.reasons for coding in one["coding"] if "code" in coding],
        "seconds": int(event.took.total_seconds()) if event.took is not None else None,
        "working_seconds": int(event.worked.total_seconds()) if event.worked is not None else None,
    }
