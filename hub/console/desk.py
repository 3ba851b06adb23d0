"""What the pages share: the ports behind them, and who is sitting at them."""

from dataclasses import dataclass
from typing import Final

from flask import Request, session
from werkzeug.exceptions import Forbidden

from hub.accounts import Account
from hub.oauth import registration, sessions
from hub.oauth.endpoints import Endpoints
from hub.oauth.origin import seen_from
from hub.oauth.people import People
from hub.oauth.sessions import Present
from hub.outbound.allowed import Allowed

HELD: Final = "held"
"""Where the cookie has the secret of the session that is kept here."""


class SignInFirst(Exception):  # noqa: N818 — the field's word
    """Nobody is signed in."""


@dataclass(frozen=True)
class Desk:
    people: People
    base: str
    proxies: int = 0
    key_hosts: tuple[Allowed, ...] = ()  # where keys of systems may be fetched

    @property
    def is_secure(self) -> bool:
        return self.base.startswith("https://")

    @property
    def endpoints(self) -> Endpoints:
        return Endpoints(self.base)

    def address(self, request: Request) -> str:
        return seen_from(request.headers.getlist("X-Forwarded-For"), request.remote_addr, self.proxies)

    def who(self) -> Present | None:
        return sessions.present(str(session.get(HELD, "")), people=self.people)

    def account(self) -> Account:
        """Raises SignInFirst."""
        found = self.who()
        if found is None:
            raise SignInFirst
        return found.account

    def registrar(self) -> Account:
        """Who may register systems. Raises SignInFirst, or Forbidden."""
        account = self.account()
        if not registration.may_register(account):
            raise Forbidden
        return account

    def admit(self, account: Account) -> None:
        """From now on the browser holds a new session, and nothing of what it held before but the language."""
        language = session.get("language")
        self.leave()
        session[HELD] = sessions.begin(account, people=self.people)
        if chosen := language or next(iter(account.languages), None):
            session["language"] = chosen

    def leave(self) -> None:
        if held := session.get(HELD):
            sessions.end(str(held), people=self.people)
        session.clear()
