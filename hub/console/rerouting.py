"""After a refusal: who else could help, the most fitting first, and the referral sent on to one of them.

`hub.exchange.reroute` finds them, for whoever sent it alone. To send it on is a new referral of the same need, which asks for
consent as every one does.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, Response, request

from hub.console import act, gathered, pages, plain
from hub.console.desk import Desk
from hub.console.referrals import ADDRESS, require
from hub.directory.telling import explained
from hub.exchange import Hub, change
from hub.exchange.orient import Answer
from hub.exchange.reroute import Consent, alternatives
from hub.fhir import Resource
from hub.fhir.references import split
from hub.fhir.serial import loads
from hub.fhir.tasks import REFERRAL
from hub.oauth import scopes

TASK_CODE = "http://hl7.org/fhir/CodeSystem/task-code"


@dataclass(frozen=True)
class Service:
    """`reasons`: why it stands where it stands; `consent`: whether hers lets it be told (`hub.exchange.reroute`)."""

    organization: str
    name: str
    by: str
    reasons: tuple[str, ...]
    doubts: tuple[str, ...]
    consent: Consent


def register(room: Blueprint, desk: Desk) -> None:
    @room.get(f"{ADDRESS}/<id_>/alternatives")
    def others(id_: str) -> Response:
        caller = desk.asker()
        require(caller, "Task", "read")
        require(caller, "HealthcareService", "search")
        found = gathered.referral(id_, caller, hub=desk.people.hub)
        may_search = scopes.permits(caller.scopes, "Task", "search")
        services = alternatives(id_, caller, hub=desk.people.hub, remembering=may_search)
        return pages.show(
            "alternatives.html",
            account=desk.account(),
            referral=id_,
            number=plain.number(found.task),
            asked=plain.asked(found.task),
            services=[service(one.answer, desk.people.hub, one.consent) for one in services],
        )

    @room.post(f"{ADDRESS}/<id_>/alternatives")
    def send_on(id_: str) -> Response:
        caller = desk.asker()
        require(caller, "Task", "create")
        found = gathered.referral(id_, caller, hub=desk.people.hub)
        view = change.create(_anew(found.task, request.form), caller, hub=desk.people.hub)
        return act.go(view.id)


def service(answer: Answer, hub: Hub, consent: Consent) -> Service:
    seen: Resource = loads(answer.view.text)
    by = split(seen["providedBy"]["reference"])[1]
    language, reasons = pages.language(), answer.fit.reasons
    return Service(
        by,
        seen.get("name", ""),
        hub.directory.name(by, language),
        tuple(explained(one, language) for one in reasons if not one.doubt),
        tuple(explained(one, language) for one in reasons if one.doubt),
        consent,
    )


def _anew(task: Resource, form: Mapping[str, str]) -> Resource:
    """The same need, to another: sent where she has agreed to it, else prepared until she has."""
    return {
        "resourceType": "Task",
        "status": "requested" if form.get("act") == "send" else "draft",
        "priority": task.get("priority", "routine"),
        "code": {"coding": [{"system": TASK_CODE, "code": REFERRAL}]},
        "focus": task["focus"],
        "owner": {"reference": f"Organization/{form.get('to', '')}"},
    }
