"""DHIS2 over HTTP: lists of codes, data values, and events.

https://docs.dhis2.org/en/develop/using-the-api/dhis-core-version-master/data.html
https://docs.dhis2.org/en/develop/using-the-api/dhis-core-version-master/tracker.html
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from adapters import http_client
from adapters.http_client import Http, Problems
from hub.ports import Connection

AT_ONCE: Final = 50  # codes in one question: a filter stands in the URL, and proxies cut long ones
EVENTS: Final = 200
PAGES: Final = 500
CONFLICT: Final = 409
PROBLEMS: Final = Problems("dhis2.")
UNASKABLE: Final = frozenset(",[]:")
"""A code with one of these would mean something else in a filter."""

Json = dict[str, Any]


class Dhis2:
    """The lists of codes of an instance, its data values and its events."""

    def __init__(self, http: Http) -> None:
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
            answer = self._http.table(self._http.ask("GET", f"api/{list_}", params={**asked, "page": str(page)}))
            found, pager = answer.get(list_), answer.get("pager")
            if not isinstance(found, list) or not all(isinstance(one, dict) and "code" in one for one in found):
                raise PROBLEMS.not_understood
            yield from found
            pages = _whole(pager.get("pageCount")) if isinstance(pager, dict) else 1
            page += 1

    def import_(self, values: Mapping[str, Any], *, strategy: str, dry_run: bool) -> Json:
        """The import summary. A conflict is one too: DHIS2 answers it with 409."""
        parameters = {
            "idScheme": "CODE", "importStrategy": strategy, "dryRun": str(dry_run).lower(), "async": "false",
        }  # fmt: skip
        asked = self._http.ask("POST", "api/dataValueSets", params=parameters, body=values, also={CONFLICT})
        return self._http.table(asked)

    def complete(self, told: Mapping[str, Any], *, dry_run: bool) -> Json:
        """The import summary of one registration."""
        parameters = {
            "dataSetIdScheme": "CODE", "orgUnitIdScheme": "CODE", "importStrategy": "CREATE_AND_UPDATE",
            "dryRun": str(dry_run).lower(), "async": "false",
        }  # fmt: skip
        body = {"completeDataSetRegistrations": [told]}
        asked = self._http.ask(
            "POST", "api/completeDataSetRegistrations", params=parameters, body=body, also={CONFLICT}
        )
        return self._http.table(asked)

    def events(self, asked: Mapping[str, str]) -> Iterator[Json]:
        """Also deleted ones: DHIS2 keeps their ids from being used again. Ends with an empty page: how many there are is a
        question that instances answer late, and a page can be shorter than was asked for. One that brings nothing new is none."""
        seen: set[str] = set()
        for page in range(1, PAGES + 1):
            paged = {**asked, "includeDeleted": "true", "page": str(page), "pageSize": str(EVENTS)}
            answer = self._http.table(self._http.ask("GET", "api/tracker/events", params=paged))
            found = answer.get("events", answer.get("instances"))  # the second up to version 2.40
            if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
                raise PROBLEMS.not_understood
            if not found:
                return
            ids = {str(one.get("event")) for one in found}
            if ids <= seen:
                raise PROBLEMS.not_understood
            seen |= ids
            yield from found
        raise PROBLEMS.not_understood

    def track(self, events: Sequence[Mapping[str, Any]], *, strategy: str, dry_run: bool) -> Json:
        """The import report of the tracker, all or none of them. What does not fit is one too: it comes with 409."""
        parameters = {
            "async": "false", "importStrategy": strategy, "atomicMode": "ALL", "reportMode": "ERRORS",
            "importMode": "VALIDATE" if dry_run else "COMMIT",
        }  # fmt: skip
        asked = self._http.ask("POST", "api/tracker", params=parameters, body={"events": list(events)}, also={CONFLICT})
        return self._http.table(asked)


def settled(connection: Connection) -> str:
    """The address. Raises Fatal for settings that cannot work or would send the token in the clear."""
    url = http_client.address(connection.settings.get("url"), PROBLEMS)
    if not all(connection.settings.get(name) for name in ("data_set", "org_unit")):
        raise PROBLEMS.fatal("settings")
    if bool(connection.settings.get("program")) != bool(connection.settings.get("program_stage")):
        raise PROBLEMS.fatal("settings-program")
    return url


@contextmanager
def opened(connection: Connection) -> Iterator[Dhis2]:
    """The client of a connection. Raises Fatal."""
    url = settled(connection)
    with http_client.opened(url, PROBLEMS, authorization=f"ApiToken {connection.secret('token')}") as http:
        yield Dhis2(http)


def _whole(number: object) -> int:
    if not isinstance(number, int) or not 0 <= number <= AT_ONCE:
        raise PROBLEMS.not_understood
    return number
