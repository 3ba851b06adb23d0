"""The settings of a connection, read once. What cannot work, or would send the key in the clear, is Fatal."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from adapters.http_client import Problems, address, page_size
from adapters.http_listener import Where, where
from hub.ports import Connection

PAGE: Final = 1000
LARGEST_PAGE: Final = 5000  # the server's own maximum
DOMAIN: Final = re.compile(r"[a-z0-9][a-z0-9.:_-]*")
ZONE: Final = "Africa/Casablanca"
PROBLEMS: Final = Problems("adapters.commcare-", {404: "domain"})


@dataclass(frozen=True)
class Terms:
    """`survivor`, `referral`: what the project space calls these types of case. `sends`: the connection is one that
    referrals are sent to, and `owner` whose cases they become there. `listen`: None where nothing is forwarded."""

    url: str
    domain: str
    user: str
    page: int
    survivor: str
    referral: str
    zone: ZoneInfo
    owner: str
    sends: bool
    listen: Where | None
    spool: Path

    def type_of(self, kind: str) -> str:
        return self.survivor if kind == "survivor" else self.referral


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
    sends, owner = connection.settings.get("send") is True, _text(connection, "owner")
    if sends and not owner:
        raise PROBLEMS.fatal("no-owner")
    return Terms(
        url=url,
        domain=domain,
        user=user,
        page=page_size(connection, PAGE, LARGEST_PAGE, PROBLEMS),
        survivor=survivor,
        referral=referral,
        zone=_zone(connection),
        owner=owner,
        sends=sends,
        listen=where(connection),
        spool=connection.folder / (_text(connection, "folder") or f"commcare/{connection.id}"),
    )


def _text(connection: Connection, name: str) -> str:
    return str(connection.settings.get(name) or "")


def _zone(connection: Connection) -> ZoneInfo:
    """A day is a day where the work is done; Morocco's clock changes at Ramadan."""
    try:
        return ZoneInfo(_text(connection, "zone") or ZONE)
    except (ValueError, OSError, LookupError):
        raise PROBLEMS.fatal("settings") from None
