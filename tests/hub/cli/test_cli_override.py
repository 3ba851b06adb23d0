"""`hub override`: an emergency at the hub itself, a duty, and the review of both; nothing personal stands in a command line."""

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hub import texts
from hub.__main__ import main
from hub.bootstrap import opened
from hub.exchange import disclose
from hub.fhir.references import split
from hub.ports import Caller
from tests.support.command_line import GOOD, Command, marks_in

WORDS = "Amenée sans connaissance, personne ne répond."
DUTY = "overrides:\n- {id: legal-duty, enabled: true}\n"


def typed(hub: Command, *arguments: str, line: str = "", language: str = "en") -> Result:
    whole = ["--home", str(hub.home), "--lang", language, "override", *arguments]
    return CliRunner(catch_exceptions=False).invoke(main, whole, input=line)


@pytest.fixture
def her(hub: Command) -> dict[str, Any]:
    """A woman who consented to a referral; she and its recipient, as the list shows them."""
    hub.register(GOOD)
    assert hub("pull", "register").exit_code == 0
    (found,) = hub.json("consent", "list", "example-association")
    return {"survivor": found["survivor"], "hospital": found["recipients"][0]}


def open_it(hub: Command, her: dict[str, Any], *more: str, words: str = WORDS) -> Result:
    asked = ("--for", her["hospital"], "--survivor", her["survivor"], "--reason", "medical-emergency", *more)
    return typed(hub, "open", *asked, line=f"{words}\n")


def test_an_emergency_is_opened_listed_counted_reviewed_and_told_to_her(hub: Command, her: dict[str, Any]) -> None:
    done = open_it(hub, her)
    assert done.exit_code == 0, done.output
    (listed,) = json.loads(typed(hub, "list", "--json").stdout)
    assert (listed["kind"], listed["words"], listed["outcome"]) == ("break-glass", WORDS, None)
    assert hub.json("status")["reviews"] == 1
    assert "wait for a review: 1" in hub("status").output
    assert typed(hub, "review", listed["review"], "--outcome", "justified").exit_code == 0
    assert "Nothing waits" in typed(hub, "list").output
    (after,) = json.loads(typed(hub, "list", "--all", "--json").stdout)
    assert after["outcome"] == "justified"
    (told,) = hub.json("consent", "disclosures", her["survivor"])["exceptions"]
    assert (told["task"], told["reason"], told["review"]) == (listed["review"], "medical-emergency", "justified")


def test_a_look_through_the_broken_glass_stands_on_her_page_with_why(hub: Command, her: dict[str, Any]) -> None:
    open_it(hub, her)
    with opened(hub.home) as deployment:
        by = Caller("their-system", her["hospital"], "BTG")
        disclose.read(*split(her["survivor"]), by, hub=deployment.hub)
    (seen,) = [one for one in hub.json("consent", "disclosures", her["survivor"])["seen"] if one["purpose"] == "BTG"]
    (exception,) = hub.json("consent", "disclosures", her["survivor"])["exceptions"]
    assert (seen["consents"], seen["exceptions"]) == ([], [exception["task"]])
    assert "identity" in seen["data_classes"]
    for language in texts.LANGUAGES:
        page = hub.home / f"page-{language}.html"
        hub("consent", "disclosures", her["survivor"], "--out", str(page), language=language)
        written = page.read_text("utf-8")
        for key in ("exceptions", "exception-break-glass", "review-waits"):
            assert texts.say(f"disclosures.{key}", language) in written.replace("&#39;", "'")
        assert WORDS not in written and marks_in(written) == []


def test_a_number_is_asked_for_and_stands_in_no_argument(hub: Command, her: dict[str, Any]) -> None:
    with opened(hub.home) as deployment:
        patient = deployment.hub.store.read(*split(her["survivor"]), None)
        assert patient
        code = patient.resource()["identifier"][0]["value"]
    asked = ("open", "--for", her["hospital"], "--by", "survivor-code", "--reason", "danger-to-life")
    assert typed(hub, *asked, line=f"{code}\n{WORDS}\n").exit_code == 0
    nobody = typed(hub, *asked, line=f"{code}0\n{WORDS}\n")
    assert nobody.exit_code == 1 and code not in nobody.output


@pytest.mark.parametrize("words", ["", "urgent"])
def test_without_a_reason_in_words_nothing_is_opened(hub: Command, her: dict[str, Any], words: str) -> None:
    assert open_it(hub, her, words=words).exit_code == 1
    assert "Nothing waits" in typed(hub, "list").output


def test_a_duty_is_none_until_the_deployment_turns_it_on(hub: Command, her: dict[str, Any]) -> None:
    asked = ("disclose", "--survivor", her["survivor"], "--to", her["hospital"], "--policy", "legal-duty")
    asked += ("--reason", "danger-to-child", "--informed", "not-informed-unsafe")
    refused = typed(hub, *asked, line=f"{WORDS}\n")
    assert refused.exit_code == 1 and "No policy" in refused.output
    (hub.home / "policies.yaml").write_text(DUTY, "utf-8")
    done = typed(hub, *asked, "--json", line=f"{WORDS}\n")
    (told,) = json.loads(done.stdout)
    assert (told["kind"], told["informed"], told["purposes"]) == ("legal-duty", "not-informed-unsafe", ["HLEGAL"])
    page = hub("consent", "disclosures", her["survivor"], language="fr").output
    assert "obligation" in page


@pytest.mark.parametrize(
    "arguments",
    [
        ("open", "--for", "nowhere", "--survivor", "Patient/1", "--reason", "danger-to-life"),
        ("open", "--for", "example-association", "--reason", "danger-to-life"),
        ("list", "--organization", "nowhere"),
    ],
)  # fmt: skip
def test_a_wrong_use_is_said_and_opens_nothing(hub: Command, arguments: tuple[str, ...]) -> None:
    assert typed(hub, *arguments, line=f"{WORDS}\n").exit_code == 2


def test_what_is_no_review_cannot_be_reviewed(hub: Command, her: dict[str, Any]) -> None:
    for task in ("Task/nothing", her["survivor"], "nothing"):
        assert typed(hub, "review", task, "--outcome", "justified").exit_code == 1


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_the_list_is_read_in_each_language(hub: Command, her: dict[str, Any], language: str) -> None:
    open_it(hub, her)
    shown = typed(hub, "list", language=language)
    assert shown.exit_code == 0 and texts.say("cli.override-list.why", language) in shown.output
    assert marks_in(shown.output) == []
