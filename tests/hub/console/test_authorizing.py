"""An application asks a person for leave: what it gets, what it never gets, and whom it cannot send her to.

RFC 6749 · RFC 7636 · RFC 9700. Each trap of a library is a test here.
"""

import json
import logging
from datetime import timedelta

import pytest

from hub.oauth.keys import jwks
from hub.oauth.scopes import shared
from hub.oauth.vault import hashed
from tests.support.parties import KEY
from tests.support.people import BACK, VERIFIER, Town, answered, request_path


def error(answer: object) -> str:
    return str((getattr(answer, "json", None) or {}).get("error"))


# --- the whole way ----------------------------------------------------------------------------------------------------


def test_an_application_acts_in_her_name_for_the_purpose_that_she_chose(town: Town) -> None:
    amina = town.person()
    town.application()
    browser = town.browser()
    path = request_path(state="a b&c")
    browser.sign_in(amina, path)
    asked = browser.get(path)
    assert "Carnet" in asked.text and "https://app.example" in asked.text
    told = answered(browser.post(path, act="permit", purpose="TREAT"))
    assert (told["state"], told["iss"]) == ("a b&c", "https://hub.example")

    got = town.redeem(told["code"]).json or {}
    assert (got["token_type"], got["expires_in"], got["scope"]) == ("bearer", 300, "user/Task.rs")
    assert town.ask(got["access_token"]).status_code == 200
    assert town.ask(got["access_token"], "/fhir/Consent").status_code == 403
    kept = town.registry.token(hashed(got["access_token"]), town.clock.now())
    assert kept
    assert (kept.practitioner, kept.roles, kept.organization) == ("Practitioner/amina-id", {"referral-desk"}, "chu")
    assert kept.purpose == "TREAT"


def test_a_token_lasts_five_minutes(town: Town) -> None:
    town.application()
    got = town.redeem(town.permitted(town.person())).json or {}
    town.clock.forward(timedelta(seconds=299))
    assert town.ask(got["access_token"]).status_code == 200
    town.clock.forward(timedelta(seconds=1))
    assert town.ask(got["access_token"]).status_code == 401


def test_without_asking_for_it_an_application_gets_no_refresh_token(town: Town) -> None:
    town.application()
    got = town.redeem(town.permitted(town.person(), scope="user/Task.rs")).json or {}
    assert "refresh_token" not in got


def test_tokens_are_opaque_and_nothing_of_them_is_kept_in_clear(town: Town) -> None:
    town.application()
    code = town.permitted(town.person())
    got = town.redeem(code).json or {}
    secrets = (code, got["access_token"], got["refresh_token"])
    assert [one for one in secrets if "." in one or len(one) != 43] == []
    database = town.store.database
    kept = str([list(database[name].find()) for name in database.list_collection_names()])
    assert [one for one in secrets if one in kept] == []


def test_a_confidential_application_proves_itself(town: Town) -> None:
    amina = town.person()
    town.application("server", jwks=jwks(KEY), is_public=False)
    code = town.permitted(amina, client_id="server")
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER}
    assert error(town.token(**form, client_id="server")) == "invalid_client"
    assert town.token(**town.proven("server", **form)).status_code == 200


# --- what is asked with -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),  # the library's default would be `plain`
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": VERIFIER, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"state": None}, "invalid_request"),
        ({"state": ""}, "invalid_request"),
        ({"aud": None}, "invalid_request"),
        ({"aud": "https://elsewhere.example/fhir"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"request": "eyJ"}, "invalid_request"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "openid"}, "invalid_scope"),
        ({"scope": "system/Task.rs"}, "invalid_scope"),
        ({"scope": "user/Task.rs nonsense"}, "invalid_scope"),
        ({"state": "s" * 5000}, "invalid_request"),
    ],
)
def test_a_wrong_request_is_told_to_the_application_alone(
    town: Town, changes: dict[str, str | None], reason: str
) -> None:
    town.application()
    told = answered(town.browser().get(request_path(**changes)))
    assert told["error"] == reason
    assert told["iss"] == "https://hub.example"
    assert "code" not in told


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": "https://evil.example/back"},
        {"redirect_uri": f"{BACK}/more"},
        {"redirect_uri": f"{BACK}?x=1"},
        {"redirect_uri": BACK.upper()},
        {"redirect_uri": "https://app.example@evil.example/back"},
        {"redirect_uri": "https://app.example/back#x"},
        {"redirect_uri": "//evil.example"},
        {"redirect_uri": None},
        {"client_id": "nobody"},
        {"client_id": None},
    ],
)
def test_nobody_is_sent_to_an_address_that_is_not_registered(town: Town, changes: dict[str, str | None]) -> None:
    town.application()
    answer = town.browser().get(request_path(**changes))
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert "evil" not in answer.text


