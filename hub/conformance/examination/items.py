"""The values of one JSON property. A primitive that repeats is written in two lists, aligned by nulls.

https://hl7.org/fhir/R4/json.html#primitive
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from hub.conformance.examination.findings import Findings
from hub.conformance.examination.structures import Node, TypeRef

MISSING: Final = object()


@dataclass(frozen=True)
class Item:
    """A value and what stands beside it under `_name`; MISSING where there is none."""

    value: Any
    beside: Any
    ref: TypeRef
    path: str

    @property
    def is_empty(self) -> bool:
        return self.value is MISSING or self.value is None


def read(node: Node, ref: TypeRef, value: Any, beside: Any, path: str, *, found: Findings) -> Iterator[Item]:
    if not node.is_list:
        if isinstance(value, list) or isinstance(beside, list):
            found.error("structure", "one-expected", path)
        else:
            yield Item(value, beside, ref, path)
        return
    lists = [one for one in (value, beside) if one is not MISSING]
    if not all(isinstance(one, list) for one in lists):
        found.error("structure", "list-expected", path)
    elif [] in lists:
        found.error("structure", "empty", path)
    else:
        yield from _aligned(ref, value, beside, path, found)


def _aligned(ref: TypeRef, value: Any, beside: Any, path: str, found: Findings) -> Iterator[Item]:
    values, besides = ([] if one is MISSING else one for one in (value, beside))
    if values and besides and len(values) != len(besides):
        found.error("structure", "not-aligned", path)
    for number in range(max(len(values), len(besides))):
        yield Item(_at(values, number), _at(besides, number), ref, f"{path}[{number}]")


def _at(listed: list[Any], number: int) -> Any:
    return listed[number] if number < len(listed) else MISSING


def count(node: Node, number: int, path: str, found: Findings) -> None:
    if number < node.min:
        found.error("required", "too-few", path, min=str(node.min))
    if node.max is not None and number > node.max:
        found.error("structure", "too-many", path, max=str(node.max))
