"""Whether what calls itself an ElementDefinition is one, as far as a snapshot depends on it. Whoever sends it may send anything.

https://hl7.org/fhir/R4/elementdefinition-definitions.html
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from hub.conformance.snapshot.refusal import SnapshotError
from hub.fhir import Resource

MOST_ELEMENTS: Final = 10_000
"""Of a differential, and of a snapshot. HL7's largest has 400."""
DEEPEST: Final = 32
"""Steps of an element's id, and levels of a value in it."""

STRENGTHS: Final = ("example", "preferred", "extensible", "required")
RULES: Final = ("open", "openAtEnd", "closed")

Check = Callable[[Any], bool]


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _bound(value: Any) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"\*|[0-9]{1,9}", value, re.ASCII))


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _one_of(*codes: str) -> Check:
    return lambda value: isinstance(value, str) and value in codes


def _each(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(map(check, value))


def _object(required: Mapping[str, Check], optional: Mapping[str, Check]) -> Check:
    def check(value: Any) -> bool:
        return (
            isinstance(value, dict)
            and all(key in value and is_so(value[key]) for key, is_so in required.items())
            and all(is_so(value[key]) for key, is_so in optional.items() if key in value)
        )

    return check


_EXTENSIONS: Final = _each(_object({"url": _text}, {}))
_PROPERTIES: Final[Mapping[str, Check]] = {
    "id": _text,
    "path": _text,
    "extension": _EXTENSIONS,
    "sliceName": _text,
    "slicing": _object(
        {},
        {
            "rules": _one_of(*RULES),
            "ordered": _flag,
            "discriminator": _each(_object({"type": _text, "path": _text}, {})),
        },
    ),
    "short": _text,
    "definition": _text,
    "min": _count,
    "max": _bound,
    "base": _object({"path": _text, "min": _count, "max": _bound}, {}),
    "contentReference": _text,
    "type": _each(
        _object({"code": _text}, {"profile": _each(_text), "targetProfile": _each(_text), "extension": _EXTENSIONS})
    ),
    "maxLength": _count,
    "condition": _each(_text),
    "constraint": _each(_object({"key": _text}, {})),
    "mustSupport": _flag,
    "isModifier": _flag,
    "isModifierReason": _text,
    "isSummary": _flag,
    "binding": _object({}, {"strength": _one_of(*STRENGTHS), "valueSet": _text}),
}


def elements(view: Any, where: str) -> list[Resource]:
    """The elements of a differential or a snapshot. SnapshotError when they are none."""
    found = view.get("element") if isinstance(view, dict) else None
    if not isinstance(found, list):
        raise SnapshotError(where, "no-elements")
    if len(found) > MOST_ELEMENTS:
        raise SnapshotError(where, "too-many-elements", most=MOST_ELEMENTS)
    for number, one in enumerate(found):
        _check(one, f"{where}.element[{number}]")
    return found


def name_of(element: Resource, otherwise: str) -> str:
    return next((element[key] for key in ("id", "path") if _text(element.get(key))), otherwise)


def _check(element: Any, where: str) -> None:
    if not isinstance(element, dict):
        raise SnapshotError(where, "object-expected")
    where = name_of(element, where)
    if _is_deep(element):
        raise SnapshotError(where, "too-deep")
    for key, is_so in _PROPERTIES.items():
        if key in element and not is_so(element[key]):
            raise SnapshotError(where, "malformed", property=key)
    if "id" not in element and "path" not in element:
        raise SnapshotError(where, "no-path")


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return True
