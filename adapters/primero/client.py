"""Primero over HTTP: one host, one account, and every failure as what the runner must do about it.

https://github.com/primeroIMS/primero/blob/main/doc/api.md, version 2. Where the documentation and the program differ, the
program is followed: a session is a cookie with `CSRF-TOKEN`, and HTTP Basic needs neither. Bodies and passwords never reach a
message: httpx's own errors are replaced here, and what caused them is not carried along.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx2

from hub.errors import Fatal, Retriable
from hub.ports import Connection

PAGE: Final = 100
LARGEST: Final = 1000  # the server's own maximum
TIMEOUT: Final = 60.0
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
MODULE: Final = "primeromodule-gbv"
ALWAYS: Final = "2999-12-31T00:00:00Z"  # a range has two ends

Case = dict[str, Any]


class Primero:
    """The cases that one account may see, and what hangs on them."""

    def __init__(self, http: httpx2.Client, page: int, module: str) -> None:
        self._http = http
        self._page = page
        self.module = module

    def changed(self, since: str) -> Iterator[list[Case]]:
        """Pages of the cases changed since, oldest change first. Each page is asked for by the moment at which the one before
        ended: a case that is edited meanwhile moves to the end, and shifts none. What shares that moment comes again."""
        start, number = since, 1
        while True:
            cases = self._cases(start, number)
            if cases:
                yield cases
            if len(cases) < self._page:
                return
            last = str(cases[-1]["last_updated_at"])
            start, number = (start, number + 1) if last == start else (last, 1)

    def _cases(self, since: str, number: int) -> list[Case]:
        asked = {
            "last_updated_at": f"{since}..{ALWAYS}",
            "module_id": self.module,
            "order_by": "last_updated_at",
            "order": "asc",
            "per": str(self._page),
            "page": str(number),
        }
        cases = self._listed(self.request("GET", "cases", params=asked))
        if any(not isinstance(one.get("id"), str) or not isinstance(one.get("last_updated_at"), str) for one in cases):
            raise Retriable("adapters.primero-not-understood")
        return cases

    def hanging_on(self, case: str, what: str) -> list[dict[str, Any]] | None:
        """Incidents or referrals of a case; None where the account may not see them, which is not that there are none."""
        answer = self.request("GET", f"cases/{quote(case, safe='')}/{what}", hidden=True)
        return None if answer is None else self._listed(answer)

    def case(self, case: str) -> Case:
        return self._one(self.request("GET", f"cases/{quote(case, safe='')}"))

    def change(self, case: str, values: Mapping[str, Any]) -> None:
        """Set fields of a case. Items of a subform are told apart by their `unique_id`."""
        self.request("PATCH", f"cases/{quote(case, safe='')}", body={"data": dict(values)})

    def answer(self, case: str, referral: str, values: Mapping[str, Any]) -> None:
        self.request(
            "PATCH", f"cases/{quote(case, safe='')}/referrals/{quote(referral, safe='')}", body={"data": dict(values)}
        )

    def forms(self, record_type: str) -> list[dict[str, Any]]:
        """The forms that the account's role has, with their fields."""
        return self._listed(self.request("GET", "forms", params={"record_type": record_type, "module_id": self.module}))

    def lookups(self) -> list[dict[str, Any]]:
        return self._listed(self.request("GET", "lookups", params={"per": str(LARGEST)}))

    def _listed(self, answer: Any) -> list[dict[str, Any]]:
        data = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(data, list) or not all(isinstance(one, dict) for one in data):
            raise Retriable("adapters.primero-not-understood")
        return data

    def _one(self, answer: Any) -> dict[str, Any]:
        data = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(data, dict):
            raise Retriable("adapters.primero-not-understood")
        return data

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: object = None,
        hidden: bool = False,
    ) -> Any:
        """The answer as JSON. `hidden`: None where the account may not see it."""
        token = self._http.cookies.get("CSRF-TOKEN")
        headers = {"X-CSRF-Token": token} if token and method != "GET" else {}
        try:
            response = self._http.request(method, f"api/v2/{path}", params=params, json=body, headers=headers)
        except httpx2.TimeoutException:
            raise Retriable("adapters.primero-slow") from None
        except httpx2.HTTPError:
            raise Retriable("adapters.primero-unreachable") from None
        if hidden and response.status_code == 403:
            return None
        _refuse(response)
        if response.status_code == 204:
            return {}
        try:
            return response.json()
        except (ValueError, RecursionError):
            raise Retriable("adapters.primero-not-understood") from None


@contextmanager
def opened(connection: Connection) -> Iterator[Primero]:
    """The client of a connection, signed in. Raises Fatal for settings that cannot work or would show the password."""
    settings = connection.settings
    url = str(settings.get("url") or "")
    parts = urlsplit(url)
    auth = settings.get("auth", "basic")
    named = auth == "bearer" or bool(settings.get("user"))
    if parts.scheme not in {"http", "https"} or not parts.hostname or auth not in SIGNING or not named:
        raise Fatal("adapters.primero-settings")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise Fatal("adapters.primero-insecure")
    size = settings.get("page_size", PAGE)
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= LARGEST:
        raise Fatal("adapters.primero-page-size", largest=str(LARGEST))
    with httpx2.Client(
        base_url=url.rstrip("/") + "/",
        headers={"Accept": "application/json"},
        timeout=TIMEOUT,
        follow_redirects=False,
        trust_env=parts.hostname not in LOOPBACK,
    ) as http:
        primero = Primero(http, size, str(settings.get("module") or MODULE))
        SIGNING[auth](primero, http, str(settings.get("user") or ""), connection.secret("password"))
        yield primero


def _basic(primero: Primero, http: httpx2.Client, user: str, password: str) -> None:
    http.auth = httpx2.BasicAuth(user, password)


def _bearer(primero: Primero, http: httpx2.Client, user: str, password: str) -> None:
    http.headers["Authorization"] = f"Bearer {password}"


def _session(primero: Primero, http: httpx2.Client, user: str, password: str) -> None:
    primero.request("POST", "tokens", body={"user": {"user_name": user, "password": password}})


SIGNING: Final = {"basic": _basic, "bearer": _bearer, "session": _session}


def _refuse(response: httpx2.Response) -> None:
    status = response.status_code
    if status in {401, 403}:
        raise Fatal("adapters.primero-credentials")
    if status == 429:
        raise Retriable("adapters.primero-busy", after=_seconds(response.headers.get("Retry-After")))
    if status >= 500:
        raise Retriable(
            "adapters.primero-down", after=_seconds(response.headers.get("Retry-After")), status=str(status)
        )
    if 300 <= status < 400:
        raise Fatal("adapters.primero-redirect")
    if status >= 400:
        raise Fatal("adapters.primero-refused", status=str(status))


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
