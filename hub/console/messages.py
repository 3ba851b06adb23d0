"""Messages about a referral: what the parties wrote to each other, one more, and that one was read.

https://hl7.org/fhir/R4/communication.html. The rules are `hub.exchange.change.message`'s: who may write, and that the other party
sees nothing that is not open to it.
"""

from dataclasses import dataclass
from typing import Final

from flask import Blueprint, Response, request

from hub import errors
from hub.console import act, gathered, pages, plain, referral
from hub.console.desk import Desk
from hub.console.gathered import Referral
from hub.console.referrals import ADDRESS, require
from hub.errors import HubError
from hub.exchange import Hub, change
from hub.exchange.change.message import DURING, STEPS
from hub.exchange.change.referral import actor_of
from hub.fhir import Resource
from hub.fhir.canonicals import code_system
from hub.fhir.definitions import load
from hub.fhir.instants import span
from hub.fhir.messages import documents, recipients, sender
from hub.fhir.tasks import is_unclaimed
from hub.oauth import scopes
from hub.ports import Caller

LONGEST: Final = 4000
CATEGORIES: Final = "message-category"


@dataclass(frozen=True)
class Message:
    """`acts`: statuses that she may give it now."""

    id: str
    at: str
    sender: str
    recipient: str
    about: str
    words: tuple[str, ...]
    documents: int
    is_mine: bool
    status: str
    acts: tuple[str, ...]


def register(room: Blueprint, desk: Desk) -> None:
    @room.post(f"{ADDRESS}/<id_>/messages")
    def write(id_: str) -> Response:
        caller = desk.asker()
        require(caller, "Communication", "create")
        found = gathered.referral(id_, caller, hub=desk.people.hub)
        if wrong := _lacking():
            return referral.page(found, caller, desk, wrong)
        try:
            change.create(_message(id_), caller, hub=desk.people.hub)
        except HubError as problem:
            if problem.problem not in {errors.OUT_OF_TURN, errors.INVALID}:
                raise
            return referral.page(found, caller, desk, {"message": pages.reason(problem)})
        return act.go(id_)

    @room.post(f"{ADDRESS}/<id_>/messages/<message>/<to>")
    def mark(id_: str, message: str, to: str) -> Response:
        """`to`: the status that it is to have: read, or sent in error."""
        caller = desk.asker()
        require(caller, "Communication", "update")
        if not gathered.ID.fullmatch(message):
            raise HubError(errors.NOT_FOUND)
        change.patch(
            "Communication", message, lambda one: one | {"status": to}, caller, expected=None, hub=desk.people.hub
        )
        return act.go(id_)


def may_write(of: Referral, caller: Caller) -> bool:
    """Whether a form is offered: she is on one side of it, and there is another."""
    side = actor_of(of.task, caller)
    is_party = side in {"requester", "owner"} and not is_unclaimed(of.task)
    return is_party and of.task["status"] in DURING and scopes.permits(caller.scopes, "Communication", "create")


def categories() -> list[tuple[str, str]]:
    return [(code, plain.display(CATEGORIES, code)) for _, code in load().value_set(CATEGORIES).codes]


def shown(message: Resource, caller: Caller, hub: Hub) -> Message:
    mine = sender(message) == caller.organization
    side = "sender" if mine else "recipient" if caller.organization in recipients(message) else ""
    may = scopes.permits(caller.scopes, "Communication", "update")
    voided = message["status"] == "entered-in-error"
    said = [] if voided else [one["contentString"] for one in message.get("payload", ()) if "contentString" in one]
    return Message(
        message["id"],
        pages.day(span(message["sent"])[0]) if "sent" in message else "",
        hub.directory.name(sender(message), pages.language()),
        pages.tell("comma").join(hub.directory.name(one, pages.language()) for one in sorted(recipients(message))),
        next(map(plain.concept, message.get("category", ())), ""),
        tuple(said),
        0 if voided else len(list(documents(message))),
        mine,
        message["status"],
        tuple(to for (start, to), (who, _) in STEPS.items() if start == message["status"] and who == side and may),
    )


def _lacking() -> dict[str, str]:
    words = request.form.get("message", "").strip()
    if not words:
        return {"message": pages.tell("message.empty")}
    return {"message": pages.tell("message.too-long", most=LONGEST)} if len(words) > LONGEST else {}


def _message(id_: str) -> Resource:
    said: Resource = {
        "resourceType": "Communication",
        "about": [{"reference": f"Task/{id_}"}],
        "payload": [{"contentString": request.form["message"].strip().replace("\r\n", "\n")}],
    }
    category = request.form.get("category", "")
    if (code_system(CATEGORIES), category) in load().value_set(CATEGORIES).codes:
        said["category"] = [{"coding": [{"system": code_system(CATEGORIES), "code": category}]}]
    return said
