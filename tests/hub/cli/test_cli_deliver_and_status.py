"""`hub deliver` and `hub status`: what is due is sent once, and what there is is counted."""

from tests.support.command_line import BAD, GOOD, Command, marks_in


def test_what_is_due_is_sent_once(hub: Command) -> None:
    hub.register(GOOD)
    hub("pull", "register")
    waiting = hub.json("status")["outbox"]["waiting"]
    assert waiting == 1
    assert hub.json("deliver") == {"sent": 1, "waiting": 0, "void": 0}
    assert hub.json("deliver") == {"sent": 0, "waiting": 0, "void": 0}
    assert list((hub.home / "follow-up").glob("*.xlsx"))
    assert "Sent: 0" in hub("deliver").output


def test_the_numbers_are_told(hub: Command) -> None:
    empty = hub.json("status")
    assert "Patient" not in empty["stored"]
    assert empty["stored"]["Organization"] == 2
    hub.register(GOOD, BAD)
    assert hub.json("status")["connections"] == [
        {
            "connection": "register",
            "organization": "example-association",
            "adapter": "spreadsheet",
            "mapping": "spreadsheet/register-fr",
            "pulled": False,
            "quarantined": 0,
        }
    ]
    hub("pull", "register")
    (connection,) = hub.json("status")["connections"]
    assert (connection["pulled"], connection["quarantined"]) == (True, 1)
    shown = hub("status").output
    assert "ServiceRequest" in shown
    assert marks_in(shown) == []
