"""KoboToolbox over HTTP: one host, one token, and every failure as what the runner must do about it.

https://support.kobotoolbox.org/api.html, version 2. Bodies and the token never reach a message: httpx's own errors are
replaced here, and what caused them is not carried along.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import httpx2

from hub.errors import Fatal, Retriable
from hub.ports import Connection

PAGE: Final = 1000  # the server's own maximum; it was 30,000 once: follow `next`, never count on a size
TIMEOUT: Final = 60.0
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})

Submission = dict[str, Any]


class Kobo:
    """The data of one project (an *asset* in Kobo's words)."""

    def __init__(self, http: httpx2.Client, asset: str, page: int) -> None:
        self._http = http
        self._asset = asset
        self._page = page

    def submissions(self, query: Mapping[str, Any]) -> Iterator[list[Submission]]:
        """Pages of the submissions that `query` (MongoDB's words) selects, by `_id`."""
        asked: dict[str, str] | None = self._asking(query, None)
        last = -1
        while asked is not None:
            page = self._request("GET", "data/", params=asked)
            results = _sorted_after(last, page.get("results"))
            if not results:
                return
            yield results
            last = int(results[-1]["_id"])
            asked = self._following(page.get("next"))

    def all(self, fields: list[str]) -> Iterator[list[Submission]]:
        """Pages of all submissions, by `_id`. Each page begins after the last `_id` of the one before: what is deleted or sent
        in meanwhile shifts none, so that what is not among them is not in the project."""
        last = -1
        while True:
            parameters = self._asking({"_id": {"$gt": last}} if last >= 0 else {}, fields)
            page = self._request("GET", "data/", params=parameters)
            results = _sorted_after(last, page.get("results"))
            if results:
                yield results
            if not results or self._following(page.get("next")) is None:
                return
            last = int(results[-1]["_id"])

    def _asking(self, query: Mapping[str, Any], fields: list[str] | None) -> dict[str, str]:
        parameters = {"format": "json", "limit": str(self._page), "sort": '{"_id": 1}', "query": json.dumps(query)}
        return parameters | ({"fields": json.dumps(fields)} if fields else {})

    def update(self, submissions: list[str], answers: Mapping[str, str]) -> None:
        """Set answers of submissions that exist. The same answers again are harmless."""
        payload = {"payload": {"submission_ids": submissions, "data": dict(answers)}}
        answer = self._request("PATCH", "data/bulk/", params={"format": "json"}, body=payload)
        if answer.get("failures"):
            raise Retriable("adapters.kobo-write-failed")

    def look(self) -> Mapping[str, Any]:
        """The project itself, without its data."""
        return self._request("GET", "", params={"format": "json"})

    def _following(self, link: object) -> dict[str, str] | None:
        """Where `next` points, as parameters. The token goes to the configured host only, whatever an answer says."""
        if not link:
            return None
        parts = urlsplit(str(link))
        if parts.hostname and parts.hostname.lower() != self._http.base_url.host.lower():
            raise Fatal("adapters.kobo-other-host")
        return dict(parse_qsl(parts.query, keep_blank_values=True))

    def _request(self, method: str, path: str, *, params: Mapping[str, str], body: object = None) -> dict[str, Any]:
        url = f"api/v2/assets/{self._asset}/{path}"
        try:
            response = self._http.request(method, url, params=dict(params), json=body)
        except httpx2.TimeoutException:
            raise Retriable("adapters.kobo-slow") from None
        except httpx2.HTTPError:
            raise Retriable("adapters.kobo-unreachable") from None
        _refuse(response)
        try:
            answer = response.json()
        except (ValueError, RecursionError):
            raise Retriable("adapters.kobo-not-understood") from None
        if not isinstance(answer, dict):
            raise Retriable("adapters.kobo-not-understood")
        return answer


@contextmanager
def opened(connection: Connection) -> Iterator[Kobo]:
    """The client of a connection. Raises Fatal for settings that cannot work or would send the token in the clear."""
    url, asset = str(connection.settings.get("url") or ""), str(connection.settings.get("asset") or "")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not asset.isalnum():
        raise Fatal("adapters.kobo-settings")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise Fatal("adapters.kobo-insecure")
    size = connection.settings.get("page_size", PAGE)
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= PAGE:
        raise Fatal("adapters.kobo-page-size", largest=str(PAGE))
    with httpx2.Client(
        base_url=url.rstrip("/") + "/",
        headers={"Authorization": f"Token {connection.secret('token')}", "Accept": "application/json"},
        timeout=TIMEOUT,
        follow_redirects=False,
        trust_env=parts.hostname not in LOOPBACK,
    ) as http:
        yield Kobo(http, asset, size)


def _sorted_after(last: int, results: object) -> list[Submission]:
    """A page as asked for. A server that does not sort, or serves the same page for ever, is not understood."""
    if not isinstance(results, list):
        raise Retriable("adapters.kobo-not-understood")
    for one in results:
        number = str(one.get("_id")) if isinstance(one, dict) else ""
        if not number.isdecimal() or int(number) <= last:
            raise Retriable("adapters.kobo-not-understood")
        last = int(number)
    return results


def _refuse(response: httpx2.Response) -> None:
    status = response.status_code
    if status in {401, 403}:
        raise Fatal("adapters.kobo-credentials")
    if status == 404:
        raise Fatal("adapters.kobo-asset")
    if status == 429:
        raise Retriable("adapters.kobo-busy", after=_seconds(response.headers.get("Retry-After")))
    if status >= 500:
        raise Retriable("adapters.kobo-down", after=_seconds(response.headers.get("Retry-After")), status=str(status))
    if 300 <= status < 400:
        raise Fatal("adapters.kobo-redirect")
    if status >= 400:
        raise Fatal("adapters.kobo-refused", status=str(status))


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
