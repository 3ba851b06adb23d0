"""A tool with one place for each record is told of the foremost of the referrals that came from it, whichever was changed."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub.delivery.worker import deliver
from hub.exchange import change
from hub.exchange.foremost import rank
from hub.fhir import Resource
from hub.fhir.serial import loads
from hub.ports import FollowUp
from tests.support.association import Scene, association, hospital, outcome, reason
from tests.support.delivering import Tool, ways


class Form(Tool):
    """It asks once for the whole record, as a KoboToolbox form does."""

    manifest = replace(Tool.manifest, tells_one=True)

    def __init__(self) -> None:
        super().__init__()
        self.shows: FollowUp | None = None

    def push(self, connection: Any, follow_ups: Any) -> None:
        super().push(connection, follow_ups)
        self.shows = follow_ups[-1]


def shown(at: Scene, tool: Form) -> str:
    deliver(ways(at, tool), hub=at.hub)
    assert tool.shows is not None
    return tool.shows.id


def sent(at: Scene, need: Resource, priority: str) -> Resource:
    at.clock.at += timedelta(hours=1)
    made = {"resourceType": "Task", "status": "requested", "priority": priority, "owner": HOSPITAL, "focus": need}
    made |= {"code": {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]}}
    found: Resource = loads(change.create(made, association(), hub=at.hub).text)
    return found


HOSPITAL = {"reference": "Organization/chu-atlas"}


@pytest.fixture
def refused(at: Scene) -> Resource:
    """A referral from the register that the hospital has refused."""
    task = at.accepted()
    assert task["owner"] == HOSPITAL
    at.move(task, "rejected", hospital(), **reason("no-capacity"))
    return at.one("Task")


def test_one_referral_alone_is_told_of_until_its_end(at: Scene, refused: Resource) -> None:
    assert shown(at, Form()) == refused["id"]


def test_what_is_open_comes_before_what_is_over(at: Scene, refused: Resource) -> None:
    tool = Form()
    again = sent(at, refused["focus"], "routine")
    assert shown(at, tool) == again["id"]
    at.move(refused, "entered-in-error", association(), **reason("duplicate"))
    assert shown(at, tool) == again["id"]
    assert refused["id"] not in tool.told


def test_of_what_is_over_the_last_begun_is_told(at: Scene, refused: Resource) -> None:
    tool = Form()
    again = sent(at, refused["focus"], "routine")
    at.move(again, "accepted", hospital())
    at.move(again, "completed", hospital(), **outcome())
    assert shown(at, tool) == again["id"]
    assert tool.told.keys() == {again["id"]}


def test_open_before_over_then_sent_before_draft_then_urgent_then_new() -> None:
    code = {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]}
    said = [
        ("completed", "stat", "2026-06-09"), ("rejected", "routine", "2026-06-10"), ("draft", "stat", "2026-06-09"),
        ("requested", "routine", "2026-06-01"), ("on-hold", "routine", "2026-06-02"), ("accepted", "urgent", "2026-05-01"),
        ("received", "stat", "2026-04-01"),
    ]  # fmt: skip
    tasks = [
        {"resourceType": "Task", "id": f"t{n}", "code": code, "status": status, "priority": priority, "authoredOn": at}
        for n, (status, priority, at) in enumerate(said)
    ]
    assert sorted({one["id"]: one for one in tasks[::-1]}.values(), key=rank) == tasks


def test_a_tool_with_a_place_for_each_is_told_of_each(at: Scene, refused: Resource) -> None:
    tool = Tool()
    again = sent(at, refused["focus"], "urgent")
    deliver(ways(at, tool), hub=at.hub)
    assert tool.told.keys() == {refused["id"], again["id"]}
