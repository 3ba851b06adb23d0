"""How long something takes is said in the largest unit that means something, with the plural of each language."""

from datetime import timedelta

import pytest

from hub.texts import durations

DAY, HOUR = timedelta(days=1), timedelta(hours=1)

COUNTED = {
    1: ("1 jour", "1 day", "يوم واحد"),
    2: ("2 jours", "2 days", "يومان"),
    3: ("3 jours", "3 days", "3 أيام"),
    10: ("10 jours", "10 days", "10 أيام"),
    11: ("11 jours", "11 days", "11 يوما"),
    99: ("99 jours", "99 days", "99 يوما"),
    100: ("100 jours", "100 days", "100 يوم"),
    102: ("102 jours", "102 days", "102 يوم"),
    103: ("103 jours", "103 days", "103 أيام"),
    111: ("111 jours", "111 days", "111 يوما"),
}


@pytest.mark.parametrize("count", COUNTED)
def test_days_are_counted_as_each_language_counts_them(count: int) -> None:
    assert tuple(durations.in_days(count * DAY, language) for language in ("fr", "en", "ar")) == COUNTED[count]


@pytest.mark.parametrize(
    ("span", "told"),
    [
        (timedelta(seconds=5), "1 minute"),
        (timedelta(minutes=119), "119 minutes"),
        (2 * HOUR, "2 hours"),
        (47 * HOUR, "47 hours"),
        (2 * DAY, "2 days"),
        (14 * DAY + 8 * HOUR, "14 days"),
    ],
)
def test_what_is_told_roughly_has_the_largest_unit_of_which_there_are_two(span: timedelta, told: str) -> None:
    assert durations.roughly(span, "en") == told


def test_the_hours_beside_the_days_are_told_where_there_are_any() -> None:
    span = timedelta(hours=344, minutes=57)
    assert [durations.in_days(span, one) for one in ("ar", "fr", "en")] == [
        "14 يوما و8 ساعات", "14 jours 8 heures", "14 days 8 hours",
    ]  # fmt: skip
    assert durations.in_days(50 * HOUR, "ar") == "يومان وساعتان"
