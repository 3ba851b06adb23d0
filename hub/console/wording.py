"""Scopes in plain words: what a person chooses and reads, and what of SMART it stands for."""

from collections.abc import Iterable, Mapping
from typing import Final

from hub.oauth.scopes import parse
from hub.texts import catalogue

PERMISSIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "referrals-read": ("Task.rs", "ServiceRequest.rs"),
    "referrals-answer": ("Task.rus", "ServiceRequest.rs"),
    "referrals-send": ("ServiceRequest.crus", "Task.rus"),
    "survivors-read": ("Patient.rs", "EpisodeOfCare.rs", "Observation.rs"),
    "survivors-write": ("Patient.crus", "EpisodeOfCare.crus", "Observation.crus"),
    "consents-read": ("Consent.rs",),
    "consents-write": ("Consent.crus",),
    "directory-read": ("Organization.rs", "HealthcareService.rs", "Location.rs", "PractitionerRole.rs", "Endpoint.rs"),
    "account-read": ("AuditEvent.rs", "Provenance.rs", "MeasureReport.rs"),
}
"""What can be chosen → scopes without the part before the slash."""
PURPOSES: Final = ("COC", "TREAT", "HLEGAL", "SUPNWK")


def chosen(names: Iterable[str]) -> frozenset[str]:
    """The scopes of what was chosen; of anything else, none."""
    return frozenset(scope for name in names for scope in PERMISSIONS.get(name, ()))


def in_words(scopes: Iterable[str]) -> list[tuple[str, str]]:
    """Of each scope the type of record and what is done with it (keys of the catalogue), and whether only to some of them."""
    found = [parse(scope) for scope in sorted(scopes)]
    return [(_type(one.type), _acts(one.letters, bool(one.where))) for one in found]


def _type(type_: str) -> str:
    key = "type-all" if type_ == "*" else f"type-{type_}"
    return key if key in catalogue("console") else "type-other"


def _acts(letters: frozenset[str], some: bool) -> str:
    writes, reads = bool(letters & set("cud")), bool(letters & set("rs"))
    does = "read-write" if writes and reads else "write" if writes else "read"
    return f"does-{does}{'-some' if some else ''}"
