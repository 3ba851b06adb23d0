"""KoboToolbox over HTTP: the data of one project, page by page. https://support.kobotoolbox.org/api.html, version 2."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from adapters import http_client
from adapters.http_client import Http, Problems
from hub.ports import Connection

PAGE: Final = 1000  # the server's own maximum; it was 30,000 once: follow `next`, never count on a size
PROBLEMS: Final = Problems("adapters.kobo-", {404: "asset"})

Submission = dict[str, Any]


class Kobo:
    """The data of one project (an *asset* in Kobo's words)."""

    def __init__(self, http: Http, asset: str, page: int) -> None:
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
            asked = self._http.following(page.get("next"))

    def all(self, fields: list[str]) -> Iterator[list[Submission]]:
        """Pages of all submissions, by `_id`. Each page begins after the last `_id` of the one before: what is deleted or sent
        in meanwhile shifts none, so that what is not among them is not in the project. A last page that holds fewer than the
        server counted is no end."""
        last = -1
        while True:
            parameters = self._asking({"_id": {"$gt": last}} if last >= 0 else {}, fields)
            page = self._request("GET", "data/", params=parameters)
            results = _sorted_after(last, page.get("results"))
            if results:
                yield results
            if not results or self._http.following(page.get("next")) is None:
                if _is_cut_short(page):
                    raise PROBLEMS.not_understood
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
            raise PROBLEMS.later("write-failed")

    def look(self) -> Mapping[str, Any]:
        """The project itself, without its data."""
        return self._request("GET", "", params={"format": "json"})

    def _request(self, method: str, path: str, *, params: Mapping[str, str], body: object = None) -> dict[str, Any]:
        asked = self._http.ask(method, f"api/v2/assets/{self._asset}/{path}", params=params, body=body)
        return self._http.table(asked)


@contextmanager
def opened(connection: Connection) -> Iterator[Kobo]:
    """The client of a connection. Raises Fatal for settings that cannot work or would send the token in the clear."""
    url, asset = connection.settings.get("url"), str(connection.settings.get("asset") or "")
    url = http_client.address(url, PROBLEMS)
    if not asset.isalnum():
        raise PROBLEMS.fatal("settings")
    size = http_client.page_size(connection, PAGE, PAGE, PROBLEMS)
    with http_client.opened(url, PROBLEMS, authorization=f"Token {connection.secret('token')}") as http:
        yield Kobo(http, asset, size)


def _sorted_after(last: int, results: object) -> list[Submission]:
    """A page as asked for. A server that does not sort, or serves the same page for ever, is not understood."""
    if not isinstance(results, list):
        raise PROBLEMS.not_understood
    for one in results:
        number = str(one.get("_id")) if isinstance(one, dict) else ""
        if not number.isdecimal() or int(number) <= last:
            raise PROBLEMS.not_understood
        last = int(number)
    return results


def _is_cut_short(page: Mapping[str, Any]) -> bool:
    """Whether more was counted than was given, by a page after which no other comes."""
    count = page.get("count")
    return isinstance(count, int) and count > len(page["results"])
