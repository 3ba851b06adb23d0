"""The names of an object's properties: those that its definition has, and no other.

https://hl7.org/fhir/R4/json.html. A name that FHIR does not have may be anything: it is not repeated.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from hub.conformance.examination.findings import Findings
from hub.conformance.examination.scope import Scope
from hub.conformance.examination.structures import Node
from hub.fhir.r4 import tables


def check(
    value: Mapping[str, Any], children: Mapping[str, Node], path: str, scope: Scope, *, is_resource: bool
) -> None:
    shape = scope.library.shape(children)
    for name in value:
        plain = name.removeprefix("_")
        if (is_resource and name == "resourceType") or (name == plain and name in shape):
            continue
        if plain not in shape:
            _say(plain, children, path, scope.found)
        elif not scope.library.is_primitive(shape[plain][1].code):
            scope.found.error("structure", "no-sibling", f"{path}.{plain}")


def _say(name: str, children: Mapping[str, Node], path: str, found: Findings) -> None:
    choice = next((n for n in children.values() if n.is_choice and _is_type_of(name, n.name)), None)
    if choice is not None:
        types = ", ".join(ref.code for ref in choice.types)
        found.error("structure", "type-not-allowed", f"{path}.{name}", types=types)
    elif name in _element_names():
        found.error("structure", "unknown-element", f"{path}.{name}")
    else:
        found.error("structure", "unknown-name", path, known=", ".join(children))


@cache
def _element_names() -> frozenset[str]:
    return frozenset(path.rpartition(".")[2].removesuffix("[x]") for path in tables().rows)


def _is_type_of(name: str, stem: str) -> bool:
    """Whether a property is a choice's name with the name of a type of R4 behind it."""
    suffix = name[len(stem) :] if name.startswith(stem) else ""
    lowered = suffix[:1].lower() + suffix[1:]
    return suffix[:1].isupper() and (lowered in tables().primitives or suffix in tables().children)
