"""How often workers may fail, and how long is waited in between."""

import signal

from hub.cli.workers import AT_FIRST, LONG_S, LONGEST_PAUSE_S, MOST_FAILED, MOST_KILLED, WINDOW_S, End, Failures

FAILED = End(1.0, 1)
KILLED = End(1.0, -signal.SIGKILL)


def ended(times: int, how: End, at: list[float]) -> Failures:
    found = Failures(lambda: at[0])
    for _ in range(times):
        found.add([how])
    return found


def test_the_first_that_ends_comes_back_at_once_and_later_ones_after_growing_pauses() -> None:
    pauses = [ended(times, KILLED, [0.0]).pause(1) for times in range(1, 40)]
    assert pauses[0] == 0.0
    assert pauses[1:] == sorted(pauses[1:]) and pauses[1] > 0
    assert pauses[-1] == LONGEST_PAUSE_S


def test_workers_that_fail_one_after_the_other_are_given_up_however_long_each_takes() -> None:
    at = [0.0]
    found = ended(MOST_FAILED, FAILED, at)
    assert not found.are_too_many(1, has_worked=True)
    at[0] = WINDOW_S * 10
    found.add([FAILED])
    assert found.are_too_many(1, has_worked=True)
    assert not found.are_too_many(2, has_worked=True), "each worker has as many"


def test_what_had_worked_for_a_while_is_no_failure_after_the_others() -> None:
    found = ended(MOST_FAILED, FAILED, [0.0])
    found.add([End(LONG_S + 1, 1)])
    assert not found.are_too_many(1, has_worked=True)


def test_before_it_has_answered_at_all_it_gives_up_soon() -> None:
    assert not ended(AT_FIRST, FAILED, [0.0]).are_too_many(1, has_worked=False)
    assert ended(AT_FIRST + 1, FAILED, [0.0]).are_too_many(1, has_worked=False)


def test_those_that_are_killed_come_back_unless_it_is_too_often_in_a_minute() -> None:
    at = [0.0]
    found = ended(MOST_KILLED, KILLED, at)
    assert not found.are_too_many(1, has_worked=True)
    found.add([KILLED])
    assert found.are_too_many(1, has_worked=True)
    at[0] = WINDOW_S
    found.add([KILLED])
    assert not found.are_too_many(1, has_worked=True), "those before are forgotten"
