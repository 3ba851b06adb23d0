"""A person's stay at the hub's own pages: kept here under the hash of what her browser holds, looked up each time.

https://cheatsheetseries.owasp.org/cheatsheets/Session_Management_Cheat_Sheet.html. Whoever signs in gets a new one.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from hub.accounts import Account, Session
from hub.oauth import vault
from hub.oauth.people import People, reference

_WRITTEN_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class Present:
    """Who is there."""

    account: Account
    session: Session


def begin(account: Account, *, people: People) -> str:
    """The secret of a new session."""
    secret, now = vault.new_secret(), people.hub.clock.now()
    me = reference(account)
    session = Session(vault.hashed(secret), account.id, now, now + people.lifetimes.session_idle)
    people.accounts.open_session(session, people.told("person.sign-in", account.organization, by=me, about=me))
    return secret


def present(secret: str, *, people: People) -> Present | None:
    """Who holds this session; it goes on from now."""
    now = people.hub.clock.now()
    session = people.accounts.session(vault.hashed(secret), now) if secret else None
    account = people.accounts.account(session.account) if session else None
    if session is None or account is None or account.disabled:
        return None
    until = min(now + people.lifetimes.session_idle, session.since + people.lifetimes.session_most)
    if until - session.until > _WRITTEN_EVERY:
        people.accounts.prolong(session.hash, until)
    return Present(account, session) if now < session.since + people.lifetimes.session_most else None


def end(secret: str, *, people: People) -> None:
    people.accounts.end_session(vault.hashed(secret))


def end_everywhere(account: Account, *, people: People) -> None:
    """Every session of hers, and whatever applications hold in her name."""
    me = reference(account)
    people.accounts.sign_out(account.id, people.told("person.sign-out", account.organization, by=me, about=me))
