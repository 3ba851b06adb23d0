"""Where the pages meet the application: addresses, the cookie, and what every answer carries.

https://cheatsheetseries.owasp.org/cheatsheets/Session_Management_Cheat_Sheet.html · RFC 6265bis §4.1.3.2 (`__Host-`)
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from flask import Blueprint, Flask
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from hub.console import (
    asking,
    authorize,
    clients,
    closing,
    duplicates,
    home,
    import_register,
    informing,
    messages,
    pages,
    passing_on,
    progress,
    referral,
    referrals,
    rerouting,
    set_aside,
    sign_in,
    unknown,
    welcome,
)
from hub.console.desk import Desk
from hub.console.held import InMemory
from hub.errors import HubError
from hub.exchange.upload import Door
from hub.oauth import vault
from hub.oauth.limits import TooMany
from hub.oauth.people import People
from hub.outbound.allowed import Allowed


class Addresses(Protocol):
    """The part of the settings that this room needs."""

    @property
    def base_url(self) -> str: ...

    @property
    def proxies(self) -> int: ...

    @property
    def jwks_hosts(self) -> tuple[Allowed, ...]: ...


def mount(app: Flask, people: People, settings: Addresses, doors: Mapping[str, Door] = MappingProxyType({})) -> None:
    """Give the application its pages for people. `doors`: what registers may be handed over to."""
    desk = Desk(people, settings.base_url.rstrip("/"), settings.proxies, settings.jwks_hosts, doors)
    _cookie(app, desk)
    app.request_class = InMemory
    room = Blueprint("console", __name__)
    room.before_request(pages.begin)
    room.after_request(pages.finish)
    for problem, answer in _ANSWERS.items():
        room.register_error_handler(problem, answer)
    room.add_url_rule("/console/style.css", "style", pages.style)
    for part in _PARTS:
        part.register(room, desk)
    app.url_map.converters[unknown.ANYTHING] = unknown.Anything
    app.register_blueprint(room)


_PARTS = (
    sign_in, welcome, authorize, home, clients, import_register, set_aside,
    referrals, referral, messages, asking, informing, progress, rerouting, passing_on, closing,
    duplicates, unknown,
)  # fmt: skip
_ANSWERS = {
    CSRFError: pages.stale,
    TooMany: pages.too_many,
    HubError: pages.problem,
    HTTPException: pages.wrong_address,
}


def _cookie(app: Flask, desk: Desk) -> None:
    """One cookie, signed and for this host alone, which ends with the browser. Where the address is not https (a trial on one's
    own machine) browsers would take neither Secure nor the prefix."""
    app.secret_key = vault.key(desk.people.hub.pepper, "hub.console.cookie")
    app.config.update(
        SESSION_COOKIE_NAME="__Host-ihala" if desk.is_secure else "ihala",
        SESSION_COOKIE_SECURE=desk.is_secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",  # an application sends people here by a link
        SESSION_COOKIE_PATH="/",
        WTF_CSRF_TIME_LIMIT=3600,
    )
