"""A server that behaves as KoboToolbox does for one project, for the demonstration and the tests.

Version 2 of its API (https://support.kobotoolbox.org/api.html): token, paging by `start` and `limit`, MongoDB queries on
`_id`, `fields`, bulk edits that change `_uuid`. Failures are scripted, every request is kept in a list, and the
submissions live in a JSON file, so that a later run finds them as the last one left them.
"""

import json
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import click

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


@dataclass(frozen=True)
class Asked:
    """A request that the server has seen."""

    method: str
    path: str
    query: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    status: int
    body: object
    headers: Mapping[str, str] = field(default_factory=dict)


class Project:
    """The submissions of one project, in a file or in memory. All changes go through here, one at a time."""

    def __init__(self, asset: str, token: str, submissions: list[Submission], state: Path | None = None) -> None:
        self.asset = asset
        self.token = token
        self.asked: list[Asked] = []
        self.failures: list[Answer] = []
        self._submissions = {int(one["_id"]): dict(one) for one in submissions}
        self._state = state
        self._lock = threading.Lock()

    def fail(self, status: int, *, times: int = 1, retry_after: int | None = None, body: object = None) -> None:
        """Answer the next requests with a failure. `body` that is text is sent as it is."""
        headers = {"Retry-After": str(retry_after)} if retry_after is not None else {}
        detail = {"detail": HTTPStatus(status).phrase} if body is None else body
        self.failures += [Answer(status, detail, headers)] * times

    def submission(self, number: int) -> Submission:
        return dict(self._submissions[number])

    def add(self, submission: Submission) -> None:
        with self._lock:
            self._submissions[int(submission["_id"])] = dict(submission)
            self._save()

    def delete(self, number: int) -> None:
        with self._lock:
            del self._submissions[number]
            self._save()

    def edit(self, numbers: list[int], answers: Mapping[str, Any]) -> int:
        """A new version of each submission, as after an edit in the browser: other `_uuid`, same root. How many exist."""
        with self._lock:
            found = [self._submissions[number] for number in numbers if number in self._submissions]
            for submission in found:
                _make_version(submission, answers)
            self._save()
            return len(found)

    def page(self, query: Mapping[str, str], url: str) -> Answer:
        """`GET …/data/`"""
        start, limit = int(query.get("start", 0)), min(int(query.get("limit", DEFAULT_PAGE)), LARGEST_PAGE)
        with self._lock:
            chosen = [
                one for one in self._submissions.values() if _matches(one, json.loads(query.get("query") or "{}"))
            ]
        for key, direction in reversed(list(json.loads(query.get("sort") or "{}").items())):
            chosen.sort(key=lambda one: one.get(key) or 0, reverse=direction == -1)
        fields = json.loads(query.get("fields") or "null")
        results = [_only(one, fields) for one in chosen[start : start + limit]]

        def link(at: int) -> str:
            return f"{url}?{urlencode({**query, 'start': at, 'limit': limit})}"

        following = link(start + limit) if start + limit < len(chosen) else None
        previous = link(max(0, start - limit)) if start else None
        return Answer(200, {"count": len(chosen), "next": following, "previous": previous, "results": results})

    def bulk(self, body: Mapping[str, Any]) -> Answer:
        """`PATCH …/data/bulk/`"""
        payload = body.get("payload", {})
        numbers = [int(number) for number in payload.get("submission_ids", ())]
        if not numbers or not isinstance(payload.get("data"), dict):
            return Answer(400, {"detail": "`submission_ids` and `data` are required"})
        count = self.edit(numbers, payload["data"])
        if not count:
            return Answer(404, {"detail": "Not found."})
        results = [{"uuid": str(uuid.uuid4()), "status_code": 201, "message": "Successful submission"}] * count
        return Answer(200, {"count": count, "successes": count, "failures": 0, "results": results})

    def about(self) -> Answer:
        """`GET /api/v2/assets/{uid}/`"""
        count = len(self._submissions)
        return Answer(
            200,
            {
                "uid": self.asset,
                "asset_type": "survey",
                "has_deployment": True,
                "deployment__active": True,
                "deployment__submission_count": count,
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


def _answer(project: Project, asked: Asked, token: str | None, body: bytes, url: str) -> Answer:
    """What the server says; failures come first, as they do when a proxy stands before it."""
    if project.failures:
        return project.failures.pop(0)
    if token != f"Token {project.token}":
        detail = "Authentication credentials were not provided." if token is None else "Invalid token."
        return Answer(401, {"detail": detail}, {"WWW-Authenticate": "Token"})
    asset = f"/api/v2/assets/{project.asset}/"
    match asked.method, asked.path:
        case "GET", path if path == asset:
            return project.about()
        case "GET", path if path == f"{asset}data/":
            return project.page(asked.query, url)
        case "PATCH", path if path == f"{asset}data/bulk/":
            return project.bulk(json.loads(body or b"{}"))
        case _:
            return Answer(404, {"detail": "Not found."})


def _handler(project: Project) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._serve()

        def do_PATCH(self) -> None:
            self._serve()

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = Asked(self.command, parts.path, dict(parse_qsl(parts.query)))
            project.asked.append(asked)
            url = f"http://{self.headers['Host']}{parts.path}"
            self._send(_answer(project, asked, self.headers.get("Authorization"), body, url))

        def _send(self, answer: Answer) -> None:
            text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body, ensure_ascii=False)
            sent = text.encode()
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, format: str, *args: object) -> None:
            """Requests are kept in `asked`; nothing is printed."""

    return Handler


class KoboServer:
    """A project being served on loopback: `url` and `project` while it runs."""

    def __init__(self, project: Project, port: int = 0) -> None:
        self.project = project
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(project))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def serve(self) -> None:
        """Serve until stopped."""
        self._server.serve_forever(poll_interval=0.05)

    @contextmanager
    def running(self) -> Iterator["KoboServer"]:
        """Serve from a thread of its own."""
        thread = threading.Thread(target=self.serve, name="kobo", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()


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
