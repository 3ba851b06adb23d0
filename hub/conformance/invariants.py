"""The invariants of a profile: FHIRPath expressions that must be true.

https://hl7.org/fhir/R4/conformance-rules.html#constraints
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import fhirpathpy

from hub.fhir import Resource
from hub.fhir.definitions import Profile
from hub.fhir.issues import Issue


@dataclass(frozen=True)
class Invariant:
    """One expression, compiled. It holds when every result is true, or when there is none."""

    key: str
    path: str
    evaluate: Callable[[Any], list[Any]]

    def check(self, resource: Resource) -> Iterator[Issue]:
        for node, path in _nodes(resource, self.path):
            if any(result is not True for result in self.evaluate(node)):
                yield Issue("error", "invariant", f"conformance.{self.key}", path, params={"element": path})


def invariants(profile: Profile) -> tuple[Invariant, ...]:
    """The profile's own invariants; those of the base are in the JSON Schema as far as they are structural."""
    return tuple(
        Invariant(constraint.key, element.path, cast("Callable[[Any], list[Any]]", fhirpathpy.compile(constraint.expression)))
        for element, constraint in profile.constraints
    )


def _nodes(resource: Resource, path: str) -> Iterator[tuple[Any, str]]:
    """The nodes that a path of element names leads to, each with its FHIRPath."""
    found: list[tuple[Any, str]] = [(resource, path.split(".")[0])]
    for name in path.split(".")[1:]:
        following = []
        for node, where in found:
            value = node.get(name) if isinstance(node, dict) else None
            if isinstance(value, list):
                following += [(item, f"{where}.{name}[{i}]") for i, item in enumerate(value)]
            elif value is not None:
                following.append((value, f"{where}.{name}"))
        found = following
    yield from found
