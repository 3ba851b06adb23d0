"""`hub consent`: what an officer reads before a signature or a withdrawal, and what a survivor is handed afterwards."""

import html
import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hub import texts
from hub.__main__ import main
from hub.bootstrap import opened
from hub.errors import HubError
from hub.exchange import change, disclose
from hub.fhir.references import split
from hub.ports import Caller
from tests.support.command_line import GOOD, Command, marks_in


def consented(hub: Command) -> dict[str, Any]:
    """A register with one woman who has consented; her consent as the list shows it."""
    hub.register(GOOD)
    assert hub("pull", "register").exit_code == 0
    (found,) = hub.json("consent", "list", "example-association")
    return dict(found)


def accepted_and_read(hub: Command, found: dict[str, Any]) -> None:
    """Her referral accepted by the recipient, who then looks at her details, and once for research."""
    with opened(hub.home) as deployment:
        recipient = found["recipients"][0]
        by = Caller("their-system", recipient, "COC")
        person = split(found["survivor"])[1]
        (task,) = [one for one in deployment.hub.store.compartments([person])[person].documents if one.type == "Task"]
        steps = [{"op": "replace", "path": "/status", "value": "accepted"}]
        change.patch("Task", task.id, steps, by, expected=None, hub=deployment.hub)
        disclose.read(*split(found["survivor"]), by, hub=deployment.hub)
        with pytest.raises(HubError):
            disclose.read(*split(found["survivor"]), Caller("their-system", recipient, "HRESCH"), hub=deployment.hub)


# --- list ------------------------------------------------------------------------------------------------------------


def test_consents_are_listed_with_what_the_next_command_needs(hub: Command) -> None:
    found = consented(hub)
    assert found["consent"].startswith("Consent/") and found["survivor"].startswith("Patient/")
    assert (found["status"], found["date"]) == ("active", "2026-01-05")
    shown = hub("consent", "list", "example-association").output
    assert found["consent"] in shown and found["survivor"] in shown
    assert marks_in(shown) == []


