"""Client keys as JSON Web Keys: the client keeps the private one, the hub registers the public one.

https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

from joserfc.jwk import ECKey, RSAKey

Algorithm = Literal["ES384", "RS384"]

KEY_TYPES: Final[dict[str, str]] = {"ES384": "EC", "RS384": "RSA"}
"""The only algorithms that are accepted, and the `kty` of their keys."""

_SMALLEST_RSA: Final = 2048


class UnusableKey(ValueError):  # noqa: N818 — the field's word
    """The key cannot verify a client's assertions."""


def new_key(alg: Algorithm = "ES384") -> dict[str, Any]:
    """A new private key with a `kid` of its own. It is a secret and belongs into the client's key file alone."""
    key = ECKey.generate_key("P-384", auto_kid=True) if alg == "ES384" else RSAKey.generate_key(3072, auto_kid=True)
    return dict(key.as_dict(private=True, use="sig", alg=alg))


def public(key: Mapping[str, Any]) -> dict[str, Any]:
    """The public half of a key: what may be registered and published."""
    return {name: key[name] for name in ("kty", "kid", "use", "alg", "crv", "x", "y", "n", "e") if name in key}


def jwks(*keys: Mapping[str, Any]) -> dict[str, Any]:
    """A JWK Set of the public halves."""
    return {"keys": [public(key) for key in keys]}


def verifying_key(jwks: Mapping[str, Any], kid: str, alg: str) -> ECKey | RSAKey:
    """The one key of the set with this `kid` and the algorithm's `kty`. Raises UnusableKey."""
    found = [k for k in jwks.get("keys", ()) if k.get("kid") == kid and k.get("kty") == KEY_TYPES[alg]]
    if len(found) != 1 or found[0].get("use", "sig") != "sig" or found[0].get("alg", alg) != alg:
        raise UnusableKey("not exactly one key")
    data = public(found[0])
    if data["kty"] == "EC":
        if data.get("crv") != "P-384":  # RFC 7518, 3.4: ES384 is P-384
            raise UnusableKey("not on the curve of the algorithm")
        return ECKey.import_key(data)
    key = RSAKey.import_key(data)
    if key.raw_value.key_size < _SMALLEST_RSA:
        raise UnusableKey("the key is too short")
    return key
