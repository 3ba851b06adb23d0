"""Every door through which a referral is changed keeps to the same table, on a real database: PUT, JSON Patch, FHIRPath Patch,
transaction, conditional update, $close. A refused step leaves nothing behind; a step is told to whom it concerns.

The table is that of `tests/support/exploring.py`, by which everything that can be reached is explored.
"""

from collections.abc import Callable
from itertools import product
from random import Random
from typing import Any, Final

import pytest

from hub import errors
from hub.errors import HubError
from hub.exchange import change
from hub.exchange.transact import Step, transact
from hub.fhir import Resource, fhirpath_patch
from hub.fhir.query import Match, Query, Token
from hub.store import MongoStore
from tests.support.budget import examples
from tests.support.network import (
    KEEPER,
    NEED,
    PERSON,
    Network,
    agreed,
    by,
    need,
    network,
    outcome,
    reason,
    referred,
    survivor,
)

ID: Final = "referral-1"
OWNER, OTHER = "chu", "tribunal"
STATUSES: Final = (
    "draft", "requested", "received", "accepted", "rejected", "cancelled", "in-progress", "on-hold", "failed", "completed",
    "entered-in-error",
)  # fmt: skip
# from → {to: who}: R its requester, O its owner; nobody else.
TABLE: Final[dict[str, dict[str, str]]] = {
    "draft": {"requested": "R", "cancelled": "R", "entered-in-error": "R"},
    "requested": {"received": "O", "accepted": "O", "rejected": "O", "cancelled": "RO", "entered-in-error": "R"},
    "received": {"accepted": "O", "rejected": "O", "cancelled": "RO", "entered-in-error": "R"},
    "accepted": {"in-progress": "O", "rejected": "O", "on-hold": "O", "cancelled": "RO", "completed": "O", "failed": "O",
                 "entered-in-error": "R"},
    "in-progress": {"on-hold": "O", "cancelled": "O", "completed": "O", "failed": "O", "entered-in-error": "R"},
    "on-hold": {"accepted": "O", "in-progress": "O", "cancelled": "O", "completed": "O", "failed": "O", "entered-in-error": "R"},
    **{status: {"entered-in-error": "R"} for status in ("rejected", "cancelled", "failed", "completed")},
    "entered-in-error": {},
}  # fmt: skip
ENDINGS: Final = ("completed", "failed", "cancelled")
LETTERS: Final = {KEEPER: "R", OWNER: "O", OTHER: "-"}
CONSENTS: Final[dict[str, Resource]] = {
    "payload": agreed(OWNER),
    "of another": agreed(OTHER),
    "withdrawn": {**agreed(OWNER), "status": "inactive"},
}


def given(task: Resource, status: str) -> Resource:
    """What a step says, with all that it can need."""
    said: Resource = {"status": status}
    if status in {"rejected", "cancelled", "on-hold", "failed", "entered-in-error"}:
        said |= reason("duplicate")
    return said | (outcome() if status == "completed" else {})


def put(at: Network, task: Resource, status: str, organization: str, version: int) -> None:
    change.update("Task", ID, {**task, **given(task, status)}, by(organization), expected=version, hub=at.hub)


def json_patch(at: Network, task: Resource, status: str, organization: str, version: int) -> None:
    steps = [{"op": "add", "path": f"/{name}", "value": value} for name, value in given(task, status).items()]
    change.patch("Task", ID, steps, by(organization), expected=version, hub=at.hub)


def fhirpath(at: Network, task: Resource, status: str, organization: str, version: int) -> None:
    """The status by a path; a FHIRPath Patch says the rest of it in more words than a test needs."""
    said = {"type": "replace", "path": "Task.status"}
    parts = [{"name": name, "valueString": value} for name, value in said.items()]
    parts.append({"name": "value", "valueCode": status})
    step = {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]}
    rest = {name: value for name, value in given(task, status).items() if name != "status"}

    def revise(stored: Resource) -> Resource:
        return {**fhirpath_patch.apply(stored, step), **rest}

    change.patch("Task", ID, revise, by(organization), expected=version, hub=at.hub)


def transaction(at: Network, task: Resource, status: str, organization: str, version: int) -> None:
    step = Step("update", "entry[0]", "Task", ID, {**task, **given(task, status)}, expected=version)
    transact([step], by(organization), _no_condition, hub=at.hub)


def conditional(at: Network, task: Resource, status: str, organization: str, version: int) -> None:
    one = Query("Task", (Match("_id", "token", (Token(None, ID),)),))
    act = change.conditional_update({**task, **given(task, status)}, one, at.hub, expected=version)
    change.perform(act, by(organization), hub=at.hub)


def close(at: Network, task: Resource, status: str, organization: str, version: int) -> None:
    change.close_unseen(ID, lambda stored: {**stored, **given(stored, status)}, by(organization), hub=at.hub)


