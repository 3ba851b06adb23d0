"""`hub referral`: what waits for whom, in three languages, and nothing that identifies anybody."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub import texts
from hub.bootstrap import opened
from hub.exchange import change
from hub.fhir.instants import instant
from hub.ports import Caller
from tests.support.command_line import GOOD, Command, marks_in


@pytest.fixture
def waits(hub: Command) -> dict[str, Any]:
    hub.register(GOOD)
    assert hub("pull", "register").exit_code == 0
    (found,) = hub.json("referral", "list")
    return dict(found)


def test_a_referral_is_listed_with_who_holds_it_since_when_and_until_when(hub: Command, waits: dict[str, Any]) -> None:
    assert (waits["status"], waits["stage"], waits["overdue"]) == ("requested", "acceptance", False)
    assert waits["since"] < waits["steps"][0]["at"] < waits["until"]
    assert waits["requester"] == "Organization/example-association"
    assert hub.json("referral", "list", "--overdue") == []


def test_what_is_late_is_in_the_list_of_what_is_late(hub: Command, waits: dict[str, Any]) -> None:
    an_hour_ago = instant(datetime.now(UTC) - timedelta(hours=1))
    with opened(hub.home) as deployment:
        steps = [{"op": "replace", "path": "/restriction/period/end", "value": an_hour_ago}]
        by = Caller("their-system", "example-association", "COC")
        id_ = waits["referral"].removeprefix("Task/")
        change.patch("Task", id_, steps, by, expected=None, hub=deployment.hub)
    assert hub("deliver").exit_code == 0
    (late,) = hub.json("referral", "list", "--overdue")
    assert (late["referral"], late["overdue"]) == (waits["referral"], True)
    assert hub.json("status")["late"] == 1
    assert "late: 1" in hub("status").output


LATE_FOR_DAYS = {
    "ar": "مدة التأخر: 14 يوما و8 ساعات",
    "fr": "retard de 14 jours 8 heures",
    "en": "14 days 8 hours late",
}


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_more_than_two_days_are_told_in_days(hub: Command, waits: dict[str, Any], language: str) -> None:
    with opened(hub.home) as deployment:
        end = instant(deployment.hub.clock.now() - timedelta(days=14, hours=8, minutes=30))
        steps = [{"op": "replace", "path": "/restriction/period/end", "value": end}]
        by = Caller("their-system", "example-association", "COC")
        change.patch("Task", waits["referral"].removeprefix("Task/"), steps, by, expected=None, hub=deployment.hub)
    shown = hub("referral", "show", waits["referral"], language=language)
    assert LATE_FOR_DAYS[language] in " ".join(shown.output.split())


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_people_read_it_in_their_language_and_nobody_is_named(
    hub: Command, waits: dict[str, Any], language: str
) -> None:
    listed = hub("referral", "list", language=language)
    shown = hub("referral", "show", waits["referral"], language=language)
    for answer in (listed, shown):
        assert answer.exit_code == 0, answer.output
        assert waits["referral"] in answer.output
        assert marks_in(answer.output) == []
    assert texts.say("referral.requested", language).split()[0] in " ".join(listed.output.split())


def test_what_does_not_exist_or_is_no_referral_is_told(hub: Command, waits: dict[str, Any]) -> None:
    assert hub("referral", "show", "Task/nothing").exit_code == 1
    assert hub("referral", "show", "Patient/1").exit_code == 2
    assert hub("referral", "list", "--organization", "nobody").exit_code == 2
    assert hub("referral", "show", waits["referral"], "--as", "nobody").exit_code == 2


def test_the_time_for_care_is_not_asked_for_where_no_care_is_asked_for(hub: Command, waits: dict[str, Any]) -> None:
    """The row asks for psychosocial help."""
    assert json.loads(hub("referral", "show", waits["referral"], "--json").stdout)["windows"] == []


def test_the_course_of_a_referral_is_told_as_data(hub: Command, waits: dict[str, Any]) -> None:
    (sent,) = hub.json("referral", "timeline", waits["referral"])
    assert (sent["action"], sent["who"], sent["about"]) == ("referral.send", waits["requester"], waits["referral"])
    assert sent["at"] == waits["since"]


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_the_course_of_a_referral_is_read_in_ones_language(hub: Command, waits: dict[str, Any], language: str) -> None:
    answer = hub("referral", "timeline", waits["referral"], language=language)
    assert answer.exit_code == 0, answer.output
    assert texts.say("cli.referral-timeline.action", language) in answer.output
    assert waits["referral"] in answer.output
    assert marks_in(answer.output) == []
    assert hub("referral", "timeline", "Task/nothing").exit_code == 1
    assert hub("referral", "timeline", "Patient/1").exit_code == 2
