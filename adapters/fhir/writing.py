"""What the hub writes of a referral into a partner's resources: what its mapping says, and nothing that is not to be told."""

import uuid
from collections.abc import Mapping
from typing import Final

from adapters.fhir.client import Resource, version, version_tag
from adapters.fhir.paths import Path, paths, write
from adapters.fhir.steps import OVER, RANK
from hub.ports import FollowUp, Layout

SPACE: Final = uuid.UUID("6f1f3f0e-0d53-4c0e-9a51-5b7f0f8c2f55")
OURS: Final = frozenset({"priority"})
"""Of a Task: what the requester says. Who its parties are is in the connection, how it stands is the partner's word."""

Said = Mapping[str, Mapping[Path, str]]


def said(referral: FollowUp, layout: Layout) -> dict[str, dict[Path, str]]:
    """By resource. What stands in the record comes after what its notice said, which stays as it was sent."""
    out = paths(layout.columns)
    found: dict[str, dict[Path, str]] = {}
    for name, text in sorted(referral.values.items(), key=lambda one: one[0] not in layout.follow_up):
        if text and name in out:
            found.setdefault(out[name][0].type, {})[out[name][0]] = text
    return found


def written(resource: Resource, told: Mapping[Path, str]) -> Resource:
    for way, text in told.items():
        if _is_ours(way):
            write(resource, way, text)
    return resource


def _is_ours(way: Path) -> bool:
    """Her code at the association is not told to others, nor is any number put in place of the referral's."""
    first = way.steps[0]
    if way.type == "Task":
        return first.element in OURS
    return first.element != "id" and (first.element != "identifier" or bool(first.chosen))


def is_over(task: Resource | None) -> bool:
    return task is None or RANK.get(str(task.get("status")), 0) >= OVER


def replaced(resource: Resource) -> Resource:
    """An entry of a transaction: the version that was read is replaced, and no other."""
    request = {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"}
    return {
        "resource": resource,
        "request": request | ({"ifMatch": version_tag(resource)} if version(resource) else {}),
    }


def made(resource: Resource, number: str, condition: str) -> Resource:
    """An entry of a transaction: made where it is not there yet."""
    type_ = resource["resourceType"]
    request = {"method": "POST", "url": type_, "ifNoneExist": condition}
    return {"fullUrl": url(type_, number), "resource": resource, "request": request}


def url(type_: str, number: str) -> str:
    return f"urn:uuid:{uuid.uuid5(SPACE, f'{type_} {number}')}"
