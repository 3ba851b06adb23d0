"""What is wrong, where, and the way out: the words for what the JSON Schema refuses. Walks the same plan.

One issue for each defect, at the FHIRPath of the element. No value is repeated, but codes that would have been right.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from hub.conformance.json_schema import MANY_TYPES, anchored
from hub.conformance.plan import NUMBERS, Complex, Primitive, Property, Slice
from hub.fhir.issues import Issue

SHOWN_CODES = 8
REFERENCE = "^(#.*|urn:.*|(https?://.+/)?({types})/[A-Za-z0-9.-]{{1,64}}(/_history/[A-Za-z0-9.-]{{1,64}})?)$"


def explain(node: Complex, value: Any, path: str) -> Iterator[Issue]:
    """Every defect of `value` against the plan."""
    if not isinstance(value, dict):
        yield _issue("structure", "object-expected", path)
        return
    if not value:
        yield _issue("structure", "empty", path)
        return
    yield from _unknown(node, value, path)
    for group, members in node.groups.items():
        yield from _group(group, members, value, path)
    for name, p in node.properties.items():
        if name in value and p.max != 0:
            yield from _property(p, value[name], f"{path}.{name}")
        if p.is_primitive and f"_{name}" in value and p.max != 0:
            yield from _sibling(p, value[f"_{name}"], f"{path}.{name}")


def matches(pattern: Any, value: Any) -> bool:
    """Whether `value` contains at least the pattern."""
    if isinstance(pattern, Mapping):
        return isinstance(value, dict) and all(k in value and matches(p, value[k]) for k, p in pattern.items())
    if isinstance(pattern, list):
        return isinstance(value, list) and all(any(matches(p, v) for v in value) for p in pattern)
    return type(pattern) is type(value) and bool(pattern == value)


def _unknown(node: Complex, value: Mapping[str, Any], path: str) -> Iterator[Issue]:
    for name in value:
        if node.is_resource and name == "resourceType":
            if value[name] != node.element_id:
                yield _issue("structure", "resource-type", path, expected=node.element_id)
            continue
        p = node.properties.get(name) or node.properties.get(name.removeprefix("_"))
        if p is None or (name.startswith("_") and name not in node.properties and not p.is_primitive):
            yield _issue("structure", "unknown-element", _step(path, name))
        elif p.max == 0:
            yield _issue("structure", "not-allowed", _step(path, name))
    if node.is_resource and "resourceType" not in value:
        yield _issue("structure", "resource-type", path, expected=node.element_id)


def _step(path: str, name: str) -> str:
    """A name from outside goes into a path only when it can be an element's name."""
    return f"{path}.{name}" if re.fullmatch(r"_?[A-Za-z]{1,40}", name) else path


def _group(group: str, members: tuple[Property, ...], value: Mapping[str, Any], path: str) -> Iterator[Issue]:
    present = [p for p in members if p.max != 0 and (p.name in value or (p.is_primitive and f"_{p.name}" in value))]
    if members[0].min and not present:
        yield _issue("required", "required", f"{path}.{group.removesuffix('[x]')}")
    if group.endswith("[x]") and 1 < len(members) <= MANY_TYPES and sum(p.name in value for p in members) > 1:
        yield _issue("structure", "one-type-only", f"{path}.{group.removesuffix('[x]')}")


def _property(p: Property, value: Any, path: str) -> Iterator[Issue]:
    if not p.is_list:
        yield from _item(p, value, path)
        return
    if not isinstance(value, list):
        yield _issue("structure", "list-expected", path)
        return
    if len(value) < max(1, p.min):
        yield _issue("structure", "too-few", path, min=str(max(1, p.min)))
    if p.max is not None and len(value) > p.max:
        yield _issue("structure", "too-many", path, max=str(p.max))
    for number, item in enumerate(value):
        if not (item is None and p.is_primitive):
            yield from _item(p, item, f"{path}[{number}]")
    for slice_ in p.slices:
        yield from _count(slice_, value, path)


