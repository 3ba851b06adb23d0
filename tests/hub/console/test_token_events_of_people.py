"""Tokens in a person's name in the audit trail: given, renewed, refused, used twice, given back."""

import json
from typing import Any

import pytest
from fhir.resources.R4B.auditevent import AuditEvent

from hub.conformance import validate
from hub.oauth.keys import jwks
from hub.oauth.vault import hashed
from tests.support.parties import KEY
from tests.support.people import Town

AMINA = "Practitioner/amina-id"


def told(town: Town, verb: str = "token.") -> list[dict[str, Any]]:
    found = [json.loads(one["json"]) for one in town.store.database.AuditEvent.find().sort("at")]
    return [one for one in found if one["subtype"][1]["code"].startswith(verb)]


def who(event: dict[str, Any]) -> tuple[str, str, list[str]]:
    """The organisation and the system that acted, and who asked for it."""
    agent = event["agent"][0]
    return (
        agent["who"]["reference"],
        agent["altId"],
        [one["who"]["reference"] for one in event["agent"] if one["requestor"]],
    )


def signed_in(town: Town) -> dict[str, Any]:
    town.application()
    return town.redeem(town.permitted(town.person())).json or {}


def test_a_token_for_a_code_and_a_renewed_one_are_told_of_with_the_person_and_the_purpose(town: Town) -> None:
    first = signed_in(town)
    second = town.renew(first["refresh_token"]).json or {}
    events = told(town, "token.issue")
    assert [who(one) for one in events] == [("Organization/chu", "phone", [AMINA])] * 2
    for event, given in zip(events, (first, second), strict=True):
        agent = event["agent"][0]
        assert agent["policy"] == [f"urn:ietf:params:oauth:jti:{hashed(given['access_token'])[:32]}"]
        assert agent["purposeOfUse"][0]["coding"][0]["code"] == "COC"
        assert given["access_token"] not in str(event) and given["refresh_token"] not in str(event)


@pytest.mark.parametrize("grant", ["authorization_code", "refresh_token"])
def test_a_token_and_its_event_are_one_transaction(town: Town, grant: str) -> None:
    """Where the event cannot be written, the code or refresh token is not used up either."""
    town.application()
    held = town.permitted(town.person())
    if grant == "refresh_token":
        held = (town.redeem(held).json or {})["refresh_token"]
    exchange = town.redeem if grant == "authorization_code" else town.renew
    database = town.store.database
    before = database.tokens.count_documents({})
    database.command("collMod", "AuditEvent", validator={"never": True}, validationLevel="strict")
    try:
        assert exchange(held).status_code == 500
        assert database.tokens.count_documents({}) == before
    finally:
        database.command("collMod", "AuditEvent", validator={})
    assert exchange(held).status_code == 200


def test_a_code_that_is_not_good_is_told_of_by_the_applications_name_and_in_measure(town: Town) -> None:
    town.application()
    for _ in range(12):
        assert town.redeem("guess").status_code == 400
    events = told(town)
    assert [(one["subtype"][1]["code"], one["outcomeDesc"], one["outcome"]) for one in events] == [
        ("token.refuse", "oauth.grant", "4"),
        ("token.refuse", "oauth.grant", "8"),
    ]
    assert events[0]["agent"][0]["altId"] == "phone"


def test_who_renews_for_more_than_was_granted_is_told_of(town: Town) -> None:
    first = signed_in(town)
    town.renew(first["refresh_token"], scope="user/Patient.rs")
    assert [one["outcomeDesc"] for one in told(town, "token.refuse")] == ["oauth.scope"]


def test_a_refresh_token_that_comes_twice_is_told_of_once_as_grave_with_all_that_ends(town: Town) -> None:
    first = signed_in(town)
    town.renew(first["refresh_token"])
    for _ in range(3):
        assert town.renew(first["refresh_token"]).status_code == 400
    (event,) = told(town, "token.revoke")
    assert (event["outcomeDesc"], event["outcome"], event["type"]["code"]) == ("oauth.reused", "8", "110113")
    assert who(event) == ("Organization/chu", "phone", [AMINA])


def test_a_code_that_comes_twice_is_told_of(town: Town) -> None:
    town.application()
    code = town.permitted(town.person())
    town.redeem(code)
    town.redeem(code)
    assert [one["outcomeDesc"] for one in told(town, "token.revoke")] == ["oauth.reused"]


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_a_token_of_either_kind_given_back_is_told_of_once_and_only_by_its_own_application(
    town: Town, kind: str
) -> None:
    first = signed_in(town)
    town.application("another")
    for client in ("another", "phone", "phone"):
        assert town.token("/oauth/revoke", client_id=client, token=first[kind]).status_code == 200
    (event,) = told(town, "token.revoke")
    assert (who(event), event["outcome"]) == (("Organization/chu", "phone", [AMINA]), "0")


def test_what_she_takes_back_herself_is_told_of_once(town: Town) -> None:
    town.application()
    browser = town.browser()
    got = town.redeem(town.permitted(town.person(), browser)).json or {}
    family = town.store.database.refreshes.find_one({})["family"]  # type: ignore[index]
    browser.get("/console/")
    for _ in range(2):
        assert browser.post("/console/end", csrf=None, family=family).status_code == 303
        browser.get("/console/")
    assert town.ask(got["access_token"]).status_code == 401
    (event,) = told(town, "token.revoke")
    assert event["agent"][0]["who"] == {"reference": AMINA}


def test_a_wrong_proof_is_told_of_whom_it_claims_to_be_of(town: Town) -> None:
    town.application("server", is_public=False, jwks=jwks(KEY))
    code = town.permitted(town.person(), client_id="server")
    assert town.redeem(code, client_id="server").status_code == 401
    (event,) = told(town)
    assert (event["agent"][0]["altId"], event["outcomeDesc"]) == ("server", "oauth.not-proven")


def test_every_event_conforms_to_r4_and_to_its_profile(town: Town) -> None:
    first = signed_in(town)
    town.renew(first["refresh_token"])
    town.renew(first["refresh_token"])
    town.redeem("guess")
    events = told(town)
    verbs = [one["subtype"][1]["code"] for one in events]
    assert verbs == ["token.issue", "token.issue", "token.revoke", "token.refuse"]
    for event in events:
        AuditEvent.model_validate(event)
        assert [issue for issue in validate(event) if issue.blocks] == []
