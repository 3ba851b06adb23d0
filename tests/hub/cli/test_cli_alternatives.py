"""`hub referral alternatives`: who else could help, in three languages, and whether her consent is to be asked first."""

from typing import Any

import pytest

from hub.bootstrap import opened
from hub.exchange import change
from hub.exchange.publish import publish
from hub.ports import Caller
from tests.support.command_line import GOOD, Command, marks_in
from tests.support.network import reason
from tests.support.services import service


@pytest.fixture
def refused(hub: Command) -> str:
    """The referral of the row, refused; another organisation gives the same service."""
    hub.register(GOOD)
    assert hub("pull", "register").exit_code == 0
    (waits,) = hub.json("referral", "list")
    id_ = waits["referral"].removeprefix("Task/")
    with opened(hub.home) as deployment:
        publish([service("ailleurs", "psychosocial", "ailleurs")], hub=deployment.hub)
        said: Any = reason()["statusReason"]
        steps = [
            {"op": "add", "path": f"/{name}", "value": v}
            for name, v in (("status", "rejected"), ("statusReason", said))
        ]
        by = Caller("their-system", waits["owner"].removeprefix("Organization/"), "COC")
        change.patch("Task", id_, steps, by, expected=None, hub=deployment.hub)
    return str(waits["referral"])


def test_who_refused_is_left_out_and_consent_is_told(hub: Command, refused: str) -> None:
    (one,) = hub.json("referral", "alternatives", refused)
    assert (one["organization"], one["consent"]) == ("ailleurs", "needs-consent")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Ask her consent first"),
        ("fr", "Son accord est à demander d'abord"),
        ("ar", "تُطلب موافقتها أولا"),
    ],
)
def test_people_read_it_in_their_language(hub: Command, refused: str, language: str, said: str) -> None:
    shown = hub("referral", "alternatives", refused, language=language)
    assert shown.exit_code == 0, shown.output
    assert said in " ".join(shown.output.split())
    assert marks_in(shown.output) == []


def test_what_is_no_referral_is_told(hub: Command) -> None:
    assert hub("referral", "alternatives", "Patient/1").exit_code == 2
    assert hub("referral", "alternatives", "Task/nothing").exit_code == 1
