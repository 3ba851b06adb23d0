"""What a client can find out about the authorization server before it asks for a token: one declaration, two documents.

https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html · RFC 8414 §2 ·
https://profiles.ihe.net/ITI/IUA/index.html (`access_token_format`). Only what works today stands in it.
"""

from typing import Any, Final

from hub.oauth.endpoints import Endpoints
from hub.oauth.keys import KEY_TYPES

PROOF: Final = "private_key_jwt"
IN_BOTH: Final[dict[str, Any]] = {
    "grant_types_supported": ["client_credentials"],
    "scopes_supported": ["system/*.cruds", "system/*.rs"],
    "response_types_supported": [],  # there is no authorization endpoint
    "code_challenge_methods_supported": ["S256"],  # SMART wants it said all the same, and never `plain`
}
IN_SMART: Final[dict[str, Any]] = {"capabilities": ["client-confidential-asymmetric", "permission-v1", "permission-v2"]}
IN_METADATA: Final[dict[str, Any]] = {"access_token_format": "opaque"}
PEOPLE_IN_BOTH: Final[dict[str, Any]] = {
    "grant_types_supported": ["client_credentials", "authorization_code", "refresh_token"],
    "scopes_supported": [*IN_BOTH["scopes_supported"], "user/*.cruds", "user/*.rs", "online_access", "offline_access"],
    "response_types_supported": ["code"],
    "response_modes_supported": ["query"],
    "authorization_response_iss_parameter_supported": True,  # RFC 9207
}
PEOPLE_IN_SMART: Final[dict[str, Any]] = {
    "capabilities": [
        *("launch-standalone", "client-public", *IN_SMART["capabilities"]),
        *("permission-user", "permission-online", "permission-offline"),
    ]
}
PUBLIC: Final = frozenset({"token", "revocation"})
"""Where a public client may ask, too: it says who it is, and holds what only it was given."""


def smart_configuration(endpoints: Endpoints, *, people: bool = False) -> dict[str, Any]:
    """The content of `/.well-known/smart-configuration`. `people`: whether they sign in here."""
    return _shared(endpoints, people) | IN_SMART | (PEOPLE_IN_SMART if people else {})


def server_metadata(endpoints: Endpoints, *, people: bool = False) -> dict[str, Any]:
    """The content of `/.well-known/oauth-authorization-server`."""
    return _shared(endpoints, people) | IN_METADATA


def _shared(endpoints: Endpoints, people: bool) -> dict[str, Any]:
    said = {"issuer": endpoints.issuer, **_proofs(endpoints, people), **IN_BOTH}
    return said | PEOPLE_IN_BOTH | {"authorization_endpoint": endpoints.authorization} if people else said


def _proofs(endpoints: Endpoints, people: bool) -> dict[str, Any]:
    """Each endpoint with how a client proves itself there: everywhere the same, but for those that can keep no secret."""
    addresses = {
        "token": endpoints.token,
        "revocation": endpoints.revocation,
        "introspection": endpoints.introspection,
    }
    declared: dict[str, Any] = {}
    for name, address in addresses.items():
        declared[f"{name}_endpoint"] = address
        declared[f"{name}_endpoint_auth_methods_supported"] = [PROOF, *(["none"] if people and name in PUBLIC else ())]
        declared[f"{name}_endpoint_auth_signing_alg_values_supported"] = list(KEY_TYPES)
    return declared
