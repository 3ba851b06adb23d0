"""Who belongs to a group, a team or a post that a Consent names.

https://hl7.org/fhir/R4/group.html · https://hl7.org/fhir/R4/careteam.html · https://hl7.org/fhir/R4/practitionerrole.html. A
group or a team is believed where the organisation that recorded the consent keeps it: nobody else says to whom its survivors'
consents speak. A post means its own organisation's desk, or somebody there. What is not known, not in use, empty or too large
is not understood: a permit opens nothing by it, a deny stays closed to everybody.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hub.consent.actors import ANYWHERE, DESK, NOBODY, Names, OrganizationsUnder
from hub.fhir import Resource
from hub.fhir.references import split

MOST_MEMBERS: Final = 100
"""Each member of a group makes keys of its own."""
_NOT_UNDERSTOOD: Final[Names] = frozenset({NOBODY})


@dataclass(frozen=True, repr=False)
class Entry:
    """What is known of a group or a post: as it stands, who keeps it, and in which version it is stored (0: not yet)."""

    resource: Resource
    keeper: str
    version: int = 0


EntryOf = Callable[[str], Entry | None]
"""The entry of this reference, if there is one."""


def none_known(_: str) -> Entry | None:
    return None


@dataclass
class Consulted:
    """Looks entries up, each once, and keeps which were asked for."""

    entry: EntryOf
    found: dict[str, Entry | None] = field(default_factory=dict)

    def __call__(self, reference: str) -> Entry | None:
        if reference not in self.found:
            self.found[reference] = self.entry(reference)
        return self.found[reference]

    @property
    def versions(self) -> dict[str, int]:
        return {name: one.version if one else 0 for name, one in self.found.items()}


@dataclass(frozen=True)
class Membership:
    """For the consents that `custodian` recorded of one person. `teams`: her care teams that it keeps, by reference."""

    below: OrganizationsUnder
    custodian: str
    entry: EntryOf
    teams: Mapping[str, Resource] = field(default_factory=dict)

    def members(self, reference: str) -> Names:
        """The parties behind a Group, a CareTeam or a PractitionerRole."""
        match split(reference)[0]:
            case "Group":
                found = self._group(reference)
            case "CareTeam":
                found = self._team(reference)
            case "PractitionerRole":
                found = frozenset(self._post(reference))
            case _:
                found = frozenset()
        return found if 0 < len(found) <= MOST_MEMBERS else _NOT_UNDERSTOOD

    def _group(self, reference: str) -> Names:
        known = self.entry(reference)
        if known is None or known.keeper != self.custodian or known.resource.get("active") is False:
            return _NOT_UNDERSTOOD
        return self._all(one.get("entity", {}) for one in known.resource.get("member", ()))

    def _team(self, reference: str) -> Names:
        team = self.teams.get(reference, {})
        if team.get("status") != "active":
            return _NOT_UNDERSTOOD
        return self._all(one.get("member", {}) for one in team.get("participant", ()))

    def _all(self, members: Iterator[dict[str, Any]]) -> Names:
        return frozenset(party for one in members for party in self._member(one.get("reference", "")))

    def _member(self, reference: str) -> Iterator[str]:
        type_, id_ = split(reference)
        if type_ == "Practitioner":
            yield f"{ANYWHERE}~Practitioner/{id_}"
        elif type_ == "Organization":
            yield from self.below(id_)
        elif type_ == "PractitionerRole":
            yield from self._post(reference)
        else:
            yield NOBODY

    def _post(self, reference: str) -> Iterator[str]:
        known = self.entry(reference)
        post = known.resource if known else {}
        organization = split(post.get("organization", {}).get("reference", ""))[1]
        who = split(post.get("practitioner", {}).get("reference", ""))
        desks = [code for one in post.get("code", ()) for code in _desks(one)]
        if known is None or not organization or known.keeper != organization or post.get("active") is False:
            yield NOBODY
        elif who[0] == "Practitioner":
            yield f"{organization}~Practitioner/{who[1]}"
        else:
            yield from (f"{organization}~{desk}" for desk in desks)


def _desks(code: dict[str, Any]) -> Iterator[str]:
    yield from (one["code"] for one in code.get("coding", ()) if one.get("system") == DESK)
