"""Task/[id]/$timeline: who did what with a referral, when, why, and how long each step took.

`profiles/operation-definitions/task-timeline.json`. Times and codes alone: no words that somebody wrote, nothing of the survivor.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from hub.errors import NOT_FOUND, SCOPE_LACKING, HubError
from hub.exchange.timeline import ALONG, Due, course
from hub.fhir import Resource
from hub.fhir.canonicals import code_system
from hub.fhir.instants import instant
from hub.oauth import scopes
from hub.referral.timeline import HUB, Event
from hub.web.operations import Inputs, Operation
from hub.web.read import ID
from hub.web.service import Call, Service

TYPE: Final = "Task"
UCUM: Final = "http://unitsofmeasure.org"


def answer_timeline(_: Inputs, call: Call, service: Service) -> Resource:
    if not scopes.permits(call.caller.scopes, TYPE, "read"):
        raise HubError(SCOPE_LACKING, expected=f"system/{TYPE}.{scopes.LETTERS['read']}")
    if not ID.fullmatch(call.id):
        raise HubError(NOT_FOUND)
    types = [type_ for type_ in ALONG if scopes.permits(call.caller.scopes, type_, "search")]
    found = course(call.id, call.caller, hub=service.hub, types=types)
    events = [{"name": "event", "part": list(_parts(event))} for event in found.events]
    due = [{"name": "due", "part": list(_due(one))} for one in found.due]
    return {"resourceType": "Parameters", "parameter": [*events, *due]}


def _due(due: Due) -> Iterator[Resource]:
    yield {"name": "about", "valueReference": {"reference": due.about}}
    yield {"name": "stage", "valueCode": due.window.stage}
    yield {"name": "since", "valueInstant": instant(due.window.start)}
    yield {"name": "until", "valueInstant": instant(due.window.end)}


def _parts(event: Event) -> Iterator[Resource]:
    yield {"name": "at", "valueInstant": instant(event.at)}
    yield {"name": "about", "valueReference": {"reference": event.about}}
    system, code = event.action
    if code:
        yield {"name": "action", "valueCoding": {"system": system, "code": code}}
    if event.who:
        yield {"name": "who", "valueReference": _whom(event.who)}
    yield from ({"name": "to", "valueReference": {"reference": one}} for one in event.to)
    if event.status:
        yield {"name": "status", "valueCode": event.status}
    if event.business:
        coding = {"system": code_system("referral-business-status"), "code": event.business}
        yield {"name": "business-status", "valueCoding": coding}
    yield from ({"name": "reason", "valueCodeableConcept": one} for one in event.reasons)
    for name, span in (("took", event.took), ("worked", event.worked)):
        if span is not None:
            yield {"name": name, "valueDuration": _duration(span)}


def _whom(who: str) -> Resource:
    return {"identifier": {"value": HUB}} if who == HUB else {"reference": who}


def _duration(span: timedelta) -> dict[str, Any]:
    """https://hl7.org/fhir/R4/datatypes.html#Duration: a unit of time of UCUM."""
    return {"value": int(span.total_seconds()), "unit": "s", "system": UCUM, "code": "s"}


OPERATIONS: Final = (Operation("timeline", TYPE, {}, answer_timeline, of_type=False, ours=True),)
