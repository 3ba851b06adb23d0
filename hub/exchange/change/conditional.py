"""Conditional create, update, patch and delete: what is meant is found by a search, with the eyes of the caller.

https://hl7.org/fhir/R4/http.html#ccreate · https://hl7.org/fhir/R4/http.html#cond-update. The search is part of the act: when
somebody was faster, it is asked again. That nothing was found is guarded by a counter of the identity, which the commit moves on,
so that of two who found nothing one begins again and finds what the other has made.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterator
from dataclasses import replace

from hub import errors
from hub.errors import HubError
from hub.exchange import Hub, View, disclose
from hub.exchange.change.create import creation
from hub.exchange.change.delete import deletion
from hub.exchange.change.draft import Draft, carry_out
from hub.exchange.change.expected import Expected, require_any, require_met
from hub.exchange.change.revise import Revise, replacing, revision
from hub.fhir import Resource
from hub.fhir.query import Query
from hub.ports import Caller

Act = Callable[[Draft], str]


def perform(act: Act, caller: Caller, *, hub: Hub) -> tuple[View, bool]:
    """The caller's view of what it was about, and whether it was made by this act."""
    draft, key = carry_out(act, caller, hub=hub)
    return draft.view(key), draft.made(key)


def perform_deletion(query: Query, caller: Caller, *, expected: Expected, hub: Hub) -> None:
    carry_out(conditional_deletion(query, expected=expected), caller, hub=hub)


def conditional_creation(resource: Resource, query: Query, hub: Hub) -> Act:
    """Create unless there is one already: then that one, as it is. Raises SEVERAL."""
    create = creation(resource, hub)

    def act(draft: Draft) -> str:
        guard(resource, query, draft)
        found = match(query, draft)
        return f"{query.type}/{found}" if found else create(draft)

    return act


def conditional_update(resource: Resource, query: Query, hub: Hub, *, expected: Expected, lacking: str = "") -> Act:
    """Replace the one that is found, or create it. Ids are given by the hub: with one of its own nothing new is made. `lacking`:
    the scope without which this caller creates nothing."""
    create = creation(resource, hub) if "id" not in resource else None

    def act(draft: Draft) -> str:
        guard(resource, query, draft)
        found = match(query, draft)
        if found is None:
            require_met(expected, None)
            if lacking:
                raise HubError(errors.SCOPE_LACKING, expected=lacking)
            if create is None:
                raise HubError(errors.NOT_SUPPORTED, path=f"{query.type}.id")
            return create(draft)
        if resource.get("id", found) != found:
            raise HubError(errors.WRONG_ID, path=f"{query.type}.id")
        revise = replacing(query.type, found, resource)
        return revision(query.type, found, revise, expected=expected, interaction="update")(draft)

    return act


def conditional_patch(revise: Revise, query: Query, *, expected: Expected) -> Act:
    """Change the one that is found. Raises NOT_FOUND or SEVERAL."""

    def act(draft: Draft) -> str:
        found = match(query, draft)
        if found is None:
            require_any(expected)
            raise HubError(errors.NOT_FOUND)
        return revision(query.type, found, revise, expected=expected, interaction="patch")(draft)

    return act


def conditional_deletion(query: Query, *, expected: Expected = None) -> Act:
    """Delete the one that is found, if there is one; returns an empty text where there is none. Raises SEVERAL."""

    def act(draft: Draft) -> str:
        found = match(query, draft)
        if found is None:
            require_met(expected, None)
            return ""
        return deletion(query.type, found, expected=expected)(draft)

    return act


def match(query: Query, draft: Draft) -> str | None:
    """The id of the only resource that the caller can see and that is asked for. Raises SEVERAL."""
    page = disclose.search(replace(query, sort=(), count=2, after=None), draft.caller, hub=draft.hub)
    if len(page.entries) > 1:
        raise HubError(errors.SEVERAL)
    return page.entries[0].id if page.entries else None


def guard(resource: Resource, query: Query, draft: Draft) -> None:
    """Before the search: whoever commits meanwhile under one of these identities is noticed."""
    who = f"{draft.caller.organization}|{query.type}"
    for identity in (query.meaning, *_identifiers(resource)):
        text = f"{who}|{identity}".encode()
        draft.guard(hmac.new(draft.hub.pepper, b"condition|" + text, hashlib.sha256).hexdigest())


def _identifiers(resource: Resource) -> Iterator[str]:
    found = resource.get("identifier", ())
    for one in found if isinstance(found, list) else (found,):
        if isinstance(one, dict) and "value" in one:
            yield f"{one.get('system', '')}|{one['value']}"
