"""The headers that a subscriber wants with each notification: those by which it knows the hub, and none by which a request could
be made into another one (pure).

https://www.rfc-editor.org/rfc/rfc9110#section-5.5 · https://cwe.mitre.org/data/definitions/113.html
"""

import re
from typing import Any, Final

from hub.errors import SUBSCRIPTION_REFUSED, HubError

Headers = tuple[tuple[str, str], ...]

SECRET: Final = "webhook-secret"  # noqa: S105 — a name
"""The one that is never sent: by what it holds the notifications are signed."""

MOST: Final = 10
LONGEST: Final = 4096
_LINE: Final = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}):[ \t]*([!-~](?:[ -~]{0,4000}[!-~])?)", re.ASCII)
_OURS: Final = frozenset(
    {
        "host", "content-length", "content-type", "content-encoding", "transfer-encoding", "connection", "keep-alive", "te",
        "trailer", "upgrade", "expect", "accept-encoding", "user-agent", "cookie", "forwarded", "via", "proxy-authorization",
        "proxy-connection", "http2-settings", "webhook-id", "webhook-timestamp", "webhook-signature",
    }
)  # fmt: skip
_OURS_BEGIN: Final = ("x-forwarded-", "proxy-", "sec-")


def headers(given: Any) -> Headers:
    """`Name: value`, each once. Raises SUBSCRIPTION_REFUSED, which quotes none of them."""
    lines = given if isinstance(given, list) else [None]
    found = [_LINE.fullmatch(line) if isinstance(line, str) and len(line) <= LONGEST else None for line in lines]
    read = tuple((one[1], one[2]) for one in found if one)
    names = [name.lower() for name, _ in read]
    if len(read) != len(lines) or len(lines) > MOST or len(set(names)) != len(names) or any(map(_is_ours, names)):
        raise HubError(SUBSCRIPTION_REFUSED, path="Subscription.channel.header", text="subscriptions.bad-header")
    return read


def _is_ours(name: str) -> bool:
    return name in _OURS or name.startswith(_OURS_BEGIN)


def secret_of(given: Headers) -> str:
    """What to sign with; "" where nothing is signed."""
    return next((value for name, value in given if name.lower() == SECRET), "")


def sent(given: Headers) -> dict[str, str]:
    return {name: value for name, value in given if name.lower() != SECRET}