def _no_condition(_: str) -> Any:
    raise AssertionError


Door = Callable[[Network, Resource, str, str, int], None]
DOORS: Final[tuple[Door, ...]] = (put, json_patch, fhirpath, transaction, conditional, close)
OF_NOTHING: Final[dict[Door, set[errors.Problem]]] = {conditional: {errors.STALE}}
"""What a door says where there is nothing, which is what it says of what is hidden: of nothing there is no version."""
EVERY: Final = [
    (door, start, to, organization, consent)
    for door, start, to, organization, consent in product(DOORS, STATUSES, STATUSES, LETTERS, CONSENTS)
    if start != to
]


def begin(at: Network, status: str, consent: str) -> tuple[Resource, int]:
    """The referral in this status and, as far as it follows, under this consent."""
    task = referred(OWNER, **given({}, status)) | {
        "id": ID, "intent": "order", "for": {"reference": f"Patient/{PERSON}"}, "priority": "urgent",
        "requester": {"reference": f"Organization/{KEEPER}"}, "authoredOn": "2026-06-01T09:00:00.000+00:00",
        "lastModified": "2026-06-01T09:00:00.000+00:00", "restriction": {"period": {"end": "2026-06-04T09:00:00.000+00:00"}},
        "meta": {"profile": ["https://ihala.example/fhir/StructureDefinition/referral-task"]},
        "input": [{"type": _coded("task-input", "service-type"), "valueCodeableConcept": _coded("service-type", "medical")}],
    }  # fmt: skip
    at.keep(need(OWNER), agreed(OWNER), task)
    if consent != "payload":
        at.keep(CONSENTS[consent])
    stored = at.store.read("Task", ID, None)
    assert stored is not None
    return stored.resource(), stored.version


def _coded(system: str, code: str) -> Resource:
    return {"coding": [{"system": f"https://ihala.example/fhir/CodeSystem/{system}", "code": code}]}


def expected(task: Resource, to: str, organization: str, door: Door) -> bool:
    """What is on hold because consent is gone, its owner closes without seeing it, and moves by no other door. Who would go on
    with it instead finds it on hold again."""
    who = LETTERS[organization]
    held = task["status"] == "on-hold" and "businessStatus" in task
    if door is close:
        return held and who == "O" and to in ENDINGS and "O" in TABLE["on-hold"].get(to, "")
    return who in TABLE[task["status"]].get(to, "") and not (who == "O" and "businessStatus" in task)


def tried(at: Network, case: tuple[Door, str, str, str, str]) -> None:
    door, start, to, organization, consent = case
    task, version = begin(at, start, consent)
    told = len(at.told())
    should = to != task["status"] and expected(task, to, organization, door)
    if to == "requested" and consent != "payload":
        should = False  # nothing is sent that no consent covers
    try:
        door(at, task, to, organization, version)
    except HubError as problem:
        assert not should, (case, problem.problem.code)
        assert at.store.read("Task", ID, None) is not None and at.stored(ID) == task, case
        if LETTERS[organization] == "-":
            assert problem.problem in OF_NOTHING.get(door, {errors.NOT_FOUND, errors.NOT_SUPPORTED}), case
        return
    moved = at.stored(ID)["status"] != task["status"]
    assert moved == should, case
    if moved:
        assert len(at.told()) > told, f"nobody is told: {case}"


@pytest.fixture
def at(store: MongoStore) -> Network:
    found = network(store)
    found.keep(survivor(), need(), agreed(OWNER))
    return found


@pytest.mark.timeout(examples(300, 3600))
@pytest.mark.parametrize("door", DOORS)
def test_no_door_lets_a_step_through_that_the_table_does_not_know(at: Network, door: Door) -> None:
    every = [case for case in EVERY if case[0] is door]
    for case in Random(20261126).sample(every, examples(20, len(every))):
        tried(at, case)


@pytest.mark.parametrize("door", [door for door in DOORS if door is not close])
def test_each_door_lets_through_what_the_table_knows(at: Network, door: Door) -> None:
    for start, to, organization in (
        ("draft", "requested", KEEPER), ("requested", "received", OWNER), ("received", "accepted", OWNER),
        ("accepted", "in-progress", OWNER), ("in-progress", "completed", OWNER), ("requested", "cancelled", KEEPER),
        ("completed", "entered-in-error", KEEPER),
    ):  # fmt: skip
        tried(at, (door, start, to, organization, "payload"))
        assert at.stored(ID)["status"] == to


@pytest.mark.parametrize("start", ["accepted", "in-progress"])
def test_the_owner_closes_without_a_look_what_is_held_because_consent_is_gone(at: Network, start: str) -> None:
    for to in ("completed", "failed"):
        tried(at, (close, start, to, OWNER, "withdrawn"))
        assert at.stored(ID)["status"] == to
    assert at.stored(NEED, "ServiceRequest")["status"] == "active"
