"""How old she was on the day of an event, from what is known of it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.consent.ages import born, days
from hub.fhir import Resource
from hub.fhir.canonicals import profile
from hub.fhir.instants import span

EVENT = "2026-03-12"


def told(**said: Any) -> Resource:
    kinds = {"asOf": "valueDate", "estimated": "valueBoolean"}
    parts = [{"url": name, kinds.get(name, "valueInteger"): value} for name, value in said.items()]
    return {"extension": [{"url": profile("reported-age"), "extension": parts}]}


def band(code: str) -> Resource:
    return {"extension": [{"url": profile("age-band"), "valueCode": code}]}


def ages(patient: Resource, on: str = EVENT) -> tuple[int, int] | None:
    known = born(patient, days(EVENT), 18)
    return (known.lowest_age(days(on)), known.highest_age(days(on))) if known else None


@pytest.mark.parametrize(
    ("patient", "lowest", "highest"),
    [
        ({"birthDate": "2008-03-12"}, 18, 18),
        ({"birthDate": "2008-03-13"}, 17, 17),
        ({"birthDate": "2008-03"}, 17, 18),
        ({"birthDate": "2008"}, 17, 18),
        (told(age=17, asOf="2026-03-12"), 17, 17),
        (told(age=17, asOf="2025-03-12"), 18, 18),
        (told(age=17, asOf="2025"), 17, 19),
        (told(age=17), 17, 17),
        (told(low=15, high=20), 15, 20),
        (told(low=18), 18, 130),
        (band("15-17"), 15, 17),
        (band("61-plus"), 61, 130),
        (band("minor"), 0, 17),
        (band("adult"), 18, 130),
    ],
)
def test_an_age_is_a_range_as_wide_as_what_is_not_known(patient: Resource, lowest: int, highest: int) -> None:
    assert ages(patient) == (lowest, highest)


@pytest.mark.parametrize("patient", [{}, band("unknown"), told(estimated=True), {"extension": [{"url": "other"}]}])
def test_what_is_not_known_is_no_age(patient: Resource) -> None:
    assert ages(patient) is None


def test_a_birth_date_is_believed_before_an_age_and_an_age_before_a_band() -> None:
    assert ages({**told(age=30), "birthDate": "2010-01-01"}) == (16, 16)
    assert ages({"extension": [*band("adult")["extension"], *told(age=12)["extension"]]}) == (12, 12)


@pytest.mark.parametrize(
    ("birth", "day"),
    [("2008-05-20", "2026-05-20"), ("2008-05", "2026-05-01"), ("2008", "2026-01-01"), ("2008-02-29", "2026-02-28")],
)
def test_she_may_be_of_age_from_the_first_day_that_is_possible(birth: str, day: str) -> None:
    known = born({"birthDate": birth}, days(EVENT), 18)
    assert known is not None
    assert known.may_be(18) == span(day)[0]  # midnight in Morocco


@given(st.dates(min_value=days("1900-01-01").first, max_value=days("2026-03-12").first), st.sampled_from([4, 7, 10]))
def test_less_known_of_a_birth_date_is_a_wider_range_around_the_same_age(day: Any, precision: int) -> None:
    whole, part = ages({"birthDate": day.isoformat()}), ages({"birthDate": day.isoformat()[:precision]})
    assert whole is not None
    assert part is not None
    assert part[0] <= whole[0] == whole[1] <= part[1]
