"""Where a request comes from: the address behind our own proxies, and no further, since anybody can write the header.

RFC 7239 §8.1 · https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/X-Forwarded-For#selecting_an_ip_address
"""

from collections.abc import Sequence
from ipaddress import IPv6Address, IPv6Network, ip_address


def seen_from(forwarded: Sequence[str], remote: str | None, proxies: int) -> str:
    """`forwarded`: the values of X-Forwarded-For; `proxies`: how many of our own stand in front. Of IPv6 the network of 64 bits,
    which is what one party is given."""
    listed = ",".join(forwarded).split(",")
    known = listed[-proxies].strip() if 0 < proxies <= len(listed) else ""
    return _network(known or remote or "")


def _network(text: str) -> str:
    try:
        found = ip_address(text)
    except ValueError:
        return text
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(IPv6Network((found, 64), strict=False))
    return str(getattr(found, "ipv4_mapped", None) or found)
