"""An HSDS API over HTTP: pages of services. There is nothing to sign in with.

https://docs.openreferral.org/en/v3.0.0/hsds/api_reference.html
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from adapters import http_client
from adapters.http_client import Http, Problems
from hub.ports import Connection

PAGE: Final = 100
MOST: Final = 1000
PAGES: Final = 100_000
GONE: Final = frozenset({404, 410})
PROBLEMS: Final = Problems("adapters.hsds-", {401: "refused", 403: "refused", 404: "not-there"})

Service = dict[str, Any]


@dataclass(frozen=True, repr=False)
class Page:
    """`total`: of all services that the question selects, as the server counts them; None where it does not."""

    services: tuple[Service, ...]
    total: int | None
    last: bool


class Directory:
    """One directory."""

    def __init__(self, http: Http, size: int) -> None:
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
        raise PROBLEMS.not_understood

    def total(self) -> int | None:
        """How many services there are."""
        return _page(self._ask("services", {"page": "1", "per_page": "1"})).total

    def look(self, id_: str) -> Service | None:
        """One service; None where it is no more."""
        return self._ask(f"services/{quote(id_, safe='')}", {}, absent=True) or None

    def _ask(self, path: str, parameters: Mapping[str, str], *, absent: bool = False) -> dict[str, Any]:
        answer = self._http.ask("GET", path, params=parameters, also=GONE if absent else ())
        return {} if answer.status in GONE else self._http.table(answer)


def only_publishes(connection: Connection) -> bool:
    """There is no directory to read, and one to write."""
    return not connection.settings.get("url") and bool(connection.settings.get("output"))


@contextmanager
def opened(connection: Connection) -> Iterator[Directory]:
    """The client of a connection. Raises Fatal for settings that cannot work."""
    url = http_client.address(connection.settings.get("url"), PROBLEMS)
    size = http_client.page_size(connection, PAGE, MOST, PROBLEMS)
    with http_client.opened(url, PROBLEMS) as http:
        yield Directory(http, size)


def _page(answer: Mapping[str, Any]) -> Page:
    """A page as HSDS envelopes it. A server that does not say whether there are more has none when it gave none."""
    contents = answer.get("contents")
    if not isinstance(contents, list) or not all(isinstance(one, dict) for one in contents):
        raise PROBLEMS.not_understood
    total, last = answer.get("total_items"), answer.get("last_page")
    counted = total if isinstance(total, int) and not isinstance(total, bool) else None
    return Page(tuple(contents), counted, last is True or not contents)
