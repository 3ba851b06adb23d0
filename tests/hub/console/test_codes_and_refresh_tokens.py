"""What an application gets for a code, and for a refresh token: once, and within what she permitted."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from hub.oauth import people as signing_in
from hub.oauth.keys import jwks
from tests.support.parties import KEY
from tests.support.people import Town, challenge


def error(answer: object) -> str:
    return str((getattr(answer, "json", None) or {}).get("error"))


# --- the exchange -----------------------------------------------------------------------------------------------------


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


# --- renewing ---------------------------------------------------------------------------------------------------------


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


# --- what else a public application could try -------------------------------------------------------------------------


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
