"""What became of a referral goes back into the tool that it came from: at least once, once in effect, and as it stands now."""

import csv
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from openpyxl import load_workbook

from adapters.spreadsheet import adapter as spreadsheet
from hub.bootstrap import SystemClock
from hub.delivery.lanes import LEASE
from hub.delivery.pauses import FIRST_PAUSE, LONGEST_PAUSE
from hub.delivery.worker import Worker, deliver
from hub.delivery.write_back import Door, write_back
from hub.errors import UNAVAILABLE, Fatal, HubError, Retriable
from hub.fhir.definitions import load
from hub.ports import Changes, Destination, Due, Parcel
from tests.support.association import HOSPITAL, Scene, hospital, outcome, reason
from tests.support.delivering import Board, Tool, ways
from tests.support.patience import PATIENCE_S, until


def waiting(at: Scene) -> list[dict[str, object]]:
    """What is not sent: in the outbox, and on its way."""
    return [*at.store.database.outbox.find().sort("order"), *at.store.database.dispatches.find().sort("order")]


def register(at: Scene) -> list[dict[str, str]]:
    """The rows of the follow-up register, by column name."""
    book = load_workbook(at.connection.folder / "follow-up" / "register.xlsx")
    _, _, names, _, *rows = book.worksheets[0].iter_rows(values_only=True)
    book.close()
    return [{str(name): str(cell or "") for name, cell in zip(names, row, strict=True)} for row in rows if any(row)]


def test_every_answer_reaches_the_follow_up_register_of_the_association(at: Scene) -> None:
    task = at.accepted()
    assert deliver(ways(at, spreadsheet), hub=at.hub) == 2, "sent, accepted"
    (row,) = register(at)
    assert (row["referred_to"], row["referral_status"], row["referral_outcome"]) == ("CHU Atlas", "acceptée", "")
    at.clock.forward(timedelta(days=3))
    at.move(task, "completed", hospital(), **outcome())
    assert deliver(ways(at, spreadsheet), hub=at.hub) == 1
    (row,) = register(at)
    assert row["referral_status_date"] == "04/06/2026"
    assert row["referral_status"] != "acceptée" and row["referral_outcome"]
    assert waiting(at) == []


def test_the_register_in_csv_is_told_the_same_under_the_same_consent_and_trace(at: Scene) -> None:
    settings = {**at.connection.settings, "output_format": "csv"}
    at.connection = replace(at.connection, settings=settings)
    task = at.accepted()
    assert deliver(ways(at, spreadsheet), hub=at.hub) == 2
    path = at.connection.folder / "follow-up" / "register.csv"
    (row,) = csv.DictReader(path.read_text("utf-8-sig").splitlines(), delimiter=";")
    assert (row["Orientée vers"], row["Statut de l'orientation"]) == ("CHU Atlas", "acceptée")
    assert row["Référence (ne pas modifier)"] == task["id"] and "Zineb" not in path.read_text("utf-8-sig")
    assert [one for one in at.audit("disclosure.permit") if "connection:register" in str(one["agent"])]
    at.withdraw()
    deliver(ways(at, spreadsheet), hub=at.hub)
    (row,) = csv.DictReader(path.read_text("utf-8-sig").splitlines(), delimiter=";")
    assert row["Statut de l'orientation"] != "acceptée" and waiting(at) == []


def test_nothing_is_sent_twice(at: Scene) -> None:
    at.accepted()
    tool = Tool()
    assert deliver(ways(at, tool), hub=at.hub) == 2
    assert deliver(ways(at, tool), hub=at.hub) == 0
    assert len(tool.told) == 1


def test_what_is_told_is_the_state_at_the_time_of_sending_and_not_of_queueing(at: Scene) -> None:
    task = at.accepted()
    at.withdraw()
    tool = Tool()
    deliver(ways(at, tool), hub=at.hub)
    assert tool.told.keys() == {task["id"]}
    assert "acceptée" not in tool.told[task["id"]].values()


def test_consent_is_asked_when_the_message_is_made(at: Scene) -> None:
    """A connection of the hospital that had the case once is told nothing any more after the withdrawal."""
    task = at.accepted()
    theirs = replace(at.connection, organization=HOSPITAL)
    stored = at.store.read("Task", task["id"], None)
    assert stored is not None
    at.withdraw()
    at.store.database.Task.update_one({"_id": task["id"]}, {"$set": {"custodian": HOSPITAL}})
    tool = Tool()
    assert deliver([write_back({theirs.id: Door(theirs, tool, at.form)}, hub=at.hub)], hub=at.hub) == 0
    assert tool.calls == 0
    assert {row["state"] for row in waiting(at)} == {"void"}


def test_delivery_is_recorded_like_any_other_look(at: Scene) -> None:
    at.accepted()
    deliver(ways(at, Tool()), hub=at.hub)
    seen_by = [agent.get("altId") for event in at.audit("disclosure.permit") for agent in event["agent"]]
    assert "connection:register" in seen_by


