"""Simulate: who would see what of one survivor if a consent were signed or withdrawn. Nothing is written, nothing is shared.

The state that would follow is computed as the act computes it (`Person.settle`), and each view in it as a read gives it
(`disclose.foresee`), so that a simulation cannot promise anything else than what happens.
The operation: `profiles/operation-definitions/consent-simulate.json`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Literal

from hub import errors
from hub.audit import events
from hub.consent.actors import NONE
from hub.consent.belonging import is_notice, is_referral
from hub.consent.decide import Deny, Permit, decide_of
from hub.consent.facts import Facts
from hub.consent.grants import NOTICE, Grant
from hub.consent.keys import CLOSED_TO_RECIPIENTS, Granted, Held, granted, own
from hub.consent.provisions import Question, recipients
from hub.errors import HubError
from hub.exchange import Hub, View, change, disclose
from hub.exchange.person import REFERRAL_PURPOSE, Person, Settled, classes
from hub.exchange.supersede import end_superseded
from hub.fhir import Resource
from hub.fhir.data_classes import data_classes, shareable
from hub.fhir.presence import present
from hub.fhir.references import reference, split
from hub.fhir.serial import dumps, loads
from hub.fhir.tasks import party
from hub.ports import Caller, Changes, Compartment, Key, Save, Stored
from hub.referral.follow import WAITING

Access = Literal["open", "agreed", "closed"]
UNSIGNED = frozenset({"draft", "proposed"})


@dataclass(frozen=True)
class Answer:
    """Whether a data class is open, agreed to and not open yet, or closed; open, where any document of it is. `because`: the
    Consents that permit it; `reason`, a key of the text catalogue, where it is not open. `elements`: what of her record is
    seen by it, or would be once the referral is accepted: `profile#element id`. `by`: the provisions that say so."""

    state: Access
    because: tuple[str, ...] = ()
    reason: str = ""
    since: datetime | None = None
    until: datetime | None = None
    elements: frozenset[str] = frozenset()
    by: tuple[str, ...] = field(default=(), compare=False)

    @property
    def is_open(self) -> bool:
        return self.state == "open"


@dataclass(frozen=True)
class Line:
    """One recipient, purpose and data class: as it is, and as it would be."""

    recipient: str
    purpose: str
    data_class: str
    now: Answer
    then: Answer

    @property
    def changes(self) -> bool:
        """Another reason for what stays closed is no change."""
        return replace(self.now, reason="") != replace(self.then, reason="")


@dataclass(frozen=True)
class Course:
    """What becomes of one referral. `now` is empty for one that would be opened, `action` for one that stays as it is."""

    need: Resource = field(repr=False)  # its code
    recipient: str
    now: str
    then: str
    action: str


@dataclass(frozen=True, repr=False)
class State:
    """Everything kept about one survivor, with its keys, at one instant. `accepted`: the same, were every referral that waits
    for an answer accepted."""

    documents: tuple[Stored, ...]
    custodian: str
    at: datetime
    hub: Hub = field(repr=False)
    accepted: "State | None" = None

    def views(self, caller: Caller) -> Iterator[View]:
        """What reads of this caller would answer of what the custodian keeps of her. A notice of withdrawal is none of it: it
        is its recipient's own, and says nothing of hers."""
        kept = (one for one in self.documents if one.custodian == self.custodian)
        hers = (one for one in kept if one.type != "Communication" or not is_notice(one.resource()))
        return (view for one in hers if (view := disclose.foresee(one, caller, self.at, hub=self.hub)))

    def answer(self, question: Question, seen: Iterable[str]) -> Answer:
        found = [self._answer(replace(question, document=one), seen) for one in self._asked(question.data_class)]
        return min(found, key=lambda one: ("open", "agreed", "closed").index(one.state))

    def _answer(self, question: Question, seen: Iterable[str]) -> Answer:
        decision = decide_of(question, self.permitted, self.referrals)
        grant = self._grant(question)
        if isinstance(decision, Permit) and grant:
            return Answer("open", decision.because, "", grant.since, grant.until, frozenset(seen), decision.by)
        reason = decision.because if isinstance(decision, Deny) else ""
        if grant:
            return Answer("agreed", grant.because, reason, grant.since, grant.until, frozenset(seen), decision.by)
        return Answer("closed", reason=reason, by=decision.by)

    def _asked(self, data_class: str) -> Sequence[Facts | None]:
        """The documents that are asked for, where the answer depends on which: those that may hold this class."""
        kind = (
            {"Task"} if data_class == NOTICE else {one.type for one in self.documents} - {"Task", *CLOSED_TO_RECIPIENTS}
        )
        mine = (one for one in self.permitted.documents.values() if one.type in kind)
        return [one for one in mine if data_class in classes(one.resource)] or [None]

    def _grant(self, question: Question) -> Grant | None:
        """The grant that is in force, else the next one, else none."""
        found = self.permitted.notice if question.data_class == NOTICE else self.permitted.compiled.grants()
        if question.document:
            found = self.permitted.of(question.document.resource)
        mine = [
            one
            for one in self.permitted.compiled.to(question.recipient, found)
            if (one.purpose, one.data_class) == (question.purpose, question.data_class)
            and one.until > question.at
            and one.is_for(NONE)
        ]
        return min(mine, key=lambda g: g.since, default=None)

    @cached_property
    def permitted(self) -> Granted:
        """What her Consents permit of all that is kept here."""
        held = [Held(one.resource(), one.custodian or "", one.at) for one in self.documents]
        nothing = Held({"resourceType": "Patient", "id": ""}, self.custodian)
        return (granted([nothing], self.hub.rules) | granted(held, self.hub.rules))[self.custodian]

    @property
    def pairs(self) -> set[tuple[str, str]]:
        """Every organisation that is granted anything, and for what purpose."""
        found = self.permitted.notice
        return {(one.recipient, one.purpose) for one in found if one.is_for(NONE)}

    @cached_property
    def referrals(self) -> list[Resource]:
        return [task for one in self._kept() if one.type == "Task" and is_referral(task := one.resource())]

    def _kept(self) -> Iterator[Stored]:
        return (one for one in self.documents if one.type == "Patient" or one.custodian == self.custodian)


