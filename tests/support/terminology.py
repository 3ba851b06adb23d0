"""What the tests of the terminology operations share: the definitions, and reading a Parameters resource."""

from typing import Any

from hub.conformance.terminology import Coding
from hub.fhir import Resource
from hub.fhir.definitions import load

DEFINITIONS = load()
VALUE_SETS = DEFINITIONS.value_sets()
CODE_SYSTEMS = [system for system in DEFINITIONS.code_systems() if system.codes]


def values(resource: Resource, name: str) -> list[Any]:
    """The values of this parameter; of one with parts, name → value."""
    return [_value(one) for one in resource.get("parameter", resource.get("part", [])) if one["name"] == name]


def _value(parameter: Resource) -> Any:
    if "part" in parameter:
        return {one["name"]: _value(one) for one in parameter["part"]}
    return next(value for key, value in parameter.items() if key.startswith("value"))


def coding(value: Resource) -> Coding:
    return Coding(value["system"], value["code"])
