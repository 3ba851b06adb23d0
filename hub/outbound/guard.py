"""One guarded request to an address that somebody else named: everything of it but what is asked and what is made of the answer.

https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html. The name is resolved
once, every address that it has is checked, and the connection goes to one that was: a name that changes its mind in between
(DNS rebinding) is not asked again. TLS and Host keep the name. When time is up the connection is cut.
"""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import httpx2

from hub.outbound.addresses import is_public
from hub.outbound.allowed import Allowed, Target, is_allowed
from hub.outbound.tls import trusted

PATIENCE_S: Final = 3.0
MOST_ADDRESSES: Final = 4
AT_ONCE: Final = 8  # servers that are slow hold up each other, and nothing else
Resolve = Callable[[str, int], Sequence[str]]
T = TypeVar("T")


class NotFetched(ValueError):  # noqa: N818 — what happened
    """`why`: one of a few words, for the log. It quotes nothing of what was asked or answered."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def resolve(host: str, port: int) -> list[str]:
    """All addresses of a name."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@dataclass
class _Wire:
    """The connection of one request, so that it can be cut from outside. `is_cut`: no further one is begun."""

    is_cut: bool = False
    _socket: Any = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def heard(self, event: str, info: Mapping[str, Any]) -> None:
        """https://www.encode.io/httpcore/extensions/#trace"""
        if event in {"connection.connect_tcp.complete", "connection.start_tls.complete"}:
            with self._lock:
                self._socket = info["return_value"].get_extra_info("socket")
                self._shut()

    def cut(self) -> None:
        with self._lock:
            self.is_cut = True
            self._shut()

    def _shut(self) -> None:
        if self.is_cut and self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


@dataclass(frozen=True)
class Line:
    """To an address that was checked. `ends`: when patience does, by `time.monotonic`."""

    ends: float
    _guard: "Guard"
    _wire: _Wire
    _url: str
    _address: str

    @contextmanager
    def request(
        self, method: str, headers: Mapping[str, str], content: bytes | None = None
    ) -> Iterator[httpx2.Response]:
        """The answer as it begins to come. No redirect is followed, no proxy used, nothing decompressed."""
        target, parts = Target.of(self._url), urlsplit(self._url)
        place = f"[{self._address}]:{target.port}" if ":" in self._address else f"{self._address}:{target.port}"
        said = {"Host": parts.netloc, "Accept-Encoding": "identity", "User-Agent": "ihala", **headers}
        how = {"sni_hostname": target.host, "trace": self._wire.heard}
        with (
            httpx2.Client(
                verify=self._guard.tls, trust_env=False, follow_redirects=False, timeout=self._guard.patience
            ) as http,
            http.stream(
                method, parts._replace(netloc=place).geturl(), headers=said, content=content, extensions=how
            ) as answer,
        ):
            yield answer


class Guard:
    """Threads may share it. `resolve`, `tls`, `patience`: the world, for tests."""

    def __init__(
        self,
        allowed: Iterable[Allowed],
        *,
        resolve: Resolve = resolve,
        tls: ssl.SSLContext | None = None,
        patience: float = PATIENCE_S,
        at_once: int = AT_ONCE,
    ) -> None:
        self._allowed = {one.target: one for one in allowed}
        self._resolve = resolve
        self._tls = tls
        self.patience = patience
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="outbound")

    @property
    def tls(self) -> ssl.SSLContext:
        return self._tls or trusted()

    def allows(self, url: str) -> bool:
        return is_allowed(url, self._allowed.values())

    def ask(self, url: str, how: Callable[[Line], T]) -> T:
        """What `how` makes of it. Raises NotFetched. It takes no longer than its patience, whatever the other side does."""
        if not self.allows(url):
            raise NotFetched("not-allowed")
        wire, ends = _Wire(), time.monotonic() + self.patience
        asked = self._pool.submit(self._ask, url, ends, wire, how)
        try:
            return asked.result(self.patience)
        except TimeoutError:
            asked.cancel()
            wire.cut()
            raise NotFetched("slow") from None
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, UnicodeError):
            raise NotFetched("unreachable") from None

    def _ask(self, url: str, ends: float, wire: _Wire, how: Callable[[Line], T]) -> T:
        """At the first of the addresses that lets us in, as of a name that has an IPv6 address in a network that has none."""
        for address in self._checked(self._allowed[Target.of(url)])[:MOST_ADDRESSES]:
            if wire.is_cut:
                break
            with suppress(httpx2.ConnectError, httpx2.ConnectTimeout):
                return how(Line(ends, self, wire, url, address))
        raise NotFetched("unreachable")

    def _checked(self, allowed: Allowed) -> Sequence[str]:
        """All addresses of a name, of which not one leads inside."""
        addresses = self._resolve(allowed.target.host, allowed.target.port)
        if not allowed.anywhere and not all(map(is_public, addresses)):
            raise NotFetched("not-public")
        return addresses
