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
from hub.consent.decide import Deny, Permit, decide
from hub.consent.grants import NOTICE, Grant, grants
from hub.consent.keys import is_referral
from hub.consent.provisions import Question, recipients
from hub.errors import HubError
from hub.exchange import Hub, View, change, disclose
from hub.exchange.person import REFERRAL_PURPOSE, Person, Settled, purposes_under
from hub.fhir import Resource
from hub.fhir.data_classes import data_classes, shareable
from hub.fhir.presence import present
from hub.fhir.references import reference, split
from hub.fhir.serial import dumps, loads
from hub.ports import Caller, Compartment, Stored
from hub.referral.follow import WAITING

Access = Literal["open", "agreed", "closed"]
UNSIGNED = frozenset({"draft", "proposed"})


@dataclass(frozen=True)
class Answer:
    """Whether a data class is open, agreed to and not open yet, or closed. `because`: the Consents that permit it; `reason`, a
    key of the text catalogue, where it is not open. `elements`: what of her record is seen by it, or would be once the
    referral is accepted: `profile#element id`."""

    state: Access
    because: tuple[str, ...] = ()
    reason: str = ""
    since: datetime | None = None
    until: datetime | None = None
    elements: frozenset[str] = frozenset()

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
        """What reads of this caller would answer."""
        return (view for one in self.documents if (view := disclose.foresee(one, caller, self.at, hub=self.hub)))

    def answer(self, question: Question, seen: Iterable[str]) -> Answer:
        decision = decide(question, self.consents, self.referrals, purposes_under())
        grant = self._grant(question)
        if isinstance(decision, Permit) and grant:
            return Answer("open", decision.because, "", grant.since, grant.until, frozenset(seen))
        reason = decision.because if isinstance(decision, Deny) else ""
        if grant:
            return Answer("agreed", grant.because, reason, grant.since, grant.until, frozenset(seen))
        return Answer("closed", reason=reason)

    def _grant(self, question: Question) -> Grant | None:
        """The grant that is in force, else the next one, else none."""
        asked = (question.recipient, question.purpose, question.data_class)
        mine = [g for g in self.grants if (g.recipient, g.purpose, g.data_class) == asked and g.until > question.at]
        return min(mine, key=lambda g: g.since, default=None)

    @cached_property
    def grants(self) -> tuple[Grant, ...]:
        return grants(self.consents, purposes_under())

    @cached_property
    def consents(self) -> list[Resource]:
        return self._of_type("Consent")

    @cached_property
    def referrals(self) -> list[Resource]:
        return [task for task in self._of_type("Task") if is_referral(task)]

    def _of_type(self, type_: str) -> list[Resource]:
        return [one.resource() for one in self.documents if (one.type, one.custodian) == (type_, self.custodian)]


@dataclass(frozen=True, repr=False)
class Simulation:
    """`signed`: the references that the consents to be signed go by in `because`."""

    person: str
    custodian: str
    now: State
    then: State
    signed: tuple[str, ...]
    lines: tuple[Line, ...]
    courses: tuple[Course, ...]


def simulate(person: str = "", *, sign: Sequence[Resource] = (), withdraw: Sequence[str] = (), hub: Hub) -> Simulation:
    """What would follow if these consents were signed and those withdrawn in one act. Raises HubError where the act would
    be refused. `person`: Patient id; without it, the one of whom the consents speak."""
    withdrawn = [_withdrawn(one, hub) for one in withdraw]
    compartment = _compartment(_whose(person, [*sign, *withdrawn]), hub)
    custodian = next((one.custodian or "" for one in compartment.documents if one.type == "Patient"), "")
    signed = [_signed(one, custodian, hub) for one in sign]
    at = hub.clock.now()
    working = Person.of(compartment)
    now = _with_acceptance(State(compartment.documents, custodian, at, hub), Person.of(compartment), compartment, hub)
    for consent in (*signed, *withdrawn):
        working.put(consent, custodian)
    settled = working.settle(at, hub.ids.new)
    then = State(tuple(_afterwards(compartment, settled, at)), custodian, at, hub)
    then = _with_acceptance(then, working, compartment, hub)
    named = {one for consent in signed for one in recipients(consent.get("provision", {}))}
    lines, courses = tuple(_lines(now, then, named)), tuple(_courses(now, then, settled))
    return Simulation(compartment.person, custodian, now, then, tuple(map(reference, signed)), lines, courses)


# --- the act, as it would be done ------------------------------------------------------------------------------------


def _signed(consent: Resource, custodian: str, hub: Hub) -> Resource:
    """The consent under an id of its own, in force; judged as an act of the organisation that accompanies her."""
    if consent.get("status") in UNSIGNED:
        consent = {**consent, "status": "active"}
    change.foresee_create(consent, Caller("", custodian, REFERRAL_PURPOSE), hub=hub)
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
        if task["status"] in WAITING:
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
    granted = {(g.recipient, g.purpose) for g in (*now.grants, *then.grants)}
    asked = granted | {(one, REFERRAL_PURPOSE) for one in owners.union(named)}
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


def _owner(task: Resource) -> str:
    return split(task["owner"]["reference"])[1]
