"""`hub delivery`: what was given up is read, sent again or forgotten, and nobody is named by it."""

import pytest
from pymongo import MongoClient

from tests.support.command_line import GOOD, Command, marks_in


@pytest.fixture
def dead(hub: Command, mongodb_uri: str, database: str) -> Command:
    """A register with one referral, whose news was given up: somebody has had the file open for days."""
    hub.register(GOOD)
    hub("pull", "register")
    (lock := hub.home / "follow-up" / "register" / ".~lock.register.xlsx#").parent.mkdir(parents=True, exist_ok=True)
    for folder in (hub.home / "follow-up", lock.parent):
        (folder / ".~lock.register.xlsx#").touch()
    assert hub.json("deliver")["sent"] == 0
    with MongoClient(mongodb_uri) as client:
        client[database].dispatches.update_many({}, {"$set": {"state": "dead", "attempts": 90}})
    for folder in (hub.home / "follow-up", lock.parent):
        (folder / ".~lock.register.xlsx#").unlink()
    return hub


def test_nothing_is_nothing(hub: Command) -> None:
    assert hub.json("delivery", "list") == {"destinations": [], "dispatches": []}
    assert "Nothing waits" in hub("delivery", "list").output
    assert hub.json("delivery", "replay", "--all") == {"count": 0}


def test_a_dead_letter_is_shown_with_its_destination_its_reference_and_its_problem(dead: Command) -> None:
    found = dead.json("delivery", "list")
    (to,), (letter,) = found["destinations"], found["dispatches"]
    assert (to["destination"], to["waiting"], to["dead"], to["failures"]) == ("connection/register", 0, 1, 1)
    assert (letter["action"], letter["state"], letter["attempts"]) == ("referral.send", "dead", 90)
    assert letter["reference"].startswith("Task/")
    assert dead.json("status")["outbox"]["dead"] == 1
    for speaks in ("en", "fr", "ar"):
        shown = dead("delivery", "list", language=speaks).output
        assert letter["problem"] and letter["reference"] in shown
        assert letter["id"][:12] in shown
        one = dead("delivery", "show", letter["id"][:8], language=speaks).output
        assert letter["id"] in one and letter["reference"] in one
        assert marks_in(shown + one) == []
    assert dead.json("delivery", "show", letter["id"]) == letter
    assert dead.json("delivery", "list", "--state", "waiting")["dispatches"] == []
    assert dead.json("delivery", "list", "--to", "connection/other")["dispatches"] == []


@pytest.mark.parametrize("how", [["--all"], ["--to", "connection/register"], []])
def test_what_is_replayed_arrives_once(dead: Command, how: list[str]) -> None:
    (letter,) = dead.json("delivery", "list")["dispatches"]
    assert dead.json("delivery", "replay", *(how or [letter["id"][:10]])) == {"count": 1}
    assert dead.json("delivery", "replay", "--all") == {"count": 0}
    assert dead.json("deliver") == {"sent": 1, "waiting": 0, "void": 0}
    assert dead.json("deliver")["sent"] == 0
    assert dead.json("delivery", "list") == {"destinations": [], "dispatches": []}


def test_what_is_dropped_is_not_sent(dead: Command) -> None:
    assert "1" in dead("delivery", "drop", "--to", "connection/register").output
    assert dead.json("delivery", "list")["dispatches"] == []
    assert dead.json("deliver")["sent"] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", "zz"], ["replay"], ["replay", "a", "--all"], ["drop"], ["drop", "zz"], ["replay", "--to", "register"],
        ["list", "--to", "/x"], ["list", "--state", "lost"], ["show", ""],
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_said(hub: Command, arguments: list[str]) -> None:
    assert hub("delivery", *arguments).exit_code == 2
