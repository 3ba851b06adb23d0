"""What the pages share: the ports behind them, and who is sitting at them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from flask import Request, session
from werkzeug.exceptions import Forbidden

from hub.accounts import Account
from hub.exchange.person import REFERRAL_PURPOSE
from hub.exchange.upload import Door
from hub.oauth import handing_over, registration, scopes, sessions
from hub.oauth.endpoints import Endpoints
from hub.oauth.origin import seen_from
from hub.oauth.people import People, reference
from hub.oauth.sessions import Present
from hub.outbound.allowed import Allowed
from hub.ports import Caller

HELD: Final = "held"
"""Where the cookie has the secret of the session that is kept here."""
CONSOLE: Final = "hub:console"
"""By what the audit trail knows these pages."""


class SignInFirst(Exception):  # noqa: N818 — the field's word
    """Nobody is signed in."""


@dataclass(frozen=True)
class Desk:
    people: People
    base: str
    proxies: int = 0
    key_hosts: tuple[Allowed, ...] = ()  # where keys of systems may be fetched
    doors: Mapping[str, Door] = field(default_factory=dict)  # by the names of their connections

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

    def data_officer(self) -> Account:
        """Who may hand over registers. Raises SignInFirst, or Forbidden."""
        account = self.account()
        if not handing_over.may_hand_over(account):
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

    def asker(self) -> Caller:
        """Whoever sits here, as the use cases know her: her organisation, what she may do, her functions, and no more. Raises
        SignInFirst."""
        account = self.account()
        purpose = next((one for one in (REFERRAL_PURPOSE, *account.purposes) if one in account.purposes), "")
        return Caller(
            CONSOLE,
            account.organization,
            purpose,
            account.scopes,
            within=scopes.narrowings(account.scopes),
            practitioner=reference(account),
            roles=account.roles,
            request=self.people.request(),
        )
