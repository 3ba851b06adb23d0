"""What one Consent says about one question: permit, deny, or nothing.

https://hl7.org/fhir/R4/consent.html: between the elements of a provision AND, inside a repeating element OR, an absent
element is no constraint; each nesting level holds exceptions to its parent. Between matching siblings deny wins.

Four readings are ours, on the side of safety. A permit that names no recipient or no purpose, itself or in a level above
it, permits nothing. A root without exceptions and without type says nothing. A root that permits or denies as IHE PCF wants
it (https://profiles.ihe.net/ITI/PCF) answers a policy whose words are not read here: a permit in it opens only the data
classes that it, or a level above it, names. And what cannot be understood (security labels, codes, periods of the data,
foreign classes and purposes, actors that are no organisation) never lets a permit say more nor a deny say less, at its own
level or at any below: each provision is read twice, as what it surely covers and as what it may cover.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from hub.fhir import Resource
from hub.fhir.canonicals import TERMINOLOGY, code_system
from hub.fhir.definitions import load
from hub.fhir.instants import period
from hub.fhir.references import split
from hub.ports import FOREVER, LONG_AGO

Verdict = Literal["permit", "deny"]
DATA_CLASS: Final = code_system("data-class")
PURPOSE: Final = f"{TERMINOLOGY}/v3-ActReason"
RECIPIENT: Final = (f"{TERMINOLOGY}/v3-ParticipationType", "IRCP")
NOT_UNDERSTOOD: Final = ("action", "code", "data", "dataPeriod", "securityLabel")
A_PERMIT_NAMES: Final = frozenset({"actor", "purpose", "class"})
NOBODY: Final = ""
"""Stands in a set for what was named and not understood: no recipient, purpose or data class is equal to it."""

Names = frozenset[str]
NONE: Final[Names] = frozenset()


@dataclass(frozen=True)
class Question:
    """May `recipient` (an organisation's id) see data of `data_class` for `purpose` at this instant?"""

    recipient: str
    purpose: str
    data_class: str
    at: datetime


@dataclass(frozen=True)
class Provision:
    """One level of a Consent, read once. Empty sets constrain nothing; NOBODY in a set: something was not understood.

    `limited`: an element narrows it in a way that is not read here. `may_permit`: it or a level above names all that a permit
    must name.
    """

    type: Verdict | None
    recipients: Names
    purposes: Names
    classes: Names
    since: datetime
    until: datetime
    limited: bool
    may_permit: bool
    exceptions: tuple["Provision", ...]

    def surely(self, recipient: str, purpose: str, at: datetime, asked: Names) -> Names:
        """Of the data classes asked for, those of which it certainly speaks."""
        if self.limited or not (
            self.since <= at < self.until
            and (not self.recipients or recipient in self.recipients)
            and (not self.purposes or purpose in self.purposes)
        ):
            return NONE
        return asked & self.classes if self.classes else asked

    def possibly(self, recipient: str, purpose: str, at: datetime, asked: Names) -> Names:
        """Of the data classes asked for, those of which it may speak: what is not understood is no limit."""
        if not (
            self.since <= at < self.until
            and (not self.recipients or recipient in self.recipients or NOBODY in self.recipients)
            and (not self.purposes or purpose in self.purposes or NOBODY in self.purposes)
        ):
            return NONE
        return asked & self.classes if self.classes and NOBODY not in self.classes else asked


def read(root: dict[str, Any], purposes_under: "PurposesUnder") -> Provision:
    """The root provision and its exceptions. `purposes_under(code)`: the code and all that it subsumes."""
    return _read(root, purposes_under, frozenset() if "type" in root else frozenset({"class"}))


def _read(provision: dict[str, Any], purposes_under: "PurposesUnder", named_above: Names) -> Provision:
    since, until = period(provision.get("period"), low=LONG_AGO, high=FOREVER)
    purposes = (code for coding in provision.get("purpose", ()) for code in purposes_under(_purpose(coding)))
    named = named_above | {element for element in A_PERMIT_NAMES if provision.get(element)}
    return Provision(
        type=provision.get("type"),
        recipients=_named(_organization(actor) for actor in provision.get("actor", ())),
        purposes=_named(purposes),
        classes=_named(_data_class(coding) for coding in provision.get("class", ())),
        since=since,
        until=until,
        limited=any(element in provision for element in NOT_UNDERSTOOD),
        may_permit=named >= A_PERMIT_NAMES,
        exceptions=tuple(_read(child, purposes_under, named) for child in provision.get("provision", ())),
    )


def recipients(root: dict[str, Any]) -> Names:
    """Every organisation that a provision or an exception to it names, whatever it says of it."""
    named = frozenset(filter(None, map(_organization, root.get("actor", ()))))
    return named.union(*map(recipients, root.get("provision", ())))


def _named(values: Iterable[str | None]) -> Names:
    return frozenset(value or NOBODY for value in values)


def _organization(actor: dict[str, Any]) -> str | None:
    """An organisation to which data may go: in any other role an actor is not understood."""
    codings = actor.get("role", {}).get("coding", ())
    type_, id_ = split(actor.get("reference", {}).get("reference", ""))
    is_recipient = any((coding.get("system"), coding.get("code")) == RECIPIENT for coding in codings)
    return id_ if is_recipient and type_ == "Organization" else None


def _purpose(coding: dict[str, Any]) -> str | None:
    code: str | None = coding.get("code")
    known = coding.get("system") == PURPOSE and code is not None and load().code_system(PURPOSE).contains(code)
    return code if known else None


def _data_class(coding: dict[str, Any]) -> str | None:
    code: str | None = coding.get("code")
    return code if coding.get("system") == DATA_CLASS else None


def evaluate(provision: Provision, question: Question) -> Verdict | None:
    """What a root provision answers, or None when it does not speak of this question."""
    asked = frozenset({question.data_class})
    permitted, denied = verdicts(provision, question.recipient, question.purpose, question.at, asked)
    return "deny" if denied else "permit" if permitted else None


def verdicts(root: Provision, recipient: str, purpose: str, at: datetime, asked: Names) -> tuple[Names, Names]:
    """Of the data classes `asked`, those that a whole Consent permits and those that it denies."""

    def verdict(provision: Provision, sure: Names, possible: Names) -> tuple[Names, Names]:
        sure = provision.surely(recipient, purpose, at, sure) if sure else NONE
        possible = provision.possibly(recipient, purpose, at, possible)
        permitted, denied = NONE, NONE
        if not possible:
            return NONE, NONE
        for exception in provision.exceptions:
            more, less = verdict(exception, sure, possible)
            permitted, denied = permitted | more, denied | less
        permitted -= denied
        if provision.type == "deny":
            return permitted, possible - permitted
        if provision.type == "permit" and provision.may_permit:
            return sure - denied, denied
        return permitted, denied

    return verdict(root, asked, asked)


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