@pytest.mark.parametrize("columns", ["80", "160"])
def test_references_and_words_are_whole_in_a_narrow_terminal_too(
    hub: Command, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    found = consented(hub)
    monkeypatch.setenv("COLUMNS", columns)
    listed = hub("consent", "list", "example-association").output
    assert found["consent"] in listed and found["survivor"] in listed and "Active" in listed
    seen = hub("consent", "simulate", "--survivor", found["survivor"]).output
    assert "agreed, not open" in " ".join(seen.split())
    assert max(map(len, (listed + seen).splitlines())) <= int(columns)


def test_an_unknown_organisation_is_a_wrong_use_and_an_empty_list_is_said(hub: Command) -> None:
    wrong = hub("consent", "list", "nowhere")
    assert (wrong.exit_code, "example-association" in wrong.output) == (2, True)
    assert "keeps no consents" in hub("consent", "list", "example-association").output


# --- simulate --------------------------------------------------------------------------------------------------------


def test_a_withdrawal_is_simulated_in_words_and_for_programs(hub: Command) -> None:
    found = consented(hub)
    answer = hub.json("consent", "simulate", "--withdraw", found["consent"])
    notice = next(one for one in answer["lines"] if one["data_class"] == "notice")
    assert (notice["now"]["state"], notice["then"]["state"], notice["changes"]) == ("open", "closed", True)
    assert notice["now"]["because"] == [found["consent"]]
    assert [one["action"] for one in answer["referrals"]] == ["referral.cancel"]
    for speaks, word in (("en", "open → closed"), ("fr", "ouvert → fermé"), ("ar", "مفتوح ← مغلق")):
        shown = hub("consent", "simulate", "--withdraw", found["consent"], language=speaks).output
        assert word in shown
        assert marks_in(shown) == []
    assert hub.json("consent", "list", "example-association")[0]["status"] == "active"


def test_a_consent_in_a_file_is_simulated_before_it_is_signed(hub: Command, tmp_path: Path) -> None:
    found = consented(hub)
    with opened(hub.home) as deployment:
        stored = deployment.hub.store.read(*split(found["consent"]), None)
        assert stored
        written = {key: value for key, value in stored.resource().items() if key not in {"id", "meta"}}
    written["provision"]["provision"][0]["class"][0]["code"] = "identity"
    file = tmp_path / "consent.json"
    file.write_text(json.dumps({**written, "status": "draft"}), "utf-8")
    answer = hub.json("consent", "simulate", str(file))
    changed = [one for one in answer["lines"] if one["changes"] and one["data_class"] == "identity"]
    assert [(one["now"]["state"], one["then"]["state"]) for one in changed] == [("closed", "agreed")]
    assert changed[0]["then"]["because"] == answer["signed"]
    assert "the new consent" in hub("consent", "simulate", str(file)).output


def test_a_consent_that_would_be_refused_says_why_and_repeats_nothing(hub: Command, tmp_path: Path) -> None:
    found = consented(hub)
    file = tmp_path / "consent.json"
    about = {"resourceType": "Consent", "patient": {"reference": found["survivor"], "display": "Zineb Marquée"}}
    file.write_text(json.dumps(about), "utf-8")
    refused = hub("consent", "simulate", str(file))
    assert refused.exit_code == 1
    assert "Consent.scope" in refused.output and marks_in(refused.output) == []


@pytest.mark.parametrize(
    ("written", "said"), [("{", "JSON"), ('{"resourceType": "Patient"}', "Consent"), ("[]", "Consent")]
)
def test_a_file_that_holds_no_consent_is_a_wrong_use(unread: Command, tmp_path: Path, written: str, said: str) -> None:
    file = tmp_path / "wrong.json"
    file.write_text(written, "utf-8")
    shown = unread("consent", "simulate", str(file))
    assert (shown.exit_code, said in shown.output) == (2, True)


def test_nothing_asked_and_nobody_named_are_wrong_uses(unread: Command) -> None:
    assert unread("consent", "simulate").exit_code == 2
    assert unread("consent", "simulate", "--survivor", "Consent/1").exit_code == 2
    assert unread("consent", "disclosures", "somebody").exit_code == 2


def test_what_is_seen_today_is_shown_without_an_act(hub: Command) -> None:
    found = consented(hub)
    shown = hub("consent", "simulate", "--survivor", found["survivor"]).output
    assert "Nothing would change" in shown and "agreed, not open yet" in shown


# --- disclosures -----------------------------------------------------------------------------------------------------


def test_an_account_is_empty_before_anybody_has_looked(hub: Command, tmp_path: Path) -> None:
    found = consented(hub)
    for speaks in texts.LANGUAGES:
        page = tmp_path / f"{speaks}.html"
        hub("consent", "disclosures", found["survivor"], "--out", str(page), language=speaks)
        shown = html.unescape(page.read_text("utf-8"))
        assert texts.say("disclosures.nobody", speaks) in shown
        assert texts.say("disclosures.none-refused", speaks) in shown
    assert hub.json("consent", "disclosures", found["survivor"])["seen"] == []


def test_the_page_tells_in_her_language_and_holds_nothing_that_names_her(hub: Command, tmp_path: Path) -> None:
    found = consented(hub)
    accepted_and_read(hub, found)
    pages = {}
    for speaks in texts.LANGUAGES:
        page = tmp_path / f"{speaks}.html"
        hub("consent", "disclosures", found["survivor"], "--out", str(page), language=speaks)
        assert stat.S_IMODE(page.stat().st_mode) == 0o600
        pages[speaks] = html.unescape(page.read_text("utf-8"))
        assert texts.say("disclosures.not-recalled", speaks) in pages[speaks]
        assert texts.say("disclosures.reason-purpose", speaks) in pages[speaks]
        assert marks_in(pages[speaks]) == []
    assert '<html lang="ar" dir="rtl">' in pages["ar"] and '<html lang="fr" dir="ltr">' in pages["fr"]
    assert "votre consentement du 5 janvier 2026" in pages["fr"]
    assert "موافقتكِ بتاريخ 5 يناير 2026" in pages["ar"]


def test_the_page_is_one_file_without_scripts_that_loads_nothing(hub: Command, tmp_path: Path) -> None:
    found = consented(hub)
    accepted_and_read(hub, found)
    page = tmp_path / "page.html"
    hub("consent", "disclosures", found["survivor"], "--out", str(page))
    assert not re.search(r"<script|<link|<img|src=|href=|url\(|@import|\son\w+=", page.read_text("utf-8"))


def test_the_screen_and_programs_are_told_the_same(hub: Command) -> None:
    found = consented(hub)
    accepted_and_read(hub, found)
    answer = hub.json("consent", "disclosures", found["survivor"])
    assert {one["organization"] for one in answer["seen"]} == {found["recipients"][0]}
    assert {reference for one in answer["seen"] for reference in one["consents"]} == {found["consent"]}
    assert [one["reason"] for one in answer["refused"]] == ["consent.purpose"]
    shown = hub("consent", "disclosures", found["survivor"]).output
    assert "your consent of 5 January 2026" in shown and "cannot be taken back" in shown
    assert marks_in(shown) == []


# --- withdraw --------------------------------------------------------------------------------------------------------


def test_a_consent_is_withdrawn_in_one_command_that_says_what_cannot_be_recalled(hub: Command) -> None:
    found = consented(hub)
    accepted_and_read(hub, found)
    done = hub.json("consent", "withdraw", found["consent"], "--yes")
    assert done["ended"] == [found["consent"]]
    (told,) = done["told"]
    assert told["recipient"] == found["recipients"][0]
    assert "core" in told["data_classes"] and told["last_seen"]
    assert done["referrals"] == [{"recipient": told["recipient"], "status": "on-hold"}]
    assert hub.json("consent", "list", "example-association")[0]["status"] == "inactive"


@pytest.mark.parametrize("by", ["AR-001/2026", "reference"])
def test_all_her_consents_are_withdrawn_by_her_code_or_reference(hub: Command, by: str) -> None:
    found = consented(hub)
    survivor = found["survivor"] if by == "reference" else by
    shown = hub("consent", "withdraw", "--survivor", survivor, "--all", "--yes")
    assert (shown.exit_code, marks_in(shown.output)) == (0, []), shown.output
    assert found["consent"] in shown.output
    assert hub.json("consent", "list", "example-association")[0]["status"] == "inactive"


@pytest.mark.parametrize(
    ("language", "said", "done"), [("fr", "oui", True), ("ar", "نعم", True), ("en", "no", False), ("en", "", False)]
)
def test_it_asks_once_and_in_her_language(hub: Command, language: str, said: str, done: bool) -> None:
    found = consented(hub)
    arguments = ["--home", str(hub.home), "--lang", language, "consent", "withdraw", found["consent"]]
    CliRunner().invoke(main, arguments, input=f"{said}\n" if said else "")
    assert (hub.json("consent", "list", "example-association")[0]["status"] == "inactive") == done


def test_one_recipient_is_withdrawn_by_its_name(hub: Command) -> None:
    found = consented(hub)
    recipient = found["recipients"][0]
    done = hub.json("consent", "withdraw", "--survivor", found["survivor"], "--recipient", recipient, "--yes")
    assert (done["ended"], [one["recipient"] for one in done["told"]]) == ([found["consent"]], [recipient])


@pytest.mark.parametrize(
    "wrong",
    [
        [], ["--survivor", "AR-001"], ["Consent/1", "--survivor", "AR-001", "--all"], ["Consent/1"], ["--survivor", "NOBODY", "--all"],
        ["--survivor", "AR-001", "--recipient", "nowhere"],
    ],
)  # fmt: skip
def test_what_is_not_clear_is_not_withdrawn(hub: Command, wrong: list[str]) -> None:
    consented(hub)
    assert hub("consent", "withdraw", *wrong, "--yes").exit_code == 2
    assert hub.json("consent", "list", "example-association")[0]["status"] == "active"


@pytest.mark.parametrize("language", ["ar", "fr", "en"])
def test_what_became_of_it_is_told_in_three_languages(hub: Command, language: str) -> None:
    found = consented(hub)
    accepted_and_read(hub, found)
    shown = hub("consent", "withdraw", found["consent"], "--yes", language=language).output
    assert texts.say("cli.consent-withdraw.told", language) in shown
    assert texts.say("cli.consent-withdraw.not-recalled", language) in shown
    assert marks_in(shown) == []


@pytest.mark.parametrize("language", ["ar", "fr", "en"])
def test_her_account_says_who_was_told_and_what_cannot_be_recalled(hub: Command, language: str, tmp_path: Path) -> None:
    found = consented(hub)
    accepted_and_read(hub, found)
    done = hub.json("consent", "withdraw", found["consent"], "--yes")
    (told,) = hub.json("consent", "disclosures", found["survivor"])["told"]
    assert {**told, "at": done["at"]} == {"at": done["at"], **done["told"][0]}
    out = tmp_path / "page.html"
    shown = hub("consent", "disclosures", found["survivor"], "--out", str(out), language=language)
    assert shown.exit_code == 0
    title = html.escape(texts.say("disclosures.told", language))
    assert title in out.read_text("utf-8")
    assert (
        texts.say("disclosures.told", language)
        in hub("consent", "disclosures", found["survivor"], language=language).output
    )


# --- whose consent counts --------------------------------------------------------------------------------------------

GIRL = GOOD.replace(";34;", ";16;")


def test_a_girls_own_consent_is_listed_with_what_is_missing_of_it(hub: Command) -> None:
    hub.register(GIRL)
    warned = hub.json("pull", "register")
    assert "consent.caregiver-lacking" in json.dumps(warned)
    (found,) = hub.json("consent", "list", "example-association")
    assert (found["status"], found["remark"], found["since"]) == ("active", "consent.caregiver-lacking", None)
    for language, word in (("en", "too young"), ("fr", "trop jeune"), ("ar", "لا يسمح سن الناجية")):
        shown = " ".join(hub("consent", "list", "example-association", language=language).output.split())
        assert word.split()[0] in shown
        assert marks_in(shown) == []


def test_a_deployment_says_from_which_age_on_her_own_consent_suffices(hub: Command) -> None:
    (hub.home / "policies.yaml").write_text("ages: {own_consent: 15}\n", "utf-8")
    hub.register(GIRL)
    assert "consent.caregiver-lacking" not in json.dumps(hub.json("pull", "register"))
    (found,) = hub.json("consent", "list", "example-association")
    assert found["remark"] is None
    answer = hub.json("consent", "simulate", "--survivor", found["survivor"])
    assert next(one for one in answer["lines"] if one["data_class"] == "notice")["now"]["state"] == "open"


def test_a_mistake_in_the_policies_stops_the_hub_with_its_place(hub: Command) -> None:
    (hub.home / "policies.yaml").write_text("ages: {own_consent: nineteen}\n", "utf-8")
    answer = hub("consent", "list", "example-association")
    assert answer.exit_code != 0
    assert "policies.yaml" in answer.output and "ages.own_consent" in answer.output
