"""Where the authorization server is: its endpoints, once, for discovery, routes and assertions.

RFC 8414 §2: the issuer is the address from which all others follow.
"""

from dataclasses import dataclass
from typing import Final

AUTHORIZATION: Final = "/oauth/authorize"
TOKEN: Final = "/oauth/token"  # noqa: S105 — an address
REVOCATION: Final = "/oauth/revoke"
INTROSPECTION: Final = "/oauth/introspect"


@dataclass(frozen=True)
class Endpoints:
    """Those that belong to a FHIR base."""

    base: str

    @property
    def issuer(self) -> str:
        return self.base.removesuffix("/fhir")

    @property
    def authorization(self) -> str:
        return self.issuer + AUTHORIZATION

    @property
    def token(self) -> str:
        """Also the one audience of every assertion, whichever endpoint it is sent to (RFC 7523 §3)."""
        return self.issuer + TOKEN

    @property
    def revocation(self) -> str:
        return self.issuer + REVOCATION

    @property
    def introspection(self) -> str:
        return self.issuer + INTROSPECTION
