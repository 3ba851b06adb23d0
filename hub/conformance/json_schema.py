"""A plan as JSON Schema 2020-12: the verdict on the hot path, and the document that integrators without FHIR tools use.

https://json-schema.org/draft/2020-12
"""

from collections.abc import Mapping
from typing import Any

from hub.conformance.plan import NUMBERS, Complex, Primitive, Property, Slice

Schema = dict[str, Any]
MANY_TYPES = 6
"""A choice with more types than this is not checked for two of them at once: the pairs would outgrow their worth."""


def schema(root: Complex, title: str) -> Schema:
    """The JSON Schema of one profile, complete in itself."""
    definitions: dict[str, Schema] = {}
    pending = [root]
    while pending:
        node = pending.pop()
        name = _name(node)
        if name not in definitions:
            definitions[name], used = _object(node)
            pending += used
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "$ref": f"#/$defs/{_name(root)}",
        "$defs": definitions,
    }


def _object(node: Complex) -> tuple[Schema, list[Complex]]:
    used: list[Complex] = []
    properties: Schema = {"resourceType": {"const": node.element_id}} if node.is_resource else {}
    rules: list[Schema] = []
    for group, members in node.groups.items():
        for p in members:
            if p.max == 0:
                continue
            properties[p.name] = _property(p, used)
            if p.is_primitive:
                properties[f"_{p.name}"] = _sibling(p)
        rules += _group_rules(group, members)
    return {
        "type": "object",
        "properties": properties,
        "required": ["resourceType"] if node.is_resource else [],
        "additionalProperties": False,
        "minProperties": 1,
        **({"allOf": rules} if rules else {}),
    }, used


def _group_rules(group: str, members: tuple[Property, ...]) -> list[Schema]:
    names = [name for p in members if p.max != 0 for name in ((p.name, f"_{p.name}") if p.is_primitive else (p.name,))]
    rules: list[Schema] = []
    if members[0].min and names:
        rules.append({"anyOf": [{"required": [name]} for name in names]} if len(names) > 1 else {"required": names})
    if group.endswith("[x]") and 1 < len(members) <= MANY_TYPES:
        plain = [p.name for p in members]
        rules += [{"not": {"required": [a, b]}} for i, a in enumerate(plain) for b in plain[i + 1 :]]
    return rules


def _property(p: Property, used: list[Complex]) -> Schema:
    item = _value(p, used)
    if not p.is_list:
        return item
    whole: Schema = {"type": "array", "items": item, "minItems": max(1, p.min)}
    if p.max is not None:
        whole["maxItems"] = p.max
    counts = [_count(s) for s in p.slices if s.min or s.max is not None]
    return {**whole, "allOf": counts} if counts else whole


def _count(slice_: Slice) -> Schema:
    return {
        "contains": matching(slice_.pattern),
        "minContains": slice_.min,
        **({"maxContains": slice_.max} if slice_.max is not None else {}),
    }


def _value(p: Property, used: list[Complex]) -> Schema:
    if isinstance(p.value, Primitive):
        return _primitive(p.value, nullable=p.is_list)
    used.append(p.value)
    value: Schema = {"$ref": f"#/$defs/{_name(p.value)}"}
    rules: list[Schema] = []
    if p.pattern is not None:
        rules.append(matching(p.pattern))
    if p.codings is not None:
        in_set = _coding_in(p.codings)
        is_concept = p.value.key == "CodeableConcept" or "coding" in p.value.properties
        rules.append({"properties": {"coding": {"contains": in_set}}, "required": ["coding"]} if is_concept else in_set)
    if p.targets:
        types = "|".join(p.targets)
        rules.append({"properties": {"reference": {"pattern": f"^(#.*|urn:.*|(https?://.+/)?({types})/[A-Za-z0-9.-]{{1,64}}(/_history/[A-Za-z0-9.-]{{1,64}})?)$"}}})
    if p.slices:
        rules.append(_slices(p, value, used))
        return {"allOf": rules}
    return {"allOf": [value, *rules]} if rules else value


def _slices(p: Property, otherwise: Schema, used: list[Complex]) -> Schema:
    """The first slice that matches says what the item must be; no slice: the element itself, or nothing when closed."""
    chain: Schema | bool = False if p.closed else otherwise
    for slice_ in reversed(p.slices):
        used.append(slice_.value)
        chain = {"if": matching(slice_.pattern), "then": {"$ref": f"#/$defs/{_name(slice_.value)}"}, "else": chain}
    assert isinstance(chain, dict)
    return chain


def _coding_in(codings: frozenset[tuple[str, str]]) -> Schema:
    by_system: dict[str, list[str]] = {}
    for system, code in sorted(codings):
        by_system.setdefault(system, []).append(code)
    choices = [
        {"properties": {"system": {"const": system}, "code": {"enum": codes}}, "required": ["system", "code"]}
        for system, codes in by_system.items()
    ]
    return choices[0] if len(choices) == 1 else {"anyOf": choices}


def _primitive(value: Primitive, *, nullable: bool) -> Schema:
    written = _written(value)
    return {"anyOf": [written, {"type": "null"}]} if nullable else written


def _written(value: Primitive) -> Schema:
    if value.fixed is not None:
        return {"const": value.fixed}
    if value.codes is not None:
        return {"enum": sorted(value.codes)}
    if value.type == "boolean":
        return {"type": "boolean"}
    if value.type in NUMBERS:
        minimum, json_type = NUMBERS[value.type]
        return {"type": json_type, **({"minimum": minimum} if minimum is not None else {})}
    return {"type": "string", "minLength": 1, **({"pattern": anchored(value.regex)} if value.regex else {})}


def anchored(regex: str) -> str:
    """The whole value must match. `[ \\r\\n\\t\\S]+`, R4's rule for text, says no more than: not empty."""
    return rf"^(?:{regex})$" if regex != r"[ \r\n\t\S]+" else r"\S"


def _sibling(p: Property) -> Schema:
    one: Schema = {"type": "object", "properties": {"id": {"type": "string"}, "extension": {"type": "array", "minItems": 1}}, "additionalProperties": False}
    return {"type": "array", "items": {"anyOf": [one, {"type": "null"}]}} if p.is_list else one


def matching(pattern: Any) -> Schema:
    """What contains at least the pattern. https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.pattern_x_"""
    if isinstance(pattern, Mapping):
        return {
            "type": "object",
            "properties": {key: matching(value) for key, value in pattern.items()},
            "required": sorted(pattern),
        }
    if isinstance(pattern, list):
        return {"type": "array", "allOf": [{"contains": matching(item)} for item in pattern]}
    return {"const": pattern}


def _name(node: Complex) -> str:
    return node.key.replace("/", ".").replace("[x]", "")
