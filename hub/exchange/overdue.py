"""Overdue: whoever a referral waits for is reminded, then it is called late, then those who can help are told. No status changes
by itself but where a deployment asked for it (T15 of the state machine in `hub/referral`).

Which steps were taken is read from the audit trail, where each stands with its name, committed with what it did: a step is never
taken twice, and those that fell into a downtime are taken in their order by the next sweep. Since when a stage lasts is read from
the history.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hub.audit import events
from hub.consent.actors import NONE
from hub.consent.belonging import is_referral
from hub.consent.keys import opened, own
from hub.exchange import Hub
from hub.exchange.person import REFERRAL_PURPOSE, Person
from hub.fhir import Resource
from hub.fhir.canonicals import code_system
from hub.fhir.instants import span
from hub.fhir.query import Match, Query, Target, Token
from hub.fhir.references import reference, split
from hub.ports import FOREVER, Due, Key, Past, Save, Stored, Versions, Visible
from hub.referral.rungs import Moment
from hub.referral.stages import Window, late, run, stage

VERBS: Final = {
    "remind": "referral.remind", "overdue": "referral.overdue", "escalate": "referral.escalate", "cancel": "referral.cancel",
}  # fmt: skip
OPERATOR: Final = "operator"
COORDINATOR: Final = "coordinator"
STEP, TOLD = "deadline-step", "told"
"""Details of the audit event: which step it was, and who was to be told."""


@dataclass(frozen=True, repr=False)
class Waiting:
    """A Task in a stage, kept by `custodian` and seen by whoever holds its keys; and the steps of it that were not taken yet."""

    task: Resource
    custodian: str
    keys: tuple[Key, ...]
    window: Window
    left: tuple[Moment, ...]


@dataclass(frozen=True)
class Taken:
    """What the steps that were due add to a commit. `look`: when the next one is due; `operator`: how many of them are for
    whoever runs the hub."""

    audits: list[Save]
    outbox: list[Due]
    look: datetime
    operator: int = 0


def take(person: Person, stored: Iterable[Stored], now: datetime, *, hub: Hub) -> Taken:
    """Take the steps that are due of a person's Tasks, in the order in which they became due."""
    found = [one for each in stored if (one := waiting(each, now, hub=hub))]
    due = sorted(
        ((step, one) for one in found if _concerns(person, one, now) for step in one.left if step.at <= now),
        key=lambda pair: pair[0].at,
    )
    audits = [_take(person, one, step, now, hub) for step, one in due]
    rows = [row for step, one in due for row in _rows(person, one, step, now, hub)]
    ahead = (step.at for one in found for step in one.left if step.at > now)
    return Taken(audits, rows, min(ahead, default=FOREVER), sum(OPERATOR in step.tell for step, _ in due))


def waiting(stored: Stored, now: datetime, *, hub: Hub) -> Waiting | None:
    """Where a Task stands in time, for the hub's own use; None for what waits for nobody."""
    if stored.type != "Task" or stage(task := stored.resource()) is None:
        return None
    visible = Visible(frozenset({own(stored.custodian or "")}), now)
    window = hub.timing.window(task, _since(stored, task, visible, hub))
    taken = set(_taken(stored, visible, hub))
    left = tuple(step for step in hub.timing.steps(task, window, now) if step.name not in taken)
    return Waiting(task, stored.custodian or "", stored.keys, window, left)


def _since(stored: Stored, task: Resource, visible: Visible, hub: Hub) -> datetime:
    """When its present stage began: the first of the versions that all say the same of it."""
    since, after, wanted = _changed(stored, task), None, run(task)
    while True:
        found = hub.store.history([Past("Task", visible)], Versions(stored.id, after=after))
        for version in found.page:
            earlier = version.resource()
            if run(earlier) != wanted:
                return since
            since = _changed(version, earlier)
        after = found.after
        if after is None:
            return since


def _changed(version: Stored, task: Resource) -> datetime:
    """When the act was, which the hub says in the Task itself; else when it was written."""
    return span(task["lastModified"])[0] if "lastModified" in task else version.at


def _taken(stored: Stored, visible: Visible, hub: Hub) -> Iterator[str]:
    """The names of the steps that the audit trail tells of."""
    about = Match("entity", "reference", (Target("Task", stored.id),))
    verbs = Match("subtype", "token", tuple(Token(code_system("audit-action"), verb) for verb in VERBS.values()))
    after: str | None = None
    while True:
        found = hub.store.search(Query("AuditEvent", (about, verbs), after=after, counted=False), visible)
        for event in found.page:
            details = (one for entity in event.resource()["entity"] for one in entity.get("detail", ()))
            yield from (one["valueString"] for one in details if one["type"] == STEP)
        after = found.after
        if after is None:
            return


def _concerns(person: Person, one: Waiting, now: datetime) -> bool:
    """A referral that no consent covers any more is about to be stopped for that reason, which says more."""
    if one.window.stage not in {"acceptance", "outcome"} or not is_referral(one.task) or "owner" not in one.task:
        return True
    return person.may_be_referred_to(split(one.task["owner"]["reference"])[1], one.custodian, now)


def _take(person: Person, one: Waiting, step: Moment, now: datetime, hub: Hub) -> Save:
    about = reference(one.task)
    task = person.get(about) or one.task  # with what an earlier step of this sweep has made of it
    after = late(task, step.do, now)
    if after is not task:
        person.put(after, one.custodian)
    told = [f"Organization/{who}" for who in _told(person, one, step, now, hub)]
    event = events.event(
        hub.ids.new(), VERBS[step.do], now, interaction="update", caller=None, person=person.id, entities=[about, *told]
    )
    parties = [{"type": TOLD, "valueString": party} for party in step.tell]
    event["entity"][0]["detail"] = [{"type": STEP, "valueString": step.name}, *parties]
    return Save(event, person.id, one.custodian, (Key(own(one.custodian)),))


def _rows(person: Person, one: Waiting, step: Moment, now: datetime, hub: Hub) -> Iterator[Due]:
    for who in _told(person, one, step, now, hub):
        yield Due(VERBS[step.do], "", reference(one.task), recipient="" if who == one.custodian else who)


def _told(person: Person, one: Waiting, step: Moment, now: datetime, hub: Hub) -> list[str]:
    """The organisations that may see it now, each once; the coordinating one as this act leaves it, which may have opened it
    to that one. Where none of those that are named may, it is the keeper's to know."""
    named = {
        "owner": split(one.task.get("owner", {}).get("reference", ""))[1],
        "requester": split(one.task.get("requester", {}).get("reference", ""))[1],
        COORDINATOR: hub.deadlines.coordinator,
    }
    may = {
        party: who and (_sees(who, one, now) or (party == COORDINATOR and person.shows(reference(one.task), who, now)))
        for party, who in named.items()
    }
    found = dict.fromkeys(named[party] for party in step.tell if may.get(party))
    return list(found) or [one.custodian]


def _sees(organization: str, one: Waiting, now: datetime) -> bool:
    return organization == one.custodian or bool(opened(one.keys, organization, REFERRAL_PURPOSE, NONE, now))
