"""An HSDS API over HTTP: pages of services, and every failure as what the runner must do about it.

https://docs.openreferral.org/en/v3.0.0/hsds/api_reference.html. There is nothing to sign in with. Bodies never reach a message:
httpx's own errors are replaced here, and what caused them is not carried along.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx2

from hub.errors import Fatal, Retriable
from hub.ports import Connection

PAGE: Final = 100
MOST: Final = 1000
PAGES: Final = 100_000
TIMEOUT: Final = 60.0
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})

Service = dict[str, Any]


@dataclass(frozen=True, repr=False)
class Page:
    """`total`: of all services that the question selects, as the server counts them; None where it does not."""

    services: tuple[Service, ...]
    total: int | None
    last: bool


class Directory:
    """One directory."""

    def __init__(self, http: httpx2.Client, size: int) -> None:
        self._http = http
        self._size = size

    def pages(self, modified_after: str = "") -> Iterator[Page]:
        """All services, or those that changed since; the server's order is its own."""
        since = {"modified_after": modified_after} if modified_after else {}
        for number in range(1, PAGES):
            page = _page(self._ask("services", {"page": str(number), "per_page": str(self._size), **since}))
            yield page
            if page.last:
                return
        raise Retriable("adapters.hsds-not-understood")

    def total(self) -> int | None:
        """How many services there are."""
        return _page(self._ask("services", {"page": "1", "per_page": "1"})).total

    def look(self, id_: str) -> Service | None:
        """One service; None where it is no more."""
        return self._ask(f"services/{quote(id_, safe='')}", {}, absent=True) or None

    def _ask(self, path: str, parameters: Mapping[str, str], *, absent: bool = False) -> dict[str, Any]:
        try:
            response = self._http.request("GET", path, params=dict(parameters))
        except httpx2.TimeoutException:
            raise Retriable("adapters.hsds-slow") from None
        except httpx2.HTTPError:
            raise Retriable("adapters.hsds-unreachable") from None
        if absent and response.status_code in {404, 410}:
            return {}
        _refuse(response)
        try:
            answer = response.json()
        except (ValueError, RecursionError):
            raise Retriable("adapters.hsds-not-understood") from None
        if not isinstance(answer, dict):
            raise Retriable("adapters.hsds-not-understood")
        return answer


def only_publishes(connection: Connection) -> bool:
    """There is no directory to read, and one to write."""
    return not connection.settings.get("url") and bool(connection.settings.get("output"))


@contextmanager
def opened(connection: Connection) -> Iterator[Directory]:
    """The client of a connection. Raises Fatal for settings that cannot work."""
    url = str(connection.settings.get("url") or "")
    host = _host(url)
    if urlsplit(url).scheme == "http" and host not in LOOPBACK:
        raise Fatal("adapters.hsds-insecure")
    size = connection.settings.get("page_size", PAGE)
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= MOST:
        raise Fatal("adapters.hsds-page-size", largest=str(MOST))
    with httpx2.Client(
        base_url=url.rstrip("/") + "/",
        headers={"Accept": "application/json"},
        timeout=TIMEOUT,
        follow_redirects=False,
        trust_env=host not in LOOPBACK,
    ) as http:
        yield Directory(http, size)


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.scheme in {"http", "https"} else None
    except ValueError:
        host = None
    if not host:
        raise Fatal("adapters.hsds-settings")
    return host


def _page(answer: Mapping[str, Any]) -> Page:
    """A page as HSDS envelopes it. A server that does not say whether there are more has none when it gave none."""
    contents = answer.get("contents")
    if not isinstance(contents, list) or not all(isinstance(one, dict) for one in contents):
        raise Retriable("adapters.hsds-not-understood")
    total, last = answer.get("total_items"), answer.get("last_page")
    counted = total if isinstance(total, int) and not isinstance(total, bool) else None
    return Page(tuple(contents), counted, last is True or not contents)


def _refuse(response: httpx2.Response) -> None:
    status = response.status_code
    after = _seconds(response.headers.get("Retry-After"))
    if status == 429:
        raise Retriable("adapters.hsds-busy", after=after)
    if status >= 500:
        raise Retriable("adapters.hsds-down", after=after, status=str(status))
    if status == 404:
        raise Fatal("adapters.hsds-not-there")
    if 300 <= status < 400:
        raise Fatal("adapters.hsds-redirect")
    if status >= 400:
        raise Fatal("adapters.hsds-refused", status=str(status))


def _seconds(header: str | None) -> float | None:
    """`Retry-After`, in seconds or as a date: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3"""
    if not header:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        return max(0.0, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
