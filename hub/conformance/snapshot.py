"""Snapshots: a profile's differential laid over R4 and every element written out, as other FHIR software wants it.

https://hl7.org/fhir/R4/profiling.html#snapshot · https://hl7.org/fhir/R4/elementdefinition.html. Prose is left out. A
differential may only narrow; one that does not is refused. Elements are found by their ids: `valueQuantity` as a short
form for a slice of `value[x]` is not read, and a slice is not sliced again.
"""

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final

from hub.fhir import Resource
from hub.fhir.r4 import EXTENSION
from hub.fhir.r4_snapshots import snapshots

STRENGTHS: Final = ("example", "preferred", "extensible", "required")
ORDER: Final = (
    "id", "extension", "path", "representation", "sliceName", "label", "slicing", "short", "definition", "min", "max", "base",
    "contentReference", "type", "fixed", "pattern", "minValue", "maxValue", "maxLength", "constraint", "mustSupport",
    "isModifier", "isModifierReason", "isSummary", "binding",
)  # fmt: skip
"""Properties of an ElementDefinition in R4's order; those with a type in their name by their stem."""


class SnapshotError(ValueError):
    """A differential that is not over its base: it widens it, or speaks of what is not there."""

    def __init__(self, element: str, why: str) -> None:
        super().__init__(f"{element}: {why}")
        self.element = element


@dataclass
class _Node:
    """An element and what is below it. Ids and paths are those of the place where it stands."""

    element: Resource
    children: dict[str, "_Node"] = field(default_factory=dict)
    slices: dict[str, "_Node"] = field(default_factory=dict)

    def walk(self, id_: str, path: str) -> Iterator[Resource]:
        """Itself, its children, then its slices with theirs."""
        yield {**self.element, "id": id_, "path": path}
        for name, child in self.children.items():
            yield from child.walk(f"{id_}.{name}", f"{path}.{name}")
        for name, one in self.slices.items():
            yield from one.walk(f"{id_}:{name}", path)


class Snapshots:
    """Makes the snapshots of a set of StructureDefinitions that may name each other."""

    def __init__(self, definitions: Iterable[Resource]) -> None:
        self._definitions = {definition["url"]: definition for definition in definitions}
        self._made: dict[str, _Node] = {}

    def complete(self, url: str) -> Resource:
        """The StructureDefinition with its snapshot. SnapshotError when its differential does not narrow its base."""
        definition = self._definitions[url]
        elements = [_ordered(_defined(e)) for e in self._tree(url).walk(definition["type"], definition["type"])]
        before = {key: value for key, value in definition.items() if key != "differential"}
        return {**before, "snapshot": {"element": elements}, "differential": definition["differential"]}

    def _tree(self, url: str) -> _Node:
        """Every element of a definition, of ours or of R4; not to be changed."""
        if url not in self._made:
            self._made[url] = self._narrowed(self._definitions[url]) if url in self._definitions else _base(url)
        return self._made[url]

    def _narrowed(self, definition: Resource) -> _Node:
        root = deepcopy(self._tree(definition["baseDefinition"]))
        for stated in definition["differential"]["element"]:
            node = self._at(root, stated["id"], definition["baseDefinition"])
            node.element = _narrow(node.element, stated, definition["url"])
        return root

    def _at(self, root: _Node, id_: str, base: str) -> _Node:
        """The node of this id; what lies on the way is unfolded, a slice not yet there is made."""
        node = root
        origin: _Node | None = None  # the element that `node` is a slice of
        for step in id_.split(".")[1:]:
            if not node.children:
                node.children = self._below(node, origin, base, id_)
            name, _, slice_name = step.partition(":")
            if name not in node.children:
                raise SnapshotError(id_, "R4 has no such element")
            node, origin = node.children[name], None
            if slice_name:
                origin, node = node, node.slices.setdefault(slice_name, _slice(node, slice_name))
        return node

    def _below(self, node: _Node, origin: _Node | None, base: str, id_: str) -> dict[str, _Node]:
        """The children that an element has by its type, the profile of its type, or the element it repeats."""
        if "contentReference" in node.element:
            repeated = _find(self._tree(base), node.element.pop("contentReference"))
            node.element["type"] = deepcopy(repeated.element["type"])
            return deepcopy(repeated.children)
        types = node.element.get("type", ())
        if len(types) != 1:
            raise SnapshotError(id_, "what is below it depends on its type, and it has several")
        profiles = types[0].get("profile", ())
        if not profiles and origin is not None and origin.children:
            return deepcopy(origin.children)
        return deepcopy(self._tree(profiles[0] if len(profiles) == 1 else EXTENSION + types[0]["code"]).children)


