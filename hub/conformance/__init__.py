"""Does a resource conform to its profile? Pure: a resource in, issues out.

https://hl7.org/fhir/R4/validation.html
"""

from collections.abc import Sequence

from hub.conformance.structures import is_resource_type, knows
from hub.conformance.validator import schema, validate
from hub.fhir import Resource
from hub.fhir.issues import Issue

__all__ = ["examine", "is_resource_type", "knows", "schema", "validate"]


def examine(resource: Resource, profiles: Sequence[str] = (), *, extra: Sequence[Resource] = ()) -> tuple[Issue, ...]:
    """What is wrong with any resource, against the profiles that it names and these."""
    issues: dict[str, Issue] = {}
    for profile in profiles or ("",):
        meta = resource.get("meta")
        named = {
            **resource,
            "meta": {**(meta if isinstance(meta, dict) else {}), "profile": [profile.partition("|")[0]]},
        }
        for issue in validate(named if profile else resource):
            issues.setdefault(f"{issue.text} {issue.path}", issue)
    return tuple(issues.values())
