"""Who a subscriber is at this moment: its registration decides, not the token by which it once subscribed."""

from dataclasses import dataclass, replace

from hub.fhir.references import split
from hub.oauth import scopes
from hub.ports import Caller, Registry, Subscription


@dataclass(frozen=True)
class Subscribers:
    registry: Registry

    def caller(self, one: Subscription, reference: str) -> Caller | None:
        """As whom it is told of something; None where its client is not admitted any more, or not for that."""
        client = self.registry.client(one.caller.client)
        if client is None or client.disabled or client.organization != one.caller.organization:
            return None
        if one.caller.purpose not in client.purposes or not _may(one, split(reference)[0], client.scopes):
            return None
        return replace(one.caller, within=scopes.narrowings(one.caller.scopes))


def _may(one: Subscription, type_: str, registered: frozenset[str]) -> bool:
    held = one.caller.scopes
    try:
        scopes.grant(" ".join(sorted(held)), registered)
    except scopes.NotAScope:
        return False
    return scopes.permits(held, type_, "read") and scopes.permits(held, type_, "search")
