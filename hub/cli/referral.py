"""`hub referral`: what waits for whom, since when and until when. References only: nobody is named, nothing of a case is told."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import click

from hub import texts
from hub.bootstrap import Deployment
from hub.cli.alternatives import show_alternatives
from hub.cli.cards import cards
from hub.cli.manual import command, group
from hub.cli.problems import WrongUse
from hub.cli.session import Session, pass_session
from hub.cli.timeline import show_timeline
from hub.exchange import open_referrals
from hub.exchange.open_referrals import Standing
from hub.exchange.reviews import keeper
from hub.fhir.definitions import load
from hub.fhir.instants import MOROCCO, instant
from hub.fhir.references import split
from hub.referral.transitions import business_status
from hub.referral.windows import Left
from hub.texts import durations

JSON: Final = ("--json", "as_json")
COLUMNS: Final = ("referral", "status", "priority", "requester", "owner", "since", "until", "next")
DOES: Final = {"remind": "do-remind", "overdue": "do-overdue", "escalate": "do-escalate", "cancel": "do-cancel"}
STATES: Final = {"open": "open", "perhaps": "perhaps", "closed": "closed", "unknown": "unknown"}


@group("referral", "cli.referral")
def referral() -> None: ...


@command("list", "cli.referral-list")
@click.option("--organization", metavar="ORG")
@click.option("--overdue", is_flag=True)
@click.option(*JSON, is_flag=True)
@pass_session
def show_all(session: Session, organization: str | None, overdue: bool, as_json: bool) -> None:
    with session.deployment() as deployment:
        asked = [_known(organization, deployment)] if organization else deployment.hub.directory.organizations()
        now = deployment.hub.clock.now()
        found = [one for one in _each_once(asked, deployment) if one.overdue(now) or not overdue]
        if as_json:
            session.write_json([_as_json(one, now) for one in found])
        elif found:
            session.out.print(cards(_headings(session), [_cells(session, one, now, deployment) for one in found]))
        else:
            session.tell("referral-list.none")


@command("show", "cli.referral-show")
@click.argument("task", metavar="Task/ID")
@click.option("--as", "organization", metavar="ORG")
@click.option(*JSON, is_flag=True)
@pass_session
def show(session: Session, task: str, organization: str | None, as_json: bool) -> None:
    type_, id_ = split(task)
    if type_ != "Task" or not id_:
        raise WrongUse("referral-show.not-a-referral")
    with session.deployment() as deployment:
        seen_by = _known(organization, deployment) if organization else keeper(task, hub=deployment.hub)
        now = deployment.hub.clock.now()
        found = open_referrals.one(id_, seen_by, hub=deployment.hub)
        if as_json:
            session.write_json(_as_json(found, now) | {"windows": [_window(left) for left in found.left]})
            return
        session.out.print(cards(_headings(session), [_cells(session, found, now, deployment)]))
        for left in found.left:
            session.out.print(_told(session, left), markup=False, highlight=False, soft_wrap=True)


for one_more in (show_all, show, show_alternatives, show_timeline):
    referral.add_command(one_more)


def _each_once(organizations: Iterable[str], deployment: Deployment) -> list[Standing]:
    """The most urgent first."""
    found = {
        one.task["id"]: one
        for organization in organizations
        for one in open_referrals.of_organization(organization, hub=deployment.hub)
    }
    return sorted(found.values(), key=lambda one: (one.waiting.window.end if one.waiting else MOST, one.task["id"]))


MOST: Final = datetime.max.replace(tzinfo=MOROCCO)


def _known(organization: str, deployment: Deployment) -> str:
    if deployment.hub.directory.organization(organization) is None:
        known = ", ".join(sorted(deployment.hub.directory.organizations()))
        raise WrongUse("consent-list.unknown", name=organization, known=known)
    return organization


def _headings(session: Session) -> list[str]:
    return [session.say(f"referral-list.{name}") for name in COLUMNS]


def _cells(session: Session, one: Standing, now: datetime, deployment: Deployment) -> tuple[str, ...]:
    task = one.task

    def name(element: str) -> str:
        id_ = split(task.get(element, {}).get("reference", ""))[1]
        return f"{deployment.hub.directory.name(id_, session.language)} ({id_})" if id_ else ""

    window = one.waiting.window if one.waiting else None
    step = one.waiting.left[0] if one.waiting and one.waiting.left else None
    return (
        f"Task/{task['id']}",
        _status(session, one),
        load().display("http://hl7.org/fhir/request-priority", task.get("priority", ""), session.language)
        or task.get("priority", ""),
        name("requester"),
        name("owner"),
        _time(window.start) if window else "",
        f"{_time(window.end)} ({_span(session, window.end - now)})" if window else "",
        f"{_time(step.at)}: {session.say(f'referral-list.{DOES[step.do]}')}" if step else "",
    )


def _status(session: Session, one: Standing) -> str:
    said = business_status(one.task)
    more = load().display("referral-business-status", said, session.language) if said else ""
    return " · ".join(part for part in (texts.say(f"referral.{one.task['status']}", session.language), more) if part)


def _time(at: datetime) -> str:
    return at.astimezone(MOROCCO).strftime("%Y-%m-%d %H:%M")


def _span(session: Session, span: timedelta) -> str:
    """Of what is over: for how long it has been."""
    is_late = span < timedelta()
    if abs(span) >= durations.LONG:
        key = "late-days" if is_late else "left-days"
        return session.say(f"referral-list.{key}", time=durations.in_days(abs(span), session.language))
    minutes = abs(int(span.total_seconds()) // 60)
    key = "late" if is_late else "left"
    return session.say(f"referral-list.{key}", hours=minutes // 60, minutes=minutes % 60)


def _told(session: Session, left: Left) -> str:
    """In plain words; what is not known is told as not known."""
    blanks: dict[str, object] = {"title": left.window.title[session.language], "source": left.window.source}
    for name, span in (("least", left.least), ("most", left.most)):
        blanks[name] = _told_of(span, session.language) if span is not None else ""
    exactly = left.state == "open" and blanks["least"] == blanks["most"]
    return session.say(f"referral-show.{'exactly' if exactly else STATES[left.state]}", **blanks)


def _told_of(span: timedelta, language: str) -> str:
    return durations.in_days(span, language) if span >= durations.LONG else durations.roughly(span, language)


def _hours(span: timedelta) -> int:
    return int(span.total_seconds() // 3600)


def _window(left: Left) -> dict[str, Any]:
    known = left.least is not None and left.most is not None
    return {
        "id": left.window.id,
        "state": left.state,
        "hours_at_least": _hours(left.least) if known and left.least is not None else None,
        "hours_at_most": _hours(left.most) if known and left.most is not None else None,
        "source": left.window.source,
    }


def _as_json(one: Standing, now: datetime) -> dict[str, Any]:
    task, waiting = one.task, one.waiting
    return {
        "referral": f"Task/{task['id']}",
        "status": task["status"],
        "business_status": business_status(task) or None,
        "priority": task.get("priority"),
        "requester": task.get("requester", {}).get("reference"),
        "owner": task.get("owner", {}).get("reference"),
        "stage": waiting.window.stage if waiting else None,
        "since": instant(waiting.window.start) if waiting else None,
        "until": instant(waiting.window.end) if waiting else None,
        "overdue": one.overdue(now),
        "steps": [{"at": instant(step.at), "do": step.do, "tell": list(step.tell)} for step in waiting.left]
        if waiting
        else [],
    }
