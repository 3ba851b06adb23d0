"""What is left for an enforcement point to do after a token was given: the residual rules of IHE PCF, from Consents.

https://profiles.ihe.net/ITI/PCF/other.html (`extensions.ihe_pcf.residual`): what no `forbid` names may flow, and a `permit`
overrides a `forbid`. Of a Consent only security labels, the period of the data and single records can be said so. What cannot
be said (data classes, codes, actions, periods of an exception, exceptions to exceptions, a denial inside of what is permitted)
stays forbidden: who reads these rules alone lets less flow than this hub, and never more.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hub.consent.actors import OrganizationsUnder, alone
from hub.consent.provisions import PurposesUnderCode, read
from hub.fhir import Resource

Rule = Mapping[str, Any]
FORBID_ALL: Final[tuple[Rule, ...]] = ({"type": "forbid"},)
SAID: Final = ("securityLabel", "dataPeriod", "data")
OF_EXCEPTIONS: Final = frozenset({"id", "type", "actor", "purpose", *SAID})
OF_ROOTS: Final = OF_EXCEPTIONS | {"period", "provision"}


@dataclass(frozen=True)
class Asker:
    """To whom the token was given, and for what purpose."""

    organization: str
    purpose: str
    under: PurposesUnderCode
    below: OrganizationsUnder = alone

    def is_permitted_by(self, provision: Resource) -> bool:
        """Whether a permit surely speaks of this asker."""
        parsed = read(provision, self.under, self.below)
        return (not parsed.parties or self.organization in parsed.parties) and (
            not parsed.purposes or self.purpose in parsed.purposes
        )


def residual(consents: Iterable[Resource], asker: Asker) -> tuple[Rule, ...]:
    """One list for all Consents of a token. Where they say different things, only what they permit can be put together."""
    each = [_residual(consent.get("provision", {}), asker) for consent in consents]
    if all(one == each[0] for one in each):
        return each[0]
    if all(one[:1] == FORBID_ALL for one in each):
        return FORBID_ALL + tuple(_once(rule for one in each for rule in one[1:]))
    return FORBID_ALL


def _residual(root: Resource, asker: Asker) -> tuple[Rule, ...]:
    """What an exception says holds inside of its parent; between exceptions a denial wins."""
    below = root.get("provision", ())
    if root.keys() - OF_ROOTS or any(one.keys() - OF_EXCEPTIONS for one in below):
        return FORBID_ALL
    denies = [one for one in below if one.get("type") == "deny"]
    permits = [one for one in below if one.get("type") == "permit" and asker.is_permitted_by(one)]
    if root.get("type") == "permit":
        permits = [root]
    elif _limits(root):
        return FORBID_ALL
    if not all(map(_limits, permits)):
        return tuple(_once({**_limits(one), "type": "forbid"} for one in denies))
    if denies:
        return FORBID_ALL
    return FORBID_ALL + tuple(_once({"type": "permit", **_limits(one)} for one in permits))


def _limits(provision: Resource) -> dict[str, Any]:
    return {name: provision[name] for name in SAID if provision.get(name)}


def _once(rules: Iterable[Rule]) -> Iterator[Rule]:
    seen: list[Rule] = []
    for rule in rules:
        if rule not in seen:
            seen.append(rule)
            yield rule
