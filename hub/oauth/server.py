"""What the authorization server works with: one value for all of its endpoints."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from hub.oauth.bindings import Bind, unbound
from hub.oauth.endpoints import Endpoints
from hub.oauth.people import People
from hub.oauth.witness import Witness
from hub.ports import Client, KeySource, Registry, Save


class RegisteredKeys:
    """The keys that a client was registered with, and no others: of one whose keys are at a URL there are none."""

    def of(self, client: Client, kid: str, now: datetime) -> Mapping[str, Any]:
        return client.jwks


REGISTERED: Final[KeySource] = RegisteredKeys()


@dataclass(frozen=True)
class Server:
    """`bind`: how a token comes to stand on consents. `people`: where they sign in, what they do it with."""

    registry: Registry
    endpoints: Endpoints
    keys: KeySource = REGISTERED
    bind: Bind = unbound
    witness: Witness | None = None
    people: People | None = None

    def told(self, tell: Callable[[Witness], Save]) -> tuple[Save, ...]:
        """The event for the audit trail; none where nobody watches."""
        return (tell(self.witness),) if self.witness else ()
