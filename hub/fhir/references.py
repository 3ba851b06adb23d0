"""References between resources, always relative (`Patient/5e0c…`) inside the hub.

https://hl7.org/fhir/R4/references.html#literal
"""

from typing import Any

from hub.fhir import Resource


def reference(resource: Resource) -> str:
    """`Type/id` of a resource that has an id."""
    return f"{resource['resourceType']}/{resource['id']}"


def split(literal: str) -> tuple[str, str]:
    """`("Patient", "5e0c…")` of a relative, absolute or versioned literal reference; empty strings where there is none."""
    parts = literal.partition("/_history/")[0].rsplit("/", 2)
    return (parts[-2], parts[-1]) if len(parts) >= 2 else ("", literal)


def of_version(literal: str, version: int) -> str:
    """`Type/id/_history/2`: https://hl7.org/fhir/R4/references.html#Reference"""
    return f"{literal}/_history/{version}"


def of_any_version(literal: str) -> str:
    return literal.partition("/_history/")[0]


def slots(node: Any) -> list[dict[str, Any]]:
    """Every object in `node` that carries a literal `reference`, for rewriting in place while a resource is built."""
    found: list[dict[str, Any]] = []
    pending = [node]
    while pending:  # a loop, not a recursion: this runs for every resource that comes in
        here = pending.pop()
        if type(here) is dict:
            if type(here.get("reference")) is str:
                found.append(here)
            here = here.values()
        pending += [child for child in here if type(child) is dict or type(child) is list]
    return found
