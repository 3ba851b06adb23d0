"""Stages of a referral in time: whatever waits has one, its steps are in order, and nobody looks too late."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.fhir import Resource
from hub.fhir.canonicals import code_system
from hub.fhir.instants import instant
from hub.ports import FOREVER
from hub.referral.calendars import ALWAYS, next_open
from hub.referral.deadline_file import packaged
from hub.referral.opening import opening
from hub.referral.rungs import steps
from hub.referral.stages import LATE, STAYS, earliest, late, run, stage, timed, window
from hub.referral.timing import Timing
from hub.referral.transitions import HUB_ALONE, TERMINAL, TRANSITIONS, business_status, check

OURS = packaged()
WAITING = sorted({status for edge in TRANSITIONS for status in edge} - TERMINAL)
PRIORITIES = ["stat", "asap", "urgent", "routine"]
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2029, 12, 31)).map(
    lambda at: at.replace(microsecond=0, tzinfo=UTC)
)


def task(status: str, priority: str = "routine", end: datetime | None = None, business: str = "") -> Resource:
    said = {"coding": [{"system": code_system("referral-business-status"), "code": business}]}
    return {
        "resourceType": "Task",
        "id": "t1",
        "status": status,
        "priority": priority,
        "code": {"coding": [{"code": "fulfill"}]},
        "owner": {"reference": "Organization/chu"},
        **({"restriction": {"period": {"end": instant(end)}}} if end else {}),
        **({"businessStatus": said} if business else {}),
    }


def test_whatever_is_not_over_waits_for_somebody() -> None:
    assert all(stage(task(status)) for status in WAITING)
    assert not any(stage(task(status)) for status in TERMINAL)
    assert set(OURS.stages) == {"consent", "acceptance", "outcome", "hold", "answer"}


@given(MOMENTS, st.sampled_from(WAITING), st.sampled_from(PRIORITIES))
def test_steps_are_in_order_and_no_look_comes_after_the_first_of_them(
    start: datetime, status: str, priority: str
) -> None:
    end = OURS.stages["acceptance"].of(priority).after(start, OURS.calendar)
    one = task(status, priority, end)
    found = list(steps(window(one, start, OURS, OURS.calendar), OURS, OURS.calendar, start))
    assert all(before.at <= after.at for before, after in pairwise(found))
    assert len({step.name for step in found}) == len(found)
    assert start - timedelta(hours=1) <= earliest(one, start, OURS) <= found[0].at


def test_the_deadline_itself_is_the_step_at_a_hundred() -> None:
    start = datetime(2026, 6, 1, 9, tzinfo=UTC)
    end = start + timedelta(hours=10)
    found = {
        step.do: step.at
        for step in steps(window(task("requested", end=end), start, OURS, OURS.calendar), OURS, OURS.calendar, start)
    }
    assert found["overdue"] == end


@given(
    st.sampled_from(WAITING),
    st.sampled_from(["", *sorted(HUB_ALONE)]),
    st.sampled_from(["remind", "overdue", "escalate"]),
)
def test_no_step_changes_a_status_and_what_is_waited_for_stays_said(status: str, business: str, do: str) -> None:
    before = task(status, business=business)
    after = late(before, do, datetime(2026, 6, 1, tzinfo=UTC))  # type: ignore[arg-type]
    assert after["status"] == before["status"]
    check(before, after, "hub")
    if business in STAYS:
        assert business_status(after) == business
    assert business_status(after) in {business, *LATE}


@pytest.mark.parametrize("status", WAITING)
def test_cancelled_for_lack_of_time_is_only_what_nobody_has_accepted(status: str) -> None:
    before = task(status)
    after = late(before, "cancel", datetime(2026, 6, 1, tzinfo=UTC))
    assert (after["status"] == "cancelled") == (status in {"draft", "requested", "received"})
    check(before, after, "hub")


def test_a_referral_that_waits_as_before_keeps_its_deadline() -> None:
    now = datetime(2026, 6, 1, 9, tzinfo=UTC)
    before = task("requested", "stat", now)
    received = {**before, "status": "received"}
    assert timed(before, received, now, OURS, OURS.calendar) is received
    assert run(before) == run(received)
    assert Timing().timed(before, task("accepted", "stat", now), now) == task("accepted", "stat", now)


def test_what_waits_for_nobody_is_never_looked_at() -> None:
    now = datetime(2026, 6, 1, 9, tzinfo=UTC)
    assert Timing().next_look([(None, task("completed"))], None, now) == FOREVER
    unchanged = task("accepted")
    assert Timing().next_look([(unchanged, unchanged)], now + timedelta(days=3), now) == now + timedelta(days=3)
    assert Timing().next_look([(unchanged, unchanged)], None, now) == now


def test_the_hours_of_a_service_are_read_as_the_directory_says_them() -> None:
    mornings = {"daysOfWeek": ["mon"], "availableStartTime": "08:30:00", "availableEndTime": "12:00:00"}
    overlapping = {"daysOfWeek": ["mon"], "availableStartTime": "11:00:00", "availableEndTime": "13:00:00"}
    night = {"daysOfWeek": ["sat"], "availableStartTime": "20:00:00", "availableEndTime": "02:00:00"}
    found = opening([{"availableTime": [mornings, overlapping, night]}], OURS.calendar)
    assert found.week[0] == ((510, 780),)
    assert found.week[5] == ((1200, 1440),)
    assert found.yearly == OURS.calendar.yearly
    always = opening([{"availableTime": [{"allDay": True}]}], OURS.calendar)
    assert (always.week, always.yearly) == (ALWAYS, frozenset())
    assert opening([{"active": False, "availableTime": [mornings]}, {}], OURS.calendar) is OURS.calendar
    shut = {"availableTime": [mornings], "notAvailable": [{"during": {"start": "2026-06-01", "end": "2026-06-01"}}]}
    (closed,) = opening([shut], OURS.calendar).closed
    assert closed == (datetime(2026, 5, 31, 23, tzinfo=UTC), datetime(2026, 6, 1, 23, tzinfo=UTC))


@given(MOMENTS, st.sampled_from(WAITING), st.integers(0, 4000))
def test_of_what_is_not_urgent_people_are_reminded_when_somebody_is_at_work(
    start: datetime, status: str, hours: int
) -> None:
    """Also of what its requester wants answered in the night: then no later than that."""
    end = start + timedelta(hours=hours)
    of = window(task(status, "routine", end), start, OURS, OURS.calendar)
    found = list(steps(of, OURS, OURS.calendar, start + timedelta(hours=hours)))
    assert all(before.at <= after.at for before, after in pairwise(found))
    for one in found:
        assert one.do == "overdue" or one.at == of.end or next_open(OURS.calendar, one.at) == one.at


@given(MOMENTS, st.sampled_from(["stat", "asap", "urgent"]))
def test_of_what_is_urgent_people_are_told_at_any_hour(start: datetime, priority: str) -> None:
    of = window(task("requested", priority, start + timedelta(hours=10)), start, OURS, OURS.calendar)
    first = next(steps(of, OURS, OURS.calendar, start))
    assert first.at == start + timedelta(hours=5)


@given(MOMENTS, st.sampled_from(WAITING), st.integers(0, 2000))
def test_there_is_always_a_next_time_that_somebody_is_told(start: datetime, status: str, hours: int) -> None:
    now = start + timedelta(hours=hours)
    of = window(task(status), start, OURS, OURS.calendar)
    found = list(steps(of, OURS, OURS.calendar, now))
    assert found[-1].at > now and found[-1].tell
    assert sum(" again " in step.name and step.at <= now for step in found) <= 1


def test_the_deadline_that_is_named_when_it_is_sent_holds_and_what_the_hub_guessed_gives_way() -> None:
    now = datetime(2026, 6, 5, 9, tzinfo=UTC)  # a Friday: three days later nobody is at work yet
    named = task("requested", "urgent", now + timedelta(hours=5))
    assert timed(None, named, now, OURS, OURS.calendar) == named
    for guessed in (task("requested", "urgent", now + timedelta(hours=72)), task("requested", "urgent")):
        sent = timed(None, guessed, now, OURS, OURS.calendar)
        assert sent["restriction"]["period"]["end"] == instant(
            OURS.stages["acceptance"].of("urgent").after(now, OURS.calendar)
        )
