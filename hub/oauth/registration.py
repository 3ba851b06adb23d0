"""Registering a system from the hub's pages: by a consent officer or an integrator, for her own organisation.

https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html#registering-a-client-communicating-public-keys.
Each act and its audit event are one transaction. A private key that is handed over by mistake is refused and kept nowhere.
"""

import json
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from hub.accounts import Account
from hub.oauth import keys
from hub.oauth.people import People, reference
from hub.oauth.scopes import SYSTEM, USER
from hub.ports import Client

ROLES: Final = frozenset({"consent-officer", "technical-desk"})
LARGEST: Final = 20_000  # characters of keys
_ALGORITHMS: Final = {kind: name for name, kind in keys.KEY_TYPES.items()}
_PEM: Final = re.compile(r"-----BEGIN [A-Z ]+-----.*?-----END [A-Z ]+-----", re.DOTALL)
_CURVE: Final = "P-384"

Flaw = Literal["private", "unreadable", "weak", "twice"]


class KeyFlaw(ValueError):  # noqa: N818 — the field's word
    """What is wrong with keys that were handed over. Nothing of them is in it."""

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw)
        self.flaw = flaw


@dataclass(frozen=True)
class Wish:
    """What a new system is to be. `permissions`: as `Task.rus`, for itself or for the people who sign in with it."""

    title: str
    permissions: frozenset[str]
    purposes: tuple[str, ...]
    for_people: bool = False
    is_public: bool = False
    keys: Sequence[Mapping[str, Any]] = ()
    jwks_url: str = ""
    redirects: tuple[str, ...] = ()


def may_register(account: Account) -> bool:
    return bool(ROLES & account.roles)


def own_clients(account: Account, *, people: People) -> list[Client]:
    return [one for one in people.registry.clients() if one.organization == account.organization]


def own_client(id_: str, account: Account, *, people: People) -> Client | None:
    """None for one of another organisation, as if it were not there."""
    found = people.registry.client(id_)
    return found if found and found.organization == account.organization else None


def register(wish: Wish, account: Account, *, people: People) -> Client:
    of = USER if wish.for_people else SYSTEM
    made = Client(
        id=f"{account.organization}-{secrets.token_hex(4)}",
        organization=account.organization,
        jwks={"keys": list(wish.keys)},
        scopes=frozenset(f"{of}/{permission}" for permission in wish.permissions),
        purposes=wish.purposes,
        title=wish.title,
        redirects=wish.redirects,
        is_public=wish.is_public,
        jwks_url=wish.jwks_url,
    )
    _change(made, None, "client.register", account, people)
    return made


def add_keys(client: Client, added: Iterable[Mapping[str, Any]], account: Account, *, people: People) -> None:
    """Raises KeyFlaw where one of them is registered already."""
    held = [*client.jwks.get("keys", ()), *added]
    _require_different(held)
    _change(replace(client, jwks={"keys": held}), client, "client.add-key", account, people)


def end_key(client: Client, kid: str, account: Account, *, people: People) -> bool:
    """False where it is not there, or the last."""
    held = list(client.jwks.get("keys", ()))
    left = [key for key in held if key.get("kid") != kid]
    if len(left) == len(held) or not left:
        return False
    _change(replace(client, jwks={"keys": left}), client, "client.end-key", account, people)
    return True


def disable(client: Client, account: Account, *, people: People) -> None:
    _change(replace(client, disabled=True), client, "client.disable", account, people)


def _change(client: Client, replaces: Client | None, verb: str, account: Account, people: People) -> None:
    told = people.told(verb, client.organization, by=reference(account), client=client.id)
    people.registry.change_client(client, replaces, told)


# --- keys that are handed over ------------------------------------------------------------------------------------------


def read_keys(text: str) -> list[dict[str, Any]]:
    """The public keys of a JWK, a JWK Set or PEM. Raises KeyFlaw; of a private key nothing goes on from here."""
    if len(text) > LARGEST:
        raise KeyFlaw("unreadable")
    if "PRIVATE KEY" in text:
        raise KeyFlaw("private")
    found = _from_pem(text) if "-----BEGIN" in text else _from_json(text)
    require_usable(found)
    return found


def require_usable(found: Sequence[Mapping[str, Any]]) -> None:
    """Whether each of these public keys could verify an assertion. Raises KeyFlaw."""
    if not found:
        raise KeyFlaw("unreadable")
    _require_different(found)
    for key in found:
        _require_one(key, found)


def _from_json(text: str) -> list[dict[str, Any]]:
    try:
        read = json.loads(text)
        given = read.get("keys", [read])
        if any("d" in key or "k" in key for key in given):
            raise KeyFlaw("private")
        return [keys.public(key) for key in given]
    except KeyFlaw:
        raise
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise KeyFlaw("unreadable") from None


def _from_pem(text: str) -> list[dict[str, Any]]:
    try:
        return [_as_jwk(block) for block in _PEM.findall(text)]
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, UnsupportedAlgorithm):
        raise KeyFlaw("unreadable") from None


def _as_jwk(pem: str) -> dict[str, Any]:
    """A key in PEM has no name: it gets the thumbprint of RFC 7638."""
    is_rsa = isinstance(load_pem_public_key(pem.encode("ascii")), RSAPublicKey)
    key = RSAKey.import_key(pem) if is_rsa else ECKey.import_key(pem)
    key.ensure_kid()
    return keys.public(key.as_dict(private=False) | {"use": "sig", "alg": "RS384" if is_rsa else "ES384"})


def _require_one(key: Mapping[str, Any], among: Sequence[Mapping[str, Any]]) -> None:
    try:
        if not (isinstance(key["kid"], str) and key["kid"]):
            raise KeyFlaw("unreadable")
        if key["kty"] == "EC" and key["crv"] != _CURVE:
            raise KeyFlaw("weak")
        keys.verifying_key({"keys": list(among)}, key["kid"], key.get("alg", _ALGORITHMS[key["kty"]]))
    except keys.UnusableKey:
        raise KeyFlaw("weak") from None
    except KeyFlaw:
        raise
    except (JoseError, ValueError, KeyError, TypeError, AttributeError):
        raise KeyFlaw("unreadable") from None


def _require_different(held: Iterable[Mapping[str, Any]]) -> None:
    kids = [str(key.get("kid", "")) for key in held]
    if len(set(kids)) != len(kids):
        raise KeyFlaw("twice")
