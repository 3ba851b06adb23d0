"""Publish: the directory of organisations, services and places, which every party may read."""

from collections.abc import Iterable

from hub import errors
from hub.conformance import validate
from hub.consent.keys import PUBLIC
from hub.errors import Conflict
from hub.exchange import Hub, Invalid
from hub.exchange.person import content
from hub.fhir import Resource
from hub.ports import Changes, Key, Save

ATTEMPTS = 5


def publish(resources: Iterable[Resource], *, hub: Hub) -> int:
    """Store what is new or changed and return how many. Raises Invalid when an entry does not conform."""
    entries = list(resources)
    for resource in entries:
        issues = validate(resource)
        if any(issue.blocks for issue in issues):
            raise Invalid(errors.INVALID, issues)
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
        if stored is None or content(stored.resource()) != content(resource):
            saves.append(Save(resource, None, None, (Key(PUBLIC),), stored.version if stored else None))
    if saves:
        hub.store.commit(Changes(saves=saves))
    return len(saves)
