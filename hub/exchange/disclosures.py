"""Disclosures: who saw what of one survivor, when, why, and under which of her consents: her own account.

An AuditEvent says who looked at which records for what purpose; what was open to them then is told by the consents in force
at that instant, read by the engine that opened it (`consent.compiled`). A look that no consent covers names the review Task that
permitted it. What was shown itself is kept nowhere; whether a Consent covers a record is asked of that record as it is today.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from hub import errors
from hub.audit.decisions import is_decision
from hub.consent.grants import NOTICE, Grant
from hub.consent.keys import Granted, Held, by_standing
from hub.consent.overrides import Opened, is_review, opened_by
from hub.consent.rules import Rules
from hub.consent.standing import Standing, as_said
from hub.errors import HubError
from hub.exchange import Hub, disclose
from hub.exchange.consents import ASKED_AT_THE_HUB
from hub.exchange.person import REFERRAL_PURPOSE
from hub.exchange.recall import Seen, stated
from hub.fhir import Resource
from hub.fhir.definitions import load
from hub.fhir.instants import span
from hub.fhir.query import Match, Query, Target
from hub.fhir.references import split
from hub.fhir.serial import loads
from hub.ports import LONG_AGO, Caller, Compartment, Stored

MOST = 500  # events a page
NEVER_IN_FORCE = frozenset({"draft", "proposed", "rejected", "entered-in-error"})

Kind = Literal["seen", "refused", "own", "exception", "notice"]
"""A look at a notice of withdrawal alone is none at anything of hers."""

NOTICE_OF_WITHDRAWAL = "withdrawal-notice"


@dataclass(frozen=True)
class Entry:
    """One event. `organization` is empty where the hub acted by itself; `profiles`: kinds of record; `classes`: what of them
    was open; `consents`: references; `exceptions`: references of review Tasks; `reason`: a key of the text catalogue."""

    at: datetime
    kind: Kind
    organization: str
    action: str
    purpose: str
    profiles: tuple[str, ...]
    classes: tuple[str, ...] = ()
    consents: tuple[str, ...] = ()
    exceptions: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Account:
    """`dates`: of each consent, the day on which it was given. `exceptions`: what was opened without one. `told`: who was told
    of a withdrawal, when, and what could not be recalled from them by then. All are newest first."""

    survivor: str
    custodian: str
    at: datetime
    entries: tuple[Entry, ...]
    dates: dict[str, str]
    exceptions: tuple[Opened, ...] = ()
    told: tuple[tuple[datetime, Seen], ...] = ()

    def of(self, kind: Kind) -> list[Entry]:
        return [one for one in self.entries if one.kind == kind]


def account(person: str, *, hub: Hub) -> Account:
    """All that is recorded of looks at one survivor's records, as her association may see it. HubError(NOT_FOUND) for nobody."""
    compartment = hub.store.compartments([person]).get(person)
    if compartment is None:
        raise HubError(errors.NOT_FOUND)
    custodian = next((one.custodian or "" for one in compartment.documents if one.type == "Patient"), "")
    events = [one for one in _events(person, custodian, hub) if not is_decision(one)]
    record = _Record(compartment, custodian, _first_told_of(events), hub.rules)
    found = tuple(_entry(event, record) for event in events)
    told = tuple((span(event["recorded"])[0], seen) for event in events if (seen := stated(event)))
    return Account(person, custodian, hub.clock.now(), found, record.dates(), record.exceptions(), told)


def entries(compartment: Compartment, custodian: str, events: list[Resource], rules: Rules) -> list[Entry]:
    """These events of one survivor, explained by the consents of one custodian. A decision is none: its look says as much."""
    events = [one for one in events if not is_decision(one)]
    record = _Record(compartment, custodian, _first_told_of(events), rules)
    return [_entry(event, record) for event in events]


def _events(person: str, custodian: str, hub: Hub) -> Iterator[Resource]:
    """Through the one door, as everything: making this account is itself a look that is recorded."""
    caller = Caller(ASKED_AT_THE_HUB, custodian, REFERRAL_PURPOSE)
    hers = Match("patient", "reference", (Target("Patient", person),))
    after: str | None = None
    while True:
        page = disclose.search(Query("AuditEvent", (hers,), count=MOST, after=after), caller, hub=hub)
        yield from (loads(view.text) for view in page.entries)
        after = page.after
        if after is None:
            return


# --- what was open at an instant -------------------------------------------------------------------------------------


