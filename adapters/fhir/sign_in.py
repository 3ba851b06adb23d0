"""How the hub proves who it is: a token, a name and a password, or a key that signs (SMART backend services).

https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html
"""

import json
import time
import uuid
from typing import Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from adapters.fhir.terms import PROBLEMS, Terms
from adapters.http_client import Http

ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS: Final = {"EC": "ES384", "RSA": "RS384"}
LIFETIME: Final = 240
REFUSED: Final = frozenset(range(201, 500)) - {429}


def bearer(terms: Terms, credential: str, http: Http) -> str:
    """An access token. Raises Fatal where the key or the client is refused, Retriable where nobody answers."""
    form = {
        "grant_type": "client_credentials",
        "scope": terms.scope,
        "client_assertion_type": ASSERTION,
        "client_assertion": _assertion(terms, credential),
    }
    answer = http.ask("POST", terms.token_url, form=form, also=REFUSED)
    token = http.table(answer).get("access_token") if answer.status == 200 else None
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise PROBLEMS.fatal("credentials")
    return token


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
        raise PROBLEMS.fatal("key") from None


def _key(credential: str) -> ECKey | RSAKey:
    """A private key as JWK or as PEM."""
    if credential.lstrip().startswith("{"):
        told = json.loads(credential)
        return ECKey.import_key(told) if told.get("kty") == "EC" else RSAKey.import_key(told)
    try:
        return ECKey.import_key(credential)
    except (JoseError, ValueError, TypeError):
        return RSAKey.import_key(credential)
