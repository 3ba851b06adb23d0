"""Clients and tokens, and who asks by them."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from hub.fhir.query import Match
from hub.ports.records import Kept, Save
from hub.ports.surroundings import LONG_AGO


@dataclass(frozen=True)
class Client:
    """A registered system of one organisation."""

    id: str
    organization: str
    jwks: Mapping[str, Any]
    scopes: frozenset[str]
    purposes: tuple[str, ...]  # http://terminology.hl7.org/CodeSystem/v3-ActReason; the first is the default
    title: str = ""
    introspects: bool = False  # whether it may ask about the tokens of other clients, as a resource server does
    redirects: tuple[str, ...] = ()  # where people who signed in are sent back to, exactly so
    is_public: bool = False  # it can keep no secret, as an application on a phone
    disabled: bool = False
    jwks_url: str = ""  # where its keys are, where they are not in `jwks`


@dataclass(frozen=True)
class Binding:
    """The Consents that a token is bound to, each in the version that was read, and what they say of it.

    Another version of one of them ends the token, whatever it says. `policies` and `residual` are told as IHE PCF names them.
    """

    consents: tuple[tuple[str, int], ...]  # id, version
    kept: frozenset[Kept]
    until: datetime
    policies: tuple[str, ...] = ()
    residual: tuple[Mapping[str, Any], ...] = ()

    @property
    def person(self) -> str:
        """Whom all of them are of."""
        return next(iter(self.kept)).person


@dataclass(frozen=True)
class Token:
    """An access token as kept: only its hash. It carries who asks, for what purpose, from when until when, by which key."""

    hash: str
    client: str
    organization: str
    scopes: frozenset[str]
    purpose: str
    until: datetime
    since: datetime = LONG_AGO
    kid: str = ""  # of the client's key that got it
    practitioner: str = ""  # `Practitioner/…` of the person in whose name it is; "" for a system's own
    roles: frozenset[str] = frozenset()
    account: str = ""
    family: str = ""  # of the sign-in that it came from
    binding: Binding | None = None


class KeySource(Protocol):
    """Where the public keys of a client are found."""

    def of(self, client: Client, kid: str, now: datetime) -> Mapping[str, Any]:
        """Its JWK Set, in which `kid` is looked for. Raises ValueError where there is none to be had."""


class Registry(Protocol):
    """Clients, tokens, used assertion ids, and how often somebody asked."""

    def client(self, id_: str) -> Client | None: ...

    def clients(self) -> Iterator[Client]: ...

    def save_client(self, client: Client) -> None: ...

    def save_token(self, token: Token, *events: Save) -> None:
        """With the audit events that tell of it, in one transaction."""

    def change_client(self, client: Client, replaces: Client | None, told: Sequence[Save] = ()) -> None:
        """With its audit events, in one transaction. Raises Conflict where the client is not `replaces` any more (None: there is
        none yet). Tokens that were got by a key it has no more end; where it is disabled, all that it holds."""

    def token(self, hash_: str, now: datetime) -> Token | None:
        """None also where a Consent that it is bound to is no longer in the version that was read."""

    def supposed(self, hash_: str) -> Token | None:
        """A token that is bound to no Consent, and was good when it was looked up here a moment ago. Whether it still is has to
        be asked before anybody is answered (`Changes.alive`, `token`)."""

    def kept_token(self, hash_: str) -> Token | None:
        """The same of one that is over, for as long as anything is kept of it: who used it after its end. It opens nothing."""

    def alive(self, hashes: Collection[str], now: datetime) -> frozenset[str]:
        """Which of these tokens are good: what `token` would find, for many at once."""

    def end_token(self, hash_: str, client: str, *events: Save) -> None:
        """A token of this client is none any more for any process, once this returns. Of another client's, nothing changes."""

    def use_assertion(self, client: str, jti: str, until: datetime) -> bool:
        """True the first time; False when this assertion was used before."""

    def count(self, key: str, until: datetime) -> int:
        """Add one to a count that is forgotten at `until`; what it is now."""

    def counts(self, keys: Iterable[str]) -> Mapping[str, int]:
        """The counts that are above 0."""


@dataclass(frozen=True)
class Within:
    """What a token reaches of a type by one interaction (read, search, update): what matches one of these."""

    type: str
    interaction: str
    any_of: tuple[tuple[Match, ...], ...]


@dataclass
class Supposed:
    """That a token is still good, as it was a moment ago. Nobody is answered before that is `known`: by the commit of what was
    asked for, or else by a look."""

    known: bool = False


@dataclass(frozen=True)
class Caller:
    """Who asks: the frozen result of a valid token. What no `within` names is not narrowed."""

    client: str
    organization: str
    purpose: str
    scopes: frozenset[str] = frozenset()
    token: str = ""  # hash, for the audit
    within: tuple[Within, ...] = ()
    practitioner: str = ""  # `Practitioner/…` of a person who signed in; "" for a system
    roles: frozenset[str] = frozenset()  # codes of the code system desk-role, of a person; of a system, none
    bound: frozenset[Kept] = frozenset()  # what its token is bound to by consents; nothing here: it is not bound
    request: str = field(default="", compare=False)  # the id of the request that asks, for the audit
    supposed: Supposed | None = field(default=None, compare=False, repr=False)  # None: its token was looked up
