"""`hub client`: a registered system gets a token with the key that was made or given; the private half stays out."""

import json
import stat
import warnings
from pathlib import Path

import pytest
from authlib.oauth2.rfc7523 import private_key_jwt_sign
from joserfc.jwk import ECKey, RSAKey

from hub.bootstrap import SystemClock
from hub.oauth import tokens
from hub.oauth.endpoints import Endpoints
from hub.oauth.server import Server
from hub.store import MongoRegistry, MongoStore
from tests.support.command_line import Command

SCOPES = ("--scope", "system/Task.rus", "--scope", "system/Patient.r system/Organization.rs")
BASE = ("client", "add", "--organization", "example-hospital", *SCOPES)


def test_the_key_that_was_made_gets_a_token(hub: Command, store: MongoStore, tmp_path: Path) -> None:
    key_file = tmp_path / "hospital.key.json"
    added = hub.json(*BASE, "--generate", str(key_file), "--title", "HIS")
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    key = json.loads(key_file.read_text())
    assert "d" in key
    signed = private_key_jwt_sign(
        ECKey.import_key(key),
        added["id"],
        added["token_endpoint"],
        alg="ES384",
        header={"kid": key["kid"]},
        expires_in=120,
    )
    form = [
        ("grant_type", "client_credentials"),
        ("scope", "system/Task.rs"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", signed),
    ]
    now = SystemClock().now()
    token = tokens.issue(form, server=Server(MongoRegistry(store), Endpoints("http://127.0.0.1:8080/fhir")), now=now)
    caller = tokens.authenticate(f"Bearer {token['access_token']}", now, MongoRegistry(store))
    assert (caller.organization, caller.purpose) == ("example-hospital", "COC")


def test_the_private_half_is_neither_stored_nor_shown(hub: Command, store: MongoStore, tmp_path: Path) -> None:
    key = ECKey.generate_key("P-384", auto_kid=True).as_dict(private=True)
    (tmp_path / "jwk.json").write_text(json.dumps(key))
    shown = hub(*BASE, "--jwks", str(tmp_path / "jwk.json"), "--id", "his")
    assert shown.exit_code == 0, shown.output
    kept = MongoRegistry(store).client("his")
    assert kept is not None
    assert "d" not in kept.jwks["keys"][0]
    assert key["d"] not in shown.output
    assert "http://127.0.0.1:8080/oauth/token" in shown.output


def test_the_list_tells_who_is_registered(hub: Command, tmp_path: Path) -> None:
    assert "No system is registered" in hub("client", "list").output
    hub(*BASE, "--generate", str(tmp_path / "key"), "--id", "his", "--purpose", "COC", "--purpose", "HOPERAT")
    (listed,) = hub.json("client", "list")
    assert listed["scopes"] == ["system/Organization.rs", "system/Patient.r", "system/Task.rus"]
    assert listed["purposes"] == ["COC", "HOPERAT"]
    assert "his" in hub("client", "list").output


def test_a_key_that_could_never_sign_is_refused_now(hub: Command, tmp_path: Path) -> None:
    with pytest.warns(Warning):
        weak = RSAKey.generate_key(1024, auto_kid=True).as_dict(private=False)
    nameless = {k: v for k, v in ECKey.generate_key("P-384").as_dict(private=False).items() if k != "kid"}
    curve = ECKey.generate_key("P-521", auto_kid=True).as_dict(private=False)
    for number, text in enumerate(
        (json.dumps(weak), json.dumps(nameless), json.dumps({"keys": []}), "[]", "no json", json.dumps(curve))
    ):
        file = tmp_path / f"{number}.json"
        file.write_text(text)
        with warnings.catch_warnings(action="ignore"):  # joserfc warns of short keys; that is what is refused
            shown = hub(*BASE, "--jwks", str(file))
        assert shown.exit_code == 2, text
        assert "is not a usable key" in shown.output
    assert hub.json("client", "list") == []


def test_a_key_file_is_never_overwritten(hub: Command, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("mine")
    assert hub(*BASE, "--generate", str(tmp_path / "key")).exit_code == 2
    assert (tmp_path / "key").read_text() == "mine"
    assert hub.json("client", "list") == []


def test_what_does_not_exist_is_named(hub: Command, tmp_path: Path) -> None:
    key = ("--generate", str(tmp_path / "key"))
    stranger = hub("client", "add", "--organization", "nobody", *SCOPES, *key)
    assert (stranger.exit_code, "Known: example-association, example-hospital" in stranger.output) == (2, True)
    scope = hub("client", "add", "--organization", "example-hospital", "--scope", "everything", *key)
    assert (scope.exit_code, "everything is not a scope" in scope.output) == (2, True)
    assert not (tmp_path / "key").exists()


def test_an_id_is_given_once(hub: Command, tmp_path: Path) -> None:
    assert hub(*BASE, "--generate", str(tmp_path / "a"), "--id", "his").exit_code == 0
    again = hub(*BASE, "--generate", str(tmp_path / "b"), "--id", "his")
    assert (again.exit_code, "is taken" in again.output) == (2, True)
    assert not (tmp_path / "b").exists()


def test_one_key_and_not_two(hub: Command, tmp_path: Path) -> None:
    (tmp_path / "jwk.json").write_text("{}")
    assert hub(*BASE).exit_code == 2
    assert hub(*BASE, "--generate", str(tmp_path / "a"), "--jwks", str(tmp_path / "jwk.json")).exit_code == 2


def test_a_granular_scope_is_registered_and_one_that_cannot_be_kept_is_not(hub: Command, tmp_path: Path) -> None:
    narrow = "system/Task.rus?owner=Organization/example-hospital"
    base = ("client", "add", "--organization", "example-hospital")
    added = hub.json(*base, "--scope", narrow, "--generate", str(tmp_path / "a"))
    assert added["scopes"] == [narrow]
    for wrong in ("system/Task.rus?colour=red", "system/Task.rus?status:not=draft", "system/Task.cruds?status=draft"):
        shown = hub(*base, "--scope", wrong, "--generate", str(tmp_path / "b"))
        assert (shown.exit_code, "is not a scope" in shown.output) == (2, True)


APP = ("client", "add", "--organization", "example-hospital", "--scope", "user/Task.rus", "--id", "app", "--public")


def test_a_public_application_is_registered_with_its_addresses_and_without_a_key(hub: Command, tmp_path: Path) -> None:
    back = ("--redirect", "https://app.example/back", "--redirect", "org.example.app:/back")
    for key in (("--generate", str(tmp_path / "a")), ("--jwks-url", "https://keys.example/jwks.json")):
        shown = hub(*APP, *back, *key)
        assert (shown.exit_code, "has no key" in shown.output) == (2, True)
    nowhere = hub(*APP)
    assert (nowhere.exit_code, "--redirect" in nowhere.output) == (2, True)
    added = hub.json(*APP, *back)
    assert (added["public"], added["redirects"]) == (True, ["https://app.example/back", "org.example.app:/back"])
    assert (added["keys"], added["jwks_url"], added["key_file"]) == ([], None, None)
    again = hub("client", "add-key", "app", "--generate", str(tmp_path / "a"))
    assert (again.exit_code, "has no key" in again.output) == (2, True)
    assert not (tmp_path / "a").exists()


def test_what_the_operator_registers_is_in_the_audit_trail(hub: Command, store: MongoStore, tmp_path: Path) -> None:
    hub(*BASE, "--generate", str(tmp_path / "a"), "--id", "his")
    hub("client", "add-key", "his", "--generate", str(tmp_path / "b"))
    hub("client", "end-key", "his", json.loads((tmp_path / "a").read_text())["kid"])
    events = [json.loads(one["json"]) for one in store.database.AuditEvent.find().sort("at")]
    assert [one["subtype"][1]["code"] for one in events] == ["client.register", "client.add-key", "client.end-key"]
    assert {one["entity"][0]["what"]["identifier"]["value"] for one in events} == {"his"}
    assert [agent["who"] for one in events for agent in one["agent"] if agent["requestor"]] == [
        {"identifier": {"value": "hub"}}
    ] * 3
