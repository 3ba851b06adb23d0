"""`deadlines.yaml`: what comes with the hub, and what a deployment says instead; what is wrong is named by its place."""

from datetime import date, timedelta
from typing import Any

import pytest

from hub import errors
from hub.errors import HubError
from hub.fhir.definitions import load
from hub.referral.deadline_file import deadlines, packaged
from hub.referral.deadlines import ANSWER_WITHIN
from hub.texts import LANGUAGES


def test_the_times_to_answer_are_those_of_the_referral_form() -> None:
    assert {name: one.amount for name, one in packaged().stages["acceptance"].within.items()} == ANSWER_WITHIN


def test_every_stage_tells_somebody_before_anything_is_given_up() -> None:
    for pace in packaged().stages.values():
        assert {"owner", "requester"} & {party for rung in pace.steps for party in rung.tell}
        assert "operator" in pace.steps[-1].tell
        assert all(rung.do != "cancel" for rung in pace.steps), "only where a deployment says so"


def test_clinical_windows_name_services_of_the_contract_and_their_source() -> None:
    codes = load().code_system("service-type").codes
    for window in packaged().windows:
        assert window.services <= set(codes)
        assert set(window.title) == set(LANGUAGES)
        assert window.source
    assert [(one.id, one.within) for one in packaged().windows] == [
        ("pep", timedelta(hours=72)),
        ("emergency-contraception", timedelta(hours=120)),
    ]


def test_a_deployment_corrects_the_days_that_follow_the_moon_and_keeps_the_rest() -> None:
    found = deadlines({"calendar": {"dated": [{"day": "2027-03-11", "sighting": True}]}})
    assert found.calendar.dated == {date(2027, 3, 11)}
    assert (found.calendar.week, found.calendar.yearly) == (packaged().calendar.week, packaged().calendar.yearly)
    assert found.stages == packaged().stages


def test_a_window_of_a_deployment_stands_in_place_of_ours_of_the_same_name() -> None:
    mine = {
        "id": "pep", "hours": 48, "services": ["medical"], "source": "protocol of the hospital",
        "title": {"ar": "و", "fr": "p", "en": "p"},
    }  # fmt: skip
    found = {one.id: one.within for one in deadlines({"windows": [mine]}).windows}
    assert found == {"pep": timedelta(hours=48), "emergency-contraception": timedelta(hours=120)}


WEEK = {day: ["09:00-15:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ([], "{ }"),
        ({"calender": {}}, "calender"),
        ({"calendar": None}, "calendar"),
        ({"calendar": {"zone": "Africa/Nowhere"}}, "calendar.zone"),
        ({"calendar": {"zone": "../../etc/passwd"}}, "calendar.zone"),
        ({"calendar": {"hours": {**WEEK, "mon": ["16:00-09:00"]}}}, "calendar.hours"),
        ({"calendar": {"hours": {**WEEK, "mon": ["9-16"]}}}, "calendar.hours.mon[0]"),
        ({"calendar": {"hours": {day: [] for day in WEEK}}}, "calendar.hours"),
        ({"calendar": {"dated": [{"day": "2027-02-30"}]}}, "calendar.dated"),
        ({"calendar": {"yearly": [{"day": "13-01"}]}}, "calendar.yearly"),
        ({"stages": {"acceptance": {"within": {}, "steps": []}}}, "stages.acceptance"),
        ({"stages": {"outcome": {"steps": [{"at": 300, "do": "cancel", "tell": ["owner"]}]}}}, "stages.outcome"),
        ({"windows": [{"id": "pep"}]}, "windows[1]"),
        ({"windows": 1}, "windows"),
        ({"coordinator": 3}, "coordinator"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(written: Any, place: str) -> None:
    with pytest.raises(HubError) as refused:
        deadlines(written)
    assert refused.value.problem is errors.BAD_FILE
    assert str(refused.value.params["detail"]).startswith(place)
