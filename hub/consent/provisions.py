"""What one Consent says about one question: permit, deny, or nothing.

https://hl7.org/fhir/R4/consent.html: between the elements of a provision AND, inside a repeating element OR, an absent
element is no constraint; each nesting level holds exceptions to its parent. Between matching siblings deny wins.

Five readings are ours (docs/adr/0004, docs/adr/0009). A permit that names no recipient or no purpose, itself or in a level
above it, permits nothing. A root without exceptions and without type says nothing. A root that permits or denies as IHE PCF
wants it (https://profiles.ihe.net/ITI/PCF) answers a policy whose words are not read here: a permit in it opens only the data
classes that it, or a level above it, names; and the limits on the data (label, period, records) of a root that permits are
no limits to its exceptions. And what cannot be understood never lets a permit say more nor a deny say less, at its own level
or at any below: each provision is read twice, as what it surely covers and as what it may cover.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal

from hub.consent import actors
from hub.consent.actors import NOBODY, NONE, Names, OrganizationsUnder, alone, parties
from hub.consent.conditions import (
    Condition,
    Kind,
    Outcome,
    about_reading,
    conditions,
    data_class_names,
    everything,
    limits,
    unknown,
)
from hub.consent.facts import Facts
from hub.fhir import Resource
from hub.fhir.canonicals import TERMINOLOGY
from hub.fhir.definitions import load
from hub.fhir.instants import period
from hub.ports import FOREVER, LONG_AGO

Verdict = Literal["permit", "deny"]
PURPOSE: Final = f"{TERMINOLOGY}/v3-ActReason"
A_PERMIT_NAMES: Final = frozenset({"actor", "purpose"})


@dataclass(frozen=True)
class Question:
    """May `recipient` (an organisation's id) see data of `data_class` for `purpose` at this instant?

    `practitioner` and `roles`: who asks there; of a system there are none. `document`: which one is asked for; without it,
    whatever it may turn out to be.
    """

    recipient: str
    purpose: str
    data_class: str
    at: datetime
    practitioner: str = ""
    roles: Names = NONE
    document: Facts | None = None


@dataclass(frozen=True)
class Provision:
    """One level of a Consent, read once. Empty sets constrain nothing; NOBODY in a set: something was not understood.

    `sure`, `possible`: the data classes of which it surely, and of which it possibly, speaks. `own`: the same for what it says
    itself, where that is less than where its exceptions apply. `about`, `about_own`: what it asks of documents, until
    `settled` has put the answers into these. `opens`: the data classes that a permit can open; None: all.
    """

    path: str
    type: Verdict | None
    parties: Names
    purposes: Names
    since: datetime
    until: datetime
    sure: Names
    possible: Names
    own: Outcome | None
    about: tuple[Condition, ...]
    about_own: tuple[Condition, ...]
    may_permit: bool
    opens: Names | None
    exceptions: tuple["Provision", ...]

    def speaks_of(self, parties: Names, purpose: str, at: datetime) -> bool | None:
        """Of this recipient, purpose and instant; None: perhaps."""
        if not self.since <= at < self.until:
            return False
        sure = True
        if self.parties and self.parties.isdisjoint(parties):
            if NOBODY not in self.parties:
                return False
            sure = False
        if self.purposes and purpose not in self.purposes:
            if NOBODY not in self.purposes:
                return False
            sure = False
        return sure or None

    def levels(self) -> Iterator["Provision"]:
        """It and everything below it."""
        yield self
        for exception in self.exceptions:
            yield from exception.levels()

    def without(self, taken: Names) -> "Provision":
        """The same, with permits that never open these data classes; what it denies is as before."""
        opens = (everything() if self.opens is None else self.opens) - taken
        return replace(self, opens=opens, exceptions=tuple(one.without(taken) for one in self.exceptions))

    def settled(self, answers: Mapping[Condition, Outcome]) -> "Provision":
        """The same for documents that answer so."""
        sure, possible = _narrowed((self.sure, self.possible), self.about, answers)
        return replace(
            self,
            sure=sure,
            possible=possible,
            own=_narrowed((sure, possible), self.about_own, answers) if self.about_own else None,
            about=(),
            about_own=(),
            exceptions=tuple(one.settled(answers) for one in self.exceptions),
        )


def _narrowed(start: Outcome, asked: tuple[Condition, ...], answers: Mapping[Condition, Outcome]) -> Outcome:
    sure, possible = start
    for one in asked:
        sure, possible = sure & answers[one][0], possible & answers[one][1]
    return sure, possible


PurposesUnderCode = Callable[[str | None], Names]


@dataclass(frozen=True)
class _Above:
    """What the levels above a provision name, and which codes of purposes and organisations cover which."""

    purposes_under: PurposesUnderCode
    below: OrganizationsUnder
    names: Names
    opens: Names | None
    without_desks: bool


def read(
    root: dict[str, Any],
    purposes_under: PurposesUnderCode,
    below: OrganizationsUnder = alone,
    *,
    without_desks: bool = False,
) -> Provision:
    """The root provision and its exceptions. `purposes_under(code)`: the code and all that it subsumes; `below(id)`: the
    organisation and all below it. `without_desks`: functions of people are not to be understood."""
    opens = NONE if "type" in root else None
    return _read(root, "provision", _Above(purposes_under, below, NONE, opens, without_desks), is_root=True)


def _read(written: dict[str, Any], path: str, above: _Above, *, is_root: bool = False) -> Provision:
    since, until = period(written.get("period"), low=LONG_AGO, high=FOREVER)
    about, on_data = tuple(conditions(written)), tuple(limits(written))
    to_itself = is_root and written.get("type") == "permit"
    named = above.names | {element for element in A_PERMIT_NAMES if written.get(element)}
    classes = data_class_names(written)
    opens = None if above.opens is None else above.opens | (classes - {NOBODY})
    sure, possible = _classes(classes, about)
    reads, may_read = about_reading(written)
    return Provision(
        path=path,
        type=written.get("type"),
        parties=_parties(written, above),
        purposes=frozenset(code for one in written.get("purpose", ()) for code in above.purposes_under(_purpose(one))),
        since=since,
        until=until,
        sure=sure if reads else NONE,
        possible=possible if may_read else NONE,
        own=None,
        about=about if to_itself else about + on_data,
        about_own=on_data if to_itself else (),
        may_permit=named >= A_PERMIT_NAMES,
        opens=opens,
        exceptions=tuple(
            _read(child, f"{path}.provision[{n}]", replace(above, names=named, opens=opens))
            for n, child in enumerate(written.get("provision", ()))
        ),
    )


def _classes(named: Names, about: tuple[Condition, ...]) -> Outcome:
    """The data classes that a provision names; where it names other kinds of data beside them, a condition does this."""
    if not named or any(isinstance(one, Kind) for one in about):
        return everything(), everything()
    return named - {NOBODY}, everything() if NOBODY in named else named


def _parties(written: dict[str, Any], above: _Above) -> Names:
    found = frozenset(one for actor in written.get("actor", ()) for one in actors.named(actor, above.below))
    if above.without_desks:
        mark = actors.mark_of
        found = frozenset(NOBODY if mark(one) and not actors.is_person(mark(one)) else one for one in found)
    return found


def recipients(root: dict[str, Any], below: OrganizationsUnder = alone) -> Names:
    """Every organisation that a provision or an exception to it names, whatever it says of it."""
    named = (actors.organization_of(one) for actor in root.get("actor", ()) for one in actors.named(actor, below))
    found = frozenset(named) - {NOBODY, actors.ANYWHERE}
    return found.union(*(recipients(one, below) for one in root.get("provision", ())))


def _purpose(coding: dict[str, Any]) -> str | None:
    code: str | None = coding.get("code")
    known = coding.get("system") == PURPOSE and code is not None and load().code_system(PURPOSE).contains(code)
    return code if known else None


def asks(roots: Iterable[Provision]) -> tuple[Condition, ...]:
    """All that these ask of a document, each thing once."""
    return tuple(dict.fromkeys(c for root in roots for one in root.levels() for c in (*one.about, *one.about_own)))


def answers(asked: Iterable[Condition], document: Facts | None) -> dict[Condition, Outcome]:
    return {one: one.of(document) if document else unknown() for one in asked}


def evaluate(provision: Provision, question: Question) -> Verdict | None:
    """What a root provision answers, or None when it does not speak of this question."""
    asked = frozenset({question.data_class})
    who = parties(question.recipient, actors.marks(question.practitioner, question.roles))
    settled = provision.settled(answers(asks((provision,)), question.document))
    permitted, denied = verdicts(settled, who, question.purpose, question.at, asked)
    return "deny" if denied else "permit" if permitted else None


def verdicts(root: Provision, parties: Names, purpose: str, at: datetime, asked: Names) -> tuple[Names, Names]:
    """Of the data classes `asked`, those that a whole Consent permits and those that it denies."""

    def verdict(provision: Provision, sure: Names, possible: Names) -> tuple[Names, Names]:
        speaks = provision.speaks_of(parties, purpose, at)
        if speaks is False:
            return NONE, NONE
        sure, possible = (sure & provision.sure) if speaks else NONE, possible & provision.possible
        if not possible:
            return NONE, NONE
        permitted, denied = NONE, NONE
        for exception in provision.exceptions:
            more, less = verdict(exception, sure, possible)
            permitted, denied = permitted | more, denied | less
        permitted -= denied
        if provision.type == "deny":
            return permitted, possible - permitted
        if provision.type == "permit" and provision.may_permit:
            own = sure if provision.own is None else sure & provision.own[0]
            own = own if provision.opens is None else own & provision.opens
            return permitted | (own - denied), denied
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
