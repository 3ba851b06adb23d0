"""How often somebody may ask the authorization server: refusals lock out for the rest of a minute, tokens are not endless.

RFC 6819 §4.3 asks for it; RFC 6585 §4 (429, Retry-After) is the answer. The counts stand in the database, so that all
processes count together; under which address and client they stand is only there as a keyed hash.

A lock-out belongs to a client *at an address*: whoever only claims to be a client does not lock it out elsewhere.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeVar

from authlib.oauth2.rfc6749.errors import InvalidClientError, OAuth2Error

from hub.oauth.vault import keyed
from hub.ports import Registry

WINDOW_S: Final = 60
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Limit:
    name: str
    most: int  # in one window
    window_s: int = WINDOW_S


REFUSALS_AT_ADDRESS: Final = Limit("refusals-at-address", 60)
REFUSALS_OF_CLIENT: Final = Limit("refusals-of-client", 10)  # at one address
TOKENS: Final = Limit("tokens", 120)  # of one client; it needs one in five minutes
EMERGENCIES_OF_CLIENT: Final = Limit("emergencies-of-client", 5, 600)
EMERGENCIES_OF_ORGANIZATION: Final = Limit("emergencies-of-organization", 20, 3600)
"""Attempts to break a glass, whatever becomes of them: so few that guessing numbers of identity cards finds nobody."""
SIGN_INS_AT_ADDRESS: Final = Limit("sign-ins-at-address", 60, 900)  # a whole office may be one address
SIGN_INS_OF_ACCOUNT: Final = Limit(
    "sign-ins-of-account", 10, 900
)  # at one address: elsewhere its person is not locked out
WRONG_CODES: Final = Limit("wrong-codes", 20, 86_400)  # of one account, anywhere, by somebody who has its password


class TooMany(OAuth2Error):  # type: ignore[misc]  # noqa: N818 — the field's word; Authlib has no types
    """Ask again after `wait` seconds."""

    error = "temporarily_unavailable"

    def __init__(self, wait: int) -> None:
        super().__init__(description="Too many requests: see Retry-After.", status_code=429)
        self.wait = wait


@dataclass(frozen=True)
class Asker:
    """Who seems to ask: nothing of it is proven yet. `limit`: how often it may be given what it asks for."""

    client: str
    address: str
    limit: Limit | None = None


def guarded(act: Callable[[], Answer], asker: Asker, *, registry: Registry, secret: bytes, now: datetime) -> Answer:
    """The answer of `act`, unless somebody has asked too often; it is counted either way. Raises TooMany, or what `act` does."""
    window = int(now.timestamp()) // WINDOW_S
    ends = (window + 1) * WINDOW_S
    until = datetime.fromtimestamp(ends, UTC)
    refusals = {
        _key(REFUSALS_AT_ADDRESS, window, secret, asker.address): REFUSALS_AT_ADDRESS,
        _key(REFUSALS_OF_CLIENT, window, secret, asker.client, asker.address): REFUSALS_OF_CLIENT,
    }
    given = {_key(asker.limit, window, secret, asker.client): asker.limit} if asker.limit else {}
    counts = registry.counts([*refusals, *given])
    if any(counts.get(key, 0) >= limit.most for key, limit in (refusals | given).items()):
        raise TooMany(max(1, ends - int(now.timestamp())))
    try:
        answer = act()
    except InvalidClientError:  # who proves nothing at all has tried no name, and costs nothing
        _count(refusals, until, registry)
        raise
    _count(given, until, registry)
    return answer


def spend(spent: Mapping[Limit, Sequence[str]], *, registry: Registry, secret: bytes, now: datetime) -> int:
    """Count one attempt under each limit, of whom it says: how many seconds to wait where there were too many, else 0.

    It is counted before it is judged: of attempts at one time, no more than the limit pass.
    """
    waits = [0]
    for limit, of in spent.items():
        key, ends = _at(limit, now, secret, *of)
        if registry.count(key, datetime.fromtimestamp(ends, UTC)) > limit.most:
            waits.append(max(1, ends - int(now.timestamp())))
    return max(waits)


def count_sign_in(account: str, address: str, *, registry: Registry, secret: bytes, now: datetime) -> None:
    """Count one, before anything of it is looked at: of many at once, too many are refused. Raises TooMany."""
    spent = {SIGN_INS_AT_ADDRESS: (address,), SIGN_INS_OF_ACCOUNT: (account, address)}
    if wait := spend(spent, registry=registry, secret=secret, now=now):
        raise TooMany(wait)


def count_wrong_code(account: str, *, registry: Registry, secret: bytes, now: datetime) -> None:
    key, ends = _at(WRONG_CODES, now, secret, account)
    registry.count(key, datetime.fromtimestamp(ends, UTC))


def too_many_wrong_codes(account: str, *, registry: Registry, secret: bytes, now: datetime) -> bool:
    """Whoever guesses codes has the password already: the account is shut for everybody until the window ends."""
    key, _ = _at(WRONG_CODES, now, secret, account)
    return registry.counts([key]).get(key, 0) >= WRONG_CODES.most


def _at(limit: Limit, now: datetime, secret: bytes, *of: str) -> tuple[str, int]:
    """Under what it is counted now, and when that ends (seconds since 1970)."""
    window = int(now.timestamp()) // limit.window_s
    return _key(limit, window, secret, *of), (window + 1) * limit.window_s


def _count(keys: dict[str, Limit], until: datetime, registry: Registry) -> None:
    for key in keys:
        registry.count(key, until)


def _key(limit: Limit, window: int, secret: bytes, *of: str) -> str:
    return keyed(secret, limit.name, str(window), *of)
