"""How far it has come, between its states: an appointment is made or was missed, she is on a waiting list, a part is done.

`Task.businessStatus`, of the codes that a party may say (https://hl7.org/fhir/us/bser); what the hub alone says is not offered.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from flask import Blueprint, Response, request

from hub import errors
from hub.console import act, gathered, pages, plain
from hub.console.desk import Desk
from hub.console.gathered import Referral
from hub.console.referrals import ADDRESS, require
from hub.errors import HubError
from hub.exchange import change
from hub.exchange.change.referral import actor_of
from hub.fhir import Resource
from hub.fhir.canonicals import code_system
from hub.fhir.definitions import load
from hub.fhir.instants import MOROCCO
from hub.oauth import scopes
from hub.ports import Caller
from hub.referral.transitions import HUB_ALONE, TERMINAL, business_status

SAID: Final = "referral-business-status"
APPOINTMENT: Final = "appointment-scheduled"


def register(room: Blueprint, desk: Desk) -> None:
    @room.route(f"{ADDRESS}/<id_>/progress", methods=["GET", "POST"])
    def progress(id_: str) -> Response:
        caller = desk.asker()
        require(caller, "Task", "update")
        found = gathered.referral(id_, caller, hub=desk.people.hub)
        if request.method == "GET":
            return _form(found, desk, {}, {"said": business_status(found.task)})
        if wrong := _lacking(request.form):
            return _form(found, desk, wrong, request.form)
        return _said(found, caller, desk)


def may_say(task: Resource, caller: Caller) -> bool:
    """Whether it is offered: to whoever works on it, as long as it is not over."""
    is_owner = actor_of(task, caller) == "owner" and task["status"] not in TERMINAL
    return is_owner and scopes.permits(caller.scopes, "Task", "update")


def codes() -> list[str]:
    return [code for _, code in load().value_set(SAID).codes if code not in HUB_ALONE]


def _said(found: Referral, caller: Caller, desk: Desk) -> Response:
    form, seen = request.form, request.form.get("version", "")
    try:
        change.patch(
            "Task", found.id, lambda task: _after(task, form), caller,
            expected=int(seen) if seen.isdecimal() else 0, hub=desk.people.hub,
        )  # fmt: skip
    except HubError as problem:
        if problem.problem is not errors.STALE:
            raise
        wrong = {"said": pages.tell("changed-meanwhile", state=plain.state(found.task["status"]))}
        return _form(found, desk, wrong, form, status=412)
    return act.go(found.id)


def _after(task: Resource, form: Mapping[str, str]) -> Resource:
    """An appointment that was named takes the place of the one before."""
    after = task | {"businessStatus": _concept(SAID, form["said"])}
    if form["said"] == APPOINTMENT and (when := _moment(form.get("when", ""))):
        kind = _concept("task-output", "appointment")
        others = [one for one in task.get("output", ()) if one["type"] != kind]
        after["output"] = [*others, {"type": kind, "valueDateTime": when.isoformat()}]
    return after


def _lacking(form: Mapping[str, str]) -> dict[str, str]:
    wrong = {} if form.get("said") in codes() else {"said": pages.tell("progress.not-chosen")}
    if form.get("when") and _moment(form["when"]) is None:
        wrong["when"] = pages.tell("progress.no-time")
    return wrong


def _moment(typed: str) -> datetime | None:
    """A day and an hour as a clock on the wall there shows them."""
    try:
        found = datetime.fromisoformat(typed)
    except ValueError:
        return None
    return found.replace(tzinfo=MOROCCO) if "T" in typed and found.tzinfo is None else None


def _concept(system: str, code: str) -> Resource:
    return {"coding": [{"system": code_system(system), "code": code}]}


def _form(
    found: Referral, desk: Desk, wrong: Mapping[str, str], typed: Mapping[str, str], *, status: int = 0
) -> Response:
    return pages.show(
        "progress.html",
        status=status or (422 if wrong else 200),
        wrong=wrong,
        account=desk.account(),
        referral=found.id,
        version=found.version,
        number=plain.number(found.task),
        named=plain.asked(found.task),
        options=[(code, plain.display(SAID, code)) for code in codes()],
        typed=typed,
    )