def _count(slice_: Slice, items: list[Any], path: str) -> Iterator[Issue]:
    count = sum(matches(slice_.pattern, item) for item in items)
    if count < slice_.min:
        yield _issue("required", "slice-required", path, slice=slice_.name)
    if slice_.max is not None and count > slice_.max:
        yield _issue("structure", "slice-too-many", path, slice=slice_.name, max=str(slice_.max))


def _item(p: Property, value: Any, path: str) -> Iterator[Issue]:
    if isinstance(p.value, Primitive):
        yield from _primitive(p.value, value, path)
        return
    chosen = next((s for s in p.slices if matches(s.pattern, value)), None)
    if p.slices and chosen is None and p.closed:
        yield _issue("structure", "no-slice", path, slices=", ".join(s.name for s in p.slices))
        return
    yield from explain(chosen.value if chosen else p.value, value, path)
    if not isinstance(value, dict):
        return
    if p.pattern is not None and not matches(p.pattern, value):
        yield _issue("value", "pattern", path, expected=_said(p.pattern))
    if p.codings is not None:
        yield from _codings(p, value, path)
    reference = value.get("reference")
    if p.targets and isinstance(reference, str) and not re.search(REFERENCE.format(types="|".join(p.targets)), reference):
        yield _issue("value", "target", f"{path}.reference", targets=", ".join(p.targets))


def _codings(p: Property, value: Mapping[str, Any], path: str) -> Iterator[Issue]:
    assert p.codings is not None and isinstance(p.value, Complex)
    is_concept = p.value.key == "CodeableConcept" or "coding" in p.value.properties
    codings = value.get("coding") if is_concept else [value]
    found = [c for c in codings if isinstance(c, dict)] if isinstance(codings, list) else []
    if not any((_text(c.get("system")), _text(c.get("code"))) in p.codings for c in found):
        yield _issue("code-invalid", "not-in-value-set", path, codes=_list_codes(code for _, code in p.codings))


def _primitive(expected: Primitive, value: Any, path: str) -> Iterator[Issue]:
    if expected.fixed is not None:
        if type(value) is not type(expected.fixed) or value != expected.fixed:
            yield _issue("value", "pattern", path, expected=str(expected.fixed))
    elif expected.codes is not None:
        if not isinstance(value, str) or value not in expected.codes:
            yield _issue("code-invalid", "not-in-value-set", path, codes=_list_codes(expected.codes))
    elif expected.type == "boolean":
        if not isinstance(value, bool):
            yield _issue("value", "primitive", path, type=expected.type)
    elif expected.type in NUMBERS:
        minimum, kind = NUMBERS[expected.type]
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        whole = number and (kind == "number" or float(value).is_integer())
        if not whole or (minimum is not None and value < minimum):
            yield _issue("value", "primitive", path, type=expected.type)
    elif not isinstance(value, str) or not value or (expected.regex and not re.search(anchored(expected.regex), value)):
        yield _issue("value", "primitive", path, type=expected.type)


def _sibling(p: Property, value: Any, path: str) -> Iterator[Issue]:
    items = value if p.is_list else [value]
    if not isinstance(items, list):
        yield _issue("structure", "list-expected", path)
        return
    for item in items:
        if item is None and p.is_list:
            continue
        if not isinstance(item, dict) or set(item) - {"id", "extension"} or not _is_sibling(item):
            yield _issue("structure", "sibling", path)


def _is_sibling(item: Mapping[str, Any]) -> bool:
    extension = item.get("extension", [None])
    return isinstance(item.get("id", ""), str) and isinstance(extension, list) and len(extension) > 0


def _issue(code: str, key: str, path: str, **params: str) -> Issue:
    return Issue("error", code, f"conformance.{key}", path, params={"element": path, **params})


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _list_codes(codes: Any) -> str:
    listed = sorted(codes)
    more = " …" if len(listed) > SHOWN_CODES else ""
    return ", ".join(listed[:SHOWN_CODES]) + more


def _said(pattern: Any) -> str:
    """The code that a pattern asks for, in a form that a person can read."""
    if isinstance(pattern, Mapping):
        return _said(pattern["code"]) if "code" in pattern else ", ".join(_said(v) for v in pattern.values())
    return ", ".join(_said(v) for v in pattern) if isinstance(pattern, list) else str(pattern)
