"""What the parties of a referral ask and write is told to the tool that the case came from: that it waits, and how much of it."""

from typing import Any

from openpyxl import load_workbook

from adapters.spreadsheet import adapter as spreadsheet
from hub.delivery.worker import deliver
from hub.exchange import change
from hub.fhir import Resource
from hub.fhir.serial import loads
from tests.support.association import Scene, association, hospital, reason
from tests.support.delivering import Tool, ways
from tests.support.network import cancellation, question

SECRET = "Peut-elle venir jeudi ?"


def made(at: Scene, resource: Resource, by: Any = None) -> Resource:
    found: Resource = loads(change.create(resource, by or hospital(), hub=at.hub).text)
    return found


def message(task: Resource) -> Resource:
    about = [{"reference": f"Task/{task['id']}"}]
    return {"resourceType": "Communication", "about": about, "payload": [{"contentString": SECRET}]}


def plain(code: str) -> Resource:
    """A reason in codes alone."""
    return {"statusReason": {"coding": reason(code)["statusReason"]["coding"]}}


def told(at: Scene, tool: Tool, task: Resource) -> dict[str, str]:
    """What the tool was told since, of the numbers beside the referral."""
    deliver(ways(at, tool), hub=at.hub)
    values = tool.told[task["id"]]
    names = ("information_asked", "cancellation_asked", "messages_waiting")
    return {name: values[name] for name in names if values[name] != "0"}


def test_a_question_of_the_recipient_is_told_to_the_tool_until_it_is_answered(at: Scene) -> None:
    task, tool = at.accepted(), Tool()
    assert told(at, tool, task) == {}
    asked = made(at, question(task["id"]))
    assert told(at, tool, task) == {"information_asked": "1"}
    at.move(asked, "rejected", association(), **plain("no-capacity"))
    assert told(at, tool, task) == {}


def test_a_message_is_told_to_the_tool_until_it_is_read_wherever_it_is_read(at: Scene) -> None:
    task, tool = at.accepted(), Tool()
    one, _ = made(at, message(task)), made(at, message(task))
    assert told(at, tool, task) == {"messages_waiting": "2"}
    read = [{"op": "replace", "path": "/status", "value": "completed"}]
    change.patch("Communication", one["id"], read, association(), expected=None, hub=at.hub)
    assert told(at, tool, task) == {"messages_waiting": "1"}


def test_of_what_is_written_to_it_the_tool_is_told_no_word(at: Scene) -> None:
    task, tool = at.accepted(), Tool()
    made(at, message(task))
    made(at, question(task["id"]))
    deliver(ways(at, tool), hub=at.hub)
    assert SECRET not in str(tool.told) and "Questionnaire" not in str(tool.told)


def test_a_request_to_cancel_is_told_until_it_is_answered(at: Scene) -> None:
    task, tool = at.accepted(), Tool()
    asked = made(at, cancellation(task["id"]), association())
    assert told(at, tool, task) == {"cancellation_asked": "1"}
    at.move(asked, "rejected", hospital(), **plain("safety-risk"))
    assert told(at, tool, task) == {}


def test_what_was_entered_in_error_and_what_was_cancelled_is_told_to_the_tool(at: Scene) -> None:
    task, tool = at.accepted(), Tool()
    deliver(ways(at, tool), hub=at.hub)
    before = tool.told[task["id"]]["referral_status"]
    at.move(task, "entered-in-error", association(), **reason("no-capacity"))
    deliver(ways(at, tool), hub=at.hub)
    after = tool.told[task["id"]]["referral_status"]
    assert after and after != before


def test_the_register_has_a_column_for_each(at: Scene) -> None:
    task = at.accepted()
    made(at, message(task))
    deliver(ways(at, spreadsheet), hub=at.hub)
    book = load_workbook(at.connection.folder / "follow-up" / "register.xlsx")
    _, _, names, labels, row = book.worksheets[0].iter_rows(values_only=True)
    book.close()
    values = dict(zip(names, row, strict=True))
    assert values["messages_waiting"] == "1" and values["information_asked"] == "0"
    assert "Messages à lire" in labels
