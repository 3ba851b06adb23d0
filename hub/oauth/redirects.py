"""Where a person may be sent back to: addresses that were registered with the client, letter by letter.

RFC 9700 §2.1, §4.1 · RFC 8252 §7 (applications on a phone or a desk).
"""

import re
from typing import Final
from urllib.parse import urlencode, urlsplit

LONGEST: Final = 400
_LETTERS: Final = re.compile(r"[!#-;=?-\[\]_a-z~]+")  # of a URI; no blank, quote, backslash or sign of markup
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})
_OWN_SCHEME: Final = re.compile(
    r"[a-z][a-z0-9]*(?:\.[a-z0-9][a-z0-9\-]*)+"
)  # a name of the maker, reversed: RFC 8252 §7.1


def is_usable(uri: str) -> bool:
    """Whether it may be registered: https, this device, or a scheme of the application's own; nothing that is run or hidden."""
    try:
        parts = urlsplit(uri)
        port_is_number = parts.port is None or parts.port > 0
    except ValueError:
        return False
    plain = bool(_LETTERS.fullmatch(uri)) and "#" not in uri and len(uri) <= LONGEST and port_is_number
    if not plain or "@" in parts.netloc or uri.partition(":")[0] != parts.scheme:
        return False
    if parts.scheme == "https":
        return bool(parts.hostname)
    return parts.hostname in _LOOPBACK if parts.scheme == "http" else bool(_OWN_SCHEME.fullmatch(parts.scheme))


def answered(uri: str, **answer: str) -> str:
    """The address with the answer in its query, after what stands there already."""
    return f"{uri}{'&' if urlsplit(uri).query else '?'}{urlencode(answer)}"


def origin(uri: str) -> str:
    """What a page's policy names of it: RFC 6454, or the bare scheme of an application's own."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in {"https", "http"} else f"{parts.scheme}:"