def test_a_parameter_that_stands_twice_is_no_request(town: Town) -> None:
    town.application()
    answer = town.browser().get(f"{request_path()}&redirect_uri=https://evil.example")
    assert (answer.status_code, "Location" in answer.headers) == (400, False)


def test_a_system_that_is_not_for_people_asks_nobody(town: Town) -> None:
    town.application(scopes=frozenset({"system/*.cruds"}))
    assert answered(town.browser().get(request_path()))["error"] == "unauthorized_client"


def test_a_disabled_application_is_as_one_that_never_was(town: Town) -> None:
    town.application(disabled=True)
    unknown = town.browser().get(request_path(client_id="nobody"))
    disabled = town.browser().get(request_path())
    assert (disabled.status_code, disabled.data) == (unknown.status_code, unknown.data)


# --- what she may permit ----------------------------------------------------------------------------------------------


def test_she_refuses_and_the_application_is_told_so(town: Town) -> None:
    town.application()
    amina, browser, path = town.person(), town.browser(), request_path()
    browser.sign_in(amina, path)
    browser.get(path)
    assert answered(browser.post(path, act="refuse"))["error"] == "access_denied"


def test_what_is_granted_is_within_hers_and_the_applications_and_what_is_asked(town: Town) -> None:
    town.application(scopes=frozenset({"user/Task.rs", "user/Consent.rs", "user/Patient.cruds"}))
    amina = town.person(scopes=frozenset({"user/Task.rus?owner=Organization/chu", "user/Patient.rs"}))
    got = town.redeem(town.permitted(amina, scope="user/*.cruds")).json or {}
    assert got["scope"] == "user/Patient.rs user/Task.rs?owner=Organization/chu"


@pytest.mark.parametrize(
    ("held", "common"),
    [
        ((["user/*.cruds"], ["user/Task.read"]), {"user/Task.rs"}),
        ((["user/Task.rs"], ["user/Patient.rs"]), set()),
        ((["user/Task.c"], ["user/Task.rs"]), set()),
        ((["system/*.cruds"], ["user/Task.rs"]), set()),
        ((["user/*.rs", "user/Task.rs"], ["user/*.cruds"]), {"user/*.rs"}),
        ((["user/Task.rs", "user/Task.read"], ["user/Task.rs", "user/*.rs"]), {"user/Task.rs"}),
        (
            (["user/Task.rs?owner=Organization/a"], ["user/Task.rs?status=draft"]),
            {"user/Task.rs?owner=Organization/a&status=draft"},
        ),
        ((["user/Task.cruds"], ["user/Task.rus?status=draft"]), {"user/Task.rus?status=draft"}),
    ],
)
def test_the_scopes_of_two_are_those_that_both_hold(held: tuple[list[str], list[str]], common: set[str]) -> None:
    assert shared(*held) == shared(*reversed(held)) == common


@pytest.mark.parametrize(
    ("how", "organization"),
    [
        ({"purposes": ("HLEGAL",)}, "chu"),  # none that the application has too
        ({"purposes": ("BTG",)}, "chu"),
        ({"scopes": frozenset({"user/Consent.rs"})}, "chu"),
        ({"scopes": frozenset()}, "chu"),
        ({}, "amal"),  # another organisation's application
    ],
)
def test_where_she_may_permit_nothing_she_is_not_even_asked(
    town: Town, how: dict[str, object], organization: str
) -> None:
    town.application(purposes=("COC", "TREAT", "BTG"))
    amina, browser, path = town.person(organization=organization, **how), town.browser(), request_path()
    browser.sign_in(amina, path)
    assert answered(browser.get(path))["error"] == "access_denied"


