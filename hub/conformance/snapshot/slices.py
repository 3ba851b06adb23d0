"""Slices: how they come to be, what they inherit, and what must hold between them and the element they are slices of.

https://hl7.org/fhir/R4/profiling.html#slicing
"""

from collections.abc import Iterable
from typing import Any, Final

from hub.conformance.snapshot import types
from hub.conformance.snapshot.narrowing import number
from hub.conformance.snapshot.refusal import SnapshotError
from hub.conformance.snapshot.tree import Node
from hub.fhir import Resource

BY_TYPE: Final[Resource] = {"discriminator": [{"type": "type", "path": "$this"}], "ordered": False, "rules": "open"}
"""How the slices of a choice are told apart. Open: who speaks of `valueQuantity` does not thereby rule out the other types."""
BY_URL: Final[Resource] = {"discriminator": [{"type": "value", "path": "url"}], "ordered": False, "rules": "open"}


def with_slicing(id_: str, node: Node) -> None:
    """An element that is sliced says how. For extensions and choices of types it goes without saying."""
    slicing = node.element.get("slicing")
    if slicing and ("discriminator" in slicing or "rules" in slicing):
        return
    implied = _implied(id_, node.element)
    if implied is None:
        raise SnapshotError(id_, "slicing-missing")
    node.element = {**node.element, "slicing": implied}


def _implied(id_: str, element: Resource) -> Resource | None:
    if id_.endswith("[x]"):
        return BY_TYPE
    codes = {type_["code"] for type_ in element.get("type", ())}
    return BY_URL if codes == {"Extension"} else None


def slice_of(sliced: Node, name: str, full_name: str) -> Node:
    """A slice of this name, made if it is not there: all that holds for every item, but that it need not be there."""
    if name not in sliced.slices:
        inherited = {key: value for key, value in sliced.element.items() if key not in {"slicing", "sliceName"}}
        sliced.slices[name] = Node(_of_its_type(inherited, name) | {"sliceName": full_name, "min": 0})
    return sliced.slices[name]


def _of_its_type(element: Resource, name: str) -> dict[str, Any]:
    """The slice `valueQuantity` of `value[x]` is a Quantity."""
    stem = str(element.get("path", "")).rpartition(".")[2].removesuffix("[x]")
    meant = list(types.of_choice(stem, name, element.get("type", [])))
    return {**element, "type": meant} if meant and str(element.get("path", "")).endswith("[x]") else dict(element)


def check_counts(id_: str, node: Node) -> None:
    """The items that slices ask for must have room in the element, and those of a slice's slices in the slice."""
    for one in (node, *node.all_slices()) if node.slices else ():
        least = sum(inner.element["min"] for inner in one.slices.values())
        if one.slices and least > number(one.element["max"]):
            raise SnapshotError(id_, "slices-too-many")


def pass_on(id_: str, node: Node, stated: Resource, twins: Iterable[Node]) -> None:
    """What is said of every item holds for the slices that are there already: no more of one than of all, and so below them."""
    for one in node.all_slices() if "max" in stated else ():
        one.element = {**one.element, "max": min(one.element["max"], node.element["max"], key=number)}
    for one in twins:
        if one.element["max"] != "0":
            one.element = _as_well(id_, one.element, stated)


def _as_well(id_: str, element: Resource, stated: Resource) -> Resource:
    least = max(element["min"], stated.get("min", 0))
    most = min(element["max"], stated.get("max", "*"), key=number)
    if least > number(most):
        raise SnapshotError(id_, "min-above-max")
    also: Resource = {key: True for key in ("mustSupport",) if stated.get(key)}
    if "type" in stated and "type" in element:
        codes = {types.code_of(one) for one in stated["type"]}
        also["type"] = [one for one in element["type"] if types.code_of(one) in codes] or element["type"]
    return {**element, "min": least, "max": most, **also}


def as_defined(id_: str, element: Resource, root: Resource) -> Resource:
    """The slice of an extension: a modifier if its own definition says so. How often it is there, the profile says."""
    if bool(root.get("isModifier")) != id_.rpartition(".")[2].startswith("modifierExtension"):
        raise SnapshotError(id_, "modifier-place")
    return {**element, **{key: root[key] for key in ("isModifier", "isModifierReason") if root.get(key)}}
