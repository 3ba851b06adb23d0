"""What one Consent says about one question: permit, deny, or nothing.

https://hl7.org/fhir/R4/consent.html: between the elements of a provision AND, inside a repeating element OR, an absent
element is no constraint; each nesting level holds exceptions to its parent. Between matching siblings deny wins.

Three readings are ours, on the side of safety. A permit that names no recipient or no purpose, itself or in a level above
it, permits nothing. A root without exceptions and without type says nothing. What cannot be understood here (security
labels, codes, periods of the data, foreign classes) never lets a permit say more nor a deny say less.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from hub.fhir import Resource
from hub.fhir.canonicals import code_system
from hub.fhir.instants import period
from hub.fhir.references import split
from hub.ports import FOREVER, LONG_AGO

Verdict = Literal["permit", "deny"]
DATA_CLASS: Final = code_system("data-class")
NOT_UNDERSTOOD: Final = ("action", "code", "data", "dataPeriod", "securityLabel")
NOBODY: Final = ""
"""Stands in a set for what was named and not understood: no recipient, purpose or data class is equal to it."""


@dataclass(frozen=True)
class Question:
    """May `recipient` (an organisation's id) see data of `data_class` for `purpose` at this instant?"""

    recipient: str
    purpose: str
    data_class: str
    at: datetime


@dataclass(frozen=True)
class Provision:
    """One level of a Consent, read once. Empty sets constrain nothing."""

    type: Verdict | None
    recipients: frozenset[str]
    purposes: frozenset[str]
    classes: frozenset[str]
    since: datetime
    until: datetime
    exceptions: tuple["Provision", ...]

    def speaks_of(self, recipient: str, purpose: str, at: datetime) -> bool:
        return (
            self.since <= at < self.until
            and (not self.recipients or recipient in self.recipients)
            and (not self.purposes or purpose in self.purposes)
        )


def read(provision: dict[str, Any], purposes_under: "PurposesUnder") -> Provision:
    """The provision and its exceptions. `purposes_under(code)`: the code and all that it subsumes."""
    since, until = period(provision.get("period"), low=LONG_AGO, high=FOREVER)
    denies = provision.get("type") == "deny"
    readable = denies or not any(element in provision for element in NOT_UNDERSTOOD)
    classes = [
        coding.get("code") if coding.get("system") == DATA_CLASS else None for coding in provision.get("class", ())
    ]
    return Provision(
        type=provision.get("type"),
        recipients=_named((_organization(actor) for actor in provision.get("actor", ())), denies),
        purposes=_named(
            (code for coding in provision.get("purpose", ()) for code in purposes_under(coding.get("code"))), denies
        ),
        classes=_named(classes, denies) if readable else frozenset({NOBODY}),
        since=since,
        until=until,
        exceptions=tuple(read(child, purposes_under) for child in provision.get("provision", ())),
    )


def _named(values: Iterable[str | None], denies: bool) -> frozenset[str]:
    """What a repeating element names. One value that is not understood widens a deny to all, and adds nothing to a permit."""
    said = {value or NOBODY for value in values}
    return frozenset() if denies and NOBODY in said else frozenset(said)


def _organization(actor: dict[str, Any]) -> str | None:
    type_, id_ = split(actor.get("reference", {}).get("reference", ""))
    return id_ if type_ == "Organization" else None


def evaluate(provision: Provision, question: Question) -> Verdict | None:
    """The provision's answer, or None when it does not speak of this question."""
    asked = frozenset({question.data_class})
    permitted, denied = verdicts(provision, question.recipient, question.purpose, question.at, asked)
    return "deny" if denied else "permit" if permitted else None


Classes = frozenset[str]
NONE: Final[Classes] = frozenset()


def verdicts(
    provision: Provision,
    recipient: str,
    purpose: str,
    at: datetime,
    asked: Classes,
    *,
    to_someone: bool = False,
    for_something: bool = False,
) -> tuple[Classes, Classes]:
    """Of the data classes `asked`, those that the provision permits and those that it denies.

    `to_someone`, `for_something`: a level above names recipients, purposes.
    """
    if not provision.speaks_of(recipient, purpose, at):
        return NONE, NONE
    asked = asked & provision.classes if provision.classes else asked
    to_someone = to_someone or bool(provision.recipients)
    for_something = for_something or bool(provision.purposes)
    permitted, denied = NONE, NONE
    for exception in provision.exceptions:
        more, less = verdicts(
            exception, recipient, purpose, at, asked, to_someone=to_someone, for_something=for_something
        )
        permitted, denied = permitted | more, denied | less
    permitted -= denied
    if provision.type == "deny":
        return permitted, asked - permitted
    if provision.type == "permit" and to_someone and for_something:
        return asked - denied, denied
    return permitted, denied


class PurposesUnder:
    """Code subsumption of purposes of use, as a callable: `PurposesUnder(children)("TREAT")`."""

    def __init__(self, under: dict[str, frozenset[str]] | None = None) -> None:
        self._under = under or {}

    def __call__(self, code: str | None) -> frozenset[str]:
        return self._under.get(code or NOBODY, frozenset({code or NOBODY}))


def in_force(consent: Resource) -> bool:
    """Only an active Consent about privacy is enforced."""
    return consent["status"] == "active" and any(
        coding.get("code") == "patient-privacy" for coding in consent["scope"].get("coding", ())
    )
