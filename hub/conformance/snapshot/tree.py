"""Elements as a tree: below each its children, beside it its slices. Elements themselves are never changed, only replaced."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from hub.conformance.snapshot.refusal import SnapshotError
from hub.fhir import Resource

ORDER: Final = (
    "id", "extension", "path", "representation", "sliceName", "sliceIsConstraining", "label", "code", "slicing", "short",
    "definition", "comment", "requirements", "alias", "min", "max", "base", "contentReference", "type", "defaultValue",
    "meaningWhenMissing", "orderMeaning", "fixed", "pattern", "example", "minValue", "maxValue", "maxLength", "condition",
    "constraint", "mustSupport", "isModifier", "isModifierReason", "isSummary", "binding", "mapping",
)  # fmt: skip
"""Properties of an ElementDefinition in R4's order; those with a type in their name by their stem."""

NOT_INHERITED: Final = (
    "isCommonBinding", "structuredefinition-standards-status", "structuredefinition-standards-status-reason",
    "structuredefinition-category", "structuredefinition-fmm", "structuredefinition-implements",
    "structuredefinition-explicit-type-name", "structuredefinition-security-category", "structuredefinition-wg",
    "structuredefinition-normative-version", "obligation-profile", "structuredefinition-summary",
)  # fmt: skip
"""Extensions that speak of the definition they stand in, not of those derived from it."""


@dataclass
class Node:
    """An element and what is below it. Ids and paths are those of the place where it stands."""

    element: Resource
    children: dict[str, "Node"] = field(default_factory=dict)
    slices: dict[str, "Node"] = field(default_factory=dict)

    def walk(self, id_: str, path: str, joint: str = ":") -> Iterator[Resource]:
        """Itself, its children, then its slices with theirs; a slice of a slice is `a/b`."""
        yield {**self.element, "id": id_, "path": path}
        for name, child in self.children.items():
            yield from child.walk(f"{id_}.{name}", f"{path}.{name}")
        for name, one in self.slices.items():
            yield from one.walk(f"{id_}{joint}{name}", path, "/")

    def copy(self) -> "Node":
        """The same, for one that is derived from it."""
        return Node(_inherited(self.element), copied(self.children), copied(self.slices))

    def size(self) -> int:
        return 1 + sum(one.size() for one in (*self.children.values(), *self.slices.values()))

    def all_slices(self) -> Iterator["Node"]:
        """Its slices, and theirs."""
        for one in self.slices.values():
            yield one
            yield from one.all_slices()

    def slice(self, name: str) -> tuple["Node", str]:
        """The element that a slice of this name is a slice of, and its name there: `a/b` is `b` of the slice `a`."""
        whole, _, last = name.rpartition("/")
        if whole and name not in self.slices:
            owner, own = self.slice(whole)
            if own in owner.slices:
                return owner.slices[own], last
        return self, name


def _inherited(element: Resource) -> Resource:
    if "extension" not in element:
        return element
    extensions = [one for one in element["extension"] if not one["url"].endswith(NOT_INHERITED)]
    others = {key: value for key, value in element.items() if key != "extension"}
    return {**others, "extension": extensions} if extensions else others


def copied(nodes: Mapping[str, Node]) -> dict[str, Node]:
    return {name: one.copy() for name, one in nodes.items()}


def grown(elements: Iterable[tuple[str, Resource]]) -> Node:
    """The tree of a snapshot's elements, given with their ids in order."""
    (_, first), *others = elements
    root = Node(first)
    for id_, element in others:
        *way, last = id_.split(".")[1:]
        name, _, slice_name = last.partition(":")
        try:
            parent = _reached(root, way)
            if slice_name:
                owner, own = parent.children[name].slice(slice_name)
                owner.slices[own] = Node(element)
            else:
                parent.children[name] = Node(element)
        except KeyError:
            raise SnapshotError(id_, "no-parent") from None
    return root


def _reached(node: Node, way: Iterable[str]) -> Node:
    for step in way:
        name, _, slice_name = step.partition(":")
        node = node.children[name]
        if slice_name:
            owner, own = node.slice(slice_name)
            node = owner.slices[own]
    return node


def written(element: Resource) -> Resource:
    """An element as it is handed out: with the definition that R4 wants of every one (sdf-3), its properties in R4's order."""
    said = element.get("short") or f"{element['base']['path']} of FHIR R4"
    whole = element if "definition" in element else {**element, "definition": said}
    return {key: whole[key] for key in sorted(whole, key=_position)}


def _position(key: str) -> int:
    stems = [stem for stem in ORDER if key == stem or (key.startswith(stem) and key[len(stem)].isupper())]
    return ORDER.index(max(stems, key=len)) if stems else len(ORDER)
