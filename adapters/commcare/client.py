"""CommCare HQ over HTTP: the cases of one project space.

Case API, version 2: https://github.com/dimagi/commcare-hq/blob/master/docs/api/cases-v2.rst
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from adapters import http_client
from adapters.commcare.cases import HALF, UNWRITABLE, Case, NotACase, case
from adapters.commcare.terms import PROBLEMS, Terms, terms
from adapters.http_client import Http
from hub.ports import Connection

AT_ONCE: Final = 100  # cases asked for by their ids in one request; applications in a page
LISTED: Final = "case_id,case_type,external_id,indexed_on"
REFUSED: Final = 400
NO_SUCH_CASE: Final = "Could not find a case with external_id"
MOST_APPLICATIONS: Final = 1000


class CommCareHq:
    """The cases of one project space."""

    def __init__(self, http: Http, page: int) -> None:
        self._http = http
        self._page = page

    def cases(self, type_: str, since: datetime | None) -> Iterator[list[Case]]:
        """Pages of the cases of a type that were indexed since."""
        began = {"indexed_on.gte": since.isoformat().replace("+00:00", "Z")} if since else {}
        for answer in self._pages({"case_type": type_, **began}):
            yield _indexed(answer.get("cases"), type_)

    def listed(self, type_: str, but: str) -> dict[str, str] | None:
        """When which case of a type was indexed, of all but those whose external id begins so. Pages follow a cursor: what is
        changed or deleted meanwhile shifts no other from the list. None where it is shorter than the server said."""
        found, met, most = dict[str, str](), 0, 0
        for answer in self._pages({"case_type": type_, "fields": LISTED}):
            told, count = answer.get("cases"), answer.get("matching_records")
            if not isinstance(told, list) or not all(_is_of(one, type_) for one in told):
                raise PROBLEMS.not_understood
            theirs = [one for one in told if not str(one.get("external_id") or "").startswith(but)]
            found |= {
                HALF.sub(UNWRITABLE, one["case_id"]): HALF.sub(UNWRITABLE, str(one.get("indexed_on"))) for one in theirs
            }
            met, most = met + len(told), max(most, count if isinstance(count, int) else 0)
        return found if met >= most else None

    def _pages(self, filtered: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        asked: dict[str, str] | None = {"limit": str(self._page), **filtered}
        followed = set()
        while asked is not None:
            answer = self._request("GET", "", params=asked)
            yield answer
            asked = self._http.following(answer.get("next"))
            cursor = str(sorted(asked.items())) if asked else ""
            if cursor in followed:
                raise PROBLEMS.not_understood
            followed.add(cursor)

    def fetch(self, ids: Sequence[str]) -> dict[str, Case]:
        """Those of these cases that there are."""
        found: dict[str, Case] = {}
        for start in range(0, len(ids), AT_ONCE):
            answer = self._request("POST", "bulk-fetch/", body={"case_ids": list(ids[start : start + AT_ONCE])})
            told = answer.get("cases")
            if not isinstance(told, list):
                raise PROBLEMS.not_understood
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

    def change(self, external_id: str, said: Mapping[str, Any]) -> bool:
        """A case that is there, and is found without the search index, which is late. False where there is none."""
        answer = self._http.ask(
            "POST", "api/case/v2/", body=[{"create": False, "external_id": external_id, **said}], also={REFUSED}
        )
        if answer.status != REFUSED:
            return True
        if NO_SUCH_CASE in str(self._http.table(answer).get("error")):
            return False
        raise PROBLEMS.fatal("refused", status=str(REFUSED))

    def look(self, type_: str) -> None:
        """Whether the project space answers: one case, of which nothing is kept."""
        self._request("GET", "", params={"limit": "1", "case_type": type_})

    def applications(self) -> list[Mapping[str, Any]]:
        """How the applications of the project space are built. Its user needs to be one who may edit them."""
        found: list[Mapping[str, Any]] = []
        asked: dict[str, str] | None = {"limit": str(AT_ONCE)}
        while asked is not None and len(found) < MOST_APPLICATIONS:
            answer = self._http.table(self._http.ask("GET", "api/application/v1/", params=asked))
            told, meta = answer.get("objects"), answer.get("meta")
            if not isinstance(told, list):
                raise PROBLEMS.not_understood
            found += [one for one in told if isinstance(one, Mapping)]
            asked = self._http.following(meta.get("next")) if isinstance(meta, Mapping) and told else None
        return found

    def _request(self, method: str, path: str, **asked: Any) -> dict[str, Any]:
        return self._http.table(self._http.ask(method, f"api/case/v2/{path}", **asked))


@contextmanager
def opened(connection: Connection) -> Iterator[tuple[CommCareHq, Terms]]:
    """The client of a connection. Raises Fatal for settings that cannot work."""
    found = terms(connection)
    key = f"ApiKey {found.user}:{connection.secret('key')}"
    with http_client.opened(f"{found.url}a/{found.domain}/", PROBLEMS, authorization=key) as http:
        yield CommCareHq(http, found.page), found


def _indexed(told: object, type_: str) -> list[Case]:
    """A page as asked for."""
    if not isinstance(told, list):
        raise PROBLEMS.not_understood
    cases = [_case(one) for one in told]
    if any(one.indexed is None or one.type != type_ for one in cases):
        raise PROBLEMS.not_understood
    return cases


def _is_of(told: object, type_: str) -> bool:
    return isinstance(told, Mapping) and isinstance(told.get("case_id"), str) and told.get("case_type") == type_


def _case(told: object) -> Case:
    try:
        return case(told)
    except NotACase:
        raise PROBLEMS.not_understood from None
