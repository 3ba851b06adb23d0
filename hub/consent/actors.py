"""Whom a provision names as a recipient, and who asks: organisations, and people within them.

https://hl7.org/fhir/R4/consent-definitions.html#Consent.provision.actor. A recipient is an organisation with all below it, a
practitioner wherever she works, or a desk of an organisation: whoever holds that function. A group, a care team or a
PractitionerRole is whoever belongs to it (`membership`). A device is not understood.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

from hub.fhir.canonicals import TERMINOLOGY, code_system
from hub.fhir.definitions import load
from hub.fhir.references import split

RECIPIENT: Final = (f"{TERMINOLOGY}/v3-ParticipationType", "IRCP")
DESK: Final = code_system("desk-role")
NOBODY: Final = ""
"""Stands in a set for what was named and not understood: nobody and nothing that is asked for is equal to it."""
ANYWHERE: Final = "*"
"""The organisation that a provision about a practitioner alone speaks of: whichever she asks from."""
MOST_DESKS: Final = 3
"""Functions of a person that one answer can depend on. A survivor's consents that name more are not understood in these."""

COMPOSED: Final = frozenset({"Group", "CareTeam", "PractitionerRole"})

_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")

Names = frozenset[str]
NONE: Final[Names] = frozenset()
OrganizationsUnder = Callable[[str], Names]
"""An organisation and all below it by Organization.partOf."""


def alone(organization: str) -> Names:
    """An organisation with nothing below it."""
    return frozenset({organization})


@dataclass(frozen=True)
class Known:
    """What is known beside a consent's own words: who stands below an organisation, and who belongs to a group."""

    below: OrganizationsUnder
    members: Callable[[str], Names]

    def __call__(self, organization: str) -> Names:
        return self.below(organization)


def named(actor: dict[str, Any], below: OrganizationsUnder) -> Iterator[str]:
    """The parties of one actor: `chu`, `chu~referral-desk`, `*~Practitioner/amal`; NOBODY where it is not understood."""
    codings = actor.get("role", {}).get("coding", ())
    type_, id_ = split(actor.get("reference", {}).get("reference", ""))
    desks = {str(coding.get("code")) for coding in codings if coding.get("system") == DESK}
    is_recipient = any((coding.get("system"), coding.get("code")) == RECIPIENT for coding in codings)
    if not is_recipient or not _ID.fullmatch(id_):
        yield NOBODY
    elif type_ == "Organization" and not desks:
        yield from below(id_)
    elif type_ == "Organization" and all(map(load().code_system(DESK).contains, desks)):
        yield from (f"{one}~{desk}" for one in below(id_) for desk in desks)
    elif type_ == "Practitioner" and not desks:
        yield f"{ANYWHERE}~Practitioner/{id_}"
    elif type_ in COMPOSED and not desks and isinstance(below, Known):
        yield from below.members(f"{type_}/{id_}")
    else:
        yield NOBODY


def parties(organization: str, marks: Names) -> Names:
    """Everything by which somebody can be named: the organisation, and she in it by each of her marks.

    `marks`: her reference (`Practitioner/amal`) and the codes of her functions; of a system there are none.
    """
    if not marks:
        return frozenset((organization,))
    return frozenset((organization, *(f"{at}~{one}" for one in marks for at in (organization, ANYWHERE))))


def marks(practitioner: str, roles: Iterable[str]) -> Names:
    return frozenset((practitioner, *roles)) if practitioner else frozenset(roles)


def is_person(mark: str) -> bool:
    return "/" in mark


def organization_of(party: str) -> str:
    return party.partition("~")[0]


def mark_of(party: str) -> str:
    return party.partition("~")[2]


Profile = tuple[Names, Names]
"""Somebody, as far as an answer depends on it: the marks that she has, and those that she does not have."""


def profiles(organization: str, named: Iterable[str]) -> tuple[Profile, ...]:
    """Everybody of an organisation, told apart by the marks that these parties name there. The first is a system of it."""
    known = {mark_of(one) for one in named if organization_of(one) in {organization, ANYWHERE}} - {NOBODY}
    if not known:
        return ((NONE, NONE),)
    people = [NONE, *(frozenset({one}) for one in sorted(known) if is_person(one))]
    desks = sorted(one for one in known if not is_person(one))
    held = [frozenset(some) for size in range(len(desks) + 1) for some in combinations(desks, size)]
    return tuple((who | some, frozenset(known) - who - some) for who in people for some in held)


def spelled(organization: str, who: Names) -> str:
    """As a key spells a recipient: `chu`, or `chu~Practitioner/amal` for her alone."""
    return "~".join((organization, *sorted(who)))


def spellings(organization: str, marks: Names) -> Iterator[str]:
    """All recipients that somebody counts as: the organisation, and by every set of her marks that a key can ask for."""
    yield organization
    people = [NONE, *(frozenset({one}) for one in marks if is_person(one))]
    desks = sorted(one for one in marks if not is_person(one))
    for size in range(MOST_DESKS + 1):
        for some in combinations(desks, size):
            yield from (spelled(organization, who | frozenset(some)) for who in people if who or some)
