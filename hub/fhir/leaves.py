"""What a resource says, one line for each value: the element, and the value as text.

https://hl7.org/fhir/R4/json.html. What adds nothing for a reader (`coding`, `reference`) is left out of a path, an extension goes
by the end of its URL, and ids and metadata are not said.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from hub.fhir import Resource

UNSAID: Final = frozenset({"resourceType", "meta", "id"})
_NUMBER: Final = re.compile(r"\[\d+\]")


def leaves(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """Of an element and what stands in it; items of a list are numbered."""
    if isinstance(value, dict):
        if "system" in value and "code" in value and set(value) <= {"system", "code", "display"}:
            yield path, f"{str(value['system']).rsplit('/', 1)[-1]}#{value['code']}"
            return
        for name, inner in value.items():
            if name != "url":
                yield from leaves(_below(path, name), inner)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from leaves(f"{path}{_which(item, number, value)}", item)
    elif value is not None:
        yield path, str(value).lower() if isinstance(value, bool) else str(value)


def said(resource: Resource) -> dict[str, list[str]]:
    """The values of each element, under its type and without the numbers of items: `Patient.name.family`."""
    found: dict[str, list[str]] = {}
    for name in resource.keys() - UNSAID:
        for path, value in leaves(name, resource[name]):
            found.setdefault(_NUMBER.sub("", f"{resource['resourceType']}.{path}"), []).append(value)
    return found


def difference(before: Resource | None, after: Resource) -> frozenset[str]:
    """The elements that do not say the same; the type alone where there was nothing before."""
    if before is None:
        return frozenset({after["resourceType"]})
    was, is_ = said(before), said(after)
    return frozenset(path for path in was.keys() | is_.keys() if was.get(path) != is_.get(path))


def _below(path: str, name: str) -> str:
    return path if name in {"coding", "reference"} and path else f"{path}.{name}"


def _which(item: Any, number: int, items: list[Any]) -> str:
    """Which of several: extensions by their name, others by their number."""
    if isinstance(item, dict) and "url" in item:
        return f"[{str(item['url']).rsplit('/', 1)[-1]}]"
    return f"[{number}]" if len(items) > 1 else ""
