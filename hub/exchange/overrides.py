"""Override: show what no consent covers, by a named policy, for a reason, for a few minutes; told at once, reviewed afterwards.

Broken glass: a recipient opens what it needs in an emergency. A duty: whoever keeps the data discloses it. Both leave a review
Task, from which what is open follows (`consent.overrides`); no act of this module opens anything for longer, or silently.
Every attempt is recorded, also one that opens nothing. Policies are data: `profiles/policies/policies.yaml`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hub import errors
from hub.audit import overrides as told
from hub.consent.keys import own
from hub.consent.overrides import BREAK_GLASS, is_review
from hub.consent.policies import Override
from hub.consent.reviews import LONGEST_REASON, SHORTEST_REASON, Asked, reviewed
from hub.errors import Conflict, HubError, Problem
from hub.exchange import Hub, whom
from hub.exchange.opening import Act, Opening
from hub.exchange.person import Person
from hub.exchange.whom import Known
from hub.fhir import Resource
from hub.fhir.definitions import load
from hub.fhir.references import split
from hub.ports import Caller, Changes, Key, Save

ATTEMPTS: Final = 5


@dataclass(frozen=True, repr=False)
class Emergency:
    """A glass to be broken. `policy`: the id of an entry; the first that fits where it is empty."""

    whom: Known
    reason: str
    words: str
    policy: str = ""


@dataclass(frozen=True, repr=False)
class Duty:
    """A disclosure that a duty asks for. `person`: Patient id; `informed`: a code of `survivor-informed`."""

    person: str
    recipient: str
    policy: str
    reason: str
    words: str
    informed: str


def break_glass(emergency: Emergency, caller: Caller, *, hub: Hub) -> tuple[Resource, ...]:
    """The review Tasks by which it is open now, one for each keeper of her data. HubError(NOT_FOUND) alike for nobody, for more
    than one, and where nothing may be opened."""
    try:
        asked = _emergency(emergency, caller, hub)
    except HubError as problem:
        refuse(caller, problem.problem, hub=hub)
        raise

    def act(now: datetime) -> Act:
        found = whom.find(emergency.whom, caller, now, hub=hub)
        return Opening(asked, caller, now, hub, emergency.whom.custodian).of(found)

    return _committed(act, hub)


def disclose(duty: Duty, caller: Caller, *, hub: Hub) -> Resource:
    """The review Task by which what the caller keeps of her is open to the recipient."""
    asked = _duty(duty, caller, hub)

    def act(now: datetime) -> Act:
        return Opening(asked, caller, now, hub).of(whom.kept_by(duty.person, caller, hub=hub))

    return _committed(act, hub)[0]


def review(task: str, outcome: str, note: str, caller: Caller, *, hub: Hub) -> Resource:
    """The Task after its review. What was not justified and is still open is closed in the same moment."""
    _require_code("override-review", outcome, "outcome")
    if len(note) > LONGEST_REASON:
        raise _bad("note", f"0 – {LONGEST_REASON}")
    return _committed(_Review(task, outcome, note, caller, hub).act, hub)[0]


def refuse(caller: Caller, problem: Problem, *, hub: Hub) -> None:
    """Record an attempt that was refused before anybody was looked for."""
    event = told.refused(hub.ids.new(), hub.clock.now(), caller=caller, because=problem.text)
    hub.store.commit(Changes(saves=[Save(event, None, None, ())]))


# --- whether it may be asked for at all ------------------------------------------------------------------------------


def _emergency(emergency: Emergency, caller: Caller, hub: Hub) -> Asked:
    if caller.purpose != BREAK_GLASS:
        raise HubError(errors.PURPOSE_LACKING, expected=BREAK_GLASS)
    fitting = (one for one in hub.policies.overrides if one.kind == "break-glass" and _may_open(one, caller, hub))
    override = next((one for one in fitting if emergency.policy in {"", one.id}), None)
    if override is None:
        raise HubError(errors.NO_OVERRIDE)
    _require_reason(emergency.reason, emergency.words)
    return Asked(
        override,
        requester=caller.organization,
        recipient=caller.organization,
        purposes=frozenset({caller.purpose}),
        reason=emergency.reason,
        words=emergency.words.strip(),
        practitioner=caller.practitioner,
    )


def _may_open(override: Override, caller: Caller, hub: Hub) -> bool:
    """A policy that names roles is for people who have one: a system has none."""
    has_role = not override.roles or bool(override.roles & caller.roles)
    return caller.purpose in override.purposes and has_role and _is_for(override, caller.organization, hub)


def _is_for(override: Override, organization: str, hub: Hub) -> bool:
    known = hub.directory.organization(organization)
    return known is not None and override.is_for(organization, str(known["type"]))


def _duty(duty: Duty, caller: Caller, hub: Hub) -> Asked:
    duties = (one for one in hub.policies.overrides if one.kind == "legal-duty" and one.id == duty.policy)
    override = next(duties, None)
    if override is None or duty.recipient == caller.organization or not _is_for(override, duty.recipient, hub):
        raise HubError(errors.NO_OVERRIDE)
    _require_reason(duty.reason, duty.words)
    _require_code("survivor-informed", duty.informed, "informed")
    return Asked(
        override,
        requester=caller.organization,
        recipient=duty.recipient,
        purposes=override.purposes,
        reason=duty.reason,
        words=duty.words.strip(),
        practitioner=caller.practitioner,
        informed=duty.informed,
    )


def _require_reason(code: str, words: str) -> None:
    _require_code("override-reason", code, "reason")
    if not SHORTEST_REASON <= len(words.strip()) <= LONGEST_REASON:
        raise _bad("text", f"{SHORTEST_REASON} – {LONGEST_REASON}")


def _require_code(system: str, code: str, parameter: str) -> None:
    known = load().code_system(system).codes
    if code not in known:
        raise _bad(parameter, ", ".join(known))


def _bad(parameter: str, expected: str) -> HubError:
    return HubError(errors.BAD_PARAMETER, path=f"http.{parameter}", parameter=parameter, expected=expected)


# --- acts ------------------------------------------------------------------------------------------------------------


def _committed(act: Callable[[datetime], Act], hub: Hub) -> tuple[Resource, ...]:
    """Compute the act from the present state and commit it; when somebody was faster, compute it again."""
    for _ in range(ATTEMPTS):
        done = act(hub.clock.now())
        try:
            hub.store.commit(done.changes)
        except Conflict:
            continue
        if done.refusal:
            raise done.refusal
        return done.tasks
    raise Conflict


@dataclass(frozen=True, repr=False)
class _Review:
    """A review of one Task by its keeper."""

    task: str
    outcome: str
    note: str
    caller: Caller
    hub: Hub

    def act(self, now: datetime) -> Act:
        person, before = self._found()
        if before["status"] != "requested":
            raise HubError(errors.ILLEGAL_TRANSITION, path="Task.status", status=before["status"], allowed="-")
        after = reviewed(before, self.outcome, self.note, now)
        person.put(after, self.caller.organization)
        settled = person.settle(now, self.hub.ids.new)
        event = told.reviewed(self.hub.ids.new(), now, caller=self.caller, person=person.id, task=self.task)
        audit = Save(event, person.id, self.caller.organization, (Key(own(self.caller.organization)),))
        saves, persons = [*settled.saves, audit], {person.id: person.revision}
        return Act(Changes(saves, settled.rekeys, persons, outbox=settled.outbox), (after,))

    def _found(self) -> tuple[Person, Resource]:
        type_, id_ = split(self.task)
        stored = self.hub.store.read(type_, id_, None) if type_ == "Task" else None
        if stored is None or stored.person is None or stored.custodian != self.caller.organization:
            raise HubError(errors.NOT_FOUND)
        person = Person.of(self.hub.store.compartments([stored.person])[stored.person])
        before = person.get(self.task)
        if before is None or not is_review(before):
            raise HubError(errors.NOT_FOUND)
        return person, before
