"""CommCare HQ over HTTP: one host, one key, and every failure as what the runner must do about it.

Case API, version 2: https://github.com/dimagi/commcare-hq/blob/master/docs/api/cases-v2.rst. Bodies and the key never reach a
message: httpx's own errors are replaced here, and what caused them is not carried along.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlsplit

import httpx2

from adapters.commcare.cases import Case, NotACase, case
from adapters.commcare.terms import Terms, terms
from hub.errors import Fatal, Retriable
from hub.ports import Connection

TIMEOUT: Final = 60.0
AT_ONCE: Final = 100  # cases asked for by their ids in one request


class CommCareHq:
    """The cases of one project space."""

    def __init__(self, http: httpx2.Client, page: int) -> None:
        self._http = http
        self._page = page

    def cases(self, type_: str, since: datetime | None) -> Iterator[list[Case]]:
        """Pages of the cases of a type that were indexed since."""
        began = {"indexed_on.gte": since.isoformat().replace("+00:00", "Z")} if since else {}
        asked: dict[str, str] | None = {"limit": str(self._page), "case_type": type_, **began}
        followed = set()
        while asked is not None:
            answer = self._request("GET", "", params=asked)
            yield _indexed(answer.get("cases"), type_)
            asked = self._following(answer.get("next"))
            cursor = str(sorted(asked.items())) if asked else ""
            if cursor in followed:
                raise Retriable("adapters.commcare-not-understood")
            followed.add(cursor)

    def fetch(self, ids: Sequence[str]) -> dict[str, Case]:
        """Those of these cases that there are."""
        found: dict[str, Case] = {}
        for start in range(0, len(ids), AT_ONCE):
            answer = self._request("POST", "bulk-fetch/", body={"case_ids": list(ids[start : start + AT_ONCE])})
            told = answer.get("cases")
            if not isinstance(told, list):
                raise Retriable("adapters.commcare-not-understood")
            for one in told:
                if isinstance(one, Mapping) and not one.get("error"):
                    read = _case(one)
                    found[read.id] = read
        return {id_: found[id_] for id_ in ids if id_ in found}

    def update(self, id_: str, said: Mapping[str, Any]) -> None:
        """Properties of a case that exists."""
        self._request("PUT", quote(id_, safe=""), body=said)

    def upsert(self, external_id: str, said: Mapping[str, Any]) -> None:
        """The case with this external id, made where there is none yet: the same twice has the effect of once."""
        self._request("PUT", f"ext/{quote(external_id, safe='')}/", body=said)

    def look(self, type_: str) -> None:
        """Whether the project space answers: one case, of which nothing is kept."""
        self._request("GET", "", params={"limit": "1", "case_type": type_})

    def _following(self, link: object) -> dict[str, str] | None:
        """Where `next` points, as parameters. The key goes to the configured host only, whatever an answer says."""
        if not link:
            return None
        try:
            parts = urlsplit(str(link))
            host = parts.hostname
        except ValueError:
            raise Retriable("adapters.commcare-not-understood") from None
        if host and host.lower() != self._http.base_url.host.lower():
            raise Fatal("adapters.commcare-other-host")
        return dict(parse_qsl(parts.query, keep_blank_values=True))

    def _request(
        self, method: str, path: str, *, params: Mapping[str, str] | None = None, body: object = None
    ) -> dict[str, Any]:
        try:
            response = self._http.request(method, f"api/case/v2/{path}", params=dict(params or {}), json=body)
        except httpx2.TimeoutException:
            raise Retriable("adapters.commcare-slow") from None
        except httpx2.HTTPError:
            raise Retriable("adapters.commcare-unreachable") from None
        _refuse(response)
        try:
            answer = response.json()
        except (ValueError, RecursionError):
            raise Retriable("adapters.commcare-not-understood") from None
        if not isinstance(answer, dict):
            raise Retriable("adapters.commcare-not-understood")
        return answer


@contextmanager
def opened(connection: Connection) -> Iterator[tuple[CommCareHq, Terms]]:
    """The client of a connection. Raises Fatal for settings that cannot work."""
    found = terms(connection)
    with httpx2.Client(
        base_url=f"{found.url}a/{found.domain}/",
        headers={"Authorization": f"ApiKey {found.user}:{connection.secret('key')}", "Accept": "application/json"},
        timeout=TIMEOUT,
        follow_redirects=False,
        trust_env=not found.is_near,
    ) as http:
        yield CommCareHq(http, found.page), found


def _indexed(told: object, type_: str) -> list[Case]:
    """A page as asked for."""
    if not isinstance(told, list):
        raise Retriable("adapters.commcare-not-understood")
    cases = [_case(one) for one in told]
    if any(one.indexed is None or one.type != type_ for one in cases):
        raise Retriable("adapters.commcare-not-understood")
    return cases


def _case(told: object) -> Case:
    try:
        return case(told)
    except NotACase:
        raise Retriable("adapters.commcare-not-understood") from None


def _refuse(response: httpx2.Response) -> None:
    status = response.status_code
    if status in {401, 403}:
        raise Fatal("adapters.commcare-credentials")
    if status == 404:
        raise Fatal("adapters.commcare-domain")
    if status == 429:
        raise Retriable("adapters.commcare-busy", after=_seconds(response.headers.get("Retry-After")))
    if status >= 500:
        raise Retriable(
            "adapters.commcare-down", after=_seconds(response.headers.get("Retry-After")), status=str(status)
        )
    if 300 <= status < 400:
        raise Fatal("adapters.commcare-redirect")
    if status >= 400:
        raise Fatal("adapters.commcare-refused", status=str(status))


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
