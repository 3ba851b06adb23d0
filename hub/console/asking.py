"""What the parties of a referral ask of each other about it: to cancel it, and what is missing.

`hub.referral.requests` says who may ask what, when, and how it is answered.
"""

from dataclasses import dataclass
from typing import Final

from flask import Blueprint, Response, request

from hub import errors
from hub.console import act, acts, gathered, pages, plain
from hub.console.acts import Act
from hub.console.desk import Desk
from hub.console.gathered import Referral
from hub.console.referrals import ADDRESS, require
from hub.errors import HubError
from hub.exchange import Hub, change
from hub.exchange.change.referral import actor_of
from hub.fhir import Resource
from hub.fhir.canonicals import code_system
from hub.fhir.definitions import load
from hub.fhir.tasks import CANCELLATION, kind, party
from hub.oauth import scopes
from hub.ports import Caller
from hub.referral.requests import ASKED, PENDING

CODES: Final = {"abort": "http://hl7.org/fhir/CodeSystem/task-code"}
WHY: Final = "cancellation-reason"


@dataclass(frozen=True)
class Request:
    """`acts`: what she may do with it now."""

    id: str
    kind: str
    sender: str
    state: str
    why: str
    version: int
    acts: tuple[Act, ...]


def register(room: Blueprint, desk: Desk) -> None:
    @room.route(f"{ADDRESS}/<id_>/ask-cancellation", methods=["GET", "POST"])
    def ask_cancellation(id_: str) -> Response:
        caller = desk.asker()
        found = gathered.referral(id_, caller, hub=desk.people.hub)
        if request.method == "GET":
            return _form(found, desk, {})
        require(caller, "Task", "create")
        reason = request.form.get("reason", "")
        if reason not in _reasons():
            return _form(found, desk, {"reason": pages.tell("act.no-reason")})
        change.create(_cancellation(id_, reason), caller, hub=desk.people.hub)
        return act.go(id_)

    @room.route(f"{ADDRESS}/<id_>/requests/<request_id>/<to>", methods=["GET", "POST"])
    def answer_request(id_: str, request_id: str, to: str) -> Response:
        caller = desk.asker()
        require(caller, "Task", "update")
        found = gathered.referral(id_, caller, hub=desk.people.hub)
        one = next((one for one in found.requests if one["id"] == request_id), None)
        if one is None:
            raise HubError(errors.NOT_FOUND)
        about = act.About(one, found.versions[f"Task/{request_id}"], id_)
        return (act.asked if request.method == "GET" else act.done)(about, to, caller, desk)


def askable(of: Referral, caller: Caller) -> list[str]:
    """The kinds of request that she may make now, and that do not wait for an answer already."""
    waiting = {kind(one) for one in of.requests if one["status"] in PENDING}
    side, may = actor_of(of.task, caller), scopes.permits(caller.scopes, "Task", "create")
    return [
        code
        for code, rule in ASKED.items()
        if may and rule.asks == side and of.task["status"] in rule.during and code not in waiting
    ]


def shown(one: Resource, of: Referral, caller: Caller, hub: Hub) -> Request:
    return Request(
        one["id"],
        kind(one),
        plain.organization_name(party(one, "requester"), hub),
        pages.tell(f"request-{one['status']}"),
        plain.concept(one["reasonCode"]) if "reasonCode" in one else plain.concept(one.get("statusReason", {})),
        of.versions[f"Task/{one['id']}"],
        tuple(acts.permitted(one, caller)),
    )


def _reasons() -> list[str]:
    return [code for _, code in load().value_set(WHY).codes]


def _cancellation(id_: str, reason: str) -> Resource:
    return {
        "resourceType": "Task",
        "status": "requested",
        "code": {"coding": [{"system": CODES[CANCELLATION], "code": CANCELLATION}]},
        "focus": {"reference": f"Task/{id_}"},
        "reasonCode": {"coding": [{"system": code_system(acts.REASONS), "code": reason}]},
    }


def _form(found: Referral, desk: Desk, wrong: dict[str, str]) -> Response:
    return pages.show(
        "ask-cancellation.html",
        status=422 if wrong else 200,
        wrong=wrong,
        account=desk.account(),
        referral=found.id,
        number=plain.number(found.task),
        asked=plain.asked(found.task),
        reasons=[(code, plain.display(acts.REASONS, code)) for code in _reasons()],
        typed=request.form,
    )
