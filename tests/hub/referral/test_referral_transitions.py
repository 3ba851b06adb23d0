"""The state machine, against a table written a second time from closed-loop referral practice:

SDOH Clinical Care 3.0 (referral management), HL7 BSeR, HL7 Clinical Order Workflows, https://hl7.org/fhir/R4/task.html.
"""

from itertools import product
from typing import Any, get_args

import pytest

from hub import errors
from hub.errors import HubError
from hub.fhir import Resource
from hub.fhir.canonicals import code_system, identifier_system
from hub.referral.transitions import HUB_ALONE, IMMUTABLE, TERMINAL, TRANSITIONS, WRITES, Actor, check, targets

STATUSES = (
    "draft", "requested", "received", "accepted", "rejected", "ready", "cancelled", "in-progress", "on-hold", "failed",
    "completed", "entered-in-error",
)  # fmt: skip
ACTORS: tuple[Actor, ...] = get_args(Actor)

# from: {to: who}; R requester, O owner, C who takes on what is open to claim, H hub. `!` a reason, `+` an outcome.
TABLE = {
    "draft": {"requested": "RH", "cancelled": "RH!", "entered-in-error": "R!"},
    "requested": {"received": "OH", "accepted": "OCH", "rejected": "O!", "cancelled": "ROH!", "entered-in-error": "R!"},
    "received": {"accepted": "OH", "rejected": "O!", "cancelled": "ROH!", "entered-in-error": "R!"},
    "accepted": {
        "in-progress": "O", "rejected": "O!", "on-hold": "OH!", "cancelled": "ROH!", "completed": "OH+", "failed": "O!",
        "entered-in-error": "R!",
    },
    "in-progress": {
        "on-hold": "OH!", "cancelled": "OH!", "completed": "OH+", "failed": "O!", "entered-in-error": "R!",
    },
    "on-hold": {
        "accepted": "O", "in-progress": "O", "cancelled": "OH!", "completed": "OH+", "failed": "O!",
        "entered-in-error": "R!",
    },
    "completed": {"entered-in-error": "R!"},
    "rejected": {"entered-in-error": "R!"},
    "cancelled": {"entered-in-error": "R!"},
    "failed": {"entered-in-error": "R!"},
}  # fmt: skip
LETTER: dict[str, str] = {"requester": "R", "owner": "O", "claimant": "C", "hub": "H"}
REASON = {"statusReason": {"coding": [{"code": "no-capacity"}], "text": "Plus de place"}}


def output(kind: str) -> Resource:
    return {"type": {"coding": [{"system": code_system("task-output"), "code": kind}]}, "valueDateTime": "2026-01-01"}


def task(status: str, **more: Any) -> Resource:
    return {
        "resourceType": "Task",
        "id": "t1",
        "status": status,
        "intent": "order",
        "requester": {"reference": "Organization/yasmine"},
        "owner": {"reference": "Organization/chu"},
        **more,
    }


def business(code: str) -> Resource:
    return {"coding": [{"system": code_system("referral-business-status"), "code": code}]}


def refusal(before: Resource, after: Resource, actor: Actor) -> HubError | None:
    try:
        check(before, after, actor)
    except HubError as problem:
        return problem
    return None


def expected(start: str, to: str, actor: Actor, *, has_reason: bool, has_outcome: bool) -> errors.Problem | None:
    if start == to and start not in TERMINAL:
        return errors.NOT_YOURS if actor == "claimant" else None
    if start == to:
        return errors.ILLEGAL_TRANSITION
    who = TABLE.get(start, {}).get(to)
    if who is None:
        return errors.ILLEGAL_TRANSITION
    if LETTER[actor] not in who:
        return errors.NOT_YOURS
    if "!" in who and not has_reason:
        return errors.MISSING_REASON
    return errors.MISSING_OUTCOME if "+" in who and not has_outcome else None


@pytest.mark.parametrize(("start", "to"), [*product(STATUSES, STATUSES)])
def test_every_change_by_every_side_is_judged_as_the_table_says(start: str, to: str) -> None:
    for actor, has_reason, has_outcome in product(ACTORS, (False, True), (False, True)):
        outcome = {"output": [output("outcome")]} if has_outcome else {}
        before = task(start, **outcome)
        after = {**before, "status": to, **(REASON if has_reason else {})}
        if actor == "claimant":
            del before["owner"]
        problem = refusal(before, after, actor)
        wanted = expected(start, to, actor, has_reason=has_reason, has_outcome=has_outcome)
        assert (problem.problem if problem else None) == wanted, (start, to, actor, has_reason, has_outcome)


def test_every_status_that_is_not_final_leads_to_a_final_one() -> None:
    def ends(status: str, on_the_way: frozenset[str] = frozenset()) -> bool:
        further = {to for start, to in TRANSITIONS if start == status} - on_the_way
        return bool(further & TERMINAL) or any(ends(to, on_the_way | {status}) for to in further)

    assert all(ends(start) for start in {start for start, _ in TRANSITIONS} - TERMINAL)


def test_whoever_must_act_next_can_end_the_referral_alone() -> None:
    for status in TABLE.keys() - TERMINAL:
        assert any(to in TERMINAL for actor in ACTORS for to in targets(status, actor))
        assert "entered-in-error" in targets(status, "requester")


