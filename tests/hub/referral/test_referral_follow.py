"""What follows for a person's referrals, for every act alike: opened, sent, stopped, and never twice."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.conformance import validate
from hub.fhir import Resource
from hub.fhir.canonicals import code_system, identifier_system, profile
from hub.fhir.instants import span
from hub.referral.deadlines import ANSWER_WITHIN
from hub.referral.follow import Step, follow
from hub.referral.transitions import TERMINAL, TRANSITIONS, business_status, check

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=30)
ORGANIZATIONS = ["chu", "tribunal"]
TASK_STATUSES = sorted({status for edge in TRANSITIONS for status in edge})
NEED_STATUSES = ["draft", "active", "on-hold", "revoked", "completed", "entered-in-error"]


def coded(system: str, code: str) -> Resource:
    return {"coding": [{"system": code_system(system), "code": code}]}


PATIENT: Resource = {
    "resourceType": "Patient",
    "id": "p1",
    "identifier": [{"value": "S-1"}],
    "name": [{"text": "Zineb"}],
    "telecom": [{"value": "+212600000000"}],
    "address": [{"state": "MA-CAS", "city": "Casablanca", "text": "12, rue X"}],
    "extension": [{"url": profile("age-band"), "valueCode": "26-40"}, {"url": profile("milieu"), "valueCode": "urban"}],
    "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "ary"}]}}],
}


def need(id_: str = "n1", to: str = "chu", status: str = "active", **more: Any) -> Resource:
    return {
        "resourceType": "ServiceRequest",
        "id": id_,
        "status": status,
        "code": coded("service-type", "medical"),
        "subject": {"reference": "Patient/p1"},
        "priority": "asap",
        "requester": {"reference": "Organization/yasmine"},
        **({"performer": [{"reference": f"Organization/{to}"}]} if to else {}),
        "note": [{"text": "secret"}],
        **more,
    }


def ids() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"{next(numbers):08}-task"


def run(
    needs: list[Resource],
    tasks: list[Resource],
    may: set[str],
    now: datetime = NOW,
    new_id: Callable[[], str] | None = None,
) -> list[Step]:
    return list(follow(needs, tasks, PATIENT, may.__contains__, now=now, new_id=new_id or ids()))


def after(tasks: list[Resource], steps: list[Step]) -> list[Resource]:
    return list(({task["id"]: task for task in tasks} | {step.task["id"]: step.task for step in steps}).values())


def opened(to: str = "chu", may: bool = True) -> Resource:
    (step,) = run([need(to=to)], [], {to} if may else set())
    return step.task


def moved(task: Resource, status: str, **more: Any) -> Resource:
    return {**task, "status": status, **more}


def actions(steps: list[Step]) -> list[str]:
    return [step.action for step in steps]


# --- one act ---------------------------------------------------------------------------------------------------------


def test_a_need_with_a_recipient_that_consent_covers_is_sent() -> None:
    (step,) = run([need()], [], {"chu"})
    assert step.action == "referral.send"
    assert (step.task["status"], step.task["owner"]) == ("requested", {"reference": "Organization/chu"})


def test_without_consent_the_referral_waits_as_a_draft_until_it_comes() -> None:
    (step,) = run([need()], [], set())
    assert (step.action, step.task["status"], business_status(step.task)) == (
        "referral.draft",
        "draft",
        "awaiting-consent",
    )
    (sent,) = run([need()], [step.task], {"chu"}, LATER)
    assert (sent.action, sent.task["status"], business_status(sent.task)) == ("referral.send", "requested", "")


def test_the_time_to_answer_begins_when_the_referral_is_sent() -> None:
    (sent,) = run([need()], [opened(may=False)], {"chu"}, LATER)
    assert span(sent.task["restriction"]["period"]["end"])[0] == LATER + ANSWER_WITHIN["asap"]


@pytest.mark.parametrize(
    ("priority", "hours"), [("stat", 24), ("asap", 72), ("urgent", 72), ("routine", 336), (None, 336)]
)
def test_the_deadline_follows_the_urgency(priority: str | None, hours: int) -> None:
    asked = need() | ({"priority": priority} if priority else {})
    if priority is None:
        del asked["priority"]
    (step,) = run([asked], [], {"chu"})
    assert span(step.task["restriction"]["period"]["end"])[0] == NOW + timedelta(hours=hours)


def test_the_notice_says_the_service_the_province_the_age_band_the_language_and_nothing_else() -> None:
    task = opened()
    said = {item["type"]["coding"][0]["code"]: [v for k, v in item.items() if k != "type"] for item in task["input"]}
    assert said == {
        "service-type": [coded("service-type", "medical")],
        "province": ["MA-CAS"],
        "age-band": ["26-40"],
        "language": [{"coding": [{"system": "urn:ietf:bcp:47", "code": "ary"}]}],
    }
    for secret in ("Zineb", "+212", "rue X", "S-1", "secret", "Casablanca"):
        assert secret not in str(task)


def test_a_referral_conforms_to_its_profile_at_birth_and_when_it_is_stopped() -> None:
    task = opened()
    assert task["identifier"][0]["system"] == identifier_system("referral")
    stopped = [run([need()], [moved(task, status)], set())[0].task for status in ("requested", "in-progress")]
    rerouted = run([need(to="tribunal")], [task], {"chu", "tribunal"})[0].task
    revoked = run([need(status="revoked")], [task], {"chu"})[0].task
    for one in (task, opened(may=False), *stopped, rerouted, revoked):
        assert [issue for issue in validate(one) if issue.blocks] == []


def test_a_need_without_recipient_or_not_active_opens_nothing() -> None:
    assert run([need(to="")], [], {"chu"}) == []
    for status in set(NEED_STATUSES) - {"active"}:
        assert run([need(status=status)], [], {"chu"}) == []


@pytest.mark.parametrize("status", ["requested", "received"])
def test_a_withdrawal_cancels_what_is_not_answered(status: str) -> None:
    (step,) = run([need()], [moved(opened(), status)], set())
    assert (step.action, step.task["status"], business_status(step.task)) == (
        "referral.cancel",
        "cancelled",
        "consent-withdrawn",
    )


@pytest.mark.parametrize("status", ["accepted", "in-progress"])
def test_a_withdrawal_holds_what_is_at_work(status: str) -> None:
    (step,) = run([need()], [moved(opened(), status)], set())
    assert (step.action, step.task["status"], business_status(step.task)) == (
        "referral.hold",
        "on-hold",
        "consent-withdrawn",
    )
    assert step.task["statusReason"]["coding"][0]["code"] == "consent-withdrawn"


def test_a_consent_given_anew_sends_a_new_referral_and_leaves_the_old_one_as_it_ended() -> None:
    (stopped,) = run([need()], [opened()], set())
    (step,) = run([need()], [stopped.task], {"chu"}, LATER, lambda: "another-task")
    assert (step.action, step.task["id"], step.task["status"]) == ("referral.send", "another-task", "requested")
    assert run([need()], [stopped.task, step.task], {"chu"}, LATER) == []


@pytest.mark.parametrize("reason", ["consent-withdrawn", "not-selected", "entered-in-error", "survivor-declined"])
def test_what_a_party_itself_cancelled_is_never_sent_again(reason: str) -> None:
    said = {"statusReason": coded("referral-status-reason", reason) | {"text": "…"}}
    cancelled = moved(opened(), "cancelled", **said)
    check(opened(), cancelled, "requester")
    assert run([need()], [cancelled], {"chu"}) == []


@pytest.mark.parametrize("status", sorted(TERMINAL))
def test_a_referral_that_was_answered_is_not_repeated(status: str) -> None:
    assert run([need()], [moved(opened(), status)], {"chu"}) == []


@pytest.mark.parametrize("status", ["draft", "requested", "received", "accepted"])
def test_a_need_given_to_somebody_else_is_cancelled_here_and_sent_there(status: str) -> None:
    old = moved(opened(), status)
    cancelled, sent = run([need(to="tribunal")], [old], {"chu", "tribunal"}, new_id=lambda: "second-task")
    assert (cancelled.task["id"], cancelled.task["status"]) == (old["id"], "cancelled")
    assert (cancelled.task["statusReason"]["text"], business_status(cancelled.task)) == ("not-selected", "re-routing")
    assert (sent.task["owner"]["reference"], sent.task["status"]) == ("Organization/tribunal", "requested")


def test_a_need_that_comes_back_to_its_first_recipient_is_sent_again() -> None:
    numbers = ids()
    tasks = after([], run([need()], [], {"chu"}, new_id=numbers))
    tasks = after(tasks, run([need(to="")], tasks, {"chu"}, new_id=numbers))
    (sent,) = run([need()], tasks, {"chu"}, new_id=numbers)
    assert sent.action == "referral.send"


@pytest.mark.parametrize("status", ["in-progress", "on-hold"])
def test_work_that_began_is_ended_by_its_owner_unless_consent_is_gone_too(status: str) -> None:
    begun = moved(opened(), status)
    assert run([need(status="revoked")], [begun], {"chu"}) == []
    (step,) = run([need(status="revoked")], [begun], set())
    assert (step.task["status"], business_status(step.task)) == ("cancelled", "consent-withdrawn")


# --- any state -------------------------------------------------------------------------------------------------------


@st.composite
def states(draw: st.DrawFn) -> tuple[list[Resource], list[Resource], set[str]]:
    needs = [
        need(f"n{n}", draw(st.sampled_from([*ORGANIZATIONS, ""])), draw(st.sampled_from(NEED_STATUSES)))
        for n in range(draw(st.integers(0, 2)))
    ]
    tasks = []
    for n in range(draw(st.integers(0, 4))):
        task = opened(draw(st.sampled_from(ORGANIZATIONS)))
        task |= {"id": f"t{n}", "status": draw(st.sampled_from(TASK_STATUSES))}
        task["focus"] = {"reference": f"ServiceRequest/n{draw(st.integers(0, 1))}"}
        if said := draw(st.sampled_from(["", "consent-withdrawn", "re-routing", "appointment-scheduled"])):
            task["businessStatus"] = coded("referral-business-status", said)
        tasks.append(task)
    return needs, tasks, set(draw(st.lists(st.sampled_from(ORGANIZATIONS))))


@given(states())
def test_what_followed_once_does_not_follow_again(state: tuple[list[Resource], list[Resource], set[str]]) -> None:
    needs, tasks, may = state
    numbers = ids()
    settled = after(tasks, run(needs, tasks, may, new_id=numbers))
    assert run(needs, settled, may, LATER, numbers) == []


@given(states())
def test_the_hub_itself_obeys_the_state_machine(state: tuple[list[Resource], list[Resource], set[str]]) -> None:
    needs, tasks, may = state
    before = {task["id"]: task for task in tasks}
    for step in run(needs, tasks, may):
        if step.task["id"] in before:
            assert before[step.task["id"]]["status"] not in TERMINAL
            check(before[step.task["id"]], step.task, "hub")


@given(states())
def test_nothing_waits_or_works_without_consent(state: tuple[list[Resource], list[Resource], set[str]]) -> None:
    needs, tasks, may = state
    known = {f"ServiceRequest/{need['id']}" for need in needs}
    for task in after(tasks, run(needs, tasks, may)):
        if task["focus"]["reference"] in known and task["owner"]["reference"].split("/")[1] not in may:
            assert task["status"] not in {"requested", "received", "accepted", "in-progress"}


@given(states())
def test_every_active_need_with_a_recipient_has_a_referral_and_only_one_is_opened(
    state: tuple[list[Resource], list[Resource], set[str]],
) -> None:
    needs, tasks, may = state
    settled = after(tasks, run(needs, tasks, may))
    for one in needs:
        mine = [task for task in settled if task["focus"]["reference"] == f"ServiceRequest/{one['id']}"]
        if one["status"] == "active" and "performer" in one:
            assert any(task["owner"] == one["performer"][0] for task in mine)
        assert len([task for task in mine if task not in tasks and task["id"] not in {t["id"] for t in tasks}]) <= 1


@given(states())
def test_steps_leave_what_they_were_given_as_it_was(state: tuple[list[Resource], list[Resource], set[str]]) -> None:
    needs, tasks, may = state
    kept = [str(task) for task in tasks]
    run(needs, tasks, may)
    assert [str(task) for task in tasks] == kept


@given(states())
def test_every_action_is_a_verb_that_people_know(state: tuple[list[Resource], list[Resource], set[str]]) -> None:
    needs, tasks, may = state
    assert set(actions(run(needs, tasks, may))) <= {
        "referral.draft",
        "referral.send",
        "referral.cancel",
        "referral.hold",
    }
