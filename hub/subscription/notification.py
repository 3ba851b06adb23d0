"""What a subscriber is sent, and what it is answered: the status of its subscription, and what happened (pure).

https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/notifications.html · …/payloads.html
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from hub.fhir import Resource
from hub.fhir.instants import instant
from hub.subscription import extensions as named

Kind = Literal["handshake", "heartbeat", "event-notification", "query-status", "query-event"]


@dataclass(frozen=True)
class Standing:
    """A subscription as it is told: where it is read, and how it stands. `error`: a key of the text catalogue."""

    id: str
    topic: str
    status: str
    number: int
    error: str = ""


@dataclass(frozen=True, repr=False)
class Told:
    """An event. `reference` "": what it is about is not told; `resource` None: nothing more than that."""

    number: int
    at: datetime
    reference: str = ""
    is_new: bool = False
    resource: Resource | None = None


def notification(
    id_: str, kind: Kind, standing: Standing, events: Sequence[Told], *, base: str, at: datetime, status_id: str
) -> Resource:
    """`base`: the FHIR base as subscribers see it; `status_id`: of the status that is its first entry."""
    first = {
        "fullUrl": f"urn:uuid:{status_id}",
        "resource": status(status_id, kind, standing, events, base=base),
        "request": {"method": "GET", "url": f"{base}/Subscription/{standing.id}/$status"},
        "response": {"status": "200"},
    }
    return {
        "resourceType": "Bundle",
        "id": id_,
        "meta": {"profile": [named.NOTIFICATION]},
        "type": "history",
        "timestamp": instant(at),
        "entry": [first, *(_entry(one, base) for one in events if one.reference)],
    }


def status(id_: str, kind: Kind, standing: Standing, events: Sequence[Told] = (), *, base: str) -> Resource:
    error = [{"name": "error", "valueCodeableConcept": {"text": standing.error}}] if standing.error else []
    return {
        "resourceType": "Parameters",
        "id": id_,
        "meta": {"profile": [named.STATUS]},
        "parameter": [
            {"name": "subscription", "valueReference": {"reference": f"{base}/Subscription/{standing.id}"}},
            {"name": "topic", "valueCanonical": standing.topic},
            {"name": "status", "valueCode": standing.status},
            {"name": "type", "valueCode": kind},
            {"name": "events-since-subscription-start", "valueString": str(standing.number)},
            *(_event(one, base) for one in events),
            *error,
        ],
    }


def statuses(standings: Sequence[tuple[str, Standing]], *, id_: str, base: str, at: datetime) -> Resource:
    """The answer to `$status`: https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/OperationDefinition-backport-subscription-status.html"""
    return {
        "resourceType": "Bundle",
        "id": id_,
        "type": "searchset",
        "timestamp": instant(at),
        "total": len(standings),
        "entry": [
            {
                "fullUrl": f"urn:uuid:{status_id}",
                "resource": status(status_id, "query-status", one, base=base),
                "search": {"mode": "match"},
            }
            for status_id, one in standings
        ],
    }


def _event(told: Told, base: str) -> Resource:
    focus = [{"name": "focus", "valueReference": {"reference": f"{base}/{told.reference}"}}] if told.reference else []
    return {
        "name": "notification-event",
        "part": [
            {"name": "event-number", "valueString": str(told.number)},
            {"name": "timestamp", "valueInstant": instant(told.at)},
            *focus,
        ],
    }


def _entry(told: Told, base: str) -> Resource:
    type_ = told.reference.partition("/")[0]
    request = {"method": "POST", "url": type_} if told.is_new else {"method": "PUT", "url": told.reference}
    return {
        "fullUrl": f"{base}/{told.reference}",
        **({"resource": told.resource} if told.resource else {}),
        "request": request,
        "response": {"status": "201" if told.is_new else "200"},
    }
