"""Publish: the directory of organisations, services and places, which every party may read.

What of an entry is not for everyone, as the address of a shelter, is for the organisation that runs it alone.
"""

from collections.abc import Iterable

from hub import errors
from hub.conformance import validate
from hub.consent.keys import PUBLIC, own
from hub.errors import Conflict
from hub.exchange import Hub, Invalid
from hub.exchange.person import content
from hub.fhir import Resource
from hub.fhir.definitions import load
from hub.fhir.labels import labelled
from hub.fhir.references import split
from hub.ports import Changes, Key, Save

ATTEMPTS = 5
KEEPER = ("managingOrganization", "providedBy", "organization")
"""The elements that say who runs a place, gives a service, has a desk."""


def publish(resources: Iterable[Resource], *, hub: Hub) -> int:
    """Store what is new or changed and return how many. Raises Invalid when an entry does not conform."""
    entries = list(resources)
    for resource in entries:
        issues = validate(resource)
        if any(issue.blocks for issue in issues):
            raise Invalid(errors.INVALID, issues)
    entries = [labelled(resource) for resource in entries]
    for _ in range(ATTEMPTS):  # several processes of a deployment begin at once
        try:
            return _store(entries, hub)
        except Conflict:
            continue
    raise Conflict


def _store(entries: list[Resource], hub: Hub) -> int:
    saves = []
    for resource in entries:
        stored = hub.store.read(resource["resourceType"], resource["id"], None)
        keys = _keys(resource)
        if stored is None or content(stored.resource()) != content(resource) or _grants(stored.keys) != _grants(keys):
            saves.append(Save(resource, None, None, keys, stored.version if stored else None))
    if saves:
        hub.store.commit(Changes(saves=saves))
    return len(saves)


def _keys(resource: Resource) -> tuple[Key, ...]:
    """What is of the directory, everyone sees. What is not, as the whole of an endpoint, whoever runs it sees alone."""
    profile, keeper = load().profile_of(resource), _keeper(resource)
    public = (Key(PUBLIC),) if profile and profile.base_class == "directory" else ()
    return (*public, Key(own(keeper))) if keeper else public


def _keeper(resource: Resource) -> str | None:
    if resource["resourceType"] == "Organization":
        return str(resource["id"])
    named = (resource.get(element) for element in KEEPER)
    return next((split(one["reference"])[1] for one in named if one), None)


def _grants(keys: Iterable[Key]) -> frozenset[str]:
    return frozenset(key.grant for key in keys)
