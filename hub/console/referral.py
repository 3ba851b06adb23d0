"""One referral: what is asked and until when, what is opened of her, what happened, and what this person may do now."""

from collections.abc import Mapping, Sequence

from flask import Blueprint, Response, request

from hub import errors
from hub.console import (
    act,
    acts,
    asking,
    course,
    duplicates,
    facts,
    gathered,
    messages,
    pages,
    passing_on,
    plain,
    progress,
)
from hub.console.desk import Desk
from hub.console.gathered import Referral
from hub.console.referrals import ADDRESS, require
from hub.errors import HubError
from hub.exchange import Hub
from hub.exchange.change.referral import actor_of
from hub.exchange.reroute import REFUSED
from hub.fhir import Resource
from hub.oauth import scopes
from hub.ports import Caller


def register(room: Blueprint, desk: Desk) -> None:
    @room.get(f"{ADDRESS}/<id_>")
    def referral(id_: str) -> Response:
        caller = desk.asker()
        require(caller, "Task", "search")
        return page(gathered.referral(id_, caller, hub=desk.people.hub), caller, desk)

    @room.route(f"{ADDRESS}/<id_>/do/<to>", methods=["GET", "POST"])
    def do(id_: str, to: str) -> Response:
        """`to`: the status that it is to have."""
        caller = desk.asker()
        require(caller, "Task", "update")
        try:
            found = gathered.referral(id_, caller, hub=desk.people.hub)
        except HubError:
            if request.method == "GET":
                raise
            return _taken(id_, to, caller, desk)
        about = act.About(found.task, found.version, id_)
        return (act.asked if request.method == "GET" else act.done)(about, to, caller, desk)


def page(found: Referral, caller: Caller, desk: Desk, wrong: Mapping[str, str] | None = None) -> Response:
    """`wrong`: of the message that was typed."""
    hub, task = desk.people.hub, found.task
    events, window = course.told(found.id, caller, hub=hub)
    opened = list(gathered.opened(found, caller, hub=hub))
    return pages.show(
        "one-referral.html",
        status=422 if wrong else 200,
        wrong=wrong or {},
        typed=request.form,
        account=desk.account(),
        line=plain.line(task, window, caller.organization, hub.clock.now(), hub),
        notice=plain.notice(task),
        why=plain.concept(task.get("statusReason", {})),
        outcome=plain.outcome(task),
        appointment=plain.appointment(task),
        may_say=progress.may_say(task, caller),
        version=found.version,
        acts=acts.permitted(task, caller),
        main=acts.MAIN,
        events=events,
        cards=_cards(found, opened, hub),
        also=duplicates.also(found.patient, caller, hub),
        keeps=(found.patient or {}).get("managingOrganization", {}).get("reference")
        == f"Organization/{caller.organization}",
        care=course.care(found, opened, hub.clock.now(), hub),
        requests=[asking.shown(one, found, caller, hub) for one in found.requests],
        askable=asking.askable(found, caller),
        messages=[messages.shown(one, caller, hub) for one in found.messages],
        categories=messages.categories() if messages.may_write(found, caller) else [],
        reroutes=_reroutes(found, caller),
        may_pass_on=passing_on.may_pass_on(task, caller),
        parts=passing_on.parts(found, hub),
    )


def _cards(found: Referral, opened: Sequence[Resource], hub: Hub) -> list[facts.Card]:
    """Where nothing of her is opened there is nothing to show."""
    hers = [one for one in (found.patient, found.need) if one is not None]
    return [card for one in (*hers, *opened) if (card := facts.card(one, hub)).facts]


def _reroutes(found: Referral, caller: Caller) -> bool:
    """Whether the way to others is shown: to whoever sent what was refused."""
    is_sender = actor_of(found.task, caller) == "requester"
    may = scopes.permits(caller.scopes, "HealthcareService", "search")
    return is_sender and may and found.task["status"] in REFUSED


def _taken(id_: str, to: str, caller: Caller, desk: Desk) -> Response:
    """What she does not see any more: somebody else has taken it on meanwhile, or it is as absent as ever."""
    try:
        act.move(id_, to, caller, desk)
    except HubError as problem:
        if problem.problem is not errors.STALE:
            raise
        return pages.refused(problem)
    return act.go(id_)
