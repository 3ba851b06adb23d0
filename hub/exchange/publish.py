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
from hub.ports import Changes, Key, Save, Stored

ATTEMPTS = 5
KEEPER = ("managingOrganization", "providedBy", "organization")
"""The elements that say who runs a place, gives a service, has a desk."""
OF_THE_OPERATOR = ("identifier", "active", "type", "partOf")
"""What of an organisation the deployment says, and nobody else: who it is, and below whom it stands."""


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
    for entry in entries:
        stored = hub.store.read(entry["resourceType"], entry["id"], None)
        resource = _kept(entry, stored)
        keys = keys_of(resource, stored.custodian if stored else None)
        if stored is None or content(stored.resource()) != content(resource) or _grants(stored.keys) != _grants(keys):
            custodian, version = (stored.custodian, stored.version) if stored else (None, None)
            saves.append(Save(resource, None, custodian, keys, version))
    if saves:
        hub.store.commit(Changes(saves=saves))
    return len(saves)


def _kept(resource: Resource, stored: Stored | None) -> Resource:
    """An entry that its organisation has changed itself stays as it left it, but for what is the deployment's to say."""
    if stored is None or stored.custodian is None:
        return resource
    kept = stored.resource()
    if kept["resourceType"] != "Organization":
        return kept
    said = {name: resource[name] for name in OF_THE_OPERATOR if name in resource}
    return {name: value for name, value in kept.items() if name not in OF_THE_OPERATOR} | said


def keys_of(resource: Resource, custodian: str | None = None) -> tuple[Key, ...]:
    """What is of the directory, everyone sees. What is not, as the whole of an endpoint, whoever keeps it sees alone."""
    profile, own_to = load().profile_of(resource), custodian or keeper(resource)
    public = (Key(PUBLIC),) if profile and profile.base_class == "directory" else ()
    return (*public, Key(own(own_to))) if own_to else public


def keeper(resource: Resource) -> str | None:
    if resource["resourceType"] == "Organization":
        return str(resource["id"])
    named = (resource.get(element) for element in KEEPER)
    return next((split(one["reference"])[1] for one in named if one), None)


def _grants(keys: Iterable[Key]) -> frozenset[str]:
    return frozenset(key.grant for key in keys)
