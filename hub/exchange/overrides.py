"""Override: show what no consent covers, by a named policy, for a reason, for a few minutes; told at once, reviewed afterwards.

Broken glass: a recipient opens what it needs in an emergency. A duty: whoever keeps the data discloses it. Both leave a review
Task, from which what is open follows (`consent.overrides`); no act of this module opens anything for longer, or silently.
Every attempt is recorded, also one that opens nothing. Policies are data: `profiles/policies/policies.yaml`.
"""

from dataclasses import dataclass
from datetime import datetime

from hub import errors
from hub.audit import overrides as told
from hub.consent.overrides import BREAK_GLASS
from hub.consent.policies import Override
from hub.consent.reviews import LONGEST_REASON, SHORTEST_REASON, Asked
from hub.errors import HubError, Problem
from hub.exchange import Hub, whom
from hub.exchange.opening import Act, Opening, committed
from hub.exchange.whom import Known
from hub.fhir import Resource
from hub.fhir.definitions import load
from hub.ports import Caller, Changes, Save


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

    return committed(act, hub)


def disclose(duty: Duty, caller: Caller, *, hub: Hub) -> Resource:
    """The review Task by which what the caller keeps of her is open to the recipient."""
    asked = _duty(duty, caller, hub)

    def act(now: datetime) -> Act:
        return Opening(asked, caller, now, hub).of(whom.kept_by(duty.person, caller, hub=hub))

    return committed(act, hub)[0]


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
    require_code("survivor-informed", duty.informed, "informed")
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
    require_code("override-reason", code, "reason")
    if not SHORTEST_REASON <= len(words.strip()) <= LONGEST_REASON:
        raise bad("text", f"{SHORTEST_REASON} – {LONGEST_REASON}")


def require_code(system: str, code: str, parameter: str) -> None:
    """Raises BAD_PARAMETER that names the codes there are."""
    known = load().code_system(system).codes
    if code not in known:
        raise bad(parameter, ", ".join(known))


def bad(parameter: str, expected: str) -> HubError:
    """What is wrong with a parameter, without repeating it."""
    return HubError(errors.BAD_PARAMETER, path=f"http.{parameter}", parameter=parameter, expected=expected)
