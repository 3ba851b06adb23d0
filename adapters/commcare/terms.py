"""The settings of a connection, read once. What cannot work, or would send the key in the clear, is Fatal."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from hub.errors import Fatal
from hub.ports import Connection

PAGE: Final = 1000
LARGEST_PAGE: Final = 5000  # the server's own maximum
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
DOMAIN: Final = re.compile(r"[a-z0-9][a-z0-9.:_-]*")
ZONE: Final = "Africa/Casablanca"


@dataclass(frozen=True)
class Terms:
    """`survivor`, `referral`: what the project space calls these types of case."""

    url: str
    domain: str
    user: str
    page: int
    survivor: str
    referral: str
    zone: ZoneInfo

    @property
    def is_near(self) -> bool:
        return urlsplit(self.url).hostname in LOOPBACK


def terms(connection: Connection) -> Terms:
    """Raises Fatal for settings that cannot work."""
    url, domain, user = (_text(connection, name) for name in ("url", "domain", "user"))
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not DOMAIN.fullmatch(domain) or not user:
        raise Fatal("adapters.commcare-settings")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise Fatal("adapters.commcare-insecure")
    survivor = _text(connection, "survivor_type") or "survivor"
    referral = _text(connection, "referral_type") or "referral"
    if survivor == referral:
        raise Fatal("adapters.commcare-settings")
    return Terms(url.rstrip("/") + "/", domain, user, _page(connection), survivor, referral, _zone(connection))


def _text(connection: Connection, name: str) -> str:
    return str(connection.settings.get(name) or "")


def _page(connection: Connection) -> int:
    size = connection.settings.get("page_size", PAGE)
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= LARGEST_PAGE:
        raise Fatal("adapters.commcare-page-size", largest=str(LARGEST_PAGE))
    return size


def _zone(connection: Connection) -> ZoneInfo:
    """A day is a day where the work is done; Morocco's clock changes at Ramadan."""
    try:
        return ZoneInfo(_text(connection, "zone") or ZONE)
    except (ValueError, OSError, LookupError):
        raise Fatal("adapters.commcare-settings") from None
