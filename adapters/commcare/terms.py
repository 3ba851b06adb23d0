"""The settings of a connection, read once. What cannot work, or would send the key in the clear, is Fatal."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from adapters.http_client import LOOPBACK, Problems, address, page_size
from hub.ports import Connection

PAGE: Final = 1000
LARGEST_PAGE: Final = 5000  # the server's own maximum
DOMAIN: Final = re.compile(r"[a-z0-9][a-z0-9.:_-]*")
ZONE: Final = "Africa/Casablanca"
PROBLEMS: Final = Problems("adapters.commcare-", {404: "domain"})


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


def terms(connection: Connection) -> Terms:
    """Raises Fatal for settings that cannot work."""
    url = address(connection.settings.get("url"), PROBLEMS)
    domain, user = _text(connection, "domain"), _text(connection, "user")
    if not DOMAIN.fullmatch(domain) or not user:
        raise PROBLEMS.fatal("settings")
    survivor = _text(connection, "survivor_type") or "survivor"
    referral = _text(connection, "referral_type") or "referral"
    if survivor == referral:
        raise PROBLEMS.fatal("settings")
    return Terms(
        url=url,
        domain=domain,
        user=user,
        page=page_size(connection, PAGE, LARGEST_PAGE, PROBLEMS),
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
        raise PROBLEMS.fatal("settings")
    certificate, key = (_path(connection, name) for name in ("listen_certificate", "listen_key"))
    if host not in LOOPBACK and not (certificate and key):
        raise PROBLEMS.fatal("listen-insecure")
    return Listen(host, int(port), certificate, key)


def _path(connection: Connection, name: str) -> Path | None:
    return connection.folder / _text(connection, name) if _text(connection, name) else None


def _text(connection: Connection, name: str) -> str:
    return str(connection.settings.get(name) or "")


def _zone(connection: Connection) -> ZoneInfo:
    """A day is a day where the work is done; Morocco's clock changes at Ramadan."""
    try:
        return ZoneInfo(_text(connection, "zone") or ZONE)
    except (ValueError, OSError, LookupError):
        raise PROBLEMS.fatal("settings") from None
