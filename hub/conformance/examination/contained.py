"""Contained resources: what R4 says of them beyond the invariants dom-2 to dom-5.

https://hl7.org/fhir/R4/references.html#contained: each has an id of its own within its container.
"""

from typing import Any

from hub.conformance.examination.findings import Findings


def check(resource: dict[str, Any], path: str, found: Findings) -> None:
    listed = resource.get("contained")
    seen: set[str] = set()
    for number, one in enumerate(listed if isinstance(listed, list) else ()):
        if not isinstance(one, dict):
            continue
        id_ = one.get("id")
        where = f"{path}.contained[{number}]"
        if "id" not in one:
            found.error("required", "required", f"{where}.id")
        elif isinstance(id_, str):
            if id_ in seen:
                found.error("duplicate", "contained-twice", f"{where}.id")
            seen.add(id_)
