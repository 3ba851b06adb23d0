"""Where a request comes from: the address behind our own proxies, and no further, since anybody can write the header.

RFC 7239 §8.1 · https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/X-Forwarded-For#selecting_an_ip_address
"""

from ipaddress import IPv6Address, IPv6Network, ip_address

from flask import Request


def address(request: Request, proxies: int) -> str:
    """`proxies`: how many of our own stand in front. Of IPv6 the network of 64 bits, which is what one party is given."""
    forwarded = ",".join(request.headers.getlist("X-Forwarded-For")).split(",")
    known = forwarded[-proxies].strip() if 0 < proxies <= len(forwarded) else ""
    return _network(known or request.remote_addr or "")


def _network(text: str) -> str:
    try:
        found = ip_address(text)
    except ValueError:
        return text
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(IPv6Network((found, 64), strict=False))
    return str(getattr(found, "ipv4_mapped", None) or found)
