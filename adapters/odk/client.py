"""ODK Central over HTTP: the submissions of one form, in the name of one web user. https://docs.getodk.org/central-api/"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from adapters import http_client
from adapters.http_client import Answer, Http
from adapters.odk.asking import PROBLEMS, Asking, asking
from hub.errors import Fatal
from hub.ports import Connection

ORDER: Final = "__system/submissionDate asc"
UNAUTHORIZED: Final = 401
MISSING: Final = 404
CONFLICT: Final = 409
NOT_FILTERED: Final = 501  # how a server answers to a filter by a field that its version does not know

Row = dict[str, Any]


class Central:
    """The submissions of one form. `now`: the server's own clock at its first answer that said the time."""

    def __init__(self, http: Http, asked: Asking, connection: Connection) -> None:
        self._http = http
        self._asked = asked
        self._secret = connection.secret
        self.now: datetime | None = None

    # signing in
    def sign_in(self) -> None:
        """A session of 24 hours. https://docs.getodk.org/central-api-authentication/"""
        self._http.authorize("")
        who = {"email": self._secret("email"), "password": self._secret("password")}
        token = self._http.table(self._http.ask("POST", "v1/sessions", body=who)).get("token")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise PROBLEMS.not_understood
        self._http.authorize(f"Bearer {token}")

    # reading
    def submissions(self, condition: str) -> Iterator[list[Row]]:
        """Pages of the submissions that `condition` selects ("": all that are not deleted), by when they were sent in."""
        filtered = {"$filter": condition} if condition else {}
        asked: dict[str, str] | None = {"$top": str(self._asked.page), "$expand": "*", "$orderby": ORDER, **filtered}
        followed: set[str] = set()
        while asked is not None:
            page = self._http.table(self._request("GET", self._table, params=asked))
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
        return _list(self._http.json(self._request("GET", f"{self._form}/fields")))

    def workbook(self) -> bytes | None:
        """The XLSForm that the form was made from; None where it was made from none."""
        answer = self._request("GET", f"{self._form}.xlsx", also={MISSING})
        return None if answer.status == MISSING else answer.body

    def look(self) -> None:
        """The form itself, without its submissions."""
        self._http.table(self._request("GET", self._form))

    # writing back
    def comments(self, submission: str) -> list[Row]:
        return _list(self._http.json(self._request("GET", f"{self._submission(submission)}/comments")))

    def comment(self, submission: str, body: str) -> None:
        self._request("POST", f"{self._submission(submission)}/comments", body={"body": body})

    def review(self, submission: str, state: str) -> None:
        """The same state again is harmless."""
        self._request("PATCH", self._submission(submission), body={"reviewState": state})

    # the entity list
    def properties(self) -> frozenset[str]:
        """The names that the list gives the properties of its entities."""
        answer = self._request("GET", self._list, also={MISSING})
        if answer.status == MISSING:
            raise PROBLEMS.fatal("no-entity-list")
        return frozenset(str(one.get("name")) for one in _list(self._http.table(answer).get("properties")))

    def entity(self, id_: str) -> Row | None:
        """None where it was deleted."""
        answer = self._request("GET", self._entity(id_), also={MISSING})
        return None if answer.status == MISSING else self._http.table(answer)

    def change_entity(self, id_: str, version: int, data: Mapping[str, str]) -> bool:
        """False where the version is no longer the last."""
        params = {"baseVersion": str(version)}
        answer = self._request("PATCH", self._entity(id_), params=params, body={"data": dict(data)}, also={CONFLICT})
        return answer.status != CONFLICT

    # addresses
    @property
    def _list(self) -> str:
        return f"v1/projects/{self._asked.project}/datasets/{quote(self._asked.entity_list, safe='')}"

    def _entity(self, id_: str) -> str:
        return f"{self._list}/entities/{quote(id_, safe='')}"

    @property
    def _form(self) -> str:
        return f"v1/projects/{self._asked.project}/forms/{quote(self._asked.form, safe='')}"

    @property
    def _table(self) -> str:
        return f"{self._form}.svc/Submissions"

    def _submission(self, id_: str) -> str:
        return f"{self._form}/submissions/{quote(id_, safe='')}"

    def _following(self, link: object, followed: set[str]) -> dict[str, str] | None:
        asked = self._http.following(link)
        cursor = str(sorted((asked or {}).items()))
        if asked is not None and cursor in followed:
            raise PROBLEMS.not_understood
        followed.add(cursor)
        return asked

    # the wire
    def _request(self, method: str, path: str, *, also: Collection[int] = (), **asked: Any) -> Answer:
        """A session that is over is renewed, once."""
        over = () if self._asked.basic else (UNAUTHORIZED,)
        answer = self._sent(method, path, also={*also, *over}, **asked)
        if answer.status == UNAUTHORIZED:
            self.sign_in()
            answer = self._sent(method, path, also=also, **asked)
        return answer

    def _sent(self, method: str, path: str, **asked: Any) -> Answer:
        answer = self._http.ask(method, path, **asked)
        self.now = self.now or http_client.moment(answer.headers.get("Date"))
        return answer


@contextmanager
def opened(connection: Connection) -> Iterator[Central]:
    """The client of a connection, signed in. Raises Fatal for settings that cannot work or would show the password."""
    asked = asking(connection)
    basic = (connection.secret("email"), connection.secret("password")) if asked.basic else None
    with http_client.opened(asked.url, PROBLEMS, basic=basic) as http:
        central = Central(http, asked, connection)
        if not asked.basic:
            central.sign_in()
        yield central


def _rows(page: Row) -> list[Row]:
    rows = _list(page.get("value"))
    if not all(
        isinstance(one.get("__id"), str) and one["__id"] and isinstance(one.get("__system"), dict) for one in rows
    ):
        raise PROBLEMS.not_understood
    return rows


def _list(answer: Any) -> list[Row]:
    if not isinstance(answer, list) or not all(isinstance(one, dict) for one in answer):
        raise PROBLEMS.not_understood
    return answer
