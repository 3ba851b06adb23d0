"""A decision as an AuditEvent: BALP's AuthZconsent, and nothing of what was decided about."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from fhir.resources.R4B.auditevent import AuditEvent

from hub.audit.decisions import decision, is_decision
from hub.audit.events import event
from hub.conformance import validate
from hub.fhir import Resource
from hub.ports import Caller

NOW = datetime(2026, 6, 1, 12, 0, 0, 250000, tzinfo=UTC)
SYSTEM = Caller("chu-system", "chu", "COC", token="0123456789abcdef" * 4)
DOCTOR = replace(SYSTEM, practitioner="Practitioner/p9")


def who(told: Resource) -> dict[str, Resource]:
    return {agent["type"]["coding"][0]["code"]: agent for agent in told["agent"]}


@pytest.mark.parametrize("caller", [SYSTEM, DOCTOR, replace(SYSTEM, token=""), replace(SYSTEM, request="9" * 32)])
@pytest.mark.parametrize("because", ["", "consent.withdrawn"])
@pytest.mark.parametrize("by", [(), ("Consent/c1",), ("Consent/c1", "Consent/c2"), ("Task/t1",)])
@pytest.mark.parametrize("person", ["p1", None])
def test_every_decision_conforms_to_r4_and_to_its_profile(
    caller: Caller, because: str, by: tuple[str, ...], person: str | None
) -> None:
    told = decision("d1", NOW, caller, person, by=by, because=because)
    AuditEvent.model_validate(told)
    assert [issue for issue in validate(told) if issue.blocks] == []
    assert is_decision(told)


def test_it_names_client_user_organisation_and_who_decided() -> None:
    agents = who(decision("d1", NOW, DOCTOR, "p1", by=["Consent/c1"]))
    assert {code: agent["who"] for code, agent in agents.items()} == {
        "110150": {"identifier": {"value": "chu-system"}},
        "IRCP": {"reference": "Practitioner/p9"},
        "PROV": {"reference": "Organization/chu"},
        "authserver": {"identifier": {"value": "hub"}},
    }
    assert [code for code, agent in agents.items() if agent["requestor"]] == ["IRCP"]
    assert agents["IRCP"]["purposeOfUse"][0]["coding"][0]["code"] == "COC"


def test_it_names_her_the_consents_and_the_token_by_the_beginning_of_its_hash() -> None:
    told = decision("d1", NOW, SYSTEM, "p1", by=["Consent/c1", "Consent/c2"])
    her, *consents, token = (entity["what"] for entity in told["entity"])
    assert her == {"reference": "Patient/p1"}
    assert consents == [{"reference": "Consent/c1"}, {"reference": "Consent/c2"}]
    assert token["identifier"]["value"] == f"urn:ietf:params:oauth:jti:{SYSTEM.token[:32]}"
    assert SYSTEM.token not in str(told)


def test_a_denial_says_why() -> None:
    permitted, denied = (
        decision("d1", NOW, SYSTEM, "p1", by=["Consent/c1"], because=one) for one in ("", "consent.none")
    )
    assert (permitted["outcome"], "outcomeDesc" in permitted) == ("0", False)
    assert (denied["outcome"], denied["outcomeDesc"]) == ("4", "consent.none")


@pytest.mark.parametrize(
    ("by", "code"), [(["Consent/c1"], "AuthZ-Consent"), (["Task/t1"], "AuthZ-Role"), ([], "AuthZ-Role")]
)
def test_what_no_consent_decided_is_not_said_to_be_by_consent(by: list[str], code: str) -> None:
    told = decision("d1", NOW, SYSTEM, "p1", by=by)
    assert [one["code"] for one in told["subtype"]] == [code]
    assert (told["type"]["code"], told["action"]) == ("110113", "E")


def test_a_look_is_no_decision() -> None:
    look = event("a1", "disclosure.permit", NOW, interaction="read", caller=SYSTEM, person="p1", entities=["Task/t1"])
    assert not is_decision(look)


def test_the_request_is_named_in_an_event_of_what_it_did_beside_what_was_done() -> None:
    asked = replace(SYSTEM, request="4bf92f3577b34da6a3ce929d0e0e4736")
    told = event("a1", "disclosure.permit", NOW, interaction="read", caller=asked, person="p1", entities=["Task/t1"])
    AuditEvent.model_validate(told)
    assert [issue for issue in validate(told) if issue.blocks] == []
    (named,) = [one for one in told["entity"] if one["type"]["code"] == "XrequestId"]
    assert named["what"] == {"identifier": {"value": asked.request}}
