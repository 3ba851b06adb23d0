"""Withdraw: one act, as easy as it can be: all of a survivor's consents, some of them, or one recipient of theirs.

No evidence is asked for, and what was given is only ever given up: what is left of a consent is written anew and takes the
place of the old one, in the transaction that closes the rest (`profiles/operation-definitions/consent-withdraw.json`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hub import errors
from hub.audit import events
from hub.consent.keys import own
from hub.consent.partial import names, without
from hub.errors import HubError
from hub.exchange import Hub
from hub.exchange.aftermath import told
from hub.exchange.person import Person, Settled
from hub.exchange.queue import Turn
from hub.exchange.recall import Seen, stated
from hub.fhir import Resource
from hub.fhir.references import reference, split
from hub.fhir.tasks import REFERRAL, kind, party
from hub.ports import Caller, Compartment, Key, Save, Stored


@dataclass(frozen=True)
class Act:
    """One consent that ends; `anew`: what takes its place."""

    consent: Resource
    anew: Resource | None = None


@dataclass(frozen=True)
class Stopped:
    """What became of one referral."""

    need: Resource
    recipient: str
    status: str


@dataclass(frozen=True)
class Withdrawal:
    """`ended` and `written`: references of consents. `told`: the recipients that are told, with what
    cannot be recalled from them. `stopped`: what became of referrals."""

    person: str
    custodian: str
    at: datetime
    ended: tuple[str, ...]
    written: tuple[str, ...]
    told: tuple[Seen, ...]
    stopped: tuple[Stopped, ...]


def withdraw(person: str, caller: Caller, *, consents: Sequence[str] = (), recipient: str = "", hub: Hub) -> Withdrawal:
    """End these consents of hers (none named: all that are active), or in them what concerns `recipient`. HubError(NOT_FOUND)
    where there is nothing to withdraw among what the caller's organisation keeps."""

    def attempt(turn: Turn) -> Withdrawal:
        compartment = hub.store.compartments([person]).get(person)
        if compartment is None:
            raise HubError(errors.NOT_FOUND)
        acts = _acts(compartment, caller, consents, recipient, hub)
        turn.asked.add(person)  # only now: who may not know of her waits for nobody
        return _commit(compartment, acts, caller, hub)

    return hub.queue.tried(attempt)


def active(person: str, caller: Caller, *, hub: Hub) -> list[str]:
    """Her consents that are active, of those that the caller's organisation keeps."""
    compartment = hub.store.compartments([person]).get(person)
    return [one for one, stored in _kept(compartment, caller).items() if _is_active(stored)] if compartment else []


def _acts(compartment: Compartment, caller: Caller, consents: Sequence[str], recipient: str, hub: Hub) -> list[Act]:
    active = {one: stored for one, stored in _kept(compartment, caller).items() if _is_active(stored)}
    wanted = list(dict.fromkeys(consents)) or list(active)
    found = [active[one].resource() for one in wanted if one in active]
    if recipient:
        found = [consent for consent in found if names(consent, recipient)]
    if not found or (consents and not recipient and len(found) < len(wanted)):
        raise HubError(errors.NOT_FOUND)
    return [_act(consent, recipient, hub) for consent in found]


def _kept(compartment: Compartment, caller: Caller) -> dict[str, Stored]:
    mine = (one for one in compartment.documents if (one.type, one.custodian) == ("Consent", caller.organization))
    return {f"Consent/{one.id}": one for one in mine}


def _is_active(stored: Stored) -> bool:
    return bool(stored.resource()["status"] == "active")


def _act(consent: Resource, recipient: str, hub: Hub) -> Act:
    left = without(consent, recipient) if recipient else None
    anew = {**left, "id": hub.ids.new(), "meta": _meta(left)} if left else None
    return Act({**consent, "status": "inactive"}, anew)


def _meta(consent: Resource) -> Resource:
    return {name: value for name, value in consent.get("meta", {}).items() if name not in {"versionId", "lastUpdated"}}


def _commit(compartment: Compartment, acts: list[Act], caller: Caller, hub: Hub) -> Withdrawal:
    now = hub.clock.now()
    person = Person.of(compartment, hub.rules)
    for act in acts:
        for consent in filter(None, (act.anew, act.consent)):
            person.put(consent, caller.organization)
    settled = person.settle(now, hub.ids.new)
    statements = told(person, settled, now, hub=hub)
    audits = [*_audits(person, acts, caller, now, hub), *_followed(person, settled, now, hub)]
    hub.store.commit(settled.changes(person, [*audits, *statements]))
    return Withdrawal(
        person.id,
        caller.organization,
        now,
        tuple(reference(act.consent) for act in acts),
        tuple(reference(act.anew) for act in acts if act.anew),
        tuple(filter(None, (stated(save.resource) for save in statements if save.custodian == caller.organization))),
        tuple(_stopped(person, step.task) for step in settled.steps if _is_kept(step.task, person, caller)),
    )


def _is_kept(task: Resource, person: Person, caller: Caller) -> bool:
    """What followed among another's records is told to that keeper alone; that a request about a referral ended, goes with it."""
    return kind(task) == REFERRAL and person.custodian(reference(task)) == caller.organization


def _stopped(person: Person, task: Resource) -> Stopped:
    need = person.get(task["focus"]["reference"]) or {}
    return Stopped(need.get("code", {}), split(party(task, "owner"))[1], task["status"])


def _audits(person: Person, acts: list[Act], caller: Caller, now: datetime, hub: Hub) -> list[Save]:
    written = [[reference(one) for one in (act.consent, act.anew) if one] for act in acts]
    return [_audit(person, about, "consent.withdraw", by=caller, now=now, hub=hub) for about in written]


def _followed(person: Person, settled: Settled, now: datetime, hub: Hub) -> list[Save]:
    return [_audit(person, [reference(s.task)], s.action, by=None, now=now, hub=hub) for s in settled.steps]


def _audit(person: Person, about: list[str], verb: str, *, by: Caller | None, now: datetime, hub: Hub) -> Save:
    """Of a consent that is written anew: the old one, then the new one."""
    keeper = person.custodian(about[0]) or ""
    followed = ["consent.create"] if len(about) > 1 else []
    event = events.event(
        hub.ids.new(), verb, now, interaction="update", caller=by, person=person.id, entities=about, followed=followed
    )
    return Save(event, person.id, keeper, (Key(own(keeper)),))
