"""An application asks a person for leave: what it gets, what it never gets, and whom it cannot send her to.

RFC 6749 · RFC 7636 · RFC 9700. Each trap of a library is a test here.
"""

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from hub.oauth import people as signing_in
from hub.oauth.keys import jwks
from hub.oauth.scopes import shared
from hub.oauth.vault import hashed
from tests.support.parties import KEY
from tests.support.people import BACK, VERIFIER, Town, answered, challenge, request_path


def error(answer: object) -> str:
    return str((getattr(answer, "json", None) or {}).get("error"))


# --- the whole way --------------------------------------------------------------------------------------------------------


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


# --- what is asked with ---------------------------------------------------------------------------------------------------


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


# --- what she may permit --------------------------------------------------------------------------------------------------


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


# --- the exchange ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": "w" * 64},
        {"code_verifier": ""},
        {"code_verifier": challenge()},  # what an eavesdropper has
        {"code_verifier": "v" * 200},
        {"redirect_uri": "https://app.example/other"},
        {"redirect_uri": ""},
        {"code": "x" * 43},
        {"code": ""},
        {"client_id": "other"},
    ],
)
def test_a_code_is_good_only_with_all_that_it_was_asked_with(town: Town, changes: dict[str, str]) -> None:
    town.application()
    town.application("other")
    code = town.permitted(town.person())
    refused = town.redeem(code, **changes)
    assert (refused.status_code, error(refused)) == (400, "invalid_grant")
    assert (refused.headers["Cache-Control"], refused.headers["Pragma"]) == ("no-store", "no-cache")
    assert town.redeem(code).status_code == 200  # a stranger's try uses nothing up


def test_a_code_lasts_a_minute(town: Town) -> None:
    town.application()
    code = town.permitted(town.person())
    town.clock.forward(timedelta(seconds=60))
    assert error(town.redeem(code)) == "invalid_grant"


def test_a_code_that_comes_twice_ends_what_it_gave(town: Town) -> None:
    town.application()
    code = town.permitted(town.person())
    got = town.redeem(code).json or {}
    assert town.ask(got["access_token"]).status_code == 200
    assert error(town.redeem(code)) == "invalid_grant"
    assert town.ask(got["access_token"]).status_code == 401
    assert error(town.renew(got["refresh_token"])) == "invalid_grant"


@pytest.mark.parametrize("grant", ["authorization_code", "refresh_token"])
def test_of_many_who_come_at_once_at_most_one_is_served_and_in_the_end_none(town: Town, grant: str) -> None:
    town.application()
    held = town.permitted(town.person())
    if grant == "refresh_token":
        held = (town.redeem(held).json or {})["refresh_token"]
    exchange = town.redeem if grant == "authorization_code" else town.renew
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(exchange, [held] * 6))
    served = [one.json or {} for one in answers if one.status_code == 200]
    assert len(served) <= 1
    assert {error(one) for one in answers if one.status_code != 200} == {"invalid_grant"}
    assert [one for one in served if town.ask(one["access_token"]).status_code == 200] == []
    assert town.store.database.refreshes.count_documents({}) == 0


def test_of_a_code_that_was_used_a_late_replay_is_still_known(town: Town) -> None:
    town.application()
    code = town.permitted(town.person())
    got = town.redeem(code).json or {}
    town.clock.forward(timedelta(hours=3))
    renewed = town.renew(got["refresh_token"]).json or {}
    town.redeem(code)
    assert town.ask(renewed["access_token"]).status_code == 401


def test_a_person_who_was_disabled_meanwhile_gets_nothing(town: Town) -> None:
    town.application()
    amina = town.person()
    first = town.redeem(town.permitted(amina)).json or {}
    code = town.permitted(amina)
    known = town.people.accounts.account("amina")
    assert known
    signing_in.disable(known, people=town.people)
    assert error(town.redeem(code)) == "invalid_grant"
    assert error(town.renew(first["refresh_token"])) == "invalid_grant"
    assert town.ask(first["access_token"]).status_code == 401


# --- renewing -------------------------------------------------------------------------------------------------------------


def test_a_refresh_token_is_good_once_and_gives_another(town: Town) -> None:
    town.application()
    first = town.redeem(town.permitted(town.person())).json or {}
    second = town.renew(first["refresh_token"]).json or {}
    third = town.renew(second["refresh_token"]).json or {}
    assert len({first["refresh_token"], second["refresh_token"], third["refresh_token"]}) == 3
    assert town.ask(third["access_token"]).status_code == 200


