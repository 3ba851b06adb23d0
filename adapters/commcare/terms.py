"""The settings of a connection, read once. What cannot work, or would send the key in the clear, is Fatal."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from hub.errors import Fatal
from hub.ports import Connection

PAGE: Final = 1000
LARGEST_PAGE: Final = 5000  # the server's own maximum
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
DOMAIN: Final = re.compile(r"[a-z0-9][a-z0-9.:_-]*")
ZONE: Final = "Africa/Casablanca"


class Listen(NamedTuple):
    """Where cases are forwarded to."""

    host: str
    port: int
    certificate: Path | None
    key: Path | None


@dataclass(frozen=True)
class Terms:
    """`survivor`, `referral`: what the project space calls these types of case. `listen`: None where nothing is forwarded."""

    url: str
    domain: str
    user: str
    page: int
    survivor: str
    referral: str
    zone: ZoneInfo
    listen: Listen | None
    spool: Path

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
    return Terms(
        url=url.rstrip("/") + "/",
        domain=domain,
        user=user,
        page=_page(connection),
        survivor=survivor,
        referral=referral,
        zone=_zone(connection),
        listen=_listen(connection),
        spool=connection.folder / (_text(connection, "folder") or f"commcare/{connection.id}"),
    )


def _listen(connection: Connection) -> Listen | None:
    host, _, port = _text(connection, "listen").rpartition(":")
    if not _text(connection, "listen"):
        return None
    if not host or not port.isdecimal() or int(port) > 65535:
        raise Fatal("adapters.commcare-settings")
    certificate, key = (_path(connection, name) for name in ("listen_certificate", "listen_key"))
    if host not in LOOPBACK and not (certificate and key):
        raise Fatal("adapters.commcare-listen-insecure")
    return Listen(host, int(port), certificate, key)


def _path(connection: Connection, name: str) -> Path | None:
    return connection.folder / _text(connection, name) if _text(connection, name) else None


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
