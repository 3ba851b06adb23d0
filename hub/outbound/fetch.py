"""One guarded GET of JSON from an address that somebody else named.

https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html. The name is resolved
once, every address that it has is checked, and the connection goes to one that was: a name that changes its mind in between
(DNS rebinding) is not asked again. TLS and Host keep the name.
"""

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
import orjson

from hub.outbound.addresses import is_public
from hub.outbound.allowed import Allowed, Target, is_allowed

PATIENCE_S: Final = 3.0
LARGEST: Final = 64 * 1024
MOST_ADDRESSES: Final = 4
AT_ONCE: Final = 8  # servers that are slow hold up each other, and nothing else
JSON: Final = frozenset({"application/json", "application/jwk-set+json"})
Resolve = Callable[[str, int], Sequence[str]]


class NotFetched(ValueError):  # noqa: N818 — what happened
    """`why`: one of a few words, for the log. It quotes nothing of what was asked or answered."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, repr=False)
class Fetched:
    content: dict[str, Any]
    cache_control: str  # as it was sent; "" where it was not
    age: str


def resolve(host: str, port: int) -> list[str]:
    """All addresses of a name."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class Fetcher:
    """Threads may share it. `resolve`, `tls`, `patience`: the world, for tests."""

    def __init__(
        self,
        allowed: Iterable[Allowed],
        *,
        resolve: Resolve = resolve,
        tls: ssl.SSLContext | None = None,
        patience: float = PATIENCE_S,
    ) -> None:
        self._allowed = {one.target: one for one in allowed}
        self._resolve = resolve
        self._tls = tls or ssl.create_default_context()
        self._patience = patience
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="outbound")

    def allows(self, url: str) -> bool:
        return is_allowed(url, self._allowed.values())

    def fetch_json(self, url: str) -> Fetched:
        """Raises NotFetched. It takes no longer than its patience, whatever the other side does."""
        if not self.allows(url):
            raise NotFetched("not-allowed")
        ends = time.monotonic() + self._patience
        asked = self._pool.submit(self._ask, url, ends)
        try:
            return asked.result(self._patience)
        except TimeoutError:
            asked.cancel()
            raise NotFetched("slow") from None
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, UnicodeError):
            raise NotFetched("unreachable") from None

    def _ask(self, url: str, ends: float) -> Fetched:
        """At the first of the addresses that lets us in, as of a name that has an IPv6 address in a network that has none."""
        target = Target.of(url)
        for address in self._checked(self._allowed[target])[:MOST_ADDRESSES]:
            with suppress(httpx2.ConnectError, httpx2.ConnectTimeout):
                return self._ask_at(address, target, url, ends)
        raise NotFetched("unreachable")

    def _ask_at(self, address: str, target: Target, url: str, ends: float) -> Fetched:
        parts = urlsplit(url)
        there = parts._replace(netloc=f"[{address}]:{target.port}" if ":" in address else f"{address}:{target.port}")
        headers = {"Host": parts.netloc, "Accept": "application/json", "Accept-Encoding": "identity"}
        with (
            httpx2.Client(verify=self._tls, trust_env=False, follow_redirects=False, timeout=self._patience) as http,
            http.stream("GET", there.geturl(), headers=headers, extensions={"sni_hostname": target.host}) as answer,
        ):
            _require_json(answer)
            content = _parsed(_body(answer, ends))
            return Fetched(content, answer.headers.get("Cache-Control", ""), answer.headers.get("Age", ""))

    def _checked(self, allowed: Allowed) -> Sequence[str]:
        """All addresses of a name, of which not one leads inside."""
        addresses = self._resolve(allowed.target.host, allowed.target.port)
        if not allowed.anywhere and not all(map(is_public, addresses)):
            raise NotFetched("not-public")
        return addresses


def _require_json(answer: httpx2.Response) -> None:
    media = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if answer.status_code != 200:
        raise NotFetched("status")
    if media not in JSON or answer.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise NotFetched("not-json")


def _body(answer: httpx2.Response, ends: float) -> bytes:
    """Read piece by piece: a body without end, or one that comes a byte at a time, is left."""
    body = b""
    for piece in answer.iter_raw():
        body += piece
        if len(body) > LARGEST:
            raise NotFetched("too-large")
        if time.monotonic() > ends:
            raise NotFetched("slow")
    return body


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise NotFetched("not-json") from None
    if not isinstance(content, dict):
        raise NotFetched("not-json")
    return content
