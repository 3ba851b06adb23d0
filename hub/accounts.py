"""People who sign in: their accounts, and what is kept of a sign-in, as the port `Accounts` keeps it.

Of every secret (a link, a session, a code, a token) only a hash is kept. https://www.rfc-editor.org/rfc/rfc6749#section-10
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from hub.ports import Save, Token


@dataclass(frozen=True)
class Account:
    """A person of one organisation. `password` "": she has not chosen one yet, and nobody can sign in."""

    id: str
    organization: str
    practitioner: str  # logical id
    roles: frozenset[str]  # codes of the code system desk-role
    scopes: frozenset[str]  # SMART, `user/…`
    purposes: tuple[str, ...]  # http://terminology.hl7.org/CodeSystem/v3-ActReason
    languages: tuple[str, ...] = ()
    password: str = field(default="", repr=False)  # argon2id
    second_factor: bytes = field(default=b"", repr=False)  # the secret of RFC 6238, encrypted
    recovery: frozenset[str] = field(default=frozenset(), repr=False)  # keyed hashes of the codes that are left
    disabled: bool = False


@dataclass(frozen=True)
class Invitation:
    """A link, good once, with which its person chooses a password."""

    hash: str
    account: str
    until: datetime


@dataclass(frozen=True)
class Session:
    """A person at the hub's own pages."""

    hash: str
    account: str
    since: datetime
    until: datetime  # when it ends if she does nothing


@dataclass(frozen=True)
class Code:
    """An authorization code, bound to all that it was asked with. `good_until`: for use; it is kept longer, to know it again."""

    hash: str
    family: str
    account: str
    client: str
    redirect: str
    challenge: str
    scopes: frozenset[str]
    purpose: str
    since: datetime
    good_until: datetime
    until: datetime
    lasting: bool = False  # whether it gives a refresh token
    used: bool = False


@dataclass(frozen=True)
class Refresh:
    """A refresh token: one of a family that began with a code. Used again, it ends the family."""

    hash: str
    family: str
    account: str
    client: str
    scopes: frozenset[str]
    purpose: str
    since: datetime  # of the family
    good_until: datetime
    until: datetime
    used: bool = False


@dataclass(frozen=True)
class Given:
    """What a code or a refresh token is exchanged for."""

    token: Token
    refresh: Refresh | None


@dataclass(frozen=True)
class Family:
    """What one application can still do in a person's name."""

    id: str
    client: str
    purpose: str
    since: datetime
    until: datetime


class Accounts(Protocol):
    """People, their sign-ins, and what applications hold in their name. `told`: audit events of the same transaction."""

    def account(self, id_: str) -> Account | None: ...

    def accounts(self) -> Iterator[Account]: ...

    def save_account(self, account: Account, replaces: Account | None, told: Sequence[Save] = ()) -> None:
        """Raises Conflict where the account is not `replaces` any more. Disabled, or with another password, she is signed out."""

    def use_step(self, account: str, step: int) -> bool:
        """True the first time that a second factor of this moment, or of a later one, is used."""

    def use_recovery(self, account: str, hash_: str) -> bool:
        """True when this recovery code was left; it is not any more."""

    def invite(self, invitation: Invitation) -> None:
        """The one invitation of its account: an earlier one is none any more."""

    def invitation(self, hash_: str, now: datetime) -> Invitation | None: ...

    def use_invitation(self, hash_: str) -> bool:
        """True the first time."""

    def open_session(self, session: Session, told: Sequence[Save] = ()) -> None: ...

    def session(self, hash_: str, now: datetime) -> Session | None: ...

    def sessions(self, account: str, now: datetime) -> Iterator[Session]:
        """The latest first."""

    def prolong(self, hash_: str, until: datetime) -> None: ...

    def end_session(self, hash_: str) -> None: ...

    def sign_out(self, account: str, told: Sequence[Save] = ()) -> None:
        """End every session, code and token of a person."""

    def save_code(self, code: Code, told: Sequence[Save] = ()) -> None: ...

    def code(self, hash_: str) -> Code | None: ...

    def redeem(self, code: str, given: Given, told: Sequence[Save] = ()) -> bool:
        """The code is used up and its tokens are there, both or neither. False: it was used before."""

    def refresh(self, hash_: str) -> Refresh | None: ...

    def rotate(self, refresh: str, given: Given, told: Sequence[Save] = ()) -> bool:
        """As `redeem`."""

    def families(self, account: str, now: datetime) -> Iterator[Family]: ...

    def end_family(self, family: str, account: str, told: Sequence[Save] = ()) -> None: ...
