"""What each role supports: its CapabilityStatement, with every profile of each type that it names.

https://hl7.org/fhir/R4/capabilitystatement-definitions.html#CapabilityStatement.rest.resource.supportedProfile. The files say
what a role does with a type; which profiles a type has is said by the profiles themselves.
"""

from collections.abc import Iterable, Mapping

from hub.fhir import Resource


def supporting(statement: Resource, structures: Iterable[Resource]) -> Resource:
    """The statement with its profiles. Those that it names itself, of another guide, stay."""
    profiles: dict[str, list[str]] = {}
    for one in structures:
        if one["type"] != "Extension":
            profiles.setdefault(one["type"], []).append(one["url"])
    return {
        **statement,
        "rest": [
            {**rest, "resource": [_supporting(one, profiles) for one in rest["resource"]]} for rest in statement["rest"]
        ],
    }


def _supporting(resource: Resource, profiles: Mapping[str, list[str]]) -> Resource:
    known = [*profiles.get(resource["type"], ()), *resource.get("supportedProfile", ())]
    return {**resource, "supportedProfile": known} if known else resource