def test_a_refresh_token_that_comes_twice_ends_all_that_grew_from_the_sign_in(town: Town) -> None:
    town.application()
    amina = town.person()
    first = town.redeem(town.permitted(amina)).json or {}
    other = town.redeem(town.permitted(amina)).json or {}
    second = town.renew(first["refresh_token"]).json or {}
    assert error(town.renew(first["refresh_token"])) == "invalid_grant"
    assert error(town.renew(second["refresh_token"])) == "invalid_grant"
    assert town.ask(second["access_token"]).status_code == 401
    assert town.ask(other["access_token"]).status_code == 200  # another sign-in is another family


def test_refreshing_ends_after_a_day_of_work_however_often_it_is_done(town: Town) -> None:
    town.application()
    got = town.redeem(town.permitted(town.person())).json or {}
    for _ in range(2):
        town.clock.forward(timedelta(hours=3))
        got = town.renew(got["refresh_token"]).json or {}
    town.clock.forward(timedelta(hours=2))
    assert error(town.renew(got["refresh_token"])) == "invalid_grant"


def test_a_renewed_token_may_be_narrower_and_never_wider(town: Town) -> None:
    town.application()
    got = town.redeem(town.permitted(town.person(), scope="user/Task.rus online_access")).json or {}
    narrower = town.renew(got["refresh_token"], scope="user/Task.r").json or {}
    assert narrower["scope"] == "user/Task.r"
    assert error(town.renew(narrower["refresh_token"], scope="user/Patient.rs")) == "invalid_scope"
    whole = town.renew(narrower["refresh_token"]).json or {}
    assert whole["scope"] == "user/Task.rus"  # what was granted, RFC 6749 §6


def test_a_refresh_token_of_another_application_is_none(town: Town) -> None:
    town.application()
    town.application("other")
    got = town.redeem(town.permitted(town.person())).json or {}
    assert error(town.renew(got["refresh_token"], client_id="other")) == "invalid_grant"
    assert town.renew(got["refresh_token"]).status_code == 200


def test_a_purpose_that_was_taken_from_her_is_not_renewed(town: Town) -> None:
    town.application()
    amina = town.person()
    got = town.redeem(town.permitted(amina)).json or {}
    known = town.people.accounts.account("amina")
    assert known
    town.people.accounts.save_account(replace(known, purposes=("TREAT",)), known)
    assert error(town.renew(got["refresh_token"])) == "invalid_grant"


def test_a_refresh_token_given_back_ends_its_sign_in(town: Town) -> None:
    town.application()
    town.application("other")
    got = town.redeem(town.permitted(town.person())).json or {}
    assert town.token("/oauth/revoke", client_id="other", token=got["refresh_token"]).status_code == 200
    assert town.ask(got["access_token"]).status_code == 200
    assert town.token("/oauth/revoke", client_id="phone", token=got["refresh_token"]).status_code == 200
    assert town.ask(got["access_token"]).status_code == 401
    assert error(town.renew(got["refresh_token"])) == "invalid_grant"


# --- what else a public application could try -----------------------------------------------------------------------------


def test_a_public_application_gets_no_token_of_its_own(town: Town) -> None:
    town.application(jwks=jwks(KEY), scopes=frozenset({"system/*.cruds", "user/*.cruds"}))
    alone = town.token(grant_type="client_credentials", client_id="phone", scope="system/Task.rs")
    signed = town.token(**town.proven("phone", grant_type="client_credentials", scope="system/Task.rs"))
    assert [error(alone), error(signed)] == ["invalid_request", "invalid_client"]


def test_a_system_gets_no_scope_of_a_person(town: Town) -> None:
    town.application("server", jwks=jwks(KEY), is_public=False, scopes=frozenset({"system/Task.rs", "user/*.cruds"}))
    refused = town.token(**town.proven("server", grant_type="client_credentials", scope="user/Task.rs"))
    assert error(refused) == "invalid_scope"
    assert (
        town.token(**town.proven("server", grant_type="client_credentials", scope="system/Task.rs")).status_code == 200
    )


def test_who_claims_to_be_many_applications_waits(town: Town) -> None:
    answers = [
        town.token(grant_type="refresh_token", client_id="guess", refresh_token="x").status_code for _ in range(12)
    ]
    assert (answers[0], answers[-1]) == (401, 429)


# --- what is told -----------------------------------------------------------------------------------------------------------


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
