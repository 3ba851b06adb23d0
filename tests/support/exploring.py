"""All that can become of a referral, state by state, against a table of the states that is written here a second time.

Pure: what the machines allow and what follows (`hub.referral.follow`), by everybody and under every consent.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, cached_property, partial
from itertools import count, product
from typing import Final

from hub.errors import HubError
from hub.exchange.change.referral import actor_of, judge, stamp
from hub.fhir import Resource
from hub.fhir.references import reference
from hub.fhir.tasks import kind, party
from hub.ports import Caller
from hub.referral.follow import follow
from hub.referral.machine import business_status
from hub.referral.requests import ASKED, PENDING
from tests.support.network import (
    agreed,
    cancellation,
    concept,
    need,
    outcome,
    question,
    reason,
    referred,
)

NOW: Final = datetime(2026, 6, 1, 9, tzinfo=UTC)
KEEPER, OWNER, OTHER, STRANGER = "yasmine", "chu", "clinique", "tribunal"
ORGANIZATIONS: Final = (KEEPER, OWNER, OTHER, STRANGER)
STATUSES: Final = (
    "draft", "requested", "received", "accepted", "rejected", "ready", "cancelled", "in-progress", "on-hold", "failed",
    "completed", "entered-in-error",
)  # fmt: skip
FINAL: Final = {"rejected", "cancelled", "failed", "completed", "entered-in-error"}

# By kind: from → {to: who}. R its requester, O its owner, C who takes on what is open, H the hub; nobody else, nothing else.
TABLE: Final[dict[str, dict[str, dict[str, str]]]] = {
    "fulfill": {
        "draft": {"requested": "RH", "cancelled": "RH", "entered-in-error": "R"},
        "requested": {"received": "OH", "accepted": "OCH", "rejected": "O", "cancelled": "ROH", "entered-in-error": "R"},
        "received": {"accepted": "OH", "rejected": "O", "cancelled": "ROH", "entered-in-error": "R"},
        "accepted": {"in-progress": "O", "rejected": "O", "on-hold": "OH", "cancelled": "ROH", "completed": "OH", "failed": "O",
                     "entered-in-error": "R"},
        "in-progress": {"on-hold": "OH", "cancelled": "OH", "completed": "OH", "failed": "O", "entered-in-error": "R"},
        "on-hold": {"accepted": "O", "in-progress": "O", "cancelled": "OH", "completed": "OH", "failed": "O",
                    "entered-in-error": "R"},
        **{status: {"entered-in-error": "R"} for status in FINAL - {"entered-in-error"}},
    },
    "abort": {
        "requested": {"received": "OH", "accepted": "O", "rejected": "O", "cancelled": "RH", "entered-in-error": "R"},
        "received": {"accepted": "O", "rejected": "O", "cancelled": "RH", "entered-in-error": "R"},
        **{status: {"entered-in-error": "R"} for status in ("accepted", "rejected", "cancelled", "completed")},
    },
    "provide-information": {
        "requested": {"received": "OH", "in-progress": "O", "completed": "O", "rejected": "O", "cancelled": "RH",
                      "entered-in-error": "R"},
        "received": {"in-progress": "O", "completed": "O", "rejected": "O", "cancelled": "RH", "entered-in-error": "R"},
        "in-progress": {"completed": "O", "rejected": "O", "cancelled": "RH", "entered-in-error": "R"},
        **{status: {"entered-in-error": "R"} for status in ("accepted", "rejected", "cancelled", "completed")},
    },
}  # fmt: skip
OVER: Final = {"fulfill": FINAL, "abort": FINAL | {"accepted"}, "provide-information": FINAL}
CONSENTS: Final[dict[str, tuple[Resource, ...]]] = {
    "none": (),
    "recipient": (agreed(OWNER),),
    "everybody": (agreed(OWNER, OTHER),),
    "withdrawn": ({**agreed(OWNER, OTHER), "status": "inactive"},),
    "expired": (agreed(OWNER, OTHER, until=datetime(2026, 5, 1, tzinfo=UTC)),),
}
MAY: Final = {"none": (), "recipient": (OWNER,), "everybody": (OWNER, OTHER), "withdrawn": (), "expired": ()}
EXPLORED: Final = ("none", "recipient", "everybody")
"""What follows depends on who may be told, so one consent stands for all that let the same be told: see the last test."""


@dataclass(frozen=True)
class State:
    """One person's needs and Tasks, and the consent that stands."""

    needs: tuple[Resource, ...]
    tasks: tuple[Resource, ...]
    consent: str

    @cached_property
    def signature(self) -> tuple[object, ...]:
        """What tells states apart: not ids, not instants."""
        places = {reference(task): n for n, task in enumerate(self.tasks)}
        of_tasks = tuple(
            (kind(t), t["status"], business_status(t), party(t, "owner"), places.get(about(t))) for t in self.tasks
        )
        return (tuple((n["status"], str(n.get("performer"))) for n in self.needs), of_tasks, self.consent)


