"""Primero over HTTP: the cases that one account may see.

https://github.com/primeroIMS/primero/blob/main/doc/api.md, version 2. Where the documentation and the program differ, the
program is followed: a session is a cookie with `CSRF-TOKEN`, and HTTP Basic needs neither.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import quote

from adapters import http_client
from adapters.http_client import Answer, Http, Problems
from hub.ports import Connection

PAGE: Final = 100
LARGEST: Final = 1000  # the server's own maximum
MODULE: Final = "primeromodule-gbv"
ALWAYS: Final = "2999-12-31T00:00:00Z"  # a range has two ends
WAYS: Final = frozenset({"basic", "bearer", "session"})
HIDDEN: Final = 403
ABSENT: Final = 404
TAKEN: Final = 409
UNMET: Final = 422
PROBLEMS: Final = Problems("adapters.primero-")

Case = dict[str, Any]


class Primero:
    """The cases that one account may see, and what hangs on them."""

    def __init__(self, http: Http, page: int, module: str) -> None:
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
            raise PROBLEMS.not_understood
        return cases

    def hanging_on(self, case: str, what: str) -> list[dict[str, Any]] | None:
        """Incidents or referrals of a case; None where the account may not see them, which is not that there are none."""
        answer = self.request("GET", f"{_at(case)}/{what}", also={HIDDEN})
        return None if answer is None else self._listed(answer)

    def case(self, case: str) -> Case:
        return self._one(self.request("GET", _at(case)))

    def create(self, values: Mapping[str, Any]) -> None:
        """A case with the `id` that we give it; one that is there already stays as it is."""
        self.request("POST", "cases", body={"data": dict(values)}, also={TAKEN})

    def change(self, case: str, values: Mapping[str, Any]) -> bool:
        """Set fields of a case. Items of a subform are told apart by their `unique_id`. False where there is no such case."""
        return self.request("PATCH", _at(case), body={"data": dict(values)}, also={ABSENT}) is not None

    def refer(self, case: str, values: Mapping[str, Any]) -> bool:
        """False where the account may not, or the tool wants consent to services first."""
        answer = self.request("POST", f"{_at(case)}/referrals", body={"data": dict(values)}, also={HIDDEN, UNMET})
        return answer is not None

    def answer(self, case: str, referral: str, values: Mapping[str, Any]) -> bool:
        """False where the tool does not take it in these words."""
        at = f"{_at(case)}/referrals/{quote(referral, safe='')}"
        return self.request("PATCH", at, body={"data": dict(values)}, also={UNMET}) is not None

    def revoke(self, case: str, referral: str, values: Mapping[str, Any]) -> bool:
        """False where the tool does not take it in these words."""
        at, body = f"{_at(case)}/referrals/{quote(referral, safe='')}", {"data": dict(values)} if values else None
        return self._ask("DELETE", at, body=body, also={ABSENT, UNMET}).status != UNMET

    def forms(self, record_type: str) -> list[dict[str, Any]]:
        """The forms that the account's role has, with their fields."""
        return self._listed(self.request("GET", "forms", params={"record_type": record_type, "module_id": self.module}))

    def lookups(self) -> list[dict[str, Any]]:
        return self._listed(self.request("GET", "lookups", params={"per": str(LARGEST)}))

    def choices(self, lookup: str) -> tuple[str, ...]:
        """What a list offers; nothing where there is none of this name."""
        found = next((one.get("values") for one in self.lookups() if one.get("unique_id") == lookup), None)
        listed = found if isinstance(found, list) else []
        return tuple(str(one["id"]) for one in listed if isinstance(one, Mapping) and "id" in one)

    def _listed(self, answer: Any) -> list[dict[str, Any]]:
        data = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(data, list) or not all(isinstance(one, dict) for one in data):
            raise PROBLEMS.not_understood
        return data

    def _one(self, answer: Any) -> dict[str, Any]:
        data = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(data, dict):
            raise PROBLEMS.not_understood
        return data

    def sign_in(self, user: str, password: str) -> None:
        """A session: its cookie goes with each request from now on."""
        self.request("POST", "tokens", body={"user": {"user_name": user, "password": password}})

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: object = None,
        also: Collection[int] = (),
    ) -> Any:
        """The answer as JSON; None where its status is one of `also`."""
        answer = self._ask(method, path, params=params, body=body, also=also)
        if answer.status in also:
            return None
        return {} if answer.status == 204 else self._http.json(answer)

    def _ask(self, method: str, path: str, **asked: Any) -> Answer:
        token = self._http.cookie("CSRF-TOKEN") if method != "GET" else ""
        headers = {"X-CSRF-Token": token} if token else {}
        return self._http.ask(method, f"api/v2/{path}", headers=headers, **asked)


def _at(case: str) -> str:
    return f"cases/{quote(case, safe='')}"


@contextmanager
def opened(connection: Connection) -> Iterator[Primero]:
    """The client of a connection, signed in. Raises Fatal for settings that cannot work or would show the password."""
    settings = connection.settings
    url, auth, user = (
        http_client.address(settings.get("url"), PROBLEMS),
        settings.get("auth", "basic"),
        settings.get("user"),
    )
    if auth not in WAYS or not (auth == "bearer" or user):
        raise PROBLEMS.fatal("settings")
    size, password = http_client.page_size(connection, PAGE, LARGEST, PROBLEMS), connection.secret("password")
    bearer, basic = f"Bearer {password}" if auth == "bearer" else "", (str(user), password) if auth == "basic" else None
    with http_client.opened(url, PROBLEMS, authorization=bearer, basic=basic) as http:
        primero = Primero(http, size, str(settings.get("module") or MODULE))
        if auth == "session":
            primero.sign_in(str(user), password)
        yield primero