@pytest.mark.parametrize("purpose", ["", "HLEGAL", "BTG", "nonsense"])
def test_a_purpose_that_is_not_hers_is_none(town: Town, purpose: str) -> None:
    town.application(purposes=("COC", "TREAT", "HLEGAL", "BTG"))
    amina, browser, path = town.person(), town.browser(), request_path()
    browser.sign_in(amina, path)
    browser.get(path)
    answer = browser.post(path, act="permit", purpose=purpose)
    assert (answer.status_code, "Location" in answer.headers) == (422, False)


def test_who_is_not_she_signs_in_as_herself(town: Town) -> None:
    town.application()
    amina, browser, path = town.person(), town.browser(), request_path()
    browser.sign_in(amina, path)
    browser.get(path)
    left = browser.post(path, act="leave")
    assert (left.status_code, left.location) == (303, path)
    assert 'name="password"' in browser.get(path).text


# --- what is told -----------------------------------------------------------------------------------------------------


def test_both_documents_tell_of_the_authorization_endpoint(town: Town) -> None:
    http = town.app.test_client()
    smart = http.get("/.well-known/smart-configuration").json or {}
    server = http.get("/.well-known/oauth-authorization-server").json or {}
    for told in (smart, server):
        assert told["authorization_endpoint"] == "https://hub.example/oauth/authorize"
        assert told["grant_types_supported"] == ["client_credentials", "authorization_code", "refresh_token"]
        assert told["response_types_supported"] == ["code"]
        assert told["code_challenge_methods_supported"] == ["S256"]
        assert told["token_endpoint_auth_methods_supported"] == ["private_key_jwt", "none"]
        assert told["introspection_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    assert {"launch-standalone", "client-public", "permission-user"} <= set(smart["capabilities"])
    metadata = http.get("/fhir/metadata").json or {}
    known = metadata["rest"][0]["security"]["extension"][0]["extension"]
    assert {"url": "authorize", "valueUri": "https://hub.example/oauth/authorize"} in known


def test_introspection_tells_whose_token_it_is(town: Town) -> None:
    town.application("server", jwks=jwks(KEY), is_public=False)
    amina = town.person()
    code = town.permitted(amina, client_id="server")
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER}
    got = town.token(**town.proven("server", **form)).json or {}
    told = town.token("/oauth/introspect", **town.proven("server", token=got["access_token"])).json or {}
    assert (told["sub"], told["fhirUser"]) == ("amina-id", "https://hub.example/fhir/Practitioner/amina-id")
    about = told["extensions"]["ihe_iua"]
    assert about["person_id"] == "amina-id"
    assert [one["code"] for one in about["subject_role"]] == ["referral-desk"]
    assert "amina" not in str(told).replace("amina-id", "")  # the account's name is not for others


def test_an_audit_event_names_the_person_who_looked(town: Town) -> None:
    town.application()
    got = town.redeem(town.permitted(town.person(), scope="user/Patient.rs")).json or {}
    assert town.ask(got["access_token"], "/fhir/Patient/nobody").status_code == 404
    events = [json.loads(kept["json"]) for kept in town.store.database.AuditEvent.find()]
    looks = [one for one in events if one["type"]["code"] == "rest"]
    assert len(looks) == 1
    agents = looks[0]["agent"]
    assert [one["requestor"] for one in agents] == [False, False, True]
    assert agents[2]["who"] == {"reference": "Practitioner/amina-id"}
    assert agents[0]["who"] == {"reference": "Organization/chu"}


def test_nothing_that_is_secret_stands_in_a_log(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    town.application()
    code = town.permitted(town.person())
    got = town.redeem(code).json or {}
    town.renew(got["refresh_token"])
    said = caplog.text + str([vars(record) for record in caplog.records])
    for secret in (code, got["access_token"], got["refresh_token"], VERIFIER, "amina", "quatre"):
        assert secret not in said
