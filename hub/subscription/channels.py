"""The channels through which the hub sends, and what may be asked of each (pure).

https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/channels.html. A mail is read by whoever opens the mailbox and by servers in
between: it is only told that something happened.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from hub.fhir.writable import UNWRITABLE

CONTENTS: Final = ("empty", "id-only", "full-resource")
EMAIL: Final = "email"

_ALWAYS: Final = frozenset({"type", "endpoint", "payload", "_payload"})


@dataclass(frozen=True)
class Channel:
    """`payloads`: media types; `elements`: what may stand in it."""

    endpoint: re.Pattern[str]
    payloads: tuple[str, ...]
    contents: tuple[str, ...]
    elements: frozenset[str] = _ALWAYS


CHANNELS: Final[Mapping[str, Channel]] = {
    "rest-hook": Channel(
        re.compile(rf"https?://[^\s{UNWRITABLE}]+"),
        ("application/fhir+json", "application/json"),
        CONTENTS,
        _ALWAYS | {"header", "extension"},
    ),
    EMAIL: Channel(
        re.compile(r"mailto:([A-Za-z0-9._+\-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.\-]{0,250}[A-Za-z0-9])?)", re.ASCII),
        ("text/plain",),
        ("empty",),
    ),
}


def address(endpoint: str) -> str:
    """Of a `mailto:` URL that names one mailbox and says nothing besides (RFC 6068); "" for any other."""
    found = CHANNELS[EMAIL].endpoint.fullmatch(endpoint)
    return found[1] if found else ""
