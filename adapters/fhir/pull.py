"""From a server to records: Tasks that changed, with their requests and patients, page by page; deletions from the history.

A server that has no history of Tasks is asked no further: what it deletes is then told by nobody, unless it marks it as entered
in error, which is told here as well.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime

import orjson

from adapters.fhir import around
from adapters.fhir.around import resources
from adapters.fhir.changes import Mark, stamp
from adapters.fhir.client import Resource, Server, opened, version
from adapters.fhir.records import REFERRAL, Records
from hub.errors import Fatal, Retriable
from hub.ports import Connection, Pulled, Watermark, Withdrawn


def pull(connection: Connection, since: Watermark | None) -> Iterator[Pulled]:
    """Referrals in the order of their last change; a watermark after each page that the server has sorted."""
    with opened(connection) as server:
        records = Records.of(connection.layout, server, sends=connection.settings.get("send") is True)
        mark = Mark.of(since, _signature(connection, server), server.terms.overlap)
        yield from _deleted(server, mark)
        asked = mark.since()
        changed = [("_lastUpdated", f"ge{asked}")] if asked else []
        last: datetime | None = None
        sorted_ = True
        reached = mark.far
        for entries in server.pages("Task", _parameters(server) + changed):
            near = around.near(entries)
            for task in _tasks(entries):
                at = stamp(task)
                sorted_ = sorted_ and (last is None or last <= at)
                last = at
                reached = max(at, reached or at)
                yield from _told(task, near, at, records, mark)
            if sorted_ and last is not None:
                mark.reach(last)
                yield from _new(mark, since)
        if reached is not None:
            mark.reach(reached)
        yield from _around(server, mark, records, asked)
        yield from _new(mark, since)


def _around(server: Server, mark: Mark, records: Records, asked: str | None) -> Iterator[Pulled]:
    """Tasks of which something else has changed. They come after the Tasks that changed themselves: what changes meanwhile
    is then found by the next pull at the latest."""
    for entries, page in around.pages(server, mark, asked, _parameters(server)) if asked else ():
        near = around.near(page)
        for task in _tasks(entries):
            yield from _said(task, near, records, mark)


def _told(task: Resource, near: dict[str, Resource], at: datetime, records: Records, mark: Mark) -> Iterator[Pulled]:
    if mark.take(f"{task['id']} {version(task)} {at.isoformat()}", at):
        yield from _said(task, near, records, mark)


def _said(task: Resource, near: dict[str, Resource], records: Records, mark: Mark) -> Iterator[Pulled]:
    if task.get("status") == "entered-in-error":
        yield Withdrawn(REFERRAL, str(task["id"]))
    elif record := records.record(task, near):
        around.know(task, near, mark)
        yield record


def _new(mark: Mark, since: Watermark | None) -> Iterator[Watermark]:
    reached = mark.watermark()
    if reached is not None and reached != since:
        yield reached


def _deleted(server: Server, mark: Mark) -> Iterator[Withdrawn]:
    """https://hl7.org/fhir/R4/http.html#history"""
    since = mark.since()
    if since is None or mark.instant is None or not server.terms.deletions:
        return
    try:
        for entries in server.pages("Task/_history", [("_since", since), ("_count", str(server.terms.page))]):
            for entry in entries:
                id_, at = _deletion(entry)
                if id_ and mark.take(f"deleted {id_} {at}", mark.instant):
                    yield Withdrawn(REFERRAL, id_)
    except Fatal as problem:
        if problem.text != "adapters.fhir-refused":
            raise


def _deletion(entry: Resource) -> tuple[str, str]:
    """Which Task, and when."""
    request, response = entry.get("request"), entry.get("response")
    if not isinstance(request, dict) or request.get("method") != "DELETE":
        return "", ""
    parts = str(request.get("url") or entry.get("fullUrl") or "").split("/_history")[0].rsplit("/", 2)
    at = str(response.get("lastModified") or response.get("etag") or "") if isinstance(response, dict) else ""
    return (parts[-1], at) if "Task" in parts[:-1] else ("", "")


def _parameters(server: Server) -> list[tuple[str, str]]:
    wanted = [("_include", "Task:focus"), ("_include", "Task:patient")]
    return [("_sort", "_lastUpdated"), ("_count", str(server.terms.page)), *wanted, *server.terms.search]


def _tasks(entries: list[Resource]) -> Iterator[Resource]:
    """What was asked for; what came along with it, and what the server remarks, is neither."""
    for one in entries:
        search = one.get("search")
        if isinstance(search, dict) and str(search.get("mode")) in {"include", "outcome"}:
            continue
        for task in resources([one]):
            if task["resourceType"] == "Task" and not isinstance(task.get("id"), str):
                raise Retriable("adapters.fhir-not-understood")
            if task["resourceType"] == "Task":
                yield task


def _signature(connection: Connection, server: Server) -> str:
    """What the records depend on besides the server. When it changes, all are read again."""
    layout, terms = connection.layout, server.terms
    columns = {name: list(headers) for name, headers in layout.columns.items()}
    said = [terms.url, list(terms.search), terms.system, connection.settings.get("send"), columns, layout.follow_up]
    return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()[:20]
