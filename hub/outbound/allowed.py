"""The hosts that the operator allows the hub to ask, as `hub.toml` lists them. What is not listed is never asked.

keys.hospital.example          https, port 443, at public addresses
keys.hospital.example:8443     another port
https://keys.inside.example    trusted wherever it is: for a server in one's own network
http://127.0.0.1:9000          without TLS on this very machine: for a trial
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from hub.outbound.addresses import is_loopback

HTTPS: Final = 443
_HOST: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9\-.]*[a-z0-9])?|[0-9a-f:]+", re.ASCII)


@dataclass(frozen=True)
class Target:
    """One server that could be asked, as a URL names it."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> "Target":
        """Raises ValueError for what is no such URL, or names more than a place: somebody to sign in as, a fragment."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme not in {"https", "http"} or not _HOST.fullmatch(host) or "@" in parts.netloc or "#" in url:
            raise ValueError("no URL of a server")
        return cls(parts.scheme, host, parts.port or (HTTPS if parts.scheme == "https" else 80))


@dataclass(frozen=True)
class Allowed:
    """One line of the list. `anywhere`: whatever its address."""

    target: Target
    anywhere: bool

    @classmethod
    def read(cls, text: str) -> "Allowed":
        """Raises ValueError for what is no host, or would allow more than a host."""
        anywhere = "://" in text
        parts = urlsplit(text if anywhere else f"https://{text}")
        target = Target.of(parts.geturl())
        if parts.path.strip("/") or parts.query:
            raise ValueError("more than a host")
        if target.scheme == "http" and not is_loopback(target.host):
            raise ValueError("without TLS only on this machine")
        return cls(target, anywhere)


def is_allowed(url: str, hosts: Iterable[Allowed]) -> bool:
    """Whether the hub would ask there."""
    try:
        return Target.of(url) in {one.target for one in hosts}
    except ValueError:
        return False
