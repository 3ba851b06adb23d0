"""A deliverer that is stopped for longer than its lease never puts what is old over what is new."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from openpyxl import load_workbook

from adapters.spreadsheet import adapter as spreadsheet
from hub.delivery.worker import LONGEST_SEND, deliver
from hub.errors import Retriable
from hub.ports import Connection, FollowUp
from tests.support.association import Scene, hospital, outcome
from tests.support.delivering import Tool, ways


class Stopped(Tool):
    """One that is stopped once as it reaches the tool, or as it packs, while `meanwhile` happens."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        super().__init__()
        self.meanwhile: Callable[[], object] | None = meanwhile

    def stop(self) -> None:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            meanwhile()

    def push(self, connection: Connection, follow_ups: Sequence[FollowUp]) -> None:
        self.stop()
        super().push(connection, follow_ups)


def completed_meanwhile(at: Scene, task: dict[str, object], others: Callable[[], Tool]) -> Callable[[], None]:
    """Longer than a lease: somebody completes the referral, and another deliverer tells it."""

    def meanwhile() -> None:
        at.clock.forward(LONGEST_SEND + timedelta(seconds=1))
        at.move(task, "completed", hospital(), **outcome())
        assert deliver(ways(at, others()), hub=at.hub)

    return meanwhile


def test_what_was_packed_before_a_stop_is_not_sent_after_it(at: Scene) -> None:
    task = at.accepted()
    deliver(ways(at, tool := Tool()), hub=at.hub)
    at.move(task, "in-progress", hospital())
    (way,) = ways(at, tool)
    meanwhile, pack = completed_meanwhile(at, task, lambda: tool), way.carrier.pack
    stops = [meanwhile]

    def packed(dispatch: object) -> object:
        made = pack(dispatch)  # type: ignore[arg-type]
        while stops:
            stops.pop()()
        return made

    object.__setattr__(way.carrier, "pack", packed)
    calls = tool.calls
    assert deliver([way], hub=at.hub) == 0
    assert tool.told[task["id"]]["referral_status"] == "réalisée, clôturée"
    assert tool.calls == calls + 2, "it asked whether the lane is still its own, and told nothing"


def test_what_reaches_a_tool_too_late_is_told_once_more_as_it_stands_now(
    at: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    task = at.accepted()
    tool = Stopped(completed_meanwhile(at, task, lambda: tool))
    deliver(ways(at, tool), hub=at.hub)
    assert "delivery.told-again" in caplog.text
    assert tool.told[task["id"]]["referral_status"] == "acceptée", "what is old was put over what is new"
    deliver(ways(at, tool), hub=at.hub)
    assert tool.told[task["id"]]["referral_status"] == "réalisée, clôturée"
    assert at.store.counts()["outbox.waiting"] == 0


def test_a_failure_after_a_stop_is_mended_like_any_other_late_arrival(at: Scene) -> None:
    """Its answer was lost: what it sent may have arrived."""
    task = at.accepted()
    tool = Stopped(completed_meanwhile(at, task, lambda: tool))
    arrive = tool.push

    def cut(connection: Connection, follow_ups: Sequence[FollowUp]) -> None:
        late = tool.meanwhile is not None
        arrive(connection, follow_ups)
        if late:
            raise Retriable("adapters.kobo-slow")

    tool.push = cut  # type: ignore[method-assign]
    deliver(ways(at, tool), hub=at.hub)
    assert tool.told[task["id"]]["referral_status"] == "acceptée"
    deliver(ways(at, tool), hub=at.hub)
    assert tool.told[task["id"]]["referral_status"] == "réalisée, clôturée"


def test_the_register_takes_nothing_that_is_older_than_what_stands_in_it(at: Scene) -> None:
    """The stop is at the last possible moment: the file is about to be written."""
    task = at.accepted()
    kept: list[Sequence[FollowUp]] = []

    class Keeps(Tool):
        def push(self, connection: Connection, follow_ups: Sequence[FollowUp]) -> None:
            kept.append(follow_ups)

    deliver(ways(at, Keeps()), hub=at.hub)
    at.clock.forward(timedelta(minutes=11))
    at.move(task, "completed", hospital(), **outcome())
    deliver(ways(at, spreadsheet), hub=at.hub)
    before = status_of(at)
    for late in kept:
        spreadsheet.push(at.connection, late)
    assert status_of(at) == before == "réalisée, clôturée"


def status_of(at: Scene) -> str:
    book = load_workbook(at.connection.folder / "follow-up" / "register.xlsx")
    _, _, names, _, row = book.worksheets[0].iter_rows(values_only=True)
    book.close()
    return str(dict(zip(names, row, strict=True))["referral_status"])
