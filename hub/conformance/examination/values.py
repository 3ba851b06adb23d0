"""One value: how it is written, within which limits, and whether it is what its element states."""

from typing import Any

from hub.conformance.examination import codes, patterns, primitives
from hub.conformance.examination.findings import Findings
from hub.conformance.examination.items import Item
from hub.conformance.examination.scope import Scope
from hub.conformance.examination.structures import Node


def check_primitive(node: Node, item: Item, found: Findings) -> None:
    sentence = primitives.wrongly_written(item.ref.code, item.value)
    if sentence:
        found.error("value", sentence, item.path)
    elif limits := primitives.out_of_range(item.ref.code, item.value):
        found.error("value", "out-of-range", item.path, min=str(limits["minimum"]), max=str(limits["maximum"]))
    else:
        _check_limits(node, item, found)


def check_stated(node: Node, item: Item, scope: Scope) -> None:
    """What the element fixes, and the value set it is bound to."""
    if node.is_fixed and not patterns.is_as_stated(node, item.value):
        scope.found.error("value", "pattern", item.path, expected=patterns.said(node))
    elif node.is_fixed:
        scope.found.settled.add(item.path)
    elif node.binding is not None:
        codes.check(node.binding, item.ref.code, item.value, item.path, scope)


def _check_limits(node: Node, item: Item, found: Findings) -> None:
    value, limits = item.value, node.limits
    longest = limits.get("maxLength")
    if isinstance(longest, int) and isinstance(value, str) and len(value) > longest:
        found.error("too-long", "too-long", item.path, max=str(longest))
    low, high = limits.get("minValue"), limits.get("maxValue")
    if _is_above(low, value) or _is_above(value, high):
        said = {"min": "–" if low is None else str(low), "max": "–" if high is None else str(high)}
        found.error("value", "out-of-range", item.path, **said)


def _is_above(one: Any, other: Any) -> bool:
    """Of numbers, and of dates as they are written; of anything else nothing is said."""
    if isinstance(one, str) and isinstance(other, str):
        length = min(len(one), len(other))
        return one[:length] > other[:length]
    numbers = all(isinstance(n, int | float) and not isinstance(n, bool) for n in (one, other))
    return numbers and bool(one > other)
