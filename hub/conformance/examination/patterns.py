"""fixed[x] and pattern[x]: exactly this value, or at least this.

https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.fixed_x_
"""

import json
from typing import Any, Final

from hub.conformance.examination.structures import ABSENT, Node

LONGEST: Final = 160


def is_equal(expected: Any, value: Any) -> bool:
    """As JSON: `true` is not 1, 1.0 is 1."""
    if isinstance(expected, dict):
        same = isinstance(value, dict) and value.keys() == expected.keys()
        return same and all(is_equal(one, value[key]) for key, one in expected.items())
    if isinstance(expected, list):
        return isinstance(value, list) and len(value) == len(expected) and all(map(is_equal, expected, value))
    return isinstance(value, bool) == isinstance(expected, bool) and bool(value == expected)


def contains(pattern: Any, value: Any) -> bool:
    """Every part of the pattern is in the value; an item of a list in any of its items."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(
            key in value and contains(one, value[key]) for key, one in pattern.items()
        )
    if isinstance(pattern, list):
        return isinstance(value, list) and all(any(contains(one, item) for item in value) for one in pattern)
    return is_equal(pattern, value)


def is_as_stated(node: Node, value: Any) -> bool:
    """Whether the value is what the element fixes, where it fixes any."""
    if node.fixed is not ABSENT and not is_equal(node.fixed, value):
        return False
    return node.pattern is ABSENT or contains(node.pattern, value)


def said(node: Node) -> str:
    """What a definition asks for, in short: codes with their system, text as it is, else JSON."""
    stated = node.fixed if node.fixed is not ABSENT else node.pattern
    codings = stated.get("coding") if isinstance(stated, dict) else None
    if isinstance(codings, list) and all(isinstance(one, dict) and "code" in one for one in codings):
        return ", ".join(f"{one.get('system', '')}|{one['code']}" for one in codings)
    written = stated if isinstance(stated, str) else json.dumps(stated, ensure_ascii=False)
    return written if len(written) <= LONGEST else f"{written[:LONGEST]} …"
