"""How many items are of each slice, in which order, and what of those that are of none.

https://hl7.org/fhir/R4/profiling.html#slicing
"""

from collections.abc import Iterator, Mapping, Sequence

from hub.conformance.examination.findings import Findings
from hub.conformance.examination.items import Item
from hub.conformance.examination.slicing import Slicer, Value
from hub.conformance.examination.structures import Node

Chosen = Mapping[int, list[Node]]
"""Number of an item → the slices that it is of."""


def sort(node: Node, items: Sequence[Item], path: str, slicer: Slicer, found: Findings) -> Chosen:
    slicing = node.slicing
    if slicing is None or not slicing.discriminators:  # nothing says how to tell them apart
        return {}
    chosen = {number: list(_all_of(slicer, node, Value(i.value, i.ref.code))) for number, i in enumerate(items)}
    _count(node, chosen, path, found)
    _strangers(node, slicing.rules, items, chosen, found)
    if slicing.ordered:
        _order(node, items, chosen, found)
    return chosen


def _all_of(slicer: Slicer, sliced: Node, item: Value) -> Iterator[Node]:
    """The slices of an item, and the slices of those."""
    for one in sliced.slices:
        if slicer.selects(sliced, one, item):
            yield one
            yield from _all_of(slicer, one, item)


def _every(slices: Sequence[Node]) -> Iterator[Node]:
    for one in slices:
        yield one
        yield from _every(one.slices)


def _count(node: Node, chosen: Chosen, path: str, found: Findings) -> None:
    for one in _every(node.slices):
        count = sum(one in of for of in chosen.values())
        if count < one.min:
            found.error("required", "slice-required", path, slice=one.slice_name)
        if one.max is not None and count > one.max:
            found.error("structure", "slice-too-many", path, slice=one.slice_name, max=str(one.max))


def _strangers(node: Node, rules: str, items: Sequence[Item], chosen: Chosen, found: Findings) -> None:
    last = max((number for number, of in chosen.items() if of), default=-1)
    for number, item in enumerate(items):
        if chosen[number]:
            continue
        if rules == "closed":
            found.error("structure", "no-slice", item.path, slices=_names(node))
        elif rules == "openAtEnd" and number < last:
            found.error("structure", "slice-not-at-end", item.path, slices=_names(node))


def _order(node: Node, items: Sequence[Item], chosen: Chosen, found: Findings) -> None:
    latest = -1
    for number, item in enumerate(items):
        ranks = [node.slices.index(one) for one in chosen[number] if one in node.slices]
        if ranks and ranks[0] < latest:
            found.error("structure", "slice-order", item.path, slices=_names(node))
        latest = max(latest, *ranks[:1], -1)


def _names(node: Node) -> str:
    return ", ".join(one.slice_name for one in node.slices)
