"""The number by which one recipient knows a survivor, in its view of her record: `Patient.identifier:pseudonym`."""

from typing import Any, Final

from hub.fhir import Resource
from hub.fhir.canonicals import code_system, identifier_system
from hub.fhir.masking import MASKED

SYSTEM: Final = identifier_system("pseudonym")
_TYPE: Final = {"coding": [{"system": code_system("identifier-type"), "code": "pseudonym"}]}
_FIRST: Final[tuple[str, ...]] = ("resourceType", "id", "meta")


def numbered(view: Resource, number: str) -> Resource:
    """The view with her number first among what is left of her identifiers. It stands for those that are not shown."""
    left = [one for one in view.get("identifier", ()) if one != MASKED and one.get("system") != SYSTEM]
    given = {"type": _TYPE, "system": SYSTEM, "value": number}
    if "identifier" in view:
        return {**view, "identifier": [given, *left]}
    return _before_the_rest(view, [given])


def is_numbered(resource: Resource) -> bool:
    """Whether a resource, of whatever shape, claims a number that the hub alone gives."""
    return any(_claims(one) for one in _listed(resource.get("identifier")))


def _claims(identifier: Any) -> bool:
    if not isinstance(identifier, dict):
        return False
    type_ = identifier.get("type")
    codings = _listed(type_.get("coding")) if isinstance(type_, dict) else []
    return identifier.get("system") == SYSTEM or any(coding in _TYPE["coding"] for coding in codings)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _before_the_rest(view: Resource, identifiers: list[Resource]) -> Resource:
    head = {key: view[key] for key in _FIRST if key in view}
    return {**head, "identifier": identifiers, **{key: value for key, value in view.items() if key not in head}}
