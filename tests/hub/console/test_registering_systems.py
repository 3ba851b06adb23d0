"""Systems registered on the pages: by whom, with what, and what is never kept."""

import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from joserfc.jwk import ECKey, RSAKey

from hub.conformance.validator import validate
from hub.errors import Conflict
from hub.oauth import assertion
from hub.oauth.keys import jwks, new_key, public
from hub.ports import Client
from tests.support.parties import KEY, TOKEN_URL
from tests.support.people import BACK, Browser, Town

OFFICER = frozenset({"consent-officer"})
OTHER = new_key("ES384")
EC = ec.generate_private_key(ec.SECP384R1())
RSA = rsa.generate_private_key(65537, 2048)


def pem(key: Any) -> str:
    return str(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


def private_pem(key: Any) -> str:
    return str(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())


@pytest.fixture
def officer(town: Town) -> Browser:
    browser = town.browser()
    browser.sign_in(town.person("officer", roles=OFFICER))
    browser.get("/console/clients/new")
    return browser


def typed(**changes: Any) -> dict[str, Any]:
    return {
        "title": "Dossier de l'hôpital",
        "kind": "system",
        "permission": ["referrals-answer", "directory-read"],
        "purpose": ["COC", "TREAT"],
        "keys": json.dumps(public(KEY)),
        "jwks_url": "",
        "redirects": "",
    } | changes


def registered(town: Town) -> list[Client]:
    return [one for one in town.registry.clients() if one.id.startswith("chu-")]


def made(town: Town, officer: Browser, **changes: Any) -> Client:
    answer = officer.post("/console/clients/new", **typed(**changes))
    assert answer.status_code == 303, answer.text
    (client,) = registered(town)
    assert answer.location == f"/console/clients/{client.id}"
    officer.get(answer.location)
    return client


def events(town: Town) -> list[dict[str, Any]]:
    found = [json.loads(one["json"]) for one in town.store.database.AuditEvent.find()]
    return [one for one in found if one["subtype"][1]["code"].startswith("client.")]


def status(town: Town, client: str, key: Any = KEY) -> int:
    """Of a token request that is signed with this key."""
    signed = assertion.sign(key, client, TOKEN_URL, now=town.clock.now())
    form = {"client_assertion_type": assertion.TYPE, "client_assertion": signed, "scope": "system/Task.rs"}
    return town.token(grant_type="client_credentials", **form).status_code


def test_an_officer_registers_a_system_that_then_gets_tokens(town: Town, officer: Browser) -> None:
    client = made(town, officer)
    assert client.organization == "chu"
    assert client.scopes >= {"system/Task.rus", "system/ServiceRequest.rs", "system/Organization.rs"}
    assert client.purposes == ("COC", "TREAT")
    assert status(town, client.id) == 200
    assert client.id in officer.last.text
    assert "Dossier de l&#39;hôpital" in officer.get("/console/clients").text


@pytest.mark.parametrize("key", [EC, RSA], ids=["EC", "RSA"])
def test_a_key_may_be_pasted_as_pem(town: Town, officer: Browser, key: Any) -> None:
    client = made(town, officer, keys=pem(key))
    (kept,) = client.jwks["keys"]
    assert kept["kid"]
    private = {"kty": kept["kty"], "kid": kept["kid"], **_private(key)}
    assert status(town, client.id, private) == 200


def _private(key: Any) -> dict[str, Any]:
    kind = ECKey if isinstance(key, ec.EllipticCurvePrivateKey) else RSAKey
    return dict(kind.import_key(private_pem(key)).as_dict(private=True))


def test_an_application_for_people_is_registered_with_its_addresses(town: Town, officer: Browser) -> None:
    client = made(town, officer, kind="people-public", keys="", redirects=f"{BACK}\ncom.example.app:/back")
    assert (client.is_public, client.redirects) == (True, (BACK, "com.example.app:/back"))
    assert "user/Task.rus" in client.scopes
    assert client.jwks == {"keys": []}


def test_the_address_of_published_keys_is_kept(town: Town, officer: Browser) -> None:
    client = made(town, officer, keys="", jwks_url="https://his.example/jwks.json")
    assert (client.jwks_url, client.jwks) == ("https://his.example/jwks.json", {"keys": []})


def test_keys_that_are_at_an_address_are_changed_there_and_not_here(town: Town, officer: Browser) -> None:
    client = made(town, officer, keys="", jwks_url="https://his.example/jwks.json")
    path = f"/console/clients/{client.id}"
    assert 'value="add-key"' not in officer.get(path).text
    assert officer.post(path, act="add-key", keys=json.dumps(public(OTHER))).status_code == 422
    assert registered(town) == [client]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 81}, "title"),
        ({"kind": "king"}, "kind"),
        ({"permission": []}, "permission"),
        ({"permission": ["everything"]}, "permission"),
        ({"purpose": ["BTG"]}, "purpose"),
        ({"keys": ""}, "keys"),
        ({"keys": "nonsense"}, "keys"),
        ({"keys": "[" * 5000}, "keys"),
        ({"keys": '{"keys": []}'}, "keys"),
        ({"keys": json.dumps(jwks(KEY, KEY))}, "keys"),
        ({"keys": json.dumps(public(KEY) | {"kid": 7})}, "keys"),
        ({"keys": json.dumps({"kty": "oct", "kid": "x"})}, "keys"),
        ({"keys": pem(ed25519.Ed25519PrivateKey.generate())}, "keys"),
        ({"keys": pem(ec.generate_private_key(ec.SECP256R1()))}, "keys"),
        ({"keys": "-----BEGIN PUBLIC KEY-----\nnonsense\n-----END PUBLIC KEY-----"}, "keys"),
        ({"jwks_url": "https://his.example/jwks.json"}, "keys"),
        ({"keys": "", "jwks_url": "https://unlisted.example/jwks.json"}, "jwks_url"),
        ({"keys": "", "jwks_url": "https://his.example:8443/jwks.json"}, "jwks_url"),
        ({"keys": "", "jwks_url": "https://u@his.example/jwks.json"}, "jwks_url"),
        ({"keys": "", "jwks_url": "http://his.example/jwks.json"}, "jwks_url"),
        ({"keys": "", "jwks_url": "file:///etc/passwd"}, "jwks_url"),
        ({"kind": "people"}, "redirects"),
        *(
            ({"kind": "people", "redirects": uri}, "redirects")
            for uri in (
                "http://app.example/back", "https://app.example/back#x", "https://u@app.example/", "javascript:alert(1)",
                "data:text/html,x", "app:/back", "https://", "https://app.example/b\\ack", "HTTPS://app.example/",
                "//app.example", "https://app.example:99999/", "http://127.0.0.1.evil.example/",
            )
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_its_field_and_nothing_is_registered(
    town: Town, officer: Browser, changes: dict[str, Any], field: str
) -> None:
    refused = officer.post("/console/clients/new", **typed(**changes))
    assert refused.status_code == 422
    assert f'href="#f-{field}"' in refused.text
    assert registered(town) == []
    assert events(town) == []


@pytest.mark.parametrize(
    "secret",
    [json.dumps(KEY), json.dumps({"keys": [KEY]}), private_pem(EC), json.dumps({"kty": "oct", "k": "c2VjcmV0"})],
)
def test_a_private_key_is_refused_never_kept_and_never_shown_again(town: Town, officer: Browser, secret: str) -> None:
    refused = officer.post("/console/clients/new", **typed(keys=secret))
    assert refused.status_code == 422
    assert "private" in refused.text
    mark = json.loads(secret).get("d", "") if secret.startswith("{") else secret.splitlines()[1]
    database = town.store.database
    kept = str([list(database[name].find()) for name in database.list_collection_names()])
    assert not mark or (mark not in refused.text and mark not in kept)
    assert "-----BEGIN" not in refused.text.replace("PEM", "")


def test_a_key_is_changed_without_a_break(town: Town, officer: Browser) -> None:
    client = made(town, officer)
    path = f"/console/clients/{client.id}"
    assert officer.post(path, act="add-key", keys=json.dumps(public(OTHER))).status_code == 303
    assert (status(town, client.id), status(town, client.id, OTHER)) == (200, 200)
    tokens = town.store.database.tokens
    assert tokens.count_documents({}) == 2
    officer.get(path)
    assert officer.post(path, act="end-key", kid=KEY["kid"]).status_code == 303
    assert (status(town, client.id), status(town, client.id, OTHER)) == (401, 200)
    assert tokens.count_documents({"kid": KEY["kid"]}) == 0
    officer.get(path)
    last = officer.post(path, act="end-key", kid=OTHER["kid"])
    assert last.status_code == 422
    assert status(town, client.id, OTHER) == 200


def test_a_key_that_is_there_already_is_not_added(town: Town, officer: Browser) -> None:
    client = made(town, officer)
    again = officer.post(f"/console/clients/{client.id}", act="add-key", keys=json.dumps(public(KEY)))
    assert (again.status_code, 'href="#f-keys"' in again.text) == (422, True)


def test_a_disabled_system_gets_nothing_and_has_nothing(town: Town, officer: Browser) -> None:
    client = made(town, officer)
    assert status(town, client.id) == 200
    path = f"/console/clients/{client.id}"
    assert officer.post(path, act="disable").status_code == 422  # without being sure
    officer.get(path)
    assert officer.post(path, act="disable", sure="yes").status_code == 303
    assert status(town, client.id) == 401
    assert town.store.database.tokens.count_documents({}) == 0
    assert 'name="act"' not in officer.get(path).text
    assert registered(town)[0].disabled


def test_each_act_is_in_the_audit_trail_with_who_did_it_and_no_key(town: Town, officer: Browser) -> None:
    client = made(town, officer)
    path = f"/console/clients/{client.id}"
    officer.post(path, act="add-key", keys=json.dumps(public(OTHER)))
    officer.get(path)
    officer.post(path, act="end-key", kid=KEY["kid"])
    officer.get(path)
    officer.post(path, act="disable", sure="yes")
    told = events(town)
    assert [one["subtype"][1]["code"] for one in told] == [
        "client.register", "client.add-key", "client.end-key", "client.disable",
    ]  # fmt: skip
    for one in told:
        assert one["agent"][0]["who"] == {"reference": "Practitioner/officer-id"}
        assert one["entity"][0]["what"]["identifier"]["value"] == client.id
        assert KEY["x"] not in json.dumps(one)
        assert [issue for issue in validate(one) if issue.blocks] == []


def test_the_act_and_its_event_are_one_transaction(
    town: Town, officer: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the event cannot be written, nothing is registered."""
    database = town.store.database
    database.command("collMod", "AuditEvent", validator={"never": True}, validationLevel="strict")
    try:
        officer.post("/console/clients/new", **typed())
        assert registered(town) == []
    finally:
        database.command("collMod", "AuditEvent", validator={})
    officer.get("/console/clients/new")
    assert made(town, officer)


def test_two_who_change_one_system_at_the_same_moment_do_not_undo_each_other(town: Town, officer: Browser) -> None:
    client = made(town, officer)
    town.registry.change_client(replace(client, title="another"), client)
    with pytest.raises(Conflict):
        town.registry.change_client(replace(client, disabled=True), client)


# --- by whom --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["referral-desk", "psychologist", "police-officer"])
def test_who_has_another_function_may_not_even_look(town: Town, role: str) -> None:
    town.application("chu-his")
    browser = town.browser()
    browser.sign_in(town.person(roles=frozenset({role})))
    for path in ("/console/clients", "/console/clients/new", "/console/clients/chu-his"):
        assert browser.get(path).status_code == 403
    browser.get("/console/")
    assert "/console/clients" not in browser.last.text
    assert browser.post("/console/clients/new", **typed()).status_code == 403


def test_an_integrator_may_too(town: Town) -> None:
    browser = town.browser()
    browser.sign_in(town.person(roles=frozenset({"technical-desk"})))
    assert browser.get("/console/clients/new").status_code == 200


def test_a_system_of_another_organisation_is_as_one_that_never_was(town: Town, officer: Browser) -> None:
    town.application("amal-tool", "amal", title="Outil d'Amal")
    assert "amal-tool" not in officer.get("/console/clients").text
    foreign, unknown = (officer.get(f"/console/clients/{id_}") for id_ in ("amal-tool", "never-tool"))
    assert (foreign.status_code, foreign.text) == (404, unknown.text.replace("never-tool", "amal-tool"))
    officer.get("/console/clients/new")
    assert officer.post("/console/clients/amal-tool", act="disable", sure="yes").status_code == 404
    kept = town.registry.client("amal-tool")
    assert kept and not kept.disabled


def test_a_name_that_is_markup_is_shown_as_text(town: Town, officer: Browser) -> None:
    made(town, officer, title="<script>alert(1)</script>")
    for path in ("/console/clients", officer.last.request.path):
        page = officer.get(path)
        assert "<script>" not in page.text
        assert "&lt;script&gt;" in page.text


def test_what_was_typed_stands_there_again(town: Town, officer: Browser) -> None:
    again = officer.post("/console/clients/new", **typed(title="", redirects=BACK, kind="people"))
    assert BACK in again.text
    assert 'value="people" checked' in again.text
    assert 'value="referrals-answer" checked' in again.text
    assert 'value="referrals-read" checked' not in again.text
    assert KEY["x"] in again.text