@dataclass
class _Record:
    """Her consents and what kinds of record there are. `since`: when each record was first told of."""

    compartment: Compartment
    custodian: str
    since: Mapping[str, datetime]
    rules: Rules
    _granted: dict[frozenset[str], Granted] = field(default_factory=dict)

    def profile(self, reference: str) -> str:
        """The profile of a record; of one that is no longer there, that of its type."""
        type_, id_ = split(reference)
        stored = next((one for one in self.compartment.documents if (one.type, one.id) == (type_, id_)), None)
        found = load().profile_of(stored.resource()) if stored else load().for_type(type_)
        return found.name if found else ""

    def open_to(self, organization: str, purpose: str, at: datetime, references: Iterable[str]) -> list[Grant]:
        """What of these records was open to an organisation, or to somebody in it."""
        found = self._granted_by([one for one in self._consents() if self._was_in_force(one, at)])
        every = dict.fromkeys(one for name in references for one in (*found.of(_named(name)), *found.notice))
        mine = found.compiled.to(organization, every)
        return [one for one in mine if one.purpose == purpose and one.since <= at < one.until]

    def _granted_by(self, in_force: list[Stored]) -> Granted:
        key = frozenset(one.id for one in in_force)
        if key not in self._granted:
            said = as_said(({**one.resource(), "status": "active"} for one in in_force), self.rules.policies)
            rest = [one for one in self.compartment.documents if one.type != "Consent"]
            held = [Held(one.resource(), self.custodian, one.at) for one in rest if one.custodian == self.custodian]
            self._granted[key] = by_standing(Standing(tuple(said), {}, {}), held, self.rules)
        return self._granted[key]

    def dates(self) -> dict[str, str]:
        return {f"Consent/{one.id}": str(one.resource().get("dateTime", ""))[:10] for one in self._consents()}

    def exceptions(self) -> tuple[Opened, ...]:
        tasks = [one for one in self.compartment.documents if (one.type, one.custodian) == ("Task", self.custodian)]
        found = (opened_by(task) for task in map(Stored.resource, tasks) if is_review(task))
        return tuple(sorted(found, key=lambda one: one.since, reverse=True))

    def _consents(self) -> list[Stored]:
        documents = self.compartment.documents
        return [one for one in documents if (one.type, one.custodian) == ("Consent", self.custodian)]

    def _was_in_force(self, consent: Stored, at: datetime) -> bool:
        """From when it was recorded, whatever period it speaks of; one that ended, until its last version."""
        status = consent.resource()["status"]
        ended = status != "active" and (status in NEVER_IN_FORCE or consent.at <= at)
        return self.since.get(f"Consent/{consent.id}", LONG_AGO) <= at and not ended


def _first_told_of(events: Iterable[Resource]) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for event in events:
        at = span(event["recorded"])[0]
        found |= {reference: min(at, found.get(reference, at)) for reference in _entities(event)}
    return found


# --- one event -------------------------------------------------------------------------------------------------------


def _entry(event: Resource, record: _Record) -> Entry:
    at = span(event["recorded"])[0]
    organization, purpose = _asker(event)
    denied = event["outcome"] != "0"
    kind: Kind = "own" if organization in {"", record.custodian} else "refused" if denied else "seen"
    if _verb(event) == "override.open":
        kind = "exception"  # told from its Task, with all that came of it
    profiles = tuple(dict.fromkeys(filter(None, map(record.profile, _entities(event)))))
    if kind == "seen" and set(profiles) == {NOTICE_OF_WITHDRAWAL}:
        kind = "notice"
    reason, named, under = event.get("outcomeDesc", ""), _policies(event, "Consent"), _policies(event, "Task")
    entry = Entry(at, kind, organization, _verb(event), purpose, profiles, (), named, exceptions=under, reason=reason)
    return _explained(entry, record, list(_entities(event))) if kind == "seen" else entry


def _explained(entry: Entry, record: _Record, references: list[str]) -> Entry:
    """With what of these records was open then, and by which consents; an exception is none of theirs."""
    wanted = frozenset[str]().union(*map(_classes, entry.profiles))
    if entry.exceptions:
        named = [one for one in record.exceptions() if one.task in entry.exceptions]
        return replace(entry, classes=in_order(wanted & frozenset[str]().union(*(one.classes for one in named))))
    opened = [
        g for g in record.open_to(entry.organization, entry.purpose, entry.at, references) if g.data_class in wanted
    ]
    consents = entry.consents or tuple(dict.fromkeys(reference for g in opened for reference in g.because))
    return replace(entry, classes=in_order({g.data_class for g in opened}), consents=consents)


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Data classes as their code system lists them."""
    return tuple(sorted(names, key=list(load().code_system("data-class").codes).index))


def _named(reference: str) -> Resource:
    type_, id_ = split(reference)
    return {"resourceType": type_, "id": id_}


def _classes(profile: str) -> frozenset[str]:
    """A referral is seen by its notice; of all else, what the notice does not hold."""
    found = load().profile(profile)
    return frozenset({NOTICE}) if found.type == "Task" else found.classes - {NOTICE}


def _asker(event: Resource) -> tuple[str, str]:
    """The organisation that asked and its purpose; empty where the hub acted by itself."""
    for agent in event["agent"]:
        if agent["requestor"] or "purposeOfUse" in agent:  # of a person who signed in, her organisation stands first
            organization = split(agent["who"].get("reference", ""))[1]
            purposes = (c["code"] for concept in agent.get("purposeOfUse", ()) for c in concept["coding"])
            return organization, next(purposes, "")
    return "", ""


def _verb(event: Resource) -> str:
    return next((str(one["code"]) for one in event["subtype"][1:]), "")


def _policies(event: Resource, type_: str) -> tuple[str, ...]:
    """What the agent acted by: Consents, or the review Tasks of exceptional disclosures."""
    policies = (policy for agent in event["agent"] for policy in agent.get("policy", ()))
    return tuple(policy for policy in policies if split(policy)[0] == type_)


def _entities(event: Resource) -> Iterable[str]:
    references = (
        entity["what"].get("reference", "") for entity in event["entity"] if entity.get("role", {}).get("code") != "1"
    )
    return filter(None, references)
