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


def smart_configuration(endpoints: Endpoints) -> dict[str, Any]:
    """The content of `/.well-known/smart-configuration`."""
    return {"issuer": endpoints.issuer, **_proofs(endpoints), **IN_BOTH, **IN_SMART}


def server_metadata(endpoints: Endpoints) -> dict[str, Any]:
    """The content of `/.well-known/oauth-authorization-server`."""
    return {"issuer": endpoints.issuer, **_proofs(endpoints), **IN_BOTH, **IN_METADATA}


def _proofs(endpoints: Endpoints) -> dict[str, Any]:
    """Each endpoint with how a client proves itself there: everywhere the same."""
    addresses = {
        "token": endpoints.token,
        "revocation": endpoints.revocation,
        "introspection": endpoints.introspection,
    }
    declared: dict[str, Any] = {}
    for name, address in addresses.items():
        declared[f"{name}_endpoint"] = address
        declared[f"{name}_endpoint_auth_methods_supported"] = [PROOF]
        declared[f"{name}_endpoint_auth_signing_alg_values_supported"] = list(KEY_TYPES)
    return declared