@dataclass(frozen=True, repr=False)
class Simulation:
    """`signed`: the references that the consents to be signed go by in `because`. `told`: the organisations that would be told
    that a consent has ended."""

    person: str
    custodian: str
    now: State
    then: State
    signed: tuple[str, ...]
    lines: tuple[Line, ...]
    courses: tuple[Course, ...]
    told: tuple[str, ...] = ()


def simulate(person: str = "", *, sign: Sequence[Resource] = (), withdraw: Sequence[str] = (), hub: Hub) -> Simulation:
    """What would follow if these consents were signed and those withdrawn in one act. Raises HubError where the act would
    be refused. `person`: Patient id; without it, the one of whom the consents speak."""
    withdrawn = [_withdrawn(one, hub) for one in withdraw]
    compartment = _compartment(_whose(person, [*sign, *withdrawn]), hub)
    custodian = next((one.custodian or "" for one in compartment.documents if one.type == "Patient"), "")
    signed = [_signed(one, custodian, hub) for one in sign]
    at = hub.clock.now()
    working = Person.of(compartment, hub.rules)
    before = State(tuple(compartment.documents), custodian, at, hub)
    now = _with_acceptance(before, Person.of(compartment, hub.rules), compartment, hub)
    for consent in (*signed, *withdrawn):
        working.put(consent, custodian)
    for consent in signed:
        end_superseded(consent, working, custodian)
    settled = working.settle(at, hub.ids.new)
    then = State(tuple(_afterwards(compartment, settled, at)), custodian, at, hub)
    then = _with_acceptance(then, working, compartment, hub)
    named = {one for consent in signed for one in recipients(consent.get("provision", {}), hub.rules.below)}
    lines, courses = tuple(_lines(now, then, named)), tuple(_courses(now, then, settled))
    told = tuple(_told(settled, custodian))
    return Simulation(compartment.person, custodian, now, then, tuple(map(reference, signed)), lines, courses, told)


def record(found: Simulation, caller: Caller, *, hub: Hub) -> None:
    """That it was asked, and for whom: kept before the answer leaves."""
    event = events.event(
        hub.ids.new(), "consent.simulate", found.now.at, interaction="operation", caller=caller, person=found.person
    )
    hub.store.commit(Changes(saves=[Save(event, found.person, found.custodian, (Key(own(found.custodian)),))]))


# --- the act, as it would be done ------------------------------------------------------------------------------------


def _signed(consent: Resource, custodian: str, hub: Hub) -> Resource:
    """The consent under an id of its own, in force; judged as an act of the organisation that accompanies her."""
    if consent.get("status") in UNSIGNED:
        consent = {**consent, "status": "active"}
    change.foresee_create(consent, Caller("", custodian, REFERRAL_PURPOSE), hub=hub, unsigned=True)
    return {**consent, "id": hub.ids.new()}


