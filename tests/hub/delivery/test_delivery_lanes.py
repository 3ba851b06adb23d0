"""What a destination that fails does to itself, and does not do to others; the clock is the test's own."""

from datetime import timedelta

import pytest

from hub.delivery.fan_out import fan_out
from hub.delivery.pauses import LONGEST_ASKED, LONGEST_PAUSE, Patience
from hub.delivery.worker import LONGEST_SEND, deliver
from hub.errors import UNAVAILABLE, Fatal, HubError, Retriable
from hub.ports import Changes, Destination, Due
from tests.support.association import HOSPITAL, Scene
from tests.support.delivering import Board

AWAY = Retriable("adapters.register-open")


def happen(at: Scene, *actions: str, to: str = "Task/t") -> None:
    """One commit after the other."""
    for action in actions:
        at.store.commit(Changes(outbox=[Due(action, "", to)]))


def run(at: Scene, board: Board, minutes: float, patience: Patience | None = None) -> int:
    """A worker that looks every ten seconds while something is due."""
    sent, until = 0, at.clock.now() + timedelta(minutes=minutes)
    while at.clock.now() < until:
        sent += deliver([board.way], hub=at.hub, patience=patience)
        opens = [lane["next_try"] for lane in at.store.database.lanes.find() if lane["failures"]]
        soon = at.clock.now() + timedelta(seconds=10)
        at.clock.at = min(until, max(soon, min(opens, default=soon)))
    return sent


def counts(at: Scene) -> tuple[int, int]:
    found = at.store.counts()
    return found["outbox.waiting"], found["outbox.dead"]


def test_a_destination_that_is_away_for_an_hour_is_told_everything_in_order_and_once(at: Scene) -> None:
    board = Board(("here", "away"), refuses={"away": AWAY})
    verbs = [f"referral.step-{n}" for n in range(12)]
    for verb in verbs:
        happen(at, verb)
        run(at, board, 5)
    assert (board.told("here"), board.told("away")) == (verbs, [])
    tries = len([one for one in board.calls if one[0] == "away"])
    assert tries < 15, "pauses grow"
    board.refuses.clear()
    run(at, board, 100)
    assert board.told("away") == verbs
    assert counts(at) == (0, 0)


def test_a_destination_that_is_away_costs_one_attempt_a_pause_however_much_waits(at: Scene) -> None:
    board = Board(at_once=50, refuses={"board": AWAY})
    at.store.commit(Changes(outbox=[Due("referral.send", "", f"Task/{n}") for n in range(200)]))
    run(at, board, 10)
    assert board.calls[0] == ("board", 50)
    assert {count for _, count in board.calls[1:]} == {1}
    assert len(board.calls) < 12
    board.refuses.clear()
    board.calls.clear()
    run(at, board, 30)
    assert len(board.sent) == 200
    assert [count for _, count in board.calls][:3] == [1, 4, 16]


def test_one_dispatch_that_nobody_takes_holds_up_its_own_referral_alone(at: Scene) -> None:
    board = Board(at_once=10, poison={"Task/3": Fatal("adapters.register-unreadable")})
    at.store.commit(Changes(outbox=[Due("referral.send", "", f"Task/{n}") for n in range(8)]))
    happen(at, "referral.accept", to="Task/3")
    run(at, board, 15)
    assert sorted(one.reference for _, one in board.sent) == [f"Task/{n}" for n in range(8) if n != 3]
    assert counts(at) == (2, 0)
    board.poison.clear()
    run(at, board, 60)
    assert [one.action for _, one in board.sent if one.reference == "Task/3"] == ["referral.send", "referral.accept"]


def test_whoever_says_when_to_come_back_is_not_asked_before(at: Scene) -> None:
    board = Board(refuses={"board": Retriable("adapters.register-open", after=600)})
    happen(at, "referral.send")
    happen(at, "referral.send", to="Task/u")
    run(at, board, 9)
    assert len(board.calls) == 1
    run(at, board, 8)
    assert len(board.calls) == 2


def test_nobody_is_left_for_longer_than_a_day_and_a_half_by_his_own_word(at: Scene) -> None:
    board = Board(refuses={"board": Retriable("adapters.register-open", after=10**9)})
    happen(at, "referral.send")
    deliver([board.way], hub=at.hub)
    at.clock.forward(LONGEST_ASKED * 1.5)
    deliver([board.way], hub=at.hub)
    assert len(board.calls) == 2