def about(task: Resource) -> str:
    parts = task.get("partOf") or [task.get("focus", {})]
    return str(parts[0].get("reference", ""))


def eligible(_: Resource) -> frozenset[str]:
    return frozenset({OWNER, OTHER})


def settled(state: State) -> tuple[State, list[str]]:
    """What follows, as the hub lets it, and what is told of it."""
    ids = (f"{n:08}-new" for n in count(len(state.tasks)))
    may = MAY[state.consent].__contains__
    steps = list(follow(state.needs, state.tasks, None, may, now=NOW, new_id=partial(next, ids), eligible=eligible))
    tasks = {task["id"]: task for task in state.tasks} | {step.task["id"]: step.task for step in steps}
    return replace(state, tasks=tuple(tasks.values())), [step.action for step in steps]


def caller(organization: str) -> Caller:
    return Caller(f"{organization}-system", organization, "COC")


@dataclass(frozen=True)
class Event:
    name: str
    after: State
    by: str = ""  # whose act it is
    about: int = -1  # which Task, where it is one's


@dataclass
class Judged:
    """Everybody tries everything with every Task, once with each that differs in anything by which it could be judged.
    `wrong`: what the hub allows and the table does not know, or the other way round."""

    wrong: list[str]
    known: dict[tuple[str, ...], list[tuple[str, str]]] = field(default_factory=dict)

    def moves(self, task: Resource) -> list[tuple[str, str]]:
        """Who can move it, and where to."""
        said = (kind(task), task["status"], business_status(task), party(task, "owner"), party(task, "requester"))
        if said not in self.known:
            self.known[said] = list(self._allowed(task))
        return self.known[said]

    def _allowed(self, task: Resource) -> Iterator[tuple[str, str]]:
        for organization, status in product(ORGANIZATIONS, STATUSES):
            if status == task["status"]:
                continue
            side, can = letter(task, organization), accepts(task, status, organization)
            if can != allowed(task, status, side):
                self.wrong.append(f"{kind(task)}: {task['status']} → {status} by {side}")
            if can:
                yield organization, status


def accepts(task: Resource, status: str, organization: str) -> bool:
    try:
        judge(task, attempted(task, status, organization), caller(organization))
    except HubError:
        return False
    return True


def attempted(task: Resource, status: str, organization: str) -> Resource:
    """With all that a step can need, so that who and where alone decide."""
    given: Resource = {**task, "status": status}
    if kind(task) == "fulfill" and status in {"rejected", "cancelled", "on-hold", "failed", "entered-in-error"}:
        given |= reason("duplicate")
    if kind(task) != "fulfill" and status == "rejected":
        given |= reason("duplicate")
    if kind(task) == "fulfill" and status == "completed":
        given |= outcome()
    if kind(task) == "provide-information" and status == "completed":
        given |= {"output": [{"type": concept("task-output", "answers"), "valueReference": {"reference": "x"}}]}
    if letter(task, organization) == "C":
        given |= {"owner": {"reference": f"Organization/{organization}"}}
    return given


def letter(task: Resource, organization: str) -> str:
    """Which side somebody is on, worked out from the Task alone."""
    me = f"Organization/{organization}"
    if task.get("owner", {}).get("reference") == me:
        return "O"
    if task["requester"]["reference"] == me:
        return "R"
    return "C" if "owner" not in task and task["status"] == "requested" else "-"


def allowed(task: Resource, to: str, who: str) -> bool:
    return who in TABLE[kind(task)].get(task["status"], {}).get(to, "")


def carried_out(state: State, organization: str, n: int, status: str) -> State:
    task = state.tasks[n]
    after = attempted(task, status, organization)
    moved, needs = stamp(task, after, NOW), state.needs
    if (
        actor_of(task, caller(organization)) == "requester"
        and kind(task) == "fulfill"
        and after["status"] == "cancelled"
    ):
        needs = tuple(
            {**one, "status": "revoked"} if reference(one) == task["focus"]["reference"] else one for one in needs
        )
    return replace(state, needs=needs, tasks=(*state.tasks[:n], moved, *state.tasks[n + 1 :]))