def _withdrawn(reference_: str, hub: Hub) -> Resource:
    type_, id_ = split(reference_)
    stored = hub.store.read(type_, id_, None) if type_ == "Consent" else None
    if stored is None:
        raise HubError(errors.NOT_FOUND)
    return {**stored.resource(), "status": "inactive"}


def _whose(person: str, consents: Iterable[Resource]) -> str:
    """The one survivor of whom all of these speak."""
    named = {f"Patient/{person}"} if person else set()
    named |= {str(_patient(consent)) for consent in consents}
    if len(named) != 1 or split(one := named.pop())[0] != "Patient":
        raise HubError(errors.UNKNOWN_REFERENCE, path="Consent.patient")
    return split(one)[1]


def _patient(consent: Resource) -> object:
    patient = consent.get("patient")
    return patient.get("reference") if isinstance(patient, dict) else None


def _compartment(person: str, hub: Hub) -> Compartment:
    found = hub.store.compartments([person]).get(person)
    if found is None:
        raise HubError(errors.UNKNOWN_REFERENCE, path="Consent.patient")
    return found


def _with_acceptance(state: State, working: Person, compartment: Compartment, hub: Hub) -> State:
    """`working` is at the same state; it is not used afterwards."""
    for task in state.referrals:
        if task["status"] in WAITING and party(task, "owner"):
            working.put({**task, "status": "accepted"}, state.custodian)
    documents = _afterwards(compartment, working.settle(state.at, hub.ids.new), state.at)
    return replace(state, accepted=replace(state, documents=tuple(documents)))


def _afterwards(compartment: Compartment, settled: Settled, at: datetime) -> Iterator[Stored]:
    """Her documents as the commit would leave them."""
    keys = {f"{one.type}/{one.id}": one.keys for one in settled.rekeys}
    saved = {reference(one.resource): one for one in settled.saves}
    for stored in compartment.documents:
        name = f"{stored.type}/{stored.id}"
        if name not in saved:
            yield replace(stored, keys=keys.get(name, stored.keys))
    for save in saved.values():
        resource, version = save.resource, (save.replaces or 0) + 1
        text = dumps(resource)
        yield Stored(
            resource["resourceType"], resource["id"], version, at, text, save.person, save.custodian, save.keys
        )


# --- what it means ---------------------------------------------------------------------------------------------------


def _lines(now: State, then: State, named: Iterable[str]) -> Iterator[Line]:
    owners = {_owner(task) for task in (*now.referrals, *then.referrals)}
    asked = now.pairs | then.pairs | {(one, REFERRAL_PURPOSE) for one in owners.union(named)}
    for recipient, purpose in sorted(asked):
        if recipient != now.custodian:
            yield from _of_recipient(now, then, recipient, purpose)


def _of_recipient(now: State, then: State, recipient: str, purpose: str) -> Iterator[Line]:
    caller = Caller("", recipient, purpose)
    seen_now, seen_then = _seen(now, caller), _seen(then, caller)
    for name in data_classes():
        if name == NOTICE or name in shareable():
            question = Question(recipient, purpose, name, now.at)
            before = now.answer(question, seen_now.get(name, ()))
            yield Line(recipient, purpose, name, before, then.answer(question, seen_then.get(name, ())))


def _seen(state: State, caller: Caller) -> dict[str, set[str]]:
    """By data class, the elements that are seen; of a class of which nothing is, those that acceptance would open."""
    accepted = _elements(state.accepted.views(caller)) if state.accepted else {}
    return accepted | _elements(state.views(caller))


def _elements(views: Iterable[View]) -> dict[str, set[str]]:
    """By data class, the elements that these views hold."""
    found: dict[str, set[str]] = {}
    for view in views:
        resource = loads(view.text)
        for profile, element in present(resource):
            found.setdefault(element.data_class, set()).add(f"{profile.name}#{element.id}")
    return found


def _courses(now: State, then: State, settled: Settled) -> Iterator[Course]:
    before = {task["id"]: task for task in now.referrals}
    actions = {step.task["id"]: step.action for step in settled.steps}
    needs = {f"{one.type}/{one.id}": one for one in then.documents if one.type == "ServiceRequest"}
    for task in then.referrals:
        known = before.get(task["id"], {})
        need = needs[task["focus"]["reference"]].resource()["code"]
        yield Course(need, _owner(task), known.get("status", ""), task["status"], actions.get(task["id"], ""))


def _told(settled: Settled, custodian: str) -> Iterator[str]:
    for notice in settled.notices:
        if split(notice["sender"]["reference"])[1] == custodian:
            yield split(notice["recipient"][0]["reference"])[1]


def _owner(task: Resource) -> str:
    return split(party(task, "owner"))[1]
