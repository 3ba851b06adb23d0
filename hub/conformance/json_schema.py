"""A plan as JSON Schema 2020-12: the verdict on the hot path, and the document that integrators without FHIR tools use.

https://json-schema.org/draft/2020-12
"""

from collections.abc import Mapping
from typing import Any

from hub.conformance import lexical
from hub.conformance.plan import Complex, Primitive, Property, Slice

Schema = dict[str, Any]


def schema(root: Complex, title: str, url: str) -> Schema:
    """The JSON Schema of one profile, complete in itself."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": url,
        "title": title,
        "$ref": f"#/$defs/{_name(root)}",
        "$defs": {name: body for name, (_, body) in sorted(definitions(root).items())},
    }


def definitions(root: Complex) -> dict[str, tuple[Complex, Schema]]:
    """The objects that a resource is made of, itself among them: name in `$defs` → its plan and its schema."""
    found: dict[str, tuple[Complex, Schema]] = {}
    pending = [root]
    while pending:
        node = pending.pop()
        if _name(node) not in found:
            used: list[Complex] = []
            found[_name(node)] = node, _object(node, used)
            pending += used
    return found


def _object(node: Complex, used: list[Complex]) -> Schema:
    properties: Schema = {"resourceType": {"const": node.element_id}} if node.is_resource else {}
    required = ["resourceType"] if node.is_resource else []
    rules: list[Schema] = []
    for group, members in node.groups.items():
        for p in members:
            properties[p.name] = _property(p, used)
            if p.sibling:
                used.append(p.sibling)
                properties[f"_{p.name}"] = {"$ref": f"#/$defs/{_name(p.sibling)}"}
        names = [p.name for p in members]
        if members[0].min and len(names) == 1:
            required += names
        elif members[0].min:
            rules.append({"anyOf": [{"required": [name]} for name in names]})
        if group.endswith("[x]"):
            rules += [{"not": {"required": [a, b]}} for i, a in enumerate(names) for b in names[i + 1 :]]
    return {
        "type": "object",
        "properties": properties,
        **({"required": required} if required else {}),
        "additionalProperties": False,
        "minProperties": 1,
        **({"allOf": rules} if rules else {}),
    }


def _property(p: Property, used: list[Complex]) -> Schema:
    item = _value(p, used)
    if not p.is_list:
        return item
    whole: Schema = {"type": "array", "items": item, "minItems": max(1, p.min)}
    if p.max is not None:
        whole["maxItems"] = p.max
    counts = [_count(one) for one in p.slices if one.min or one.max is not None]
    return {**whole, "allOf": counts} if counts else whole


def _count(one: Slice) -> Schema:
    most = {"maxContains": one.max} if one.max is not None else {}
    return {"contains": matching(one.pattern), "minContains": one.min, **most}


def _value(p: Property, used: list[Complex]) -> Schema:
    if isinstance(p.value, Primitive):
        return _primitive(p.value)
    if p.slices and p.closed:
        return _slices(p, False, used)
    used.append(p.value)
    value: Schema = {"$ref": f"#/$defs/{_name(p.value)}"}
    rules = list(_rules(p))
    if p.slices:
        return {"allOf": [_slices(p, value, used), *rules]}
    return {**value, "allOf": rules} if rules else value


def _rules(p: Property) -> list[Schema]:
    """What the profile says of this use of a data type."""
    rules: list[Schema] = []
    if p.pattern is not None:
        rules.append(matching(p.pattern))
    if p.codings is not None:
        bound = _coding_in(p.codings)
        rules.append({"properties": {"coding": {"contains": bound}}, "required": ["coding"]} if p.is_concept else bound)
    if p.is_reference:
        rules.append({"properties": {"reference": {"pattern": lexical.reference(p.targets)}}})
    return rules


def _slices(p: Property, otherwise: Schema | bool, used: list[Complex]) -> Schema:
    """The first slice that matches says what the item must be; no slice: the element itself, or nothing when closed."""
    chain = otherwise
    for one in reversed(p.slices):
        used.append(one.value)
        chain = {"if": matching(one.pattern), "then": {"$ref": f"#/$defs/{_name(one.value)}"}, "else": chain}
    assert isinstance(chain, dict)
    return chain


def _coding_in(codings: Mapping[str, tuple[str, ...]]) -> Schema:
    choices: list[Schema] = [
        {"properties": {"system": {"const": system}, "code": {"enum": list(codes)}}, "required": ["system", "code"]}
        for system, codes in codings.items()
    ]
    return choices[0] if len(choices) == 1 else {"anyOf": choices}


def _primitive(value: Primitive) -> Schema:
    if value.fixed is not None:
        return {"const": value.fixed}
    return {"enum": list(value.codes)} if value.codes is not None else dict(value.rule)


def matching(pattern: Any) -> Schema:
    """What contains at least the pattern: https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.pattern_x_"""
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
    """A name that a JSON pointer carries without escapes."""
    return node.key.replace("/", ".").replace("[x]", "").replace(":", ".")
