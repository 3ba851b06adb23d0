"""Judge: what speaks against a record, or a resource made of it, before it is taken in.

https://hl7.org/fhir/R4/validation.html
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from hub.conformance import validate
from hub.consent.recording import shortcomings
from hub.fhir import Resource
from hub.fhir.issues import Issue
from hub.fhir.numbered import is_numbered

LARGEST: Final = 1_000_000
"""Characters in a record. A longer one is no case but an accident, and would not fit into one document of the database."""


def judge(resource: Resource) -> Iterable[Issue]:
    """Whether it conforms; of a Consent also whether it says enough to open anything."""
    issues = (*validate(resource), *_given(resource))
    if resource["resourceType"] == "Consent" and not any(issue.blocks for issue in issues):
        return (*issues, *shortcomings(resource, from_a_tool=True))
    return issues


def _given(resource: Resource) -> Iterator[Issue]:
    """What the hub alone gives."""
    if is_numbered(resource):
        yield Issue("error", "business-rule", "problems.hub-given", f"{resource['resourceType']}.identifier")


def is_too_large(content: Any) -> bool:
    return _size(content) > LARGEST


def _size(content: Any) -> int:
    if isinstance(content, str):
        return len(content)
    if isinstance(content, Mapping):
        return sum(map(_size, content.values()))
    return sum(map(_size, content)) if isinstance(content, (list, tuple)) else len(str(content))
