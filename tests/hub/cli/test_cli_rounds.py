"""When connections are pulled: often enough, soon after a hint, and once for many."""

import threading

from hub.cli.rounds import AWAY, GATHERED, REST, Rounds
from tests.support.patience import PATIENCE_S


class Hours:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


def rounds(*connections: str) -> tuple[Rounds, Hours]:
    hours = Hours()
    made = Rounds(connections, 300.0, hours)
    made._changed.wait = kept_waiting  # type: ignore[method-assign]
    return made, hours


class KeptWaiting(Exception):  # noqa: N818 — it is no error
    """Nothing is due: whoever asks would wait, and the clock stands still."""


def kept_waiting(_: float | None = None) -> bool:
    raise KeptWaiting


def due(these: Rounds, hours: Hours, after: float) -> bool:
    """Whether something is due when so many seconds have passed."""
    hours.at += after
    try:
        return bool(these.wait())
    except KeptWaiting:
        return False
    finally:
        hours.at -= after


def test_all_are_pulled_at_first_since_nobody_knows_what_was_told_before() -> None:
    these, _ = rounds("b", "a")
    assert these.take() == ["a", "b"]


def test_without_a_hint_each_is_pulled_every_so_often() -> None:
    these, hours = rounds("a")
    these.take()
    these.done("a")
    assert not due(these, hours, 299)
    assert due(these, hours, 300)


def test_a_hint_is_followed_by_a_pull_of_that_connection_alone() -> None:
    these, hours = rounds("a", "b")
    for one in these.take():
        these.done(one)
    hours.at += REST + 1
    these.hear("b")
    assert not due(these, hours, GATHERED / 2)
    hours.at += GATHERED
    assert these.take() == ["b"]


def test_a_hundred_hints_are_one_pull() -> None:
    these, hours = rounds("a")
    these.take()
    these.done("a")
    hours.at += REST
    for _ in range(100):
        these.hear("a")
    hours.at += GATHERED
    assert these.take() == ["a"]
    these.done("a")
    assert not due(these, hours, 299)


def test_a_hint_during_a_pull_is_followed_by_one_more_after_a_rest() -> None:
    these, hours = rounds("a")
    these.take()
    hours.at += 60
    these.hear("a")
    these.hear("a")
    these.done("a")
    assert not due(these, hours, REST - 1)
    hours.at += REST
    assert these.take() == ["a"]
    these.done("a")
    assert not due(these, hours, 299)


def test_a_tool_that_asks_for_patience_is_left_alone_whatever_it_tells() -> None:
    these, hours = rounds("a")
    these.take()
    these.done("a", after=600)
    these.hear("a")
    assert not due(these, hours, 599)
    assert due(these, hours, 600)


def test_what_was_taken_and_not_done_is_due_again() -> None:
    these, hours = rounds("a", "b")
    these.take()
    these.again()
    assert not due(these, hours, AWAY - 1)
    assert due(these, hours, AWAY)


def test_a_hint_wakes_who_waits() -> None:
    these = Rounds(["a"], 300.0)
    these.take()
    these.done("a")
    these._rested["a"] = 0.0
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.extend(these.take()), daemon=True)
    thread.start()
    these.hear("a")
    thread.join(PATIENCE_S)
    assert found == ["a"]