def _base(url: str) -> _Node:
    """The tree of R4's own elements of a type."""
    first, *others = snapshots()[url]
    root = _Node(first)
    for element in others:
        node = root
        *way, last = element["id"].split(".")[1:]
        for step in way:
            name, _, slice_name = step.partition(":")
            node = node.children[name].slices[slice_name] if slice_name else node.children[name]
        name, _, slice_name = last.partition(":")
        if slice_name:
            node.children[name].slices[slice_name] = _Node(element)
        else:
            node.children[name] = _Node(element)
    return root


def _find(root: _Node, reference: str) -> _Node:
    """The element that a contentReference (`#Consent.provision`) points to."""
    node = root
    for name in reference.partition("#")[2].split(".")[1:]:
        node = node.children[name]
    return node


def _slice(sliced: _Node, name: str) -> _Node:
    """A slice before anything is said of it: all that holds for every item, but that it need not be there."""
    inherited = {key: value for key, value in sliced.element.items() if key != "slicing"}
    return _Node(deepcopy(inherited) | {"sliceName": name, "min": 0})


# --- one element -----------------------------------------------------------------------------------------------------


def _narrow(inherited: Resource, stated: Mapping[str, Any], source: str) -> Resource:
    """The element with what the differential says of it. Invariants add up; everything else replaces, if it is narrower."""
    _check(inherited, stated)
    narrowed = {**inherited, **stated}
    if "type" in stated:
        noted = {type_["code"]: type_["extension"] for type_ in inherited["type"] if "extension" in type_}
        narrowed["type"] = [_with_notes(type_, noted.get(type_["code"], ())) for type_ in stated["type"]]
    if "constraint" in stated:
        ours = [{**constraint, "source": source} for constraint in stated["constraint"]]
        keys = {constraint["key"] for constraint in ours}
        narrowed["constraint"] = [c for c in inherited.get("constraint", ()) if c["key"] not in keys] + ours
    narrowed = _with_notes(narrowed, inherited.get("extension", ()))
    if inherited.get("mustSupport"):
        narrowed["mustSupport"] = True
    return narrowed


def _with_notes(stated: Resource, inherited: Iterable[Resource]) -> Resource:
    """`stated` with the extensions that it had before, where it does not say otherwise itself."""
    said = {extension["url"] for extension in stated.get("extension", ())}
    extensions = [*(e for e in inherited if e["url"] not in said), *stated.get("extension", ())]
    return {**stated, "extension": extensions} if extensions else stated


def _check(inherited: Resource, stated: Mapping[str, Any]) -> None:
    id_ = stated["id"]
    if stated.get("min", inherited["min"]) < inherited["min"]:
        raise SnapshotError(id_, "min is below that of its base")
    if _number(stated.get("max", inherited["max"])) > _number(inherited["max"]):
        raise SnapshotError(id_, "max is above that of its base")
    if stated.get("min", inherited["min"]) > _number(stated.get("max", inherited["max"])):
        raise SnapshotError(id_, "min is above max")
    allowed = {type_["code"] for type_ in inherited.get("type", ())}
    if not {type_["code"] for type_ in stated.get("type", ())} <= allowed:
        raise SnapshotError(id_, "has a type that its base does not allow")
    before, after = (e.get("binding", {}).get("strength", STRENGTHS[0]) for e in (inherited, stated))
    if "binding" in stated and STRENGTHS.index(after) < STRENGTHS.index(before):
        raise SnapshotError(id_, "binds more weakly than its base")


def _number(maximum: str) -> float:
    return float("inf") if maximum == "*" else int(maximum)


def _defined(element: Resource) -> Resource:
    """R4 wants a definition of every element (sdf-3): our own words, else where R4's are."""
    said = element.get("short") or f"{element['base']['path']} of FHIR R4"
    return element if "definition" in element else {**element, "definition": said}


def _ordered(element: Resource) -> Resource:
    return {key: element[key] for key in sorted(element, key=_position)}


def _position(key: str) -> int:
    stems = [stem for stem in ORDER if key == stem or (key.startswith(stem) and key[len(stem)].isupper())]
    return ORDER.index(max(stems, key=len)) if stems else len(ORDER)
