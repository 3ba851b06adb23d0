"""The settings of a connection, read once: what cannot work, or would send a secret in the clear, is refused here."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

from adapters.http_client import Problems, address
from hub.fhir.canonicals import identifier_system
from hub.ports import Connection

WAYS: Final = frozenset({"bearer", "basic", "smart"})
REFERRAL: Final = identifier_system("referral")
OF_A_HUB: Final = identifier_system("survivor-code")
PARTY: Final = re.compile(r"Organization/[A-Za-z0-9.-]{1,64}")
LARGEST: Final = 1000
PROBLEMS: Final = Problems("adapters.fhir-")


@dataclass(frozen=True)
class Terms:
    """`system`: of the number by which the partner knows a referral that the hub has sent it. `hub`: the partner is one."""

    url: str
    auth: str
    user: str
    client_id: str
    token_url: str
    scope: str
    search: tuple[tuple[str, str], ...]
    page: int
    overlap: int
    deletions: bool
    owner: str
    requester: str
    system: str
    hub: bool


def terms(connection: Connection) -> Terms:
    """Raises Fatal."""
    found = connection.settings
    auth = str(found.get("auth") or "bearer")
    url, token_url = _address(found.get("url")), str(found.get("token_url") or "")
    needed = {"basic": ("user",), "smart": ("client_id", "token_url")}.get(auth, ())
    if auth not in WAYS or not all(found.get(name) for name in needed):
        raise PROBLEMS.fatal("auth")
    hub = found.get("hub") is True
    if hub and found.get("send") is True:
        _require_parties(found)
    return Terms(
        url=url,
        auth=auth,
        user=str(found.get("user") or ""),
        client_id=str(found.get("client_id") or ""),
        token_url=_address(token_url) if auth == "smart" else "",
        scope=str(found.get("scope") or "system/*.rs"),
        search=tuple(parse_qsl(str(found.get("search") or ""), keep_blank_values=True)),
        page=_number(found.get("page_size", 100), 1, LARGEST),
        overlap=_number(found.get("overlap_seconds", 10), 0, 3600),
        deletions=found.get("deletions", True) is not False,
        owner=str(found.get("owner") or ""),
        requester=str(found.get("requester") or ""),
        system=OF_A_HUB if hub else str(found.get("system") or REFERRAL),
        hub=hub,
    )


def _require_parties(found: Mapping[str, Any]) -> None:
    """At a hub a referral has both, and so has the consent to it."""
    if not all(PARTY.fullmatch(str(found.get(name) or "")) for name in ("owner", "requester")):
        raise PROBLEMS.fatal("parties")


def _address(told: object) -> str:
    return address(told, PROBLEMS).rstrip("/")


def _number(told: Any, least: int, largest: int) -> int:
    if isinstance(told, bool) or not isinstance(told, int) or not least <= told <= largest:
        raise PROBLEMS.fatal("number", largest=str(largest))
    return told
