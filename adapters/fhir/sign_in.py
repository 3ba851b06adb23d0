"""How the hub proves who it is: a token, a name and a password, or a key that signs (SMART backend services).

https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html
"""

import json
import time
import uuid
from typing import Any, Final

import httpx2
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from adapters.fhir.terms import Terms
from hub.errors import Fatal, Retriable

ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS: Final = {"EC": "ES384", "RSA": "RS384"}
LIFETIME: Final = 240


def bearer(terms: Terms, credential: str, http: httpx2.Client) -> str:
    """An access token. Raises Fatal where the key or the client is refused, Retriable where nobody answers."""
    form = {
        "grant_type": "client_credentials",
        "scope": terms.scope,
        "client_assertion_type": ASSERTION,
        "client_assertion": _assertion(terms, credential),
    }
    try:
        answer = http.post(terms.token_url, data=form)
    except httpx2.HTTPError:
        raise Retriable("adapters.fhir-unreachable") from None
    if answer.status_code == 429 or answer.status_code >= 500:
        raise Retriable("adapters.fhir-down", status=str(answer.status_code))
    token = _told(answer).get("access_token") if answer.status_code == 200 else None
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise Fatal("adapters.fhir-credentials")
    return token


def _told(answer: httpx2.Response) -> dict[str, Any]:
    try:
        told = answer.json()
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _assertion(terms: Terms, credential: str) -> str:
    """Signed anew for each token: a server takes no `jti` twice."""
    try:
        key = _key(credential)
        header = {"alg": ALGORITHMS[key.key_type], "typ": "JWT", "kid": str(key.kid or key.thumbprint())}
        claims = {
            "iss": terms.client_id, "sub": terms.client_id, "aud": terms.token_url,
            "exp": int(time.time()) + LIFETIME, "jti": str(uuid.uuid4()),
        }  # fmt: skip
        return jwt.encode(header, claims, key, algorithms=list(ALGORITHMS.values()))
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise Fatal("adapters.fhir-key") from None


def _key(credential: str) -> ECKey | RSAKey:
    """A private key as JWK or as PEM."""
    if credential.lstrip().startswith("{"):
        told = json.loads(credential)
        return ECKey.import_key(told) if told.get("kty") == "EC" else RSAKey.import_key(told)
    try:
        return ECKey.import_key(credential)
    except (JoseError, ValueError, TypeError):
        return RSAKey.import_key(credential)
