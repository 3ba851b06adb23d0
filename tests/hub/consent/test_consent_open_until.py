"""Until when what is open to somebody stays open, if nothing is withdrawn before."""

from datetime import UTC, datetime

from hub.consent.keys import open_until
from hub.ports import FOREVER, Key


def day(number: int) -> datetime:
    return datetime(2026, 3, number, tzinfo=UTC)


KEYS = (
    Key("amal|*|*"),
    Key("chu|COC|notice", day(1), day(20)),
    Key("chu|COC|core", day(1), day(10)),
    Key("chu|COC|identity", day(1), day(3)),
    Key("chu|HRESCH|core", day(1), day(4)),
    Key("nour|COC|core", day(1), day(6)),
)


def test_the_first_end_of_what_is_open_now_counts() -> None:
    assert open_until(KEYS, "chu", "COC", day(5)) == day(10)
    assert open_until(KEYS, "chu", "COC", day(2)) == day(3)


def test_what_has_no_end_has_none() -> None:
    assert open_until((Key("chu|COC|core"),), "chu", "COC", day(5)) == FOREVER


def test_where_nothing_is_open_it_is_over() -> None:
    assert open_until(KEYS, "chu", "COC", day(21)) == day(21)
    assert open_until(KEYS, "amal", "COC", day(5)) == day(5)
