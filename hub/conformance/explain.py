"""What is wrong, where, and the way out: the words for what the JSON Schema refuses. Walks the same plan.

One issue for each defect, at the FHIRPath of the element. Of what was sent nothing is repeated, but a wrong code where the
element's data class identifies no one.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final

from hub.conformance import lexical
from hub.conformance.plan import Complex, Primitive, Property, Slice
from hub.fhir.issues import Issue
from hub.fhir.r4 import tables
from hub.fhir.writable import CONTROL

SHOWN_CODES: Final = 12
_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}", re.ASCII)


def explain(node: Complex, value: Any, path: str) -> Iterator[Issue]:
    """Every defect of `value` against the plan."""
    if not isinstance(value, dict):
        yield _issue("structure", "object-expected", path)
    elif not value:
        yield _issue("structure", "empty", path)
    else:
        yield from _names(node, value, path)
        for group, members in node.groups.items():
            yield from _group(group, members, value, path)
        for name, p in node.properties.items():
            if name in value:
                yield from _property(p, value[name], f"{path}.{name}")
            if p.sibling and f"_{name}" in value:
                yield from explain(p.sibling, value[f"_{name}"], f"{path}.{name}")


def matches(pattern: Any, value: Any) -> bool:
    """Whether `value` contains at least the pattern."""
    if isinstance(pattern, Mapping):
        return isinstance(value, dict) and all(k in value and matches(p, value[k]) for k, p in pattern.items())
    if isinstance(pattern, list):
        return isinstance(value, list) and all(any(matches(p, v) for v in value) for p in pattern)
    return type(pattern) is type(value) and bool(pattern == value)


# --- an object -------------------------------------------------------------------------------------------------------


def _names(node: Complex, value: Mapping[str, Any], path: str) -> Iterator[Issue]:
    if node.is_resource and value.get("resourceType") != node.element_id:
        yield _issue("structure", "resource-type", path, expected=node.element_id)
    for name in value:
        plain = name.removeprefix("_")
        known = node.properties.get(plain)
        if (node.is_resource and name == "resourceType") or (known and (name == plain or known.sibling)):
            continue
        if plain in node.prohibited or known:
            yield _issue("structure", "not-allowed", f"{path}.{plain}")
        elif plain in _element_names():
            yield _issue("structure", "unknown-element", f"{path}.{plain}")
        else:  # a name that FHIR does not have may be anything: it is not repeated
            yield _issue("structure", "unknown-name", path, known=", ".join(node.properties))


@cache
def _element_names() -> frozenset[str]:
    return frozenset(path.rpartition(".")[2] for path in tables().rows)


def _group(group: str, members: tuple[Property, ...], value: Mapping[str, Any], path: str) -> Iterator[Issue]:
    present = sum(p.name in value for p in members)
    where = f"{path}.{group.removesuffix('[x]')}"
    if members[0].min and not present:
        slices = [one.name for p in members for one in p.slices if one.min]
        yield (
            _issue("required", "slice-required", where, slice=slices[0])
            if slices
            else _issue("required", "required", where)
        )
    if present > 1:
        yield _issue("structure", "one-type-only", where)


# --- a property ------------------------------------------------------------------------------------------------------


def _property(p: Property, value: Any, path: str) -> Iterator[Issue]:
    if not p.is_list:
        yield from _item(p, value, path)
    elif not isinstance(value, list):
        yield _issue("structure", "list-expected", path)
    elif not value:
        yield _issue("structure", "empty", path)
    else:
        yield from _items(p, value, path)


def _items(p: Property, values: list[Any], path: str) -> Iterator[Issue]:
    strangers = p.closed and any(not _slice(p, item) for item in values)
    counts = [(one, sum(matches(one.pattern, item) for item in values)) for one in p.slices]
    # where a stranger stands, it is the one that is missing, miswritten
    missing = [] if strangers else [one for one, count in counts if count < one.min]
    if len(values) < p.min and not missing:
        yield _issue("required", "too-few", path, min=str(p.min))
    if p.max is not None and len(values) > p.max:
        yield _issue("structure", "too-many", path, max=str(p.max))
    for number, item in enumerate(values):
        yield from _item(p, item, f"{path}[{number}]")
    for one in missing:
        yield _issue("required", "slice-required", path, slice=one.name)
    for one, count in counts:
        if one.max is not None and count > one.max:
            yield _issue("structure", "slice-too-many", path, slice=one.name, max=str(one.max))


def _slice(p: Property, item: Any) -> Slice | None:
    return next((one for one in p.slices if matches(one.pattern, item)), None)


def _item(p: Property, value: Any, path: str) -> Iterator[Issue]:
    if isinstance(p.value, Primitive):
        yield from _primitive(p, p.value, value, path)
        return
    chosen = _slice(p, value)
    if p.closed and chosen is None:
        yield _issue("structure", "no-slice", path, slices=", ".join(one.name for one in p.slices))
        return
    found = list(explain(chosen.value if chosen else p.value, value, path))
    yield from found
    if isinstance(value, dict) and not found:
        yield from _rules(p, value, path)


def _rules(p: Property, value: Mapping[str, Any], path: str) -> Iterator[Issue]:
    if p.pattern is not None and not matches(p.pattern, value):
        yield _issue("value", "pattern", path, expected=_said(p.pattern))
    if p.codings is not None:
        yield from _codings(p, p.codings, value, path)
    if p.is_reference and "reference" in value and not re.search(lexical.reference(p.targets), value["reference"]):
        yield _issue("value", "target", f"{path}.reference", targets=", ".join(p.targets) or "Type")


def _codings(p: Property, bound: Mapping[str, tuple[str, ...]], value: Mapping[str, Any], path: str) -> Iterator[Issue]:
    """A coding of the right system with a wrong code is the one that was meant; else the concept as a whole is at fault."""
    listed = enumerate(value.get("coding", ())) if p.is_concept else [(-1, value)]
    codings = {f"{path}.coding[{n}]" if n >= 0 else path: coding for n, coding in listed}
    if any(coding.get("code") in bound.get(coding.get("system", ""), ()) for coding in codings.values()):
        return
    meant = next(((where, c) for where, c in codings.items() if c.get("system") in bound and "code" in c), None)
    if meant:
        yield _wrong_code(f"{meant[0]}.code", meant[1]["code"], bound[meant[1]["system"]], p.quotable)
    else:
        codes = [code for listed_codes in bound.values() for code in listed_codes]
        yield _issue("code-invalid", "not-in-value-set", path, system=", ".join(bound), codes=_listed(codes))


def _primitive(p: Property, expected: Primitive, value: Any, path: str) -> Iterator[Issue]:
    if expected.fixed is not None:
        if type(value) is not type(expected.fixed) or value != expected.fixed:
            yield _issue("value", "pattern", path, expected=str(expected.fixed))
    elif expected.codes is not None:
        if value not in expected.codes:
            yield _wrong_code(path, value, expected.codes, p.quotable)
    elif not _is_written_as(expected.rule, value):
        yield _issue("value", _how_written(expected, value), path)
    elif isinstance(value, str) and len(value) > expected.rule.get("maxLength", len(value)):
        yield _issue("too-long", "too-long", path, max=str(expected.rule["maxLength"]))
    elif not isinstance(value, (str, bool)) and not _in_range(expected.rule, value):
        least, most = str(expected.rule.get("minimum", "")), str(expected.rule.get("maximum", ""))
        yield _issue("value", "out-of-range", path, min=least, max=most)


def _is_written_as(rule: Mapping[str, Any], value: Any) -> bool:
    if rule["type"] == "boolean":
        return isinstance(value, bool)
    if rule["type"] == "string":
        return isinstance(value, str) and bool(re.search(_pattern(rule), value))
    whole = rule["type"] == "integer"
    return isinstance(value, int | float) and not isinstance(value, bool) and (not whole or float(value).is_integer())


def _pattern(rule: Mapping[str, Any]) -> str:
    """Python's `$` also matches before a last line break; JSON Schema's does not."""
    return re.sub(r"\$$", r"\\Z", rule["pattern"])


def _in_range(rule: Mapping[str, Any], value: float) -> bool:
    return bool(rule.get("minimum", value) <= value <= rule.get("maximum", value))


# --- the issue -------------------------------------------------------------------------------------------------------


_SENTENCES: Final = {
    "date": "date", "dateTime": "date-time", "instant": "instant", "time": "time", "boolean": "boolean", "id": "id",
    "string": "text", "markdown": "text", "code": "code", "integer": "integer", "unsignedInt": "integer",
    "positiveInt": "integer", "decimal": "decimal", "uri": "uri", "url": "uri", "canonical": "uri",
}  # fmt: skip


def _how_written(expected: Primitive, value: Any) -> str:
    """The sentence that says how a value of this type is written."""
    if isinstance(value, str) and expected.type in lexical.TEXT and CONTROL.search(value):
        return "control"
    return "empty" if isinstance(value, str) and not value.strip() else _SENTENCES.get(expected.type, "primitive")


def _wrong_code(path: str, code: Any, codes: Iterable[str], quotable: bool) -> Issue:
    if quotable and isinstance(code, str) and _CODE.fullmatch(code):
        return _issue("code-invalid", "unknown-code", path, code=code, codes=_listed(codes))
    return _issue("code-invalid", "wrong-code", path, codes=_listed(codes))


def _issue(kind: str, key: str, path: str, **params: str) -> Issue:
    return Issue("error", kind, f"conformance.{key}", path, params={"element": path, **params})


def _listed(codes: Iterable[str]) -> str:
    listed = list(codes)
    return ", ".join(listed[:SHOWN_CODES]) + (" …" if len(listed) > SHOWN_CODES else "")


def _said(pattern: Any) -> str:
    """The code that a pattern asks for, with its system: `https://…|need`."""
    return ", ".join(f"{coding['system']}|{coding['code']}" for coding in pattern.get("coding", (pattern,)))
