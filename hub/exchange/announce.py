"""Announce: an organisation says whether one of its services can take one more person, and that stands as of now.

The same change as a PATCH of its own, for those who tell it to the hub by telephone: judged, recorded and versioned alike.
"""

from collections.abc import Sequence

from hub.exchange import Hub, View, change
from hub.exchange.publish import keeper
from hub.fhir import Resource
from hub.fhir.canonicals import profile
from hub.fhir.instants import instant
from hub.ports import Caller

TOLD_TO_THE_HUB = "hub:directory"
"""The client that the record names: somebody at the hub itself, at its command line."""


def announce(
    service: str, status: str, *, places: int | None = None, notes: Sequence[str] = (), purpose: str, hub: Hub
) -> View | None:
    """`service`: an id; `status` and `notes`: codes. In the name of the organisation that gives it; None where there is no such
    service."""
    stored = hub.store.read("HealthcareService", service, None)
    by = (stored.custodian or keeper(stored.resource())) if stored else None
    if by is None:
        return None
    said = [
        {"url": "status", "valueCode": status},
        *([{"url": "places", "valueUnsignedInt": places}] if places is not None else []),
        *({"url": "note", "valueCode": note} for note in notes),
        {"url": "updated", "valueDateTime": instant(hub.clock.now())},
    ]
    caller = Caller(TOLD_TO_THE_HUB, by, purpose)
    told = {"url": profile("capacity"), "extension": said}
    return change.patch("HealthcareService", service, lambda now: _with(now, told), caller, expected=None, hub=hub)


def _with(service: Resource, capacity: Resource) -> Resource:
    """What was said before of its room is not true any more; the rest stays."""
    others = [one for one in service.get("extension", ()) if one["url"] != capacity["url"]]
    return {**service, "extension": [capacity, *others]}