def other_events(state: State, most: int) -> Iterator[Event]:
    """What else happens: consent changes, a need ends or is given to another, something is asked, a referral is passed on."""
    for name in EXPLORED:
        if name != state.consent:
            yield Event(f"consent {name}", replace(state, consent=name))
    first, *rest = state.needs
    if first["status"] == "active":
        yield Event("need revoked", replace(state, needs=({**first, "status": "revoked"}, *rest)))
    if first.get("performer") and not rest:
        elsewhere = {**first, "performer": [{"reference": f"Organization/{OTHER}"}]}
        yield Event("need given to another", replace(state, needs=(elsewhere,)))
    if len(state.tasks) < most:
        yield from _asked(state)
        yield from _passed_on(state)


def _asked(state: State) -> Iterator[Event]:
    for task in state.tasks:
        for code, asking in ASKED.items():
            pending = any(kind(one) == code and one["status"] in PENDING for one in state.tasks)
            in_time = task["status"] in asking.during and business_status(task) != "consent-withdrawn"
            if kind(task) != "fulfill" or not in_time or pending or "partOf" in task or "owner" not in task:
                continue
            written = cancellation(task["id"]) if code == "abort" else question(task["id"])
            parties = {
                "requester": task[asking.asks],
                "owner": task[asking.answers],
                "lastModified": task["lastModified"],
            }
            made = written | parties | {"id": f"{len(state.tasks):08}-asked"}
            yield Event(f"asked {code}", replace(state, tasks=(*state.tasks, made)))


def _passed_on(state: State) -> Iterator[Event]:
    live = [t for t in state.tasks if kind(t) == "fulfill" and "partOf" not in t and t["status"] not in OVER["fulfill"]]
    mine = [task for task in live if party(task, "owner") == f"Organization/{OWNER}" and task["status"] != "draft"]
    if mine and len(state.needs) == 1:
        me = {"requester": {"reference": f"Organization/{OWNER}"}}
        based = [{"reference": reference(state.needs[0])}]
        part = need(OTHER, "need-2", intent="filler-order", basedOn=based, **me)
        yield Event("passed on", replace(state, needs=(*state.needs, part)))


@cache
def explored(
    most: int,
) -> tuple[dict[tuple[object, ...], State], dict[tuple[object, ...], set[tuple[object, ...]]], list[str]]:
    """Every state that can be reached, where each leads, and every step that the table does not know. `most`: with how many
    Tasks; where there would be more, it is not looked further."""
    states: dict[tuple[object, ...], State] = {}
    leads: dict[tuple[object, ...], set[tuple[object, ...]]] = {}
    wrong: list[str] = []
    judged = Judged(wrong)
    open_ = referred() | {
        "id": "00000000-open", "requester": need()["requester"], "lastModified": "2026-06-01T09:00:00.000Z", "priority": "urgent",
        "restriction": {"period": {"end": "2026-06-04T09:00:00.000Z"}},
    }  # fmt: skip
    mine = {**open_, "id": "00000000-mine", "status": "draft", "owner": {"reference": f"Organization/{OWNER}"}}
    begin = [
        State((need(OWNER),), (), "none"),
        State((need(OWNER),), (), "everybody"),
        State((need(),), (open_,), "everybody"),
        State((need(OWNER),), ({name: value for name, value in mine.items() if name != "extension"},), "recipient"),
    ]
    pending = [settled(one)[0] for one in begin]
    while pending:
        state = pending.pop()
        if state.signature in leads or len(state.tasks) > most:
            continue
        states[state.signature] = state
        if settled(state)[1]:
            wrong.append(f"unsettled: {state.signature}")
        leads[state.signature] = set()
        for n, task in enumerate(state.tasks):
            for organization, status in judged.moves(task):
                pending.append(_followed(carried_out(state, organization, n, status), state, leads, wrong, most))
        pending += [_followed(event.after, state, leads, wrong, most) for event in other_events(state, most)]
    return states, leads, wrong


def _followed(
    done: State, state: State, leads: dict[tuple[object, ...], set[tuple[object, ...]]], wrong: list[str], most: int
) -> State:
    """After what follows; each step of the hub's is in the table, and is told."""
    after, told = settled(done)
    before = {task["id"]: task for task in done.tasks}
    for task in after.tasks:
        was = before.get(task["id"])
        if was is not None and was["status"] != task["status"]:
            if not told:
                wrong.append(f"untold: {was['status']} → {task['status']}")
            if not _by_the_hub(was, task["status"]):
                wrong.append(f"{kind(task)}: {was['status']} → {task['status']} by H")
    if len(after.tasks) <= most:
        leads[state.signature].add(after.signature)
    return after


def _by_the_hub(task: Resource, to: str) -> bool:
    """In one step, or in two of one act: a part is accepted and ended before the whole is looked at."""
    return allowed(task, to, "H") or any(
        allowed(task, via, "H") and allowed({**task, "status": via}, to, "H") for via in STATUSES
    )
