"""Slices: how they come to be, what they inherit, and what must hold between them and the element they are slices of.

https://hl7.org/fhir/R4/profiling.html#slicing
"""

from typing import Any, Final

from hub.conformance.snapshot import types
from hub.conformance.snapshot.narrowing import number
from hub.conformance.snapshot.refusal import SnapshotError
from hub.conformance.snapshot.tree import Node
from hub.fhir import Resource

BY_TYPE: Final[Resource] = {"discriminator": [{"type": "type", "path": "$this"}], "ordered": False, "rules": "open"}
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
    """The items that slices ask for must have room in the element."""
    least = sum(one.element["min"] for one in node.slices.values())
    if node.slices and least > number(node.element["max"]):
        raise SnapshotError(id_, "slices-too-many")


def as_defined(id_: str, element: Resource, root: Resource) -> Resource:
    """The slice of an extension: a modifier if its own definition says so. How often it is there, the profile says."""
    if bool(root.get("isModifier")) != id_.rpartition(".")[2].startswith("modifierExtension"):
        raise SnapshotError(id_, "modifier-place")
    return {**element, **{key: root[key] for key in ("isModifier", "isModifierReason") if root.get(key)}}