def test_a_tool_that_is_away_is_tried_again_after_growing_pauses(at: Scene) -> None:
    at.receive(at.row())
    tool = Tool(*[Retriable("adapters.register-open") for _ in range(5)])
    pauses = []
    for attempt in range(5):
        assert deliver(ways(at, tool), hub=at.hub) == 0
        (row,) = at.store.database.dispatches.find()
        assert (row["attempts"], row["error"]) == (attempt + 1, "adapters.register-open")
        pauses.append(row["next_try"] - at.clock.now())
        at.clock.forward(pauses[-1] - timedelta(milliseconds=1))
        calls = tool.calls
        deliver(ways(at, tool), hub=at.hub)
        assert tool.calls == calls, "not before its time"
        at.clock.forward(timedelta(milliseconds=2))
    for number, pause in enumerate(pauses):
        assert FIRST_PAUSE * 2**number <= pause <= FIRST_PAUSE * 2**number * 1.5
    assert deliver(ways(at, tool), hub=at.hub) == 1
    assert waiting(at) == []


def test_no_pause_is_longer_than_an_hour_and_a_half(at: Scene) -> None:
    at.receive(at.row())
    tool = Tool(*[Fatal("adapters.register-unreadable") for _ in range(20)])
    for _ in range(20):
        deliver(ways(at, tool), hub=at.hub)
        (row,) = at.store.database.dispatches.find()
        (lane,) = at.store.database.lanes.find()
        next_try = max(row["next_try"], lane["next_try"])
        assert next_try - at.clock.now() <= LONGEST_PAUSE * 1.5
        at.clock.at = next_try
    assert min(row["next_try"], lane["next_try"]) - at.clock.now() > -LONGEST_PAUSE * 0.5


def test_a_tool_that_says_when_to_come_back_is_listened_to(at: Scene) -> None:
    at.receive(at.row())
    deliver(ways(at, Tool(Retriable("adapters.register-open", after=300))), hub=at.hub)
    (row,) = at.store.database.dispatches.find()
    assert timedelta(seconds=300) <= row["next_try"] - at.clock.now() <= timedelta(seconds=450)


def test_a_door_that_breaks_stops_no_other(at: Scene, caplog: pytest.LogCaptureFixture) -> None:
    at.receive(at.row())
    other = replace(at.connection, id="second")
    second = replace(at, connection=other)
    second.receive(second.row("9", case_number="77", survivor_code="S-9", cin=None))
    broken, sound = Tool(ZeroDivisionError("Zineb")), Tool()
    doors = {"register": Door(at.connection, broken, at.form), "second": Door(other, sound, at.form)}
    both = [write_back(doors, hub=at.hub)]
    assert deliver(both, hub=at.hub) == 1
    assert len(sound.told) == 1
    (row,) = at.store.database.dispatches.find()
    assert row["error"] == "delivery.broken"
    assert [record.getMessage() for record in caplog.records] == ["delivery.failed"]
    at.clock.forward(timedelta(minutes=1))
    assert deliver(both, hub=at.hub) == 1


def test_a_row_of_a_connection_that_is_gone_is_dropped(at: Scene) -> None:
    at.receive(at.row())
    assert deliver([write_back({}, hub=at.hub)], hub=at.hub) == 0
    assert waiting(at) == []


def test_a_row_about_nothing_is_dropped(at: Scene) -> None:
    at.store.commit(Changes(outbox=[Due("referral.send", "", "Task/00000000-0000-4000-8000-000000000000")]))
    assert deliver([write_back({}, hub=at.hub)], hub=at.hub) == 0
    assert waiting(at) == []


def test_what_a_worker_took_and_never_sent_is_sent_by_the_next(at: Scene) -> None:
    at.receive(at.row())
    tool = Tool(Retriable("adapters.register-open"))
    deliver(ways(at, tool), hub=at.hub)
    at.clock.forward(timedelta(seconds=5))
    now, to = at.clock.now(), Destination("connection", "register")
    assert at.store.deliveries.take(to, "a worker that dies", now, now + LEASE)
    assert deliver(ways(at, tool), hub=at.hub) == 0
    at.clock.forward(LEASE)
    assert deliver(ways(at, tool), hub=at.hub) == 1


def test_a_refusal_goes_back_with_its_reason(at: Scene) -> None:
    at.receive(at.row())
    at.move(at.one("Task"), "rejected", hospital(), **reason("no-capacity"))
    deliver(ways(at, spreadsheet), hub=at.hub)
    (row,) = register(at)
    label = load().display("referral-status-reason", "no-capacity", "fr")
    assert (row["referral_status"], row["referral_outcome"]) == ("refusée", label)


def test_nothing_that_identifies_her_goes_into_the_follow_up_register(at: Scene) -> None:
    at.accepted()
    deliver(ways(at, spreadsheet), hub=at.hub)
    text = str(register(at))
    assert not [secret for secret in ("Zineb", "AB123456", "Orangers", "0612345678", "peur", "S-7") if secret in text]


