"""Who was asked and cannot help passes a referral on: a request of its own, and of that a referral that is a part.

`hub.referral.passed_on`. Who could help is looked for by what the notice says. Whether her consent covers telling them is not
told before: what it does not cover is prepared, and waits until her association has asked her.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, Response, request

from hub import errors
from hub.console import act, gathered, pages, plain
from hub.console.desk import Desk
from hub.console.gathered import Referral
from hub.console.referrals import ADDRESS, require
from hub.console.rerouting import Service, service
from hub.errors import HubError
from hub.exchange import Hub, change, disclose
from hub.exchange.change.referral import actor_of
from hub.exchange.orient import orient
from hub.exchange.reroute import wanted
from hub.fhir import Resource
from hub.fhir.canonicals import code_system, profile
from hub.fhir.instants import day_of
from hub.fhir.references import split
from hub.fhir.tasks import notice_of, party
from hub.oauth import scopes
from hub.ports import Caller
from hub.referral.transitions import TERMINAL
from hub.search import parse

CATEGORY: Final = ("request-category", "need")


@dataclass(frozen=True)
class Part:
    """To whom it was passed on, and how that stands."""

    id: str
    number: str
    recipient: str
    state: str


def register(room: Blueprint, desk: Desk) -> None:
    @room.route(f"{ADDRESS}/<id_>/pass-on", methods=["GET", "POST"])
    def pass_on(id_: str) -> Response:
        caller = desk.asker()
        require(caller, "ServiceRequest", "create")
        require(caller, "HealthcareService", "search")
        found = gathered.referral(id_, caller, hub=desk.people.hub)
        if not may_pass_on(found.task, caller):
            raise HubError(errors.OUT_OF_TURN)
        if request.method == "GET":
            return _form(found, caller, desk)
        to = request.form.get("to", "")
        if to not in {one.organization for one in _services(found, caller, desk.people.hub)}:
            raise HubError(errors.UNKNOWN_REFERENCE)
        made = change.create(_anew(found.task, to, caller, desk), caller, hub=desk.people.hub)
        return act.go(_part_of(made.id, caller, desk) or id_)


def may_pass_on(task: Resource, caller: Caller) -> bool:
    """Whether it is offered: to whoever was asked, as long as it is not over."""
    may = scopes.permits(caller.scopes, "ServiceRequest", "create")
    sees = scopes.permits(caller.scopes, "HealthcareService", "search")
    return may and sees and actor_of(task, caller) == "owner" and task["status"] not in TERMINAL


def parts(of: Referral, hub: Hub) -> list[Part]:
    return [
        Part(
            one["id"], plain.number(one), plain.organization_name(party(one, "owner"), hub), plain.state(one["status"])
        )
        for one in of.parts
    ]


def _form(found: Referral, caller: Caller, desk: Desk) -> Response:
    return pages.show(
        "pass-on.html",
        account=desk.account(),
        referral=found.id,
        number=plain.number(found.task),
        asked=plain.asked(found.task),
        services=list(_services(found, caller, desk.people.hub)),
        parts=parts(found, desk.people.hub),
    )


def _services(found: Referral, caller: Caller, hub: Hub) -> Iterator[Service]:
    """Neither herself, nor who sent it, nor who is asked already."""
    live = [one for one in found.parts if one["status"] not in TERMINAL]
    known = (party(found.task, "owner"), party(found.task, "requester"), *(party(one, "owner") for one in live))
    past = frozenset(split(one)[1] for one in known if one)
    for answer in orient(wanted(found.task, hub.clock.now()), caller, hub=hub, excluded=past):
        yield service(answer, hub, "permitted")


def _anew(task: Resource, to: str, caller: Caller, desk: Desk) -> Resource:
    """The need as the notice names it, asked anew in one's own name."""
    today = day_of(desk.people.hub.clock.now())
    return {
        "resourceType": "ServiceRequest",
        "meta": {"profile": [profile("referral")]},
        "basedOn": [{"reference": task["focus"]["reference"]}],
        "status": "active",
        "intent": "filler-order",
        "category": [_concept(*CATEGORY)],
        "priority": task.get("priority", "routine"),
        "code": _concept("service-type", notice_of(task).get("service-type", "")),
        "subject": {"reference": task["for"]["reference"]},
        "authoredOn": today.isoformat(),
        "requester": {"reference": f"Organization/{caller.organization}"},
        "performer": [{"reference": f"Organization/{to}"}],
    }


def _concept(system: str, code: str) -> Resource:
    return {"coding": [{"system": code_system(system), "code": code}]}


def _part_of(need: str, caller: Caller, desk: Desk) -> str:
    """The page of what came of it."""
    query = parse("Task", [("focus", f"ServiceRequest/{need}"), ("code", "fulfill"), ("_total", "none")], strict=True)[
        0
    ]
    page = disclose.search(query, caller, hub=desk.people.hub)
    return page.entries[0].id if page.entries else ""
