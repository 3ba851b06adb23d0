"""A server that behaves as ODK Central does for one form: sessions, OData with cursors and filters, edits, deletions, reviews.

https://docs.getodk.org/central-api/. Its clock is the real one: what is sent in or changed is of now.
"""

import base64
import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

from adapters.replay import Answer, Asked, StandIn, route

EMAIL, PASSWORD = "hub@association.example", "a-long-password"
PROJECT, FORM = 7, "accueil_écoute"
LIST: Final = "suivi des cas"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DEFAULT_TOP: Final = 250
FILTERABLE: Final = (
    "__id",
    *(f"__system/{one}" for one in ("submitterId", "submissionDate", "updatedAt", "reviewState")),
)
STATES: Final = ("hasIssues", "edited", "approved", "rejected")
TOKENS: Final = re.compile(r"\s*(\(|\)|and\b|or\b|not\b|[\w/]+ (?:eq|ne|gt|ge|lt|le) (?:'[^']*'|[^\s()]+))")

Row = dict[str, Any]


class Central(StandIn):
    """`rows` by instance, in the order in which they came. `old`: a server before 2024.3, which deletes no submission."""

    def __init__(self, *, largest: int = 1000, old: bool = False) -> None:
        super().__init__()
        self.rows: dict[str, Row] = {}
        self.said: dict[str, list[Row]] = {}
        self.fields: list[Row] = [{"name": "date_accueil", "path": "/date_accueil", "type": "date"}]
        self.workbook: bytes | None = None
        self.sessions: set[str] = set()
        self.largest, self.old = largest, old
        self.entities: dict[str, Row] = {}
        self.properties = ["code", "statut_reference"]

    # what people do in it
    def submit(self, answers: Mapping[str, Any], id_: str | None = None, **system: Any) -> str:
        id_ = id_ or f"uuid:{uuid.uuid4()}"
        told = {
            "submissionDate": now(), "updatedAt": None, "submitterId": "23", "submitterName": "agent1", "edits": 0,
            "attachmentsPresent": 0, "attachmentsExpected": 0, "status": None, "reviewState": None, "deviceId": "d1",
            "formVersion": "1", "deletedAt": None,
        }  # fmt: skip
        with self.lock:
            self.rows[id_] = {
                "__id": id_, "__system": {**told, **system}, "meta": {"instanceID": id_, "instanceName": "ANW"}, **answers,
            }  # fmt: skip
        return id_

    def edit(self, id_: str, **answers: Any) -> None:
        """By group or question; `groupe__question` is in a group."""
        with self.lock:
            for path, value in answers.items():
                *groups, name = path.split("__")
                place = self.rows[id_]
                for group in groups:
                    place = place.setdefault(group, {})
                place[name] = value
            system = self.rows[id_]["__system"]
            system |= {"updatedAt": now(), "edits": system["edits"] + 1, "reviewState": "edited"}

    def review(self, id_: str, state: str | None) -> None:
        with self.lock:
            self.rows[id_]["__system"] |= {"reviewState": state, "updatedAt": now()}

    def delete(self, id_: str) -> None:
        with self.lock:
            self.rows[id_]["__system"]["deletedAt"] = now()

    def restore(self, id_: str) -> None:
        with self.lock:
            self.rows[id_]["__system"]["deletedAt"] = None

    def purge(self) -> None:
        """What was deleted 30 days ago is no more."""
        with self.lock:
            self.rows = {id_: row for id_, row in self.rows.items() if not row["__system"]["deletedAt"]}

    def end_sessions(self) -> None:
        self.sessions.clear()

    # what it decides for itself
    def refuse(self, asked: Asked) -> Answer | None:
        if asked.path == "/v1/sessions":
            return None
        way, _, credentials = asked.headers.get("authorization", "").partition(" ")
        known = way == "Bearer" and credentials in self.sessions
        basic = way == "Basic" and base64.b64decode(credentials).decode() == f"{EMAIL}:{PASSWORD}"
        return None if known or basic else problem(401, 401.2, "Could not authenticate with the provided credentials.")

    def unknown(self, asked: Asked) -> Answer:
        return problem(404, 404.1, "Could not find the resource you were looking for.")

    @route("POST", "/v1/sessions")
    def session(self, asked: Asked) -> Answer:
        given = asked.json()
        if (given.get("email"), given.get("password")) != (EMAIL, PASSWORD):
            return problem(401, 401.2, "Could not authenticate with the provided credentials.")
        token = uuid.uuid4().hex
        self.sessions.add(token)
        return Answer(200, {"token": token, "csrf": "c", "createdAt": now(), "expiresAt": "2099-01-01T00:00:00.000Z"})

    @route("GET", "/v1/projects/{project}/forms/{form}")
    def form(self, asked: Asked, project: str, form: str) -> Answer:
        return Answer(200, {"xmlFormId": FORM, "state": "open"}) if _ours(project, form) else self.unknown(asked)

    @route("GET", "/v1/projects/{project}/forms/{form}.xlsx")
    def as_workbook(self, asked: Asked, project: str, form: str) -> Answer:
        """A form that was uploaded as XForm has none. Of two routes that fit, the first by name answers: this one before `form`."""
        if self.workbook is None or not _ours(project, form):
            return self.unknown(asked)
        return Answer(200, self.workbook, {"Content-Type": XLSX})

    @route("GET", "/v1/projects/{project}/forms/{form}/fields")
    def form_fields(self, asked: Asked, project: str, form: str) -> Answer:
        return Answer(200, self.fields) if _ours(project, form) else self.unknown(asked)

    @route("GET", "/v1/projects/{project}/forms/{form}.svc/Submissions")
    def table(self, asked: Asked, project: str, form: str) -> Answer:
        if not _ours(project, form):
            return self.unknown(asked)
        condition = asked.query.get("$filter", "")
        if unsupported := next((one for one in fields(condition) if one not in self._filterable), None):
            return problem(
                501, 501.5, f"The given OData filter expression references fields not supported: {unsupported}"
            )
        holds = parsed(condition) if condition else lambda _: True
        deleted_too = "__system/deletedAt" in condition
        chosen = [row for row in self.rows.values() if holds(row) and (deleted_too or not row["__system"]["deletedAt"])]
        chosen.sort(key=lambda row: (row["__system"]["submissionDate"], row["__id"]))
        if "asc" not in asked.query.get("$orderby", ""):
            chosen.reverse()
        return self._page(asked, chosen, expand=asked.query.get("$expand") == "*")

    @property
    def _filterable(self) -> tuple[str, ...]:
        return FILTERABLE if self.old else (*FILTERABLE, "__system/deletedAt")

    def _page(self, asked: Asked, chosen: list[Row], *, expand: bool) -> Answer:
        token, top = asked.query.get("$skiptoken"), min(int(asked.query.get("$top", DEFAULT_TOP)), self.largest)
        if token:
            after = json.loads(base64.urlsafe_b64decode(token))
            chosen = [row for row in chosen if [row["__system"]["submissionDate"], row["__id"]] > after]
        page: Row = {"@odata.context": f"{asked.url}/$metadata#Submissions"}
        page["value"] = [_told(row, expand) for row in chosen[:top]]
        if len(chosen) > top:
            last = chosen[top - 1]
            cursor = json.dumps([last["__system"]["submissionDate"], last["__id"]]).encode()
            following = {**asked.query, "$skiptoken": base64.urlsafe_b64encode(cursor).decode()}
            page["@odata.nextLink"] = f"{asked.url}?{urlencode(following, quote_via=quote)}"
        return Answer(200, page)

    # the entity list
    def entity(self, **data: str) -> str:
        """One that a form has made."""
        uuid_ = str(uuid.uuid4())
        self.entities[uuid_] = {"version": 1, "label": data.get("code", ""), "data": dict(data)}
        return uuid_

    def save_entity(self, uuid_: str, **data: str) -> None:
        """As a worker's submission does, or anybody."""
        with self.lock:
            before = self.entities[uuid_]
            self.entities[uuid_] = {**before, "version": before["version"] + 1, "data": {**before["data"], **data}}

    @route("GET", "/v1/projects/{project}/datasets/{name}")
    def dataset(self, asked: Asked, project: str, name: str) -> Answer:
        if (project, name) != (str(PROJECT), LIST):
            return self.unknown(asked)
        told = [{"name": one, "odataName": one, "forms": []} for one in self.properties]
        return Answer(200, {"name": LIST, "projectId": PROJECT, "properties": told})

    @route("GET", "/v1/projects/{project}/datasets/{name}/entities/{id_}")
    def read_entity(self, asked: Asked, project: str, name: str, id_: str) -> Answer:
        if name != LIST or id_ not in self.entities:
            return self.unknown(asked)
        return Answer(
            200, {"uuid": id_, "conflict": None, "currentVersion": json.loads(json.dumps(self.entities[id_]))}
        )

    @route("PATCH", "/v1/projects/{project}/datasets/{name}/entities/{id_}")
    def patch_entity(self, asked: Asked, project: str, name: str, id_: str) -> Answer:
        if name != LIST or id_ not in self.entities:
            return self.unknown(asked)
        if asked.query.get("baseVersion") != str(self.entities[id_]["version"]):
            return problem(
                409, 409.15, f"Current version of the Entity with UUID {id_} is another than the base version."
            )
        data = asked.json()["data"]
        if unknown := [one for one in data if one not in self.properties]:
            return problem(
                400,
                400.28,
                f"The entity is invalid. You specified the dataset property {unknown} which does not exist.",
            )
        self.save_entity(id_, **data)
        return self.read_entity(asked, project, name, id_)

    @route("PATCH", "/v1/projects/{project}/forms/{form}/submissions/{id_}")
    def patch(self, asked: Asked, project: str, form: str, id_: str) -> Answer:
        if id_ not in self.rows or not _ours(project, form):
            return self.unknown(asked)
        if asked.json().get("reviewState") not in STATES:
            return problem(400, 400.8, "Unexpected reviewState value; must be one of the known states.")
        self.review(id_, asked.json()["reviewState"])
        return Answer(200, {"instanceId": id_, "reviewState": asked.json()["reviewState"]})

    @route("GET", "/v1/projects/{project}/forms/{form}/submissions/{id_}/comments")
    def comments(self, asked: Asked, project: str, form: str, id_: str) -> Answer:
        return Answer(200, self.said.get(id_, [])[::-1]) if id_ in self.rows else self.unknown(asked)

    @route("POST", "/v1/projects/{project}/forms/{form}/submissions/{id_}/comments")
    def comment(self, asked: Asked, project: str, form: str, id_: str) -> Answer:
        if id_ not in self.rows:
            return self.unknown(asked)
        said = {"body": asked.json()["body"], "actorId": 5, "createdAt": now()}
        self.said.setdefault(id_, []).append(said)
        return Answer(200, said)


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def problem(status: int, code: float, message: str) -> Answer:
    return Answer(status, {"message": message, "code": code})


