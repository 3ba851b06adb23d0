"""ODK Central over HTTP: one host, one web user, and every failure as what the runner must do about it.

https://docs.getodk.org/central-api/. Bodies, the password and the session's token never reach a message: httpx's own errors
are replaced here, and what caused them is not carried along.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlsplit

import httpx2

from adapters.odk.asking import Asking, asking
from hub.errors import Fatal, Retriable
from hub.ports import Connection

TIMEOUT: Final = 60.0
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
ORDER: Final = "__system/submissionDate asc"
NOT_FILTERED: Final = 501  # how a server answers to a filter by a field that its version does not know

Row = dict[str, Any]


class Central:
    """The submissions of one form. `now`: the server's own clock at its first answer that said the time."""

    def __init__(self, http: httpx2.Client, asked: Asking, connection: Connection) -> None:
        self._http = http
        self._asked = asked
        self._secret = connection.secret
        self.now: datetime | None = None

    # signing in
    def sign_in(self) -> None:
        """A session of 24 hours, or the password with each request. https://docs.getodk.org/central-api-authentication/"""
        email, password = self._secret("email"), self._secret("password")
        if self._asked.basic:
            self._http.auth = httpx2.BasicAuth(email, password)
            return
        self._http.headers.pop("Authorization", None)
        token = self._object(self._send("POST", "v1/sessions", body={"email": email, "password": password})).get(
            "token"
        )
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise Retriable("odk.not-understood")
        self._http.headers["Authorization"] = f"Bearer {token}"

    # reading
    def submissions(self, condition: str) -> Iterator[list[Row]]:
        """Pages of the submissions that `condition` selects ("": all that are not deleted), by when they were sent in."""
        filtered = {"$filter": condition} if condition else {}
        asked: dict[str, str] | None = {"$top": str(self._asked.page), "$expand": "*", "$orderby": ORDER, **filtered}
        followed: set[str] = set()
        while asked is not None:
            page = self._object(self._request("GET", self._table, params=asked))
            rows = _rows(page)
            if rows:
                yield rows
            asked = self._following(page.get("@odata.nextLink"), followed)

    def deleted(self) -> list[Row] | None:
        """What was deleted and is not purged yet; None where the server does not tell of deletions."""
        rows: list[Row] = []
        try:
            for page in self.submissions("__system/deletedAt ne null"):
                rows += page
        except Fatal as refused:
            if refused.params.get("status") == str(NOT_FILTERED):
                return None
            raise
        return rows

    def fields(self) -> list[Row]:
        """The form's questions: name and path, as the form has them."""
        return _list(self._request("GET", f"{self._form}/fields"))

    def look(self) -> None:
        """The form itself, without its submissions."""
        self._object(self._request("GET", self._form))

    # writing back
    def comments(self, submission: str) -> list[Row]:
        return _list(self._request("GET", f"{self._submission(submission)}/comments"))

    def comment(self, submission: str, body: str) -> None:
        self._request("POST", f"{self._submission(submission)}/comments", body={"body": body})

    def review(self, submission: str, state: str) -> None:
        """The same state again is harmless."""
        self._request("PATCH", self._submission(submission), body={"reviewState": state})

    # addresses
    @property
    def _form(self) -> str:
        return f"v1/projects/{self._asked.project}/forms/{quote(self._asked.form, safe='')}"

    @property
    def _table(self) -> str:
        return f"{self._form}.svc/Submissions"

    def _submission(self, id_: str) -> str:
        return f"{self._form}/submissions/{quote(id_, safe='')}"

    def _following(self, link: object, followed: set[str]) -> dict[str, str] | None:
        """Where `nextLink` points, as parameters. The session goes to the configured host only, whatever an answer says."""
        if not link:
            return None
        parts = urlsplit(str(link))
        if parts.hostname and parts.hostname.lower() != self._http.base_url.host.lower():
            raise Fatal("odk.other-host")
        if parts.query in followed:
            raise Retriable("odk.not-understood")
        followed.add(parts.query)
        return dict(parse_qsl(parts.query, keep_blank_values=True))

    # the wire
    def _request(self, method: str, path: str, *, params: Mapping[str, str] | None = None, body: object = None) -> Any:
        """A session that is over is renewed, once."""
        if self._http.auth is None and "Authorization" not in self._http.headers:
            self.sign_in()
        response = self._sent(method, path, params, body)
        if response.status_code == 401 and not self._asked.basic:
            self.sign_in()
            response = self._sent(method, path, params, body)
        return self._understood(response)

    def _send(self, method: str, path: str, *, body: object) -> Any:
        return self._understood(self._sent(method, path, None, body))

    def _sent(self, method: str, path: str, params: Mapping[str, str] | None, body: object) -> httpx2.Response:
        try:
            response = self._http.request(method, path, params=dict(params) if params else None, json=body)
        except httpx2.TimeoutException:
            raise Retriable("odk.slow") from None
        except httpx2.HTTPError:
            raise Retriable("odk.unreachable") from None
        self.now = self.now or _moment(response.headers.get("Date"))
        return response

    def _understood(self, response: httpx2.Response) -> Any:
        _refuse(response)
        try:
            return response.json()
        except (ValueError, RecursionError):
            raise Retriable("odk.not-understood") from None

    def _object(self, answer: Any) -> Row:
        if not isinstance(answer, dict):
            raise Retriable("odk.not-understood")
        return answer


@contextmanager
def opened(connection: Connection) -> Iterator[Central]:
    """The client of a connection. Raises Fatal for settings that cannot work or would send the password in the clear."""
    asked = asking(connection.settings)
    near = urlsplit(asked.url).hostname in LOOPBACK
    if not near and not asked.url.startswith("https:"):
        raise Fatal("odk.insecure")
    with httpx2.Client(
        base_url=asked.url.rstrip("/") + "/",
        headers={"Accept": "application/json"},
        timeout=TIMEOUT,
        follow_redirects=False,
        trust_env=not near,
    ) as http:
        central = Central(http, asked, connection)
        central.sign_in()
        yield central


def _rows(page: Row) -> list[Row]:
    rows = _list(page.get("value"))
    if not all(
        isinstance(one.get("__id"), str) and one["__id"] and isinstance(one.get("__system"), dict) for one in rows
    ):
        raise Retriable("odk.not-understood")
    return rows


def _list(answer: Any) -> list[Row]:
    if not isinstance(answer, list) or not all(isinstance(one, dict) for one in answer):
        raise Retriable("odk.not-understood")
    return answer


def _refuse(response: httpx2.Response) -> None:
    status = response.status_code
    if status == 401:
        raise Fatal("odk.credentials")
    if status == 403:
        raise Fatal("odk.forbidden")
    if status == 404:
        raise Fatal("odk.form-missing")
    if status == 429:
        raise Retriable("odk.busy", after=_seconds(response.headers.get("Retry-After")))
    if status >= 500 and status != NOT_FILTERED:
        raise Retriable("odk.down", after=_seconds(response.headers.get("Retry-After")), status=str(status))
    if 300 <= status < 400:
        raise Fatal("odk.redirect")
    if status >= 400:
        raise Fatal("odk.refused", status=str(status))


def _seconds(header: str | None) -> float | None:
    """`Retry-After`, in seconds or as a date: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3"""
    if header and header.strip().isdecimal():
        return float(header)
    moment = _moment(header)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds()) if moment else None


def _moment(header: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(header) if header else None
    except (ValueError, TypeError):
        return None
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment
