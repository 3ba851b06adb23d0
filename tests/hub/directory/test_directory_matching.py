"""Which services answer a need, in which order and why: the order follows from each service alone, and better is never lower."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.conformance import validate
from hub.directory.matching import AGES, Wanted, around, ranked
from hub.directory.openings import opens
from hub.directory.telling import explained
from hub.directory.weights import CONFIRMED_FOR_DAYS, URGENT, WORTH
from hub.fhir import Resource
from hub.fhir.definitions import load
from tests.support.services import service

AT: Final = datetime(2026, 11, 25, 11, tzinfo=UTC)  # a Wednesday, 12:00 in Casablanca
NOW: Final = "2026-11-25T10:00:00+01:00"
LONG_AGO: Final = "2026-01-05T10:00:00+01:00"
WANTED: Final = Wanted(
    "shelter",
    AT,
    "MA-CAS",
    "urgent",
    "18-25",
    ("ary", "fr"),
    ("women-with-children", "pregnant"),
    ("wheelchair", "transport"),
)
WEEK: Final = ["mon", "tue", "wed", "thu", "fri"]

LADDERS: Final[dict[str, list[dict[str, Any]]]] = {
    "area": [{"area": ["MA-FES"]}, {}, {"area": ["MA-SET"]}, {"area": ["MA-CAS"]}],
    "room": [
        {"room": ("no-capacity", NOW)},
        {"room": ("capacity", LONG_AGO)},
        {"room": ("waitlist", NOW)},
        {"room": ("additional-assessment-required", NOW)},
        {"room": ("capacity", NOW)},
    ],
    "opening": [
        {},
        {"hours": [{"daysOfWeek": ["tue"], "allDay": True}]},
        {"hours": [{"daysOfWeek": WEEK, "availableStartTime": "08:30:00", "availableEndTime": "11:00:00"}]},
        {"hours": [{"daysOfWeek": WEEK, "availableStartTime": "08:30:00", "availableEndTime": "16:30:00"}]},
    ],
    "response": [{}, *({"answers": {"urgent": hours}} for hours in (100, 72, 24, 4))],
    "ages": [{}, {"ages": (20, 120)}, {"ages": (18, 25)}],
    "language": [{"speaks": ["es"]}, {}, {"speaks": ["es", "fr"]}, {"speaks": ["ar", "fr"]}],
    "eligibility": [{"receives": ["boys"]}, {}, {"receives": ["pregnant"]}, {"receives": ["anyone"]}],
    "characteristic": [
        {"has": ["mobile"]},
        {},
        {"has": ["wheelchair"]},
        {"has": ["wheelchair", "transport"]},
    ],
}
"""Aspect → what a service may say, the worse first."""


def ids(*services: Resource, **asked: Any) -> list[str]:
    excluded = asked.pop("excluded", ())
    return [fit.service["id"] for fit in ranked(services, replace(WANTED, **asked), excluded)]


def reasons(one: Resource, **asked: Any) -> list[str]:
    (fit,) = ranked([one], replace(WANTED, **asked))
    return [reason.code for reason in fit.reasons]


@st.composite
def said(draw: st.DrawFn) -> dict[str, Any]:
    return {aspect: draw(st.sampled_from(steps)) for aspect, steps in LADDERS.items()}


def of(id_: str, steps: dict[str, Any]) -> Resource:
    return service(id_, **{name: value for step in steps.values() for name, value in step.items()})


@given(said(), st.sampled_from(sorted(LADDERS)), st.data())
def test_a_service_that_is_better_in_one_respect_and_equal_in_the_rest_comes_first(
    steps: dict[str, Any], aspect: str, data: st.DataObject
) -> None:
    worse, better = data.draw(st.sampled_from(list(combinations(LADDERS[aspect], 2))))
    one, other = of("a", steps | {aspect: worse}), of("b", steps | {aspect: better})
    assert ids(one, other) == ["b", "a"]


@given(st.lists(said(), max_size=8), st.randoms())
def test_the_order_does_not_depend_on_how_they_were_found_nor_one_place_on_what_else_there_is(
    all_said: list[dict[str, Any]], chance: Any
) -> None:
    services = [of(f"s{n}", steps) for n, steps in enumerate(all_said)]
    order = ids(*services)
    chance.shuffle(services)
    assert ids(*services) == order
    left = [one for one in services if chance.random() < 0.5]
    assert ids(*left) == [id_ for id_ in order if any(one["id"] == id_ for one in left)]


@given(said())
def test_a_score_lies_between_nothing_and_one_and_every_reason_has_a_sentence_in_each_language(
    steps: dict[str, Any],
) -> None:
    (fit,) = ranked([of("a", steps)], WANTED)
    assert 0 <= fit.score <= 1
    for reason in fit.reasons:
        assert len({explained(reason, language) for language in ("ar", "fr", "en")}) == 3


def test_all_at_their_best_is_one_and_all_at_their_worst_is_nothing_but_what_was_not_told() -> None:
    best = of("best", {aspect: steps[-1] for aspect, steps in LADDERS.items()})
    (fit,) = ranked([best], WANTED)
    assert fit.score == 1
    assert not any(reason.doubt for reason in fit.reasons)


@pytest.mark.parametrize("aspect", LADDERS)
def test_what_a_test_says_of_a_service_is_what_the_contract_lets_an_organisation_say(aspect: str) -> None:
    for step in LADDERS[aspect]:
        assert not [issue for issue in validate(service("a", **step)) if issue.blocks]


# --- who is not among them ---------------------------------------------------------------------------------------------


def test_another_kind_an_inactive_one_and_one_that_receives_other_ages_are_not_among_them() -> None:
    assert ids(service("a", "legal"), service("b", active=False), service("c", ages=(0, 17)), service("d")) == ["d"]


def test_an_organisation_that_is_excluded_is_not_among_them() -> None:
    assert ids(service("a", by="nour"), service("b", by="amal"), excluded=("amal",)) == ["a"]


def test_closed_with_no_end_is_not_among_them_and_closed_until_a_day_opens_then() -> None:
    always = [{"daysOfWeek": [*WEEK, "sat", "sun"], "allDay": True}]
    gone = service("a", hours=always, away=[{"description": "-", "during": {"start": "2026-11-01"}}])
    away = service(
        "b", hours=always, away=[{"description": "-", "during": {"start": "2026-11-01", "end": "2026-11-27"}}]
    )
    assert ids(gone, away) == ["b"]
    assert opens(away, AT, always=False) == datetime(2026, 11, 27, 23, tzinfo=UTC)  # midnight in Casablanca
    assert "opens-later" in reasons(away)


@pytest.mark.parametrize(("band", "years"), AGES.items())
def test_an_age_band_means_its_years(band: str, years: tuple[int, int]) -> None:
    low, high = years
    assert "age-received" in reasons(service("a", ages=(low, high)), age_band=band)
    assert ids(service("a", ages=(high + 1, 200)), age_band=band) == []


def test_there_are_years_for_each_age_band_and_a_finding_for_each_reason() -> None:
    assert AGES.keys() == load().code_system("age-band").codes.keys()
    assert WORTH.keys() == load().code_system("match-reason").codes.keys()
    assert CONFIRMED_FOR_DAYS.keys() - {""} <= load().code_system("service-type").codes.keys()
    assert {code for _, code in load().value_set("http://hl7.org/fhir/ValueSet/request-priority").codes} > URGENT


# --- single findings ----------------------------------------------------------------------------------------------------


def test_a_service_of_the_region_serves_each_of_its_provinces() -> None:
    assert "serves-area" in reasons(service("a", area=["MA-06"]), area="MA-CAS")
    assert "serves-area" in reasons(service("a", area=["MA-CAS"]), area="MA-06")
    assert "serves-region" in reasons(service("a", area=["MA-SET"]), area="MA-CAS")
    assert "elsewhere" in reasons(service("a", area=["MA-06"]), area="MA-07")
    assert ("province", "MA-SET") in around("MA-CAS")
    assert around("MA-CAS") == around("MA-06")


def test_room_that_was_confirmed_too_long_ago_is_told_as_not_confirmed_since() -> None:
    (fit,) = ranked([service("a", room=("capacity", LONG_AGO))], WANTED)
    (room,) = (reason for reason in fit.reasons if WORTH[reason.code].aspect == "room")
    assert room.doubt
    assert explained(room, "en") == "Room not confirmed since 05/01/2026"
    assert explained(room, "fr") == "Places non confirmées depuis le 05/01/2026"
    assert "05/01/2026" in explained(room, "ar")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({}, "refused-for-room"),
        ({"room": ("capacity", "2026-11-20T10:00:00+01:00")}, "refused-for-room"),
        ({"room": ("capacity", LONG_AGO)}, "refused-for-room"),
        ({"room": ("capacity", NOW)}, "has-room"),
        ({"room": ("no-capacity", "2026-11-23T10:00:00+01:00")}, "no-room"),
    ],
)
def test_a_refusal_for_lack_of_room_is_told_until_its_room_is_said_anew_or_it_is_long_ago(
    said: dict[str, Any], told: str
) -> None:
    refused = {"a-org": datetime(2026, 11, 24, 9, tzinfo=UTC)}
    one = service("a", by="a-org", **said)
    (fit,) = ranked([one], replace(WANTED, refused_for_room=refused))
    (room,) = (reason for reason in fit.reasons if WORTH[reason.code].aspect == "room")
    assert room.code == told
    later = replace(WANTED, refused_for_room=refused, at=AT + timedelta(days=3))
    assert "refused-for-room" not in [reason.code for reason in ranked([one], later)[0].reasons]
    others = replace(WANTED, refused_for_room={"b-org": AT})
    assert "refused-for-room" not in [reason.code for reason in ranked([one], others)[0].reasons]


def test_what_is_lacking_is_named() -> None:
    (fit,) = ranked([service("a", has=["wheelchair"])], WANTED)
    assert "Has a part of what was asked for; lacking: Transport arranged or paid" in [
        explained(reason, "en") for reason in fit.reasons
    ]


@pytest.mark.parametrize(
    ("start", "end", "at", "opening"),
    [
        ("08:30:00", "16:30:00", "2026-11-25T08:30:00+01:00", "2026-11-25T08:30:00+01:00"),
        ("08:30:00", "16:30:00", "2026-11-25T16:30:00+01:00", "2026-11-26T08:30:00+01:00"),
        ("08:30:00", "16:30:00", "2026-11-27T17:00:00+01:00", "2026-11-30T08:30:00+01:00"),
        ("20:00:00", "06:00:00", "2026-11-26T05:59:00+01:00", "2026-11-26T05:59:00+01:00"),
        ("20:00:00", "06:00:00", "2026-11-26T06:00:00+01:00", "2026-11-26T20:00:00+01:00"),
        ("08:30:60", "16:30:60", "2026-11-25T07:00:00+01:00", "2026-11-25T08:30:00+01:00"),  # FHIR knows leap seconds
        ("09:00:00", "15:00:00", "2027-02-22T08:30:00+00:00", "2027-02-22T09:00:00+00:00"),  # Ramadan: Morocco is UTC
    ],
)
def test_opening_hours_are_those_of_the_clock_in_morocco(start: str, end: str, at: str, opening: str) -> None:
    one = service("a", hours=[{"daysOfWeek": WEEK, "availableStartTime": start, "availableEndTime": end}])
    assert opens(one, datetime.fromisoformat(at), always=False) == datetime.fromisoformat(opening)


def test_day_and_night_is_open_whatever_the_hours_say() -> None:
    assert "open-now" in reasons(service("a", has=["day-and-night"]))


def test_when_it_is_urgent_being_open_counts_more() -> None:
    open_now = service("open", hours=LADDERS["opening"][-1]["hours"], speaks=["es"])
    spoken = service("spoken", hours=LADDERS["opening"][2]["hours"], speaks=["fr"])
    assert ids(open_now, spoken, priority="routine") == ["spoken", "open"]
    assert ids(open_now, spoken, priority="urgent") == ["open", "spoken"]
