"""`hub client add-key` and `end-key`: a key is changed while its system goes on working."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from authlib.oauth2.rfc6749.errors import OAuth2Error

from hub.bootstrap import SystemClock
from hub.errors import HubError
from hub.oauth import assertion, tokens
from hub.oauth.endpoints import Endpoints
from hub.oauth.keys import jwks, new_key
from hub.oauth.server import Server
from hub.ports import Registry
from tests.support.command_line import Command

TOKEN_URL = "http://127.0.0.1:8080/oauth/token"
BASE = ("client", "add", "--organization", "example-hospital", "--scope", "system/Task.rus", "--id", "his")


def made(path: Path) -> dict[str, Any]:
    key: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return key


def header(key: dict[str, Any], registry: Registry) -> str:
    """What a system that signs with this key sends with its requests."""
    now = SystemClock().now()
    form = [
        ("grant_type", "client_credentials"),
        ("scope", "system/Task.rs"),
        ("client_assertion_type", assertion.TYPE),
        ("client_assertion", assertion.sign(key, "his", TOKEN_URL, now=now)),
    ]
    return f"Bearer {tokens.issue(form, server=Server(registry, Endpoints('http://127.0.0.1:8080/fhir')), now=now)['access_token']}"


def works(sent: str, registry: Registry) -> bool:
    try:
        tokens.authenticate(sent, SystemClock().now() + timedelta(seconds=1), registry)
    except HubError:
        return False
    return True


def test_both_keys_work_in_between_and_the_old_one_no_longer_after(
    hub: Command, registry: Registry, tmp_path: Path
) -> None:
    hub(*BASE, "--generate", str(tmp_path / "old"))
    added = hub.json("client", "add-key", "his", "--generate", str(tmp_path / "new"))
    old, new = made(tmp_path / "old"), made(tmp_path / "new")
    assert added == {"id": "his", "keys": [old["kid"], new["kid"]]}
    before, after = header(old, registry), header(new, registry)
    assert works(before, registry) and works(after, registry)

    assert hub.json("client", "end-key", "his", old["kid"]) == {"id": "his", "keys": [new["kid"]]}
    with pytest.raises(OAuth2Error) as refused:
        header(old, registry)
    assert refused.value.error == "invalid_client"
    assert header(new, registry)
    assert works(after, registry)
    assert not works(before, registry)  # whoever has the old key has its tokens too


def test_nothing_else_of_the_system_changes(hub: Command, registry: Registry, tmp_path: Path) -> None:
    hub(*BASE, "--generate", str(tmp_path / "old"), "--title", "HIS", "--introspects")
    before = registry.client("his")
    hub("client", "add-key", "his", "--generate", str(tmp_path / "new"))
    hub("client", "end-key", "his", made(tmp_path / "new")["kid"])
    assert registry.client("his") == before
    assert before is not None
    assert before.introspects


def test_a_key_of_theirs_is_added_without_its_private_half(hub: Command, registry: Registry, tmp_path: Path) -> None:
    hub(*BASE, "--generate", str(tmp_path / "old"))
    key = new_key("RS384")
    (tmp_path / "theirs").write_text(json.dumps(key), "utf-8")
    shown = hub("client", "add-key", "his", "--jwks", str(tmp_path / "theirs"))
    assert (shown.exit_code, key["kid"] in shown.output) == (0, True)
    kept = registry.client("his")
    assert kept is not None
    assert kept.jwks["keys"][1] == jwks(key)["keys"][0]
    assert header(key, registry)


def test_the_last_key_stays(hub: Command, registry: Registry, tmp_path: Path) -> None:
    hub(*BASE, "--generate", str(tmp_path / "key"))
    shown = hub("client", "end-key", "his", made(tmp_path / "key")["kid"])
    assert (shown.exit_code, "the last key" in shown.output) == (2, True)
    assert header(made(tmp_path / "key"), registry)


def test_a_kid_is_registered_once(hub: Command, registry: Registry, tmp_path: Path) -> None:
    hub(*BASE, "--generate", str(tmp_path / "key"))
    again = hub("client", "add-key", "his", "--jwks", str(tmp_path / "key"))
    assert (again.exit_code, "is registered already" in again.output) == (2, True)
    assert header(made(tmp_path / "key"), registry)


def test_what_is_not_registered_is_named(hub: Command, tmp_path: Path) -> None:
    hub(*BASE, "--generate", str(tmp_path / "key"))
    nobody = hub("client", "add-key", "nobody", "--generate", str(tmp_path / "new"))
    assert (nobody.exit_code, "Registered: his" in nobody.output) == (2, True)
    assert not (tmp_path / "new").exists()
    unknown = hub("client", "end-key", "his", "no-such-key")
    assert (unknown.exit_code, "has no key no-such-key" in unknown.output) == (2, True)
    dashed = hub("client", "end-key", "his", "-DyeSfmc93NNWFr7iSgQZ8c5")  # as one key id in 64 begins
    assert (dashed.exit_code, "has no key -DyeSfmc93NNWFr7iSgQZ8c5" in dashed.output) == (2, True)
    none = hub("client", "add-key", "his")
    assert (none.exit_code, "one of the two" in none.output) == (2, True)


# --- keys at a URL ----------------------------------------------------------------------------------------------------

URL = "https://keys.hospital.example/jwks.json"


def allow(hub: Command, host: str) -> None:
    toml = hub.home / "hub.toml"
    toml.write_text(toml.read_text("utf-8").replace("jwks_hosts = []", f'jwks_hosts = ["{host}"]'), "utf-8")


def test_a_client_may_be_registered_with_the_url_of_its_keys(hub: Command, registry: Registry) -> None:
    allow(hub, "keys.hospital.example")
    added = hub.json(*BASE, "--jwks-url", URL)
    assert (added["jwks_url"], added["keys"]) == (URL, [])
    kept = registry.client("his")
    assert kept
    assert (kept.jwks_url, kept.jwks) == (URL, {"keys": []})
    assert hub.json("client", "list")[0]["jwks_url"] == URL


def test_a_url_that_the_hub_would_never_ask_is_refused_now(hub: Command, registry: Registry) -> None:
    shown = hub(*BASE, "--jwks-url", URL)
    assert shown.exit_code == 2
    assert "keys.hospital.example" in shown.output
    assert "oauth.jwks_hosts" in shown.output
    for wrong in ("keys.hospital.example", "ftp://keys.hospital.example", "https://me:pass@keys.hospital.example/"):
        assert hub(*BASE, "--jwks-url", wrong).exit_code == 2
    assert registry.client("his") is None


def test_keys_come_from_one_place(hub: Command, tmp_path: Path) -> None:
    allow(hub, "keys.hospital.example")
    assert hub(*BASE, "--jwks-url", URL, "--generate", str(tmp_path / "key")).exit_code == 2
    hub(*BASE, "--jwks-url", URL)
    for command in (("add-key", "his", "--generate", str(tmp_path / "key")), ("end-key", "his", "k1")):
        shown = hub("client", *command)
        assert shown.exit_code == 2
        assert URL in shown.output.replace("\n", "")