def _ours(project: str, form: str) -> bool:
    return (project, form) == (str(PROJECT), FORM)


def _told(row: Row, expand: bool) -> Row:
    """Repeats only where they are asked for."""
    told = json.loads(json.dumps(row))
    if not expand:
        for name in [name for name, value in told.items() if isinstance(value, list)]:
            told[f"{name}@odata.navigationLink"] = f"Submissions('{row['__id']}')/{name}"
            del told[name]
    return told


def fields(condition: str) -> list[str]:
    return re.findall(r"([\w/]+) (?:eq|ne|gt|ge|lt|le) ", condition)


def parsed(condition: str) -> Callable[[Row], bool]:
    """Comparisons with `and`, `or` and brackets, as much of OData's filters as Central has."""
    tokens = TOKENS.findall(condition)
    assert "".join(tokens).replace(" ", "") == condition.replace(" ", ""), f"not OData: {condition}"
    stream = iter([*tokens, ""])
    return _or(_Reading(stream))


class _Reading:
    def __init__(self, stream: Iterator[str]) -> None:
        self._stream = stream
        self.token = next(stream)

    def take(self) -> str:
        taken, self.token = self.token, next(self._stream, "")
        return taken


def _or(reading: _Reading) -> Callable[[Row], bool]:
    sides = [_and(reading)]
    while reading.token == "or":
        reading.take()
        sides.append(_and(reading))
    return lambda row: any(side(row) for side in sides)


def _and(reading: _Reading) -> Callable[[Row], bool]:
    sides = [_one(reading)]
    while reading.token == "and":
        reading.take()
        sides.append(_one(reading))
    return lambda row: all(side(row) for side in sides)


def _one(reading: _Reading) -> Callable[[Row], bool]:
    token = reading.take()
    if token == "(":
        inner = _or(reading)
        assert reading.take() == ")"
        return inner
    field, operator, literal = token.split(" ", 2)
    return lambda row: _compare(_value(row, field), operator, literal.strip("'"))


def _value(row: Row, field: str) -> Any:
    place: Any = row
    for part in field.split("/"):
        place = place[part]
    return place


def _compare(value: Any, operator: str, literal: str) -> bool:
    """As in SQL, nothing is less or greater than what is not there."""
    if literal == "null":
        return (value is None) == (operator == "eq")
    if value is None:
        return operator == "ne"
    return {
        "eq": value == literal, "ne": value != literal, "gt": value > literal, "ge": value >= literal,
        "lt": value < literal, "le": value <= literal,
    }[operator]  # fmt: skip
