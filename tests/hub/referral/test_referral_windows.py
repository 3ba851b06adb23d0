"""What is left of the time for care after an assault: from what is known, as exactly as it is known, and never guessed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.fhir import Resource
from hub.fhir.canonicals import profile
from hub.referral.deadline_file import packaged
from hub.referral.windows import happened, left

NOW = datetime(2026, 6, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
WINDOWS = packaged().windows


def need(band: str = "", at: str = "2026-06-04T10:00:00+00:00") -> Resource:
    said = [{"url": profile("time-since-assault"), "valueCode": band}] if band else []
    return {"resourceType": "ServiceRequest", "authoredOn": at, "extension": said}


def incident(when: str) -> Resource:
    return {"resourceType": "Observation", "effectiveDateTime": when}


def states(*incidents: Resource, of: Resource | None = None, service: str = "medical") -> dict[str, Any]:
    return {one.window.id: (one.state, one.least, one.most) for one in left(WINDOWS, service, of, incidents, NOW)}


def test_from_an_hour_that_is_known_it_is_known_to_the_second() -> None:
    found = states(incident("2026-06-02T12:00:00+00:00"))
    assert found["pep"][0] == "open"
    assert found["pep"][1] == 24 * HOUR
    assert found["emergency-contraception"][1] == 72 * HOUR


def test_from_a_day_it_is_known_to_a_day() -> None:
    """A day in Casablanca, which begins at 23 h UTC of the day before."""
    found = states(incident("2026-06-02"))
    assert found["pep"] == ("open", 11 * HOUR, 35 * HOUR)


@pytest.mark.parametrize(
    ("day", "state"), [("2026-06-01", "perhaps"), ("2026-05-31", "closed"), ("2026-06", "perhaps")]
)
def test_what_may_be_over_is_told_as_what_may_be_over(day: str, state: str) -> None:
    assert states(incident(day))["pep"][0] == state


@pytest.mark.parametrize(
    ("band", "pep", "contraception"),
    [
        ("within-72-hours", "perhaps", "open"),
        ("within-120-hours", "closed", "perhaps"),
        ("after-120-hours", "closed", "closed"),
        ("unknown", "unknown", "unknown"),
        ("", "unknown", "unknown"),
    ],
)
def test_from_a_class_of_hours_no_more_is_known_than_it_says(band: str, pep: str, contraception: str) -> None:
    found = states(of=need(band))
    assert (found["pep"][0], found["emergency-contraception"][0]) == (pep, contraception)


def test_the_class_counts_from_when_it_was_written_and_not_from_now() -> None:
    found = states(of=need("within-72-hours", at="2026-05-20T10:00:00+00:00"))
    assert {state for state, _, _ in found.values()} == {"closed"}


def test_day_and_class_together_say_more_than_each_and_a_contradiction_says_nothing() -> None:
    assert states(incident("2026-06-01"), of=need("within-72-hours"))["pep"][0] == "perhaps"
    low, high = happened(need("within-72-hours"), [incident("2026-06-01")]) or (NOW, NOW)
    assert (low, high) == (datetime(2026, 6, 1, 10, tzinfo=UTC), datetime(2026, 6, 1, 23, tzinfo=UTC))
    assert happened(need("within-72-hours"), [incident("2026-01-01")]) is None


def test_of_several_incidents_the_last_counts() -> None:
    found = states(incident("2026-01-01"), incident("2026-06-03T12:00:00+00:00"))
    assert found["pep"][1] == 48 * HOUR


def test_other_services_have_no_such_window() -> None:
    assert states(incident("2026-06-03"), service="legal") == {}


@given(
    st.integers(0, 400), st.integers(0, 48), st.sampled_from(["within-72-hours", "within-120-hours", "after-120-hours"])
)
def test_whatever_the_hour_was_what_is_told_is_true_of_it(before: int, since: int, band: str) -> None:
    """An assault so many hours before the need was written, the class that fits, and a look some hours later."""
    fits = "within-72-hours" if before <= 72 else "within-120-hours" if before <= 120 else "after-120-hours"
    if band != fits:
        return
    written = NOW - since * HOUR
    for one in left(WINDOWS, "medical", need(band, written.isoformat()), [], NOW):
        real = written - before * HOUR + one.window.within - NOW
        assert one.least is not None
        assert one.most is not None
        assert one.least <= real <= one.most
