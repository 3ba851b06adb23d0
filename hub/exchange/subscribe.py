"""Subscribe: what an organisation's system wants to be told, kept for that organisation alone; it belongs to no survivor.

https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/. A subscription never widens what its subscriber may see: as whom it
reads is kept with it, and asked about at each event and again whenever something is sent.
"""

import hmac
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final
from urllib.parse import unquote_plus, urlsplit

from hub.audit import events
from hub.conformance import examine
from hub.consent.keys import own
from hub.errors import BAD_PARAMETER, NOT_FOUND, UNKNOWN_PARAMETER, HubError
from hub.exchange import Hub
from hub.exchange.change.conforming import require_none
from hub.exchange.change.expected import Expected, require_any, require_met
from hub.fhir import Resource
from hub.fhir.query import Query
from hub.ports import Caller, Changes, Due, Key, Save, Subscription
from hub.search import parse
from hub.subscription.channels import EMAIL
from hub.subscription.wanted import Wanted, refused, wanted, written

TYPE = "Subscription"
HANDSHAKE, HEARTBEAT = "subscription.handshake", "subscription.heartbeat"
MOST = 50
"""Of one organisation."""

CODE_LASTS: Final = timedelta(days=3)
LETTERS: Final = 12  # of a code: 48 bits that nobody guesses in three days

Allows = Callable[[str], bool]
"""Whether the hub may send to an address."""


def create(resource: Resource, caller: Caller, allows: Allows, *, hub: Hub) -> Subscription:
    """A new one, to which a handshake is sent at once. Raises SUBSCRIPTION_REFUSED."""
    asked = _asked(resource, allows)
    if len(hub.store.subscriptions.of(caller.organization)) >= MOST:
        raise refused("id", "too-many", str(MOST))
    made = _made(hub.ids.new(), resource, asked, caller, hub)
    hub.store.subscriptions.add(made, _told("subscription.create", "create", made, caller, hub))
    return made


def update(
    id_: str, resource: Resource, caller: Caller, allows: Allows, *, expected: Expected, hub: Hub
) -> Subscription:
    """The next version, by which it begins anew with a handshake; numbers go on. Raises SUBSCRIPTION_REFUSED or STALE.

    Headers that are not said again stay, as long as they go to the same server.
    """
    before = _expected(id_, expected, caller, hub)
    asked = _asked(resource, allows)
    changed = _made(id_, resource, asked, caller, hub)
    if asked.headers is None and _server(before.resource) == _server(resource):
        changed = replace(changed, headers=before.headers)
    if _is_confirmed(before, asked):
        changed = replace(changed, code="")
    changed = replace(changed, version=before.version + 1, number=before.number)
    hub.store.subscriptions.replace(changed, _told("subscription.update", "update", changed, caller, hub))
    return changed


def confirm(id_: str, code: str, caller: Caller, *, hub: Hub) -> Subscription:
    """Somebody who reads at its address has said the code that was sent there: from now on it is active. Raises
    SUBSCRIPTION_REFUSED."""
    before, now = find(id_, caller, hub=hub), hub.clock.now()
    is_right = hmac.compare_digest(code.replace("-", "").upper().encode(), before.code.encode())
    if before.status != "requested" or not (before.code and is_right) or now > before.at + CODE_LASTS:
        raise refused("channel.endpoint", "bad-code")
    made = replace(before, status="active", code="", at=now, version=before.version + 1)
    hub.store.subscriptions.replace(made, _told("subscription.update", "update", made, caller, hub))
    return made


def delete(id_: str, caller: Caller, *, expected: Expected, hub: Hub) -> None:
    """It is as if it had never been."""
    before = _expected(id_, expected, caller, hub)
    hub.store.subscriptions.remove(before, _told("subscription.delete", "delete", before, caller, hub))


def find(id_: str, caller: Caller, *, hub: Hub) -> Subscription:
    """One of the caller's organisation. Raises NOT_FOUND: for everybody else it never was."""
    found = hub.store.subscriptions.find(id_)
    if found is None or found.caller.organization != caller.organization:
        raise HubError(NOT_FOUND)
    return found


def listed(caller: Caller, *, hub: Hub) -> Sequence[Subscription]:
    """All of the caller's organisation, the newest first."""
    return hub.store.subscriptions.of(caller.organization)


def query(asked: Wanted, type_: str, id_: str = "") -> Query:
    """What one of its events about this type must meet: what triggers the topic, and all filters; `id_`: this resource alone."""
    pairs = [(name, unquote_plus(value)) for name, value in (*asked.topic.triggers[type_], *asked.filters)]
    pairs += [("_id", id_)] if id_ else []
    return parse(type_, pairs, strict=True)[0]


def _asked(resource: Resource, allows: Allows) -> Wanted:
    asked = wanted(resource)
    require_none(examine(resource))
    try:
        for type_ in asked.types:
            query(asked, type_)
    except HubError as problem:
        if problem.problem in {BAD_PARAMETER, UNKNOWN_PARAMETER}:
            raise refused("criteria", "bad-filter", problem.params.get("expected", "-")) from None
        raise
    if not allows(asked.endpoint):
        raise refused("channel.endpoint", "bad-endpoint")
    return asked


def _made(id_: str, resource: Resource, asked: Wanted, caller: Caller, hub: Hub) -> Subscription:
    return Subscription(
        id=id_,
        caller=replace(caller, within=(), token="", request=""),
        resource=written(resource),
        headers=asked.headers or (),
        status="off" if asked.is_off else "requested",
        at=hub.clock.now(),
        heartbeat=asked.heartbeat,
        until=asked.end,
        code="" if asked.is_off or asked.channel != EMAIL else hub.ids.new().replace("-", "")[:LETTERS].upper(),
    )


def _told(action: str, interaction: str, about: Subscription, caller: Caller, hub: Hub) -> Changes:
    """What the organisation's own audit says of it, and what is to be sent because of it."""
    reference, keeper = f"{TYPE}/{about.id}", caller.organization
    event = events.event(
        hub.ids.new(),
        action,
        hub.clock.now(),
        interaction=interaction,
        caller=caller,
        person=None,
        entities=[reference],
    )
    shakes = about.status == "requested" and interaction != "delete"
    due = [Due(HANDSHAKE, "", reference, recipient=keeper)] if shakes else []
    return Changes(saves=[Save(event, None, keeper, (Key(own(keeper)),))], outbox=due)


def _expected(id_: str, expected: Expected, caller: Caller, hub: Hub) -> Subscription:
    """Raises STALE where it is another version than expected, or where there only had to be one."""
    try:
        found = find(id_, caller, hub=hub)
    except HubError:
        require_any(expected)
        raise
    require_met(expected, found.version)
    return found


def _is_confirmed(before: Subscription, asked: Wanted) -> bool:
    """Whether that address was proved to be theirs already."""
    channel = before.resource["channel"]
    same = (channel["type"], channel["endpoint"]) == (asked.channel, asked.endpoint)
    return same and not before.code and before.status != "off"


def _server(resource: Resource) -> tuple[str, str]:
    parts = urlsplit(resource["channel"]["endpoint"])
    return parts.scheme, parts.netloc
