"""DHIS2 over HTTP: one host, one token, and every failure as what the runner must do about it.

https://docs.dhis2.org/en/develop/using-the-api/dhis-core-version-master/data.html. Bodies and the token never reach a message:
httpx's own errors are replaced here, and what caused them is not carried along.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2

from hub.errors import Fatal, Retriable
from hub.ports import Connection

AT_ONCE: Final = 50  # codes in one question: a filter stands in the URL, and proxies cut long ones
TIMEOUT: Final = 60.0
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
UNASKABLE: Final = frozenset(",[]:")
"""A code with one of these would mean something else in a filter."""

Json = dict[str, Any]


class Dhis2:
    """The lists of codes of an instance, and its data values."""

    def __init__(self, http: httpx2.Client) -> None:
        self._http = http

    def listed(self, list_: str, codes: Sequence[str], fields: str) -> dict[str, Json]:
        """Those of these codes that a list (`dataElements`, `organisationUnits`) has, with these fields, by code."""
        askable = sorted(code for code in set(codes) if not UNASKABLE & set(code))
        parts = [askable[start : start + AT_ONCE] for start in range(0, len(askable), AT_ONCE)]
        return {str(one["code"]): one for part in parts for one in self._pages(list_, part, fields)}

    def _pages(self, list_: str, codes: Sequence[str], fields: str) -> Iterator[Json]:
        """Codes of some lists are not unique, so that there can be more than one page."""
        asked = {"filter": f"code:in:[{','.join(codes)}]", "fields": fields, "pageSize": str(AT_ONCE)}
        page, pages = 1, 1
        while page <= pages:
            answer = self._json(self._request("GET", list_, {**asked, "page": str(page)}))
            found, pager = answer.get(list_), answer.get("pager")
            if not isinstance(found, list) or not all(isinstance(one, dict) and "code" in one for one in found):
                raise Retriable("dhis2.not-understood")
            yield from found
            pages = _whole(pager.get("pageCount")) if isinstance(pager, dict) else 1
            page += 1

    def import_(self, values: Mapping[str, Any], *, strategy: str, dry_run: bool) -> Json:
        """The import summary. A conflict is one too: DHIS2 answers it with 409."""
        parameters = {
            "idScheme": "CODE", "importStrategy": strategy, "dryRun": str(dry_run).lower(), "async": "false",
        }  # fmt: skip
        return self._json(self._request("POST", "dataValueSets", parameters, values))

    def _request(self, method: str, path: str, params: Mapping[str, str], body: object = None) -> httpx2.Response:
        try:
            response = self._http.request(method, f"api/{path}", params=dict(params), json=body)
        except httpx2.TimeoutException:
            raise Retriable("dhis2.slow") from None
        except httpx2.HTTPError:
            raise Retriable("dhis2.unreachable") from None
        if method == "GET" or response.status_code != httpx2.codes.CONFLICT:
            _refuse(response)
        return response

    def _json(self, response: httpx2.Response) -> Json:
        try:
            answer = response.json()
        except (ValueError, RecursionError):
            raise Retriable("dhis2.not-understood") from None
        if not isinstance(answer, dict):
            raise Retriable("dhis2.not-understood")
        return answer


def settled(connection: Connection) -> str:
    """The address. Raises Fatal for settings that cannot work or would send the token in the clear."""
    url, *codes = (str(connection.settings.get(name) or "") for name in ("url", "data_set", "org_unit"))
    try:
        parts = urlsplit(url)
    except ValueError:
        raise Fatal("dhis2.settings") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or not all(codes):
        raise Fatal("dhis2.settings")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise Fatal("dhis2.insecure")
    return url


@contextmanager
def opened(connection: Connection) -> Iterator[Dhis2]:
    """The client of a connection. Raises Fatal."""
    url, token = settled(connection), connection.secret("token")
    if not (token.isascii() and token.isprintable()):
        raise Fatal("dhis2.credentials")  # no header can hold it, and the error of one who tried would show it
    with httpx2.Client(
        base_url=url.rstrip("/") + "/",
        headers={"Authorization": f"ApiToken {token}", "Accept": "application/json"},
        timeout=TIMEOUT,
        follow_redirects=False,
        trust_env=urlsplit(url).hostname not in LOOPBACK,
    ) as http:
        yield Dhis2(http)


def _whole(number: object) -> int:
    if not isinstance(number, int) or not 0 <= number <= AT_ONCE:
        raise Retriable("dhis2.not-understood")
    return number


def _refuse(response: httpx2.Response) -> None:
    status = response.status_code
    if status in {401, 403}:
        raise Fatal("dhis2.credentials")
    if status == 429:
        raise Retriable("dhis2.busy", after=_seconds(response.headers.get("Retry-After")))
    if status >= 500:
        raise Retriable("dhis2.down", after=_seconds(response.headers.get("Retry-After")), status=str(status))
    if status >= 300:
        raise Fatal("dhis2.refused", status=str(status))


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
