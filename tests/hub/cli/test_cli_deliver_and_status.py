"""`hub deliver` and `hub status`: what is due is sent once, and what there is is counted."""

from hub.bootstrap import opened
from hub.delivery.fan_out import fan_out
from hub.exchange import subscribe
from hub.ports import Caller
from tests.support.command_line import BAD, GOOD, Command, marks_in
from tests.support.subscribing import subscription


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
            "all_left_out": False,
        }
    ]
    hub("pull", "register")
    (connection,) = hub.json("status")["connections"]
    assert (connection["pulled"], connection["quarantined"]) == (True, 1)
    shown = hub("status").output
    assert "ServiceRequest" in shown
    assert marks_in(shown) == []


def test_how_subscriptions_stand_is_told_where_there_are_any(hub: Command) -> None:
    assert hub.json("status")["subscriptions"] == {"requested": 0, "active": 0, "error": 0, "off": 0, "oldest": None}
    assert "ubscription" not in hub("status").output
    with opened(hub.home) as deployment:
        caller = Caller("their-system", "example-association", "COC", frozenset({"system/*.cruds"}))
        for status in ("requested", "off"):
            asked = subscription("http://127.0.0.1:9/hook") | {"status": status}
            subscribe.create(asked, caller, lambda _: True, hub=deployment.hub)
        fan_out(deployment.ways, hub=deployment.hub)
    found = hub.json("status")["subscriptions"]
    assert {name: found[name] for name in ("requested", "active", "error", "off")} == {
        "requested": 1, "active": 0, "error": 0, "off": 1,
    }  # fmt: skip
    for language, words in (("en", "1 off, 1 not confirmed"), ("fr", "1 arrêté, 1 pas encore"), ("ar", "موقوفة 1")):
        shown = " ".join(hub("status", language=language).output.split())
        assert words in shown and found["oldest"] in shown
