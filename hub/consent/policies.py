"""Policies: what holds beside the consents. Data in `profiles/policies/policies.yaml`, changed by a deployment's own file.

The overarching policy and those that a Consent may answer: https://profiles.ihe.net/ITI/PCF (Implicit Consent). Ages, duties and
what a policy opens are what a deployment has been advised; they are configuration and never told to anyone as law.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from hub.consent.policy_reading import Place, merged
from hub.fhir.canonicals import BASE

FILE = "policies.yaml"
PCF = "https://profiles.ihe.net/ITI/PCF"
DENY = f"{PCF}/Policy-deny"
ANY = "any"

Kind = Literal["break-glass", "legal-duty"]
BelowOwnConsent = Literal["caregiver", "both"]


@dataclass(frozen=True)
class Policy:
    """What a Consent opens that answers this policy and names no data class itself."""

    url: str
    classes: frozenset[str]
    purposes: frozenset[str]


@dataclass(frozen=True)
class Ages:
    """In years. `below_own_consent`: who must have given a consent before she may give it herself."""

    majority: int
    own_consent: int
    below_own_consent: BelowOwnConsent


@dataclass(frozen=True)
class Override:
    """A disclosure without a consent. `recipients`: organisation types or ids, `roles`: of the person who asks; empty is any.

    `despite_refusal`: whether it opens even what a survivor expressly refused to this recipient or for this purpose.
    """

    id: str
    kind: Kind
    basis: str
    classes: frozenset[str]
    purposes: frozenset[str]
    minutes: int
    title: Mapping[str, str]
    recipients: frozenset[str]
    roles: frozenset[str]
    despite_refusal: bool = False

    def is_for(self, organization: str, type_: str) -> bool:
        """Whether this organisation, of this type, may be a recipient."""
        return not self.recipients or bool({organization, type_} & self.recipients)


@dataclass(frozen=True)
class Policies:
    """`answered`: by canonical URL. `lasts`: how long a consent without any period lasts; None: until it is withdrawn.

    `suspects`: relation of who did it → relationships of the caregivers suspected thereby. `overrides`: those that are enabled.
    """

    overarching: str
    answered: Mapping[str, Policy]
    ages: Ages
    lasts: timedelta | None
    suspects: Mapping[str, frozenset[str]]
    overrides: tuple[Override, ...]


@cache
def packaged() -> Policies:
    """The policies as they come with the hub."""
    return policies(None)


def policies(own: Any, file: str = FILE) -> Policies:
    """The packaged policies under what a deployment says itself (its parsed file or None). HubError(BAD_FILE) names the place."""
    return _read(Place(file, merged(_as_written(), own, file)))


@cache
def _as_written() -> Any:
    return yaml.safe_load((files("profiles") / "policies" / FILE).read_text("utf-8"))


def _read(root: Place) -> Policies:
    root.has_only(
        {"overarching", "policies", "ages", "days_without_period", "suspects", "overrides"},
    )
    days = root.at("days_without_period").number_or_none(1, 36_500)
    return Policies(
        overarching=root.at("overarching").one_of((DENY,)),
        answered={policy.url: policy for policy in map(_policy, root.at("policies").entries("url"))},
        ages=_ages(root.at("ages")),
        lasts=timedelta(days=days) if days else None,
        suspects=_suspects(root.at("suspects")),
        overrides=tuple(
            override for enabled, override in map(_override, root.at("overrides").entries("id")) if enabled
        ),
    )


def _policy(entry: Place) -> Policy:
    entry.has_only({"url", "classes", "purposes"})
    found = Policy(entry.at("url").text(), entry.at("classes").data_classes(), entry.at("purposes").purposes())
    if found.url == DENY and found.classes:
        entry.at("classes").refuse()
    return found


def _ages(entry: Place) -> Ages:
    entry.has_only({"majority", "own_consent", "below_own_consent"})
    majority = entry.at("majority").number(1, 30)
    below: BelowOwnConsent = (
        "both" if entry.at("below_own_consent").one_of(("caregiver", "both")) == "both" else "caregiver"
    )
    return Ages(majority, entry.at("own_consent").number(0, majority), below)


def _suspects(entry: Place) -> Mapping[str, frozenset[str]]:
    entry.has_only_codes("perpetrator-relation")
    return {code: entry.at(code).codes("caregiver-relationship", ANY) for code in entry.value}


def _override(entry: Place) -> tuple[bool, Override]:
    entry.has_only(
        {
            "id",
            "enabled",
            "kind",
            "basis",
            "purposes",
            "classes",
            "minutes",
            "recipients",
            "roles",
            "title",
            "despite_refusal",
        },
    )
    kind: Kind = (
        "legal-duty" if entry.at("kind").one_of(("break-glass", "legal-duty")) == "legal-duty" else "break-glass"
    )
    basis = entry.at("basis").text()
    return entry.at("enabled").flag(), Override(
        id=entry.at("id").text(),
        kind=kind,
        basis=basis if ":" in basis else f"{BASE}/{basis}",
        classes=entry.at("classes").data_classes(),
        purposes=entry.at("purposes").purposes(),
        minutes=entry.at("minutes").number(1, 24 * 60),
        title=entry.at("title").in_three_languages(),
        recipients=entry.at("recipients").texts(),
        roles=entry.at("roles").texts(),
        despite_refusal=entry.at("despite_refusal").value is not None and entry.at("despite_refusal").flag(),
    )
