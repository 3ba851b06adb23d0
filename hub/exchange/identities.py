"""Identities: which person a record speaks of, and under which ids its resources are stored."""

from collections.abc import Iterable, Mapping

from hub.exchange import Hub
from hub.exchange.arrival import Arrival
from hub.exchange.identity import fingerprint
from hub.fhir import Resource
from hub.mapping import Draft, Mapped


class Identities:
    """Those of one organization that some records name; `new`: those that they establish."""

    def __init__(self, organization: str, hub: Hub) -> None:
        self.organization, self.hub = organization, hub
        self.known: Mapping[str, str] = {}
        self.new: dict[str, str] = {}

    def look_up(self, arrivals: Iterable[Arrival]) -> set[str]:
        """What they are stored as, and what these records stand for already, by one question."""
        wanted = [self._key(d) for a in arrivals if a.mapped for d in a.mapped.drafts if d.identity]
        self.known = self.hub.store.identities(wanted)
        return {*self.known.values(), *(name for arrival in arrivals for name in arrival.resources.values())}

    def identify(self, arrival: Arrival, mapped: Mapped) -> tuple[dict[str, Resource], dict[str, str]]:
        """Resources with ids and resolved references, and the identities that they establish."""
        resolved: dict[str, str] = {}
        identities: dict[str, str] = {}
        for draft in mapped.drafts:
            by_identity = ""
            if draft.identity:
                key = self._key(draft)
                by_identity = self.known.get(key) or self.new.get(key) or ""
            stored = by_identity or arrival.resources.get(draft.local)
            resolved[draft.local] = target = stored or f"{draft.resource['resourceType']}/{self.hub.ids.new()}"
            if draft.identity and not by_identity:
                identities[key] = target
        for link in mapped.links:
            link["reference"] = resolved[link["reference"].removeprefix("draft:")]
        return {draft.local: _named(draft, resolved[draft.local]) for draft in mapped.drafts}, identities

    def _key(self, draft: Draft) -> str:
        return fingerprint(self.hub.pepper, self.organization, draft.resource["resourceType"], draft.identity or "")


def _named(draft: Draft, reference: str) -> Resource:
    type_, id_ = reference.split("/")
    return {"resourceType": type_, "id": id_, **draft.resource}
