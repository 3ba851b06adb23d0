"""What the endpoints of the authorization server are asked with: a form, and in it the proof of who asks.

RFC 6749 §3.2: no parameter stands twice · RFC 7521 §4.2: `client_assertion`. The proof is the same at every endpoint, with the
token endpoint as its audience.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from authlib.oauth2.rfc6749.errors import InvalidClientError, InvalidRequestError

from hub.oauth import assertion
from hub.oauth.assertion import Proof
from hub.oauth.server import Server

Form = Sequence[tuple[str, str]]


def single(form: Form) -> dict[str, str]:
    """Each parameter once. Raises InvalidRequestError."""
    asked = dict(form)
    if len(asked) != len(form):
        raise InvalidRequestError(description="A parameter is repeated.")
    return asked


def proof(asked: Mapping[str, str], server: Server, now: datetime) -> Proof:
    """Who asks. Raises InvalidRequestError where nothing proves it, InvalidClientError where the proof does not hold."""
    if asked.get("client_assertion_type") != assertion.TYPE or "client_assertion" not in asked:
        raise InvalidRequestError(
            description=f"client_assertion and client_assertion_type={assertion.TYPE} are required."
        )
    return assertion.verify(
        asked["client_assertion"],
        registry=server.registry,
        token_url=server.endpoints.token,
        now=now,
        keys=server.keys,
    )


def asker(asked: Mapping[str, str], server: Server, now: datetime) -> Proof:
    """Which client asks. One that has no key to prove itself with, a public one, says who it is, and claims nothing.

    Raises what `proof` does; a client that has keys is never believed without.
    """
    if "client_assertion" in asked or "client_assertion_type" in asked or "client_id" not in asked:
        proven = proof(asked, server, now)
        if asked.get("client_id", proven.client.id) != proven.client.id:
            raise InvalidRequestError(description="client_id is not the client that the assertion proves.")
        return proven
    client = server.registry.client(asked["client_id"][:256])
    if client is None or client.disabled or not client.is_public:
        raise InvalidClientError(description="The client is unknown, or must prove itself.", status_code=401)
    return Proof(client, {}, "")


def token(asked: Mapping[str, str]) -> str:
    """The token that is asked about; `token_type_hint` says nothing here, each is looked for. Raises InvalidRequestError."""
    if not asked.get("token"):
        raise InvalidRequestError(description="token is required.")
    return asked["token"]
