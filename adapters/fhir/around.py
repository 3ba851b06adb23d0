"""What changed in a request or a patient while their Task stayed as it was: the Tasks that lead to them are read again.

A server that lets nobody search for these is asked no further: such a change is then read with the next one of the Task. Of what
changed only the number is asked for: who is in no Task that is sent to us is nobody whom we know.
https://hl7.org/fhir/R4/search.html#lastUpdated · https://hl7.org/fhir/R4/search.html#elements
"""

from collections.abc import Iterator, Mapping
from typing import Final

from adapters.fhir.changes import Mark, stamp
from adapters.fhir.client import NO_SUCH_THING, Resource, Server, version
from hub.errors import Retriable

LEADS: Final = (("ServiceRequest", "focus", "focus"), ("Patient", "patient", "for"))
"""What a Task leads to: its type, the parameter of a search for the Task, the Task's element."""
AT_ONCE: Final = 25
"""References in one question, which has to fit into an address."""

Parameters = list[tuple[str, str]]
Entries = list[Resource]


def pages(server: Server, mark: Mark, asked: str, narrowed: Parameters) -> Iterator[tuple[Entries, Entries]]:
    """Entries of Tasks, with all that came on their page. `asked`: since when; `narrowed`: as Tasks are asked for elsewhere."""
    for type_, parameter, element in LEADS:
        for page in server.pages(type_, _changed(server, asked), also=NO_SUCH_THING):
            new = [f"{type_}/{id_}" for id_ in _new(page, type_, mark)]
            for begin in range(0, len(new), AT_ONCE):
                wanted = new[begin : begin + AT_ONCE]
                for entries in server.pages("Task", [(parameter, ",".join(wanted)), *narrowed]):
                    yield list(_leading(entries, element, wanted)), entries


def near(entries: Entries) -> dict[str, Resource]:
    """What came on a page, by reference."""
    return {f"{one['resourceType']}/{one.get('id')}": one for one in resources(entries)}


def know(task: Resource, near: Mapping[str, Resource], mark: Mark) -> None:
    """What a Task that is told leads to is known from now on, as it stands on its page."""
    told = (task.get(element) for _, _, element in LEADS)
    for reference in (str(one.get("reference")) for one in told if isinstance(one, dict)):
        found = near.get("/".join(reference.split("/")[-2:]), {})
        meta = found.get("meta")
        if isinstance(meta, dict) and "lastUpdated" in meta:
            _is_new(found, mark)


def resources(entries: Entries) -> Iterator[Resource]:
    for one in entries:
        found = one.get("resource")
        if isinstance(found, dict) and isinstance(found.get("resourceType"), str):
            yield found


def unsearchable(server: Server) -> tuple[str, ...]:
    """Types that the server lets nobody search for."""
    asked = "_count=1&_elements=id&_lastUpdated=ge2999-01-01T00:00:00Z"
    return tuple(type_ for type_, _, _ in LEADS if not server.supports(f"{type_}?{asked}"))


def _changed(server: Server, asked: str) -> Parameters:
    size = str(server.terms.page)
    return [("_sort", "_lastUpdated"), ("_count", size), ("_elements", "id,meta"), ("_lastUpdated", f"ge{asked}")]


def _new(page: Entries, type_: str, mark: Mark) -> Iterator[str]:
    for one in resources(page):
        if one["resourceType"] == type_ and not isinstance(one.get("id"), str):
            raise Retriable("adapters.fhir-not-understood")
        if one["resourceType"] == type_ and _is_new(one, mark):
            yield one["id"]


def _is_new(one: Resource, mark: Mark) -> bool:
    at = stamp(one)
    return mark.take(f"{one['resourceType']} {one.get('id')} {version(one)} {at.isoformat()}", at)


def _leading(entries: Entries, element: str, wanted: list[str]) -> Iterator[Resource]:
    """A server that passes over the parameter gives others too."""
    for entry in entries:
        one = entry.get("resource")
        told = one.get(element) if isinstance(one, dict) and one.get("resourceType") == "Task" else None
        if isinstance(told, dict) and str(told.get("reference")).endswith(tuple(wanted)):
            yield entry
