"""References between resources, always relative (`Patient/5e0c…`) inside the hub.

https://hl7.org/fhir/R4/references.html#literal
"""

from collections.abc import Iterator
from typing import Any

from hub.fhir import Resource


def reference(resource: Resource) -> str:
    """`Type/id` of a resource that has an id."""
    return f"{resource['resourceType']}/{resource['id']}"


def split(literal: str) -> tuple[str, str]:
    """`("Patient", "5e0c…")` of a relative, absolute or versioned literal reference; empty strings where there is none."""
    parts = literal.split("/_history/")[0].rsplit("/", 2)
    return (parts[-2], parts[-1]) if len(parts) >= 2 else ("", literal)


def slots(node: Any) -> Iterator[dict[str, Any]]:
    """Every object below `node` that carries a literal `reference`, for rewriting in place while a resource is built."""
    if isinstance(node, dict):
        if isinstance(node.get("reference"), str):
            yield node
        for child in node.values():
            if isinstance(child, (dict, list)):
                yield from slots(child)
    elif isinstance(node, list):
        for child in node:
            yield from slots(child)
