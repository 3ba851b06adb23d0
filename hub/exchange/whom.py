"""Whom: the survivor that somebody in an emergency means, exactly or not at all.

By a document that no two people share, by the code that one association knows her under, or by the reference under which the
caller knows her already. There is no search by name: who guesses learns nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hub import errors
from hub.consent.keys import own
from hub.errors import HubError
from hub.exchange import Hub
from hub.fhir import Resource
from hub.fhir.canonicals import identifier_system
from hub.fhir.query import Match, Query, Token
from hub.ports import Caller, Compartment, Visible

ONE_HOLDER: Final = frozenset(identifier_system(name) for name in ("cin", "passport", "residence-permit"))
"""Systems in which a number is one woman's, whichever association wrote it down."""
MOST: Final = 20


@dataclass(frozen=True, repr=False)
class Known:
    """Either an identifier or `person`, a Patient id. `custodian`: the association that is asked; "" is all of them."""

    system: str = ""
    value: str = ""
    person: str = ""
    custodian: str = ""


def find(known: Known, caller: Caller, now: datetime, *, hub: Hub) -> tuple[Compartment, ...]:
    """All that is kept of her, under each id that she has here; nothing where it could be more than one woman."""
    persons = _by_identifier(known, now, hub) if known.value else [known.person]
    found = tuple(hub.store.compartments(persons).values())
    if known.value:
        return found
    return tuple(one for one in found if _is_known(one, caller, now))


def kept_by(person: str, caller: Caller, *, hub: Hub) -> tuple[Compartment, ...]:
    """What is kept of a survivor whom the caller accompanies. HubError(NOT_FOUND) for any other."""
    found = hub.store.compartments([person]).get(person)
    if found is None or all((one.type, one.custodian) != ("Patient", caller.organization) for one in found.documents):
        raise HubError(errors.NOT_FOUND)
    return (found,)


def _by_identifier(known: Known, now: datetime, hub: Hub) -> list[str]:
    """Asked of each association in turn by the key of its own, as the association itself would ask."""
    if not known.system:
        return []
    asked = [known.custodian] if known.custodian else hub.directory.organizations()
    same = Match("identifier", "token", (Token(known.system, known.value), Token("", known.value)))
    visible = Visible(frozenset(map(own, asked)), now)
    found = hub.store.search(Query("Patient", (same,), count=MOST), visible)
    hers = (stored for stored in found.page if stored.person and _bears(stored.resource(), known))
    persons = list(dict.fromkeys(stored.person or "" for stored in hers))
    one_woman = known.system in ONE_HOLDER or len(persons) == 1
    return persons if one_woman and found.after is None else []


def _bears(patient: Resource, known: Known) -> bool:
    """Whether she bears this very identifier: of one without a system, its type tells whose number it is."""
    return any(
        one.get("value") == known.value and one.get("system", _system_of(one)) == known.system
        for one in patient.get("identifier", ())
    )


def _system_of(identifier: Resource) -> str:
    codings = identifier.get("type", {}).get("coding", ())
    return next((identifier_system(coding.get("code", "")) for coding in codings), "")


def _is_known(compartment: Compartment, caller: Caller, now: datetime) -> bool:
    """Whether something of hers is open to the caller for any purpose: a notice tells her reference."""
    mine: Iterable[str] = (
        key.grant for one in compartment.documents for key in one.keys if key.since <= now < key.until
    )
    return any(grant.startswith(f"{caller.organization}|") for grant in mine)