def test_a_weekend_away_loses_nothing_and_four_days_make_dead_letters(at: Scene) -> None:
    board = Board(refuses={"board": AWAY})
    happen(at, "referral.send", "referral.accept")
    run(at, board, 72 * 60)
    assert counts(at) == (2, 0)
    run(at, board, 30 * 60)
    assert counts(at) == (0, 2), "all that has waited as long"
    happen(at, "referral.complete")
    run(at, board, 4 * 60)
    assert counts(at) == (1, 2), "what came later waits its own time"


def test_dead_letters_that_are_replayed_arrive_in_their_order(at: Scene) -> None:
    board = Board(refuses={"board": AWAY})
    happen(at, "referral.send", "referral.accept")
    run(at, board, 5 * 60, Patience(timedelta(hours=2)))
    assert counts(at) == (0, 2)
    happen(at, "referral.complete")
    board.refuses.clear()
    dead = at.store.deliveries.find(["dead"], None, 99)
    assert at.store.deliveries.replay([one.id for one in dead]) == 2
    deliver([board.way], hub=at.hub)
    deliver([board.way], hub=at.hub)
    assert board.told() == ["referral.send", "referral.accept", "referral.complete"]


def test_time_in_which_no_worker_runs_is_not_counted(at: Scene) -> None:
    board = Board(refuses={"board": AWAY})
    happen(at, "referral.send")
    run(at, board, 30)
    at.clock.forward(timedelta(days=30))
    run(at, board, 30)
    assert counts(at) == (1, 0)


def test_the_key_of_a_dispatch_is_the_same_at_every_attempt(at: Scene) -> None:
    board = Board(refuses={"board": AWAY})
    keys: list[str] = []
    pack = board.pack
    board.pack = lambda dispatch: keys.append(dispatch.id) or pack(dispatch)  # type: ignore[func-returns-value,method-assign]
    happen(at, "referral.send")
    run(at, board, 5)
    board.refuses.clear()
    run(at, board, 60)
    assert len(keys) > 3 and set(keys) == {board.sent[0][1].id}


def test_consent_is_asked_again_at_every_attempt(at: Scene) -> None:
    at.receive(at.row())
    board = Board(organization=HOSPITAL, hub=at.hub, refuses={"board": AWAY})
    deliver([board.way], hub=at.hub)
    assert board.calls
    at.withdraw()
    board.refuses.clear()
    run(at, board, 15)
    assert {dispatch.action for _, dispatch in board.sent} == {"consent.notify"}, "that it ended, and nothing else"
    assert {one["state"] for one in at.store.database.dispatches.find()} == {"void"}


def test_a_worker_that_comes_back_after_its_lease_settles_nothing(at: Scene) -> None:
    """It hangs in the middle of sending; another takes over, is refused, and goes on waiting."""
    board, other = Board(), Board(refuses={"board": AWAY})
    happen(at, "referral.send")
    send = board.send

    def hang(destination: Destination, parcels: object) -> None:
        at.clock.forward(LONGEST_SEND + timedelta(seconds=1))
        assert deliver([other.way], hub=at.hub) == 0
        assert other.calls
        send(destination, parcels)  # type: ignore[arg-type]

    board.send = hang  # type: ignore[method-assign,assignment]
    assert deliver([board.way], hub=at.hub) == 0
    assert counts(at) == (1, 0), "at least once: the one who has the lane says what became of it"


def test_a_kind_of_destination_that_nobody_serves_here_waits(at: Scene) -> None:
    happen(at, "referral.send")
    board = Board()
    assert fan_out([board.way], hub=at.hub) == 1
    assert deliver([], hub=at.hub) == 0
    assert deliver([board.way], hub=at.hub) == 1


def test_a_row_of_which_it_cannot_be_said_whom_it_concerns_waits_and_stops_no_other(
    at: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    board, broken = Board(), Board()
    of = board.of
    broken.of = lambda row: 1 / 0 if row.reference == "Task/t" else of(row)  # type: ignore[method-assign,return-value]
    happen(at, "referral.send", "referral.accept")
    happen(at, "referral.send", to="Task/u")
    assert deliver([broken.way], hub=at.hub) == 1
    assert "delivery.no-destination" in caplog.text
    at.clock.forward(LONGEST_PAUSE * 2)
    assert deliver([board.way], hub=at.hub) == 2
    assert board.told() == ["referral.send", "referral.accept"]


def test_while_the_database_is_away_no_row_is_put_off(at: Scene) -> None:
    board = Board()

    def away(row: Due) -> list[Destination]:
        raise HubError(UNAVAILABLE)

    board.of = away  # type: ignore[method-assign,assignment]
    happen(at, "referral.send")
    with pytest.raises(HubError):
        deliver([board.way], hub=at.hub)
    assert [row["attempts"] for row in at.store.database.outbox.find()] == [0]