@contextmanager
def working(*workers: Worker) -> Iterator[None]:
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        for worker in workers:
            worker.stop()
        assert not any(worker.is_alive() for worker in workers)


def test_the_worker_delivers_until_it_is_stopped(at: Scene) -> None:
    tool = Tool()
    with working(Worker(ways(at, tool), at.hub, every=0.02)):
        at.receive(at.row())
        until(lambda: tool.told)


def test_the_worker_sends_when_something_is_committed_and_does_not_wait_for_its_next_look(at: Scene) -> None:
    board = Board()
    with working(Worker([board.way], at.hub, every=3600)):
        at.store.commit(Changes(outbox=[Due("referral.send", "", "Task/t")]))
        until(lambda: board.sent)
        at.store.commit(Changes(outbox=[Due("referral.accept", "", "Task/t")]))
        until(lambda: len(board.sent) == 2)


def test_a_worker_that_hears_nothing_looks_all_the_same(at: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def deaf() -> None:
        raise HubError(UNAVAILABLE)

    monkeypatch.setattr(at.store.deliveries, "commits", deaf)
    board = Board()
    with working(Worker([board.way], at.hub, every=0.05)):
        at.store.commit(Changes(outbox=[Due("referral.send", "", "Task/t")]))
        until(lambda: board.sent)


def test_a_destination_that_hangs_holds_no_other_up(at: Scene) -> None:
    board, released = Board(("hangs", "other")), threading.Event()
    send = board.send

    def hang(destination: Destination, parcels: Sequence[Parcel]) -> None:
        if destination.id == "hangs":
            released.wait(PATIENCE_S)
        send(destination, parcels)

    board.send = hang  # type: ignore[method-assign]
    verbs = [f"referral.step-{n}" for n in range(5)]
    with working(Worker([board.way], at.hub, every=0.05)):
        for verb in verbs:
            at.store.commit(Changes(outbox=[Due(verb, "", "Task/t")]))
        until(lambda: board.told("other") == verbs)
        assert board.told("hangs") == []
        released.set()
        until(lambda: board.told("hangs") == verbs)


def test_several_workers_send_everything_once_and_in_order(at: Scene) -> None:
    board = Board(("one", "two"))
    rows = [Due(f"referral.step-{n}", "", f"Task/{n % 4}") for n in range(40)]
    with working(*(Worker([board.way], at.hub, every=0.05) for _ in range(3))):
        for row in rows:
            at.store.commit(Changes(outbox=[row]))
        until(lambda: len(board.sent) >= 80)
    assert len(board.sent) == 80
    for name in ("one", "two"):
        for reference in {row.reference for row in rows}:
            came = [one.action for to, one in board.sent if to == name and one.reference == reference]
            assert came == [row.kind for row in rows if row.reference == reference]


def test_a_worker_that_is_to_stop_finishes_what_is_under_way_and_begins_nothing(at: Scene) -> None:
    board, begun, released = Board(), threading.Event(), threading.Event()
    send = board.send

    def wait(destination: Destination, parcels: Sequence[Parcel]) -> None:
        begun.set()
        released.wait(PATIENCE_S)
        send(destination, parcels)

    board.send = wait  # type: ignore[method-assign]
    at.store.commit(Changes(outbox=[Due(f"referral.step-{n}", "", "Task/t") for n in range(5)]))
    worker = Worker([board.way], at.hub, every=0.05)
    worker.start()
    assert begun.wait(PATIENCE_S)
    stopping = threading.Thread(target=worker.stop)
    stopping.start()
    until(worker._stopped.is_set)
    released.set()
    stopping.join(PATIENCE_S)
    assert len(board.sent) == 1
    assert at.store.counts()["outbox.waiting"] == 4
    assert deliver([board.way], hub=at.hub) == 4, "nobody has the lane any more"


def test_a_worker_keeps_what_it_is_sending_for_longer_than_a_lease(at: Scene) -> None:
    """By the hub's own clock, as leases are given and renewed by it."""
    board, other = Board(), Board()
    hub = replace(at.hub, clock=SystemClock())
    send = board.send

    def slowly(destination: Destination, parcels: Sequence[Parcel]) -> None:
        time.sleep(2.5 * lease.total_seconds())
        send(destination, parcels)

    board.send = slowly  # type: ignore[method-assign]
    lease = timedelta(seconds=3)  # to be renewed six times meanwhile, also on a busy machine
    slow, second = Worker([board.way], hub, 0.05, lease=lease), Worker([other.way], hub, 0.05, lease=lease)
    at.store.commit(Changes(outbox=[Due("referral.send", "", "Task/t")]))
    slow.start()
    until(lambda: at.store.database.lanes.find_one({"worker": {"$ne": ""}}))
    with working(second):
        until(lambda: board.sent)
        slow.stop()
    assert (len(board.sent), other.sent) == (1, [])
