"""vread and history: what was said before, by the keys of today. Withdrawn is withdrawn of every version at once.

https://hl7.org/fhir/R4/http.html#vread · https://hl7.org/fhir/R4/http.html#history. What a caller may not see now has no history
for it; what was deleted has one for its keeper. Each version is cut by the classes of the profile that it had.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from hub import errors
from hub.consent.keys import own
from hub.errors import HubError
from hub.exchange import Hub, View, disclose
from hub.ports import Caller, Found, Key, Past, Stored, Versions


@dataclass(frozen=True, repr=False)
class Version:
    """One entry of a history; `gone`: it says that the resource is deleted, and the view has no text."""

    view: View
    gone: bool


@dataclass(frozen=True, repr=False)
class History:
    """`total` counts every version that the caller may see and that was asked for, None where that takes long; `after` leads to
    the next page."""

    total: int | None
    entries: tuple[Version, ...]
    after: str | None


def vread(type_: str, id_: str, version: int, caller: Caller, *, hub: Hub) -> View:
    """One version. Raises NOT_FOUND; or GONE for the one that says that the caller's own is deleted."""
    now = hub.clock.now()
    found = hub.store.history([past(type_, "read", caller, now, hub)], Versions(id_, version, count=1))
    if not found.page:
        disclose.deny(type_, id_, caller, now, "vread", hub=hub)
        raise HubError(errors.NOT_FOUND)
    (kept,) = (of_its_keeper(one) for one in found.page)
    disclose.look([kept], caller, now, "vread", hub=hub)
    if kept.gone:
        raise HubError(errors.GONE)
    return disclose.view(kept, caller, now, hub=hub)


def of_instance(type_: str, id_: str, asked: Versions, caller: Caller, *, hub: Hub) -> History:
    """All versions of one resource. Raises NOT_FOUND where there is none that the caller may know of."""
    now = hub.clock.now()
    whole, asked = past(type_, "read", caller, now, hub), replace(asked, id=id_)
    found = hub.store.history([whole], asked)
    if not found.total and not hub.store.history([whole], Versions(id_, count=0)).total:
        disclose.deny(type_, id_, caller, now, "history-instance", hub=hub)
        raise HubError(errors.NOT_FOUND)
    return _told(found, "history-instance", caller, now, hub=hub)


def of_types(types: Iterable[str], asked: Versions, caller: Caller, interaction: str, *, hub: Hub) -> History:
    """All versions of all resources of these types, as one history."""
    now = hub.clock.now()
    found = hub.store.history([past(type_, "search", caller, now, hub) for type_ in types], asked)
    return _told(found, interaction, caller, now, hub=hub)


def past(type_: str, reach: str, caller: Caller, now: datetime, hub: Hub) -> Past:
    """What a granular scope matches is asked of present content, which a deleted resource has none of."""
    visible = disclose.reach(type_, reach, caller, now, hub=hub)
    return Past(type_, visible, "" if visible.narrowed else caller.organization)


def of_its_keeper(stored: Stored) -> Stored:
    """What is deleted has no keys: it comes to its keeper alone, and as a whole."""
    return stored if stored.keys else replace(stored, keys=(Key(own(stored.custodian or "")),))


def _told(found: Found, interaction: str, caller: Caller, now: datetime, *, hub: Hub) -> History:
    kept = [of_its_keeper(one) for one in found.page]
    disclose.look(kept, caller, now, interaction, hub=hub)
    return History(found.total, tuple(_entry(one, caller, now, hub) for one in kept), found.after)


def _entry(stored: Stored, caller: Caller, now: datetime, hub: Hub) -> Version:
    if stored.gone:
        return Version(View(stored.type, stored.id, stored.version, stored.at, ""), gone=True)
    return Version(disclose.view(stored, caller, now, hub=hub), gone=False)
