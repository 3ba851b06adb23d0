"""Notify: what a source is told about a referral that came from it, as its own organisation may see it at this moment.

Consent is asked again when the message is made, not when it was queued: everything passes through `disclose`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hub.consent.keys import is_referral
from hub.errors import NOT_FOUND, HubError
from hub.exchange import Hub, disclose
from hub.exchange.person import REFERRAL_PURPOSE
from hub.fhir import Resource
from hub.fhir.references import split
from hub.fhir.serial import loads
from hub.ports import Caller, Due, LedgerEntry


class MayNotKnow(Exception):  # noqa: N818 — a refusal, not an error
    """Whom a message was queued for may not see any more what it is about."""


@dataclass(frozen=True, repr=False)
class News:
    """A referral's present state, for the connection whose record it came from."""

    origin: LedgerEntry
    resources: Mapping[str, Resource]  # local name in the mapping → resource


def news(due: Due, *, hub: Hub) -> News | None:
    """None when nothing is to be told: the referral came from no connection. Raises MayNotKnow."""
    stored = hub.store.read(*split(due.reference), None)
    if stored is None or stored.custodian is None or not is_referral(stored.resource()):
        return None
    if due.recipient:  # it finds what is new by asking; no door leads to it
        _seen(stored.type, stored.id, Caller("hub:delivery", due.recipient, REFERRAL_PURPOSE), hub)
        return None
    focus = stored.resource()["focus"]["reference"]
    origin = hub.store.origin(focus)
    if origin is None:
        return None
    caller = Caller(f"connection:{origin.connection}", stored.custodian, REFERRAL_PURPOSE)
    task, need = _seen("Task", stored.id, caller, hub), _seen(*split(focus), caller, hub)
    local = next(name for name, kept in origin.resources.items() if kept == focus)
    return News(origin, {"task": task, local: need})


def _seen(type_: str, id_: str, caller: Caller, hub: Hub) -> Resource:
    try:
        found: Resource = loads(disclose.read(type_, id_, caller, hub=hub).text)
    except HubError as problem:
        if problem.problem is NOT_FOUND:
            raise MayNotKnow from None
        raise
    return found
