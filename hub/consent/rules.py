"""By what a survivor's Consents are read, beside their own words: one value that every act, view and explanation is given."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from hub.consent.actors import OrganizationsUnder
from hub.consent.membership import EntryOf, none_known
from hub.consent.policies import Policies
from hub.consent.provisions import PurposesUnder, PurposesUnderCode
from hub.fhir.definitions import load


@cache
def purposes_under() -> PurposesUnder:
    """Subsumption of purposes of use, from the packaged code system: http://terminology.hl7.org/CodeSystem/v3-ActReason."""
    system = load().code_system("http://terminology.hl7.org/CodeSystem/v3-ActReason")
    return PurposesUnder(
        {code: frozenset(other for other in system.codes if system.subsumes(code, other)) for code in system.codes}
    )


def nowhere(service: str, province: str) -> frozenset[str]:
    return frozenset()


@dataclass(frozen=True)
class Rules:
    """`policies`: the deployment's. `under`: a purpose and all that it subsumes. `below`: an organisation and all below it.
    `entry`: a group or a post as it stands. `offering`: the organisations that give a service in a province; "": anywhere."""

    policies: Policies
    under: PurposesUnderCode
    below: OrganizationsUnder
    entry: EntryOf = none_known
    offering: Callable[[str, str], frozenset[str]] = nowhere
