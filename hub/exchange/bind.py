"""Bind: a token stands on Consents of one person, each in the version that was read, and ends with any of them.

Only a Consent in force that opens something to this organisation, for this purpose and now, can be stood on. A reference to
nothing, and one to a Consent that is not for the asking organisation, are the same answer.
"""

from collections.abc import Iterable
from datetime import datetime

from hub.consent.keys import Held, granted
from hub.consent.residual import Asker, residual
from hub.exchange import Hub
from hub.ports import Binding, Kept, Stored


def bind(consents: Iterable[str], organization: str, purpose: str, now: datetime, *, hub: Hub) -> Binding | None:
    """What a token is bound to that names these Consents by id; None unless all of them can be stood on."""
    read = [hub.store.read("Consent", id_, None) for id_ in dict.fromkeys(consents)]
    found = [one for one in read if one is not None]
    ends = [end for one in found if (end := _end(one, organization, purpose, now, hub)) is not None]
    persons = {one.person for one in found}
    if not found or len(ends) < len(read) or len(persons) != 1:
        return None
    resources = [one.resource() for one in found]
    return Binding(
        consents=tuple((one.id, one.version) for one in found),
        kept=frozenset(Kept(one.person or "", one.custodian or "") for one in found),
        until=min(ends),
        policies=tuple(dict.fromkeys(p["uri"] for one in resources for p in one.get("policy", ()) if "uri" in p)),
        residual=residual(resources, Asker(organization, purpose, hub.rules.under, hub.rules.below)),
    )


def _end(consent: Stored, organization: str, purpose: str, now: datetime, hub: Hub) -> datetime | None:
    """When the last of what it alone opens now is over; None where it opens nothing."""
    found = hub.store.compartments([consent.person or ""]).get(consent.person or "")
    rest = [one for one in found.documents if one.type != "Consent"] if found else []
    held = [Held(one.resource(), one.custodian or "", one.at) for one in (*rest, consent)]
    keys = granted(held, hub.rules)[consent.custodian or ""].to(organization)
    ends = [key.until for key in keys if key.grant.split("|")[1] == purpose and key.since <= now < key.until]
    return max(ends, default=None)
