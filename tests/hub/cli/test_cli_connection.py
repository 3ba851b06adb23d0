"""`hub connection check`: everything tried on a few records, nothing stored, and what each recipient would see."""

import json

import pytest

from hub.texts import LANGUAGES, say
from tests.support.command_line import BAD, GOOD, MENDED, Command, marks_in

REFUSING = GOOD.replace(";oui;", ";refuse;").replace("AR-001", "AR-002").replace("1;05", "2;05", 1)


def test_what_each_recipient_would_see_is_told_and_nothing_is_stored(unread: Command) -> None:
    unread.register(GOOD, REFUSING)
    told = unread.json("connection", "check", "register")
    assert (told["read"], told["created"], told["failure"]) == (2, 2, None)
    (hospital,) = told["recipients"]
    assert (hospital["recipient"], hospital["persons"], hospital["at_once"]) == ("example-hospital", 1, ["notice"])
    assert {"core", "incident-summary", "needs-and-services", "safe-contact"} == set(hospital["accepted"])
    again = unread.json("connection", "check", "register")
    assert again["created"] == 2  # the first time nothing was stored
    shown = unread("connection", "check", "register").output
    assert "Nothing was stored" in shown
    assert marks_in(shown + json.dumps(told, ensure_ascii=False)) == []


def test_what_is_stored_already_is_told_too(unread: Command) -> None:
    unread.register(GOOD)
    assert unread("pull", "register").exit_code == 0
    told = unread.json("connection", "check", "register")
    assert (told["created"], told["unchanged"]) == (0, 1)
    assert [one["recipient"] for one in told["recipients"]] == ["example-hospital"]


def test_a_record_that_is_not_understood_is_told_with_its_place(unread: Command) -> None:
    unread.register(GOOD, BAD)
    shown = unread("connection", "check", "register")
    assert shown.exit_code == 3
    assert "row 3" in shown.output
    assert marks_in(shown.output) == []


def test_a_tool_that_cannot_be_entered_is_told_in_a_sentence(unread: Command) -> None:
    unread.register(GOOD)
    (unread.home / "registers" / "register.csv").unlink()
    shown = unread("connection", "check", "register")
    assert shown.exit_code == 1
    assert "Traceback" not in shown.output


@pytest.mark.parametrize("speaks", LANGUAGES)
def test_a_consent_whose_term_is_past_is_told_where_nobody_would_see_anything(unread: Command, speaks: str) -> None:
    unread.register(GOOD.replace("2026", "2019"), REFUSING)
    assert unread.json("connection", "check", "register")["ended"] == 1  # who refused has no consent that could end
    shown = unread("connection", "check", "register", language=speaks).output
    assert say("cli.connection-check.ended", speaks, count=1) in " ".join(shown.split())


@pytest.mark.parametrize("speaks", LANGUAGES)
def test_what_was_set_aside_before_is_counted_and_said_where_to_see(unread: Command, speaks: str) -> None:
    unread.register(GOOD, BAD)
    assert unread.json("connection", "check", "register")["set_aside"] == 0  # it would be, and was not yet
    unread("pull", "register")
    told = say("cli.connection-check.waiting", speaks, count=1, name="register")
    for rows in ("20", "1"):  # whether it is among those that are tried or not
        shown = unread("connection", "check", "register", "--rows", rows, language=speaks).output
        assert told in " ".join(shown.split())
    assert unread.json("connection", "check", "register")["set_aside"] == 1
    unread.register(GOOD, MENDED)
    unread("pull", "register")
    assert "quarantine list" not in unread("connection", "check", "register", language=speaks).output
