"""Follow-ups into the Tasks that they are about: read, changed where something is new, written unless somebody else has."""

import copy
from collections.abc import Mapping, Sequence
from typing import Final

from adapters.fhir.client import Resource, Server, opened
from adapters.fhir.paths import Path, paths, read, write
from adapters.fhir.steps import steps
from hub.errors import Retriable
from hub.ports import Connection, FollowUp, Layout

ATTEMPTS: Final = 4
"""Two steps, and two changes of somebody else in between."""
STATUS: Final = "Task.status"
SAID_BESIDE: Final = frozenset({"lastModified"})
"""Told along with something new, and no news by itself: servers have their own."""


def push(connection: Connection, follow_ups: Sequence[FollowUp]) -> None:
    """The same follow-up again writes nothing."""
    told = [(one.handle["task"], _values(one, connection.layout)) for one in follow_ups]
    if not any(values for _, values in told):
        return
    with opened(connection) as server:
        for task, values in told:
            if values:
                _tell(task, values, server)


def _tell(id_: str, values: Mapping[Path, str], server: Server) -> None:
    for _ in range(ATTEMPTS):
        task = server.find(f"Task/{id_}")
        if task is None or task.get("resourceType") != "Task":
            return  # it was deleted: nobody waits to be told
        left = revisions(task, values)
        written = not left or server.update(left[0])
        if written and len(left) <= 1:
            return
    raise Retriable("adapters.fhir-changed-meanwhile")


def revisions(task: Resource, values: Mapping[Path, str]) -> list[Resource]:
    """What the Task becomes, step by step; none where it says so already."""
    before = str(task.get("status"))
    wanted = next((text for way, text in values.items() if _spelled(way) == STATUS), before)
    way = list(steps(before, wanted))
    if wanted != before and not way:
        return []
    after = copy.deepcopy(task)
    for path, text in values.items():
        if _spelled(path) != STATUS and text and read(task, path) != text:
            write(after, path, text)
    if not way and _without(after) == _without(task):
        return []
    passing = [{**task, "status": status} for status in way[:-1]]
    return [*passing, {**after, "status": way[-1] if way else before}]


def _without(task: Resource) -> Resource:
    return {name: value for name, value in task.items() if name not in SAID_BESIDE}


def _spelled(way: Path) -> str:
    return ".".join([way.type, *(step.element for step in way.steps)])


def _values(follow_up: FollowUp, layout: Layout) -> dict[Path, str]:
    """By where it goes, and only what goes back."""
    back = paths({name: layout.columns[name] for name in layout.follow_up if name in layout.columns})
    return {
        back[name][0]: text for name, text in follow_up.values.items() if name in back and back[name][0].type == "Task"
    }
