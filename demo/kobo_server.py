"""A server that behaves as KoboToolbox does for one project, for the demonstration and the tests.

Version 2 of its API (https://support.kobotoolbox.org/api.html): token, paging by `start` and `limit`, MongoDB queries on
`_id`, `fields`, bulk edits that change `_uuid`. The submissions live in a JSON file, so that a later run finds them as the
last one left them.
"""

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import click

from adapters.replay import Answer, Asked, Served, StandIn, not_found, route

DEFAULT_PAGE: Final = 100
LARGEST_PAGE: Final = 1000

Submission = dict[str, Any]

OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "$gt": lambda value, bound: value > bound,
    "$gte": lambda value, bound: value >= bound,
    "$lt": lambda value, bound: value < bound,
    "$lte": lambda value, bound: value <= bound,
    "$in": lambda value, choices: value in choices,
}


class Project(StandIn):
    """The submissions of one project, in a file or in memory. All changes go through here, one at a time."""

    def __init__(self, asset: str, token: str, submissions: list[Submission], state: Path | None = None) -> None:
        super().__init__()
        self.asset = asset
        self.token = token
        self._submissions = {int(one["_id"]): dict(one) for one in submissions}
        self._state = state
        self.content: dict[str, Any] = {"survey": [], "choices": [], "translations": [None]}

    def refuse(self, asked: Asked) -> Answer | None:
        token = asked.headers.get("authorization")
        if token == f"Token {self.token}":
            return None
        detail = "Authentication credentials were not provided." if token is None else "Invalid token."
        return Answer(401, {"detail": detail}, {"WWW-Authenticate": "Token"})

    def submission(self, number: int) -> Submission:
        return dict(self._submissions[number])

    @property
    def numbers(self) -> list[int]:
        """Of the submissions that there are."""
        return sorted(self._submissions)

    def add(self, submission: Submission) -> None:
        with self.lock:
            self._submissions[int(submission["_id"])] = dict(submission)
            self._save()

    def delete(self, number: int) -> None:
        with self.lock:
            del self._submissions[number]
            self._save()

    def edit(self, numbers: list[int], answers: Mapping[str, Any]) -> int:
        """A new version of each submission, as after an edit in the browser: other `_uuid`, same root. How many exist."""
        with self.lock:
            found = [self._submissions[number] for number in numbers if number in self._submissions]
            for submission in found:
                _make_version(submission, answers)
            self._save()
            return len(found)

    @route("GET", "/api/v2/assets/{asset}/data/")
    def page(self, asked: Asked, asset: str) -> Answer:
        if asset != self.asset:
            return not_found()
        query = asked.query
        start, limit = int(query.get("start", 0)), min(int(query.get("limit", DEFAULT_PAGE)), LARGEST_PAGE)
        with self.lock:
            chosen = [
                one for one in self._submissions.values() if _matches(one, json.loads(query.get("query") or "{}"))
            ]
        for key, direction in reversed(list(json.loads(query.get("sort") or "{}").items())):
            chosen.sort(key=lambda one: one.get(key) or 0, reverse=direction == -1)
        fields = json.loads(query.get("fields") or "null")
        results = [_only(one, fields) for one in chosen[start : start + limit]]

        def link(at: int) -> str:
            return f"{asked.url}?{urlencode({**query, 'start': at, 'limit': limit})}"

        following = link(start + limit) if start + limit < len(chosen) else None
        previous = link(max(0, start - limit)) if start else None
        return Answer(200, {"count": len(chosen), "next": following, "previous": previous, "results": results})

    @route("PATCH", "/api/v2/assets/{asset}/data/bulk/")
    def bulk(self, asked: Asked, asset: str) -> Answer:
        if asset != self.asset:
            return not_found()
        payload = asked.json().get("payload", {})
        numbers = [int(number) for number in payload.get("submission_ids", ())]
        if not numbers or not isinstance(payload.get("data"), dict):
            return Answer(400, {"detail": "`submission_ids` and `data` are required"})
        count = self.edit(numbers, payload["data"])
        if not count:
            return not_found()
        results = [{"uuid": str(uuid.uuid4()), "status_code": 201, "message": "Successful submission"}] * count
        return Answer(200, {"count": count, "successes": count, "failures": 0, "results": results})

    @route("GET", "/api/v2/assets/{asset}/")
    def about(self, asked: Asked, asset: str) -> Answer:
        if asset != self.asset:
            return not_found()
        count = len(self._submissions)
        return Answer(
            200,
            {
                "uid": self.asset,
                "asset_type": "survey",
                "has_deployment": True,
                "deployment__active": True,
                "deployment__submission_count": count,
                "content": self.content,
            },
        )

    def _save(self) -> None:
        if self._state:
            part = self._state.with_suffix(".part")
            part.write_text(json.dumps(list(self._submissions.values()), ensure_ascii=False), "utf-8")
            part.replace(self._state)


def _make_version(submission: Submission, answers: Mapping[str, Any]) -> None:
    before = submission.get("meta/instanceID", f"uuid:{submission['_uuid']}")
    new = str(uuid.uuid4())
    submission.setdefault("meta/rootUuid", before)
    submission |= {"meta/deprecatedID": before, "meta/instanceID": f"uuid:{new}", "_uuid": new, **answers}


def _matches(submission: Submission, query: Mapping[str, Any]) -> bool:
    return all(_holds(submission.get(key), condition) for key, condition in query.items())


def _holds(value: Any, condition: Any) -> bool:
    if not isinstance(condition, dict):
        return bool(value == condition)
    return all(OPERATORS[operator](value, bound) for operator, bound in condition.items())


def _only(submission: Submission, fields: list[str] | None) -> Submission:
    return {key: value for key, value in submission.items() if fields is None or key in fields or key == "_id"}


class KoboServer(Served):
    """A project being served on loopback."""

    def __init__(self, project: Project, port: int = 0) -> None:
        super().__init__(project, port)
        self.project = project


def opened(state: Path, token: str, asset: str, port: int = 0) -> KoboServer:
    """A server for the project whose submissions stand in `state`, a JSON list."""
    return KoboServer(Project(asset, token, json.loads(state.read_text("utf-8")), state), port)


@contextmanager
def running(*, state: Path, token: str, asset: str, port: int = 0) -> Iterator[str]:
    """Serve the project in `state`; gives the server's address."""
    with opened(state, token, asset, port).running() as server:
        yield server.url


@click.command()
@click.option("--state", type=click.Path(exists=True, path_type=Path), required=True, help="JSON list of submissions.")
@click.option("--asset", default="aZahraIntake", show_default=True, help="The project's identifier.")
@click.option("--port", default=8081, show_default=True)
@click.option("--token", envvar="IHALA_KOBO_TOKEN", required=True, help="Also from IHALA_KOBO_TOKEN.")
def main(state: Path, asset: str, port: int, token: str) -> None:
    """Serve the submissions in a file as KoboToolbox would, until interrupted."""
    server = opened(state, token, asset, port)
    click.echo(server.url)
    server.serve()


if __name__ == "__main__":
    main()