def test_a_final_referral_never_begins_again() -> None:
    assert {to for start, to in TRANSITIONS if start in TERMINAL} == {"entered-in-error"}
    assert not [to for start, to in TRANSITIONS if start == "entered-in-error"]


def test_a_refused_change_lists_what_is_possible() -> None:
    problem = refusal(task("requested"), task("completed"), "owner")
    assert problem is not None
    assert problem.params == {"status": "requested", "allowed": "accepted, cancelled, received, rejected"}
    assert problem.path == "Task.status"


@pytest.mark.parametrize("reason", [{"text": "x"}, {"coding": [{"code": "no-capacity"}]}, {"coding": [], "text": "x"}])
def test_a_reason_is_a_code_and_a_text(reason: Resource) -> None:
    problem = refusal(task("requested"), task("rejected", statusReason=reason), "owner")
    assert problem is not None and problem.problem is errors.MISSING_REASON


def test_an_appointment_is_no_outcome() -> None:
    problem = refusal(task("accepted"), task("completed", output=[output("appointment")]), "owner")
    assert problem is not None and problem.problem is errors.MISSING_OUTCOME
    both = task("completed", output=[output("appointment"), output("outcome")])
    assert refusal(task("accepted"), both, "owner") is None


@pytest.mark.parametrize("element", sorted(IMMUTABLE))
def test_what_a_referral_is_about_never_changes(element: str) -> None:
    for actor, before in product(ACTORS, (task("requested"), {**task("requested"), element: "before"})):
        problem = refusal(before, {**before, element: "after"}, actor)
        assert problem is not None and problem.problem is errors.IMMUTABLE
        assert problem.path == f"Task.{element}"


def numbered(*systems: str) -> Resource:
    identifiers = [{"system": identifier_system(system), "value": f"{n}"} for n, system in enumerate(systems)]
    return task("accepted", identifier=identifiers)


def test_the_recipient_alone_adds_its_own_number_and_leaves_the_common_reference() -> None:
    before, both = numbered("referral"), numbered("referral", "referral-at-recipient")
    for earlier, later in ((before, both), (both, before), (task("accepted"), numbered("referral-at-recipient"))):
        assert refusal(earlier, later, "owner") is None
        for actor in ("requester", "hub"):
            problem = refusal(earlier, later, actor)
            assert problem is not None
            assert (problem.problem, problem.path) == (errors.NOT_YOURS, "Task.identifier")
    without_the_common = refusal(both, numbered("referral-at-recipient"), "owner")
    assert without_the_common is not None and without_the_common.problem is errors.IMMUTABLE


def test_what_must_never_change_is_what_practice_says() -> None:
    said = "requester owner for focus basedOn partOf code intent authoredOn identifier"
    assert set(IMMUTABLE) == set(said.split())


@pytest.mark.parametrize(
    "element",
    ["input", "output", "priority", "restriction", "executionPeriod", "extension", "contained", "description"],
)
def test_each_side_writes_its_own_part_and_no_other(element: str) -> None:
    for actor in ACTORS:
        problem = refusal(task("accepted"), {**task("accepted"), element: ["changed"]}, actor)
        if element in WRITES[actor] and actor != "claimant":
            assert problem is None
        else:
            assert problem is not None and problem.problem is errors.NOT_YOURS


def test_the_notice_is_the_requesters_and_the_result_the_owners() -> None:
    assert "input" in WRITES["requester"] and "input" not in WRITES["owner"]
    assert "output" in WRITES["owner"] and "output" not in WRITES["requester"]


@pytest.mark.parametrize("code", sorted(HUB_ALONE))
def test_what_the_hub_says_of_a_referral_nobody_else_says(code: str) -> None:
    said = task("cancelled", businessStatus=business(code), **REASON)
    for actor in ("requester", "owner"):
        problem = refusal(task("requested"), said, actor)
        assert problem is not None and problem.path == "Task.businessStatus"
    assert refusal(task("requested"), said, "hub") is None


def test_a_party_may_leave_the_hubs_word_standing_and_say_its_own() -> None:
    held = task("on-hold", businessStatus=business("consent-withdrawn"), **REASON)
    assert refusal(held, {**held, "status": "in-progress"}, "owner") is None
    assert refusal(held, {**held, "businessStatus": business("appointment-scheduled")}, "owner") is None


def test_who_takes_on_what_is_open_becomes_its_owner_once_and_says_nothing_else() -> None:
    open_ = {key: value for key, value in task("requested").items() if key != "owner"}
    claimed = task("accepted")
    assert refusal(open_, claimed, "claimant") is None
    for actor in ("requester", "owner", "hub"):
        problem = refusal(open_, claimed, actor)
        assert problem is not None and problem.problem is errors.IMMUTABLE
    for problem in (
        refusal(open_, {**open_, "status": "accepted"}, "claimant"),
        refusal(open_, task("requested"), "claimant"),
        refusal(open_, {**claimed, "output": [output("outcome")]}, "claimant"),
        refusal(open_, {**claimed, "input": []}, "claimant"),
    ):
        assert problem is not None and problem.problem is errors.NOT_YOURS
    taken = refusal(task("requested"), {**claimed, "owner": {"reference": "Organization/other"}}, "claimant")
    assert taken is not None and taken.problem is errors.IMMUTABLE
