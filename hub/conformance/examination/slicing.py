"""Which slice an item is of, by the discriminators of its slicing.

https://hl7.org/fhir/R4/profiling.html#discriminator. Paths are FHIRPath restricted to names, `$this`, `resolve()`,
`extension('url')`, `ofType(Type)` and `as(Type)`.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from hub.conformance.examination.library import Codes, Library
from hub.conformance.examination.patterns import is_as_stated
from hub.conformance.examination.structures import Node, Structure
from hub.conformance.examination.surroundings import Surroundings
from hub.fhir.r4 import tables

_STEP: Final = re.compile(
    r"\$this|resolve\(\)|extension\(\s*['\"]([^'\"]+)['\"]\s*\)|(?:ofType|as)\(\s*(?:FHIR\.)?(\w+)\s*\)|([A-Za-z]\w*)(?:\[x\])?"
)


@dataclass(frozen=True)
class Value:
    """A value on the way of a discriminator, and its type where it is known. `is_out_of_sight`: of a resource, only that."""

    value: Any
    type: str = ""
    is_out_of_sight: bool = False


Conforms = Callable[[Any, str], bool]
"""Whether a value conforms to the profile of this canonical."""


@lru_cache(maxsize=1024)
def steps(path: str) -> tuple[tuple[str, str], ...]:
    """(kind, name): `element`, `extension`, `resolve`, `type`. Of a path that is not understood: one step `unknown`."""
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None:
            return (("unknown", ""),)
        url, type_, name = match.groups()
        if match[0] == "resolve()":
            found.append(("resolve", ""))
        elif url or type_:
            found.append(("extension", url) if url else ("type", type_))
        elif name:
            found.append(("element", name))
        at = match.end() + (path[match.end() : match.end() + 1] == ".")
    return tuple(found)


@dataclass(frozen=True)
class Slicer:
    """Looks at items with what is known here and with what stands around them."""

    library: Library
    around: Surroundings
    conforms: Conforms

    def selects(self, sliced: Node, one: Node, item: Value) -> bool:
        """Whether an item is of this slice: every discriminator that tells anything of the slice agrees."""
        discriminators = sliced.slicing.discriminators if sliced.slicing else ()
        answers = {self._agrees(kind, steps(path), one, item) for kind, path in discriminators}
        return True in answers and False not in answers

    def _agrees(self, kind: str, way: tuple[tuple[str, str], ...], one: Node, item: Value) -> bool | None:
        """None where the slice says nothing of what the discriminator looks at."""
        values = self.values(item, way)
        nodes = self.nodes((one,), way)
        if not nodes:
            return None
        if kind == "exists":
            return _exists_as_wanted(nodes, bool(values))
        if kind == "type":
            types = {ref.code for node in nodes for ref in node.types} | {n.owner.type for n in nodes if _is_root(n)}
            return any(self._is_of(value, types) for value in values)
        if kind == "profile":
            urls = [url for node in nodes for url in _profiles(node)]
            return any(self._conforms(value, url) for value in values for url in urls) if urls else None
        telling = [node for node in nodes if node.fixes or self._bound(node)]
        return all(any(self._fits(n, value) for value in values) for n in telling) if telling else None

    def _conforms(self, value: Value, url: str) -> bool:
        structure = self.library.structure(url)
        if value.is_out_of_sight:
            return structure is not None and structure.type == value.type
        return self.conforms(value.value, url)

    def _is_of(self, value: Value, types: set[str]) -> bool:
        type_ = value.type or (value.value.get("resourceType") if isinstance(value.value, dict) else "")
        return isinstance(type_, str) and any(one in types for one in self.library.supertypes(type_))

    def _fits(self, node: Node, value: Value) -> bool:
        """Whether a value has all that the element fixes, of itself and below."""
        if node.is_fixed:
            return is_as_stated(node, value.value)
        if self._has_code_outside(node, value):
            return False
        for child in node.children.values():
            below_ = self.values(value, (("element", child.name),))
            fixing = [child] if child.min or child.is_fixed else []
            for one in (*fixing, *(one for one in child.slices if one.min)):
                if one.fixes and not any(self._fits(one, inner) for inner in below_):
                    return False
        return True

    def _bound(self, node: Node) -> Codes | None:
        """The codes of a required binding, where all are known."""
        if node.binding is None or node.binding.strength != "required":
            return None
        codes = self.library.codes(node.binding.value_set)
        return codes if codes and None not in codes.values() else None

    def _has_code_outside(self, node: Node, value: Value) -> bool:
        codes = self._bound(node)
        if codes is None:
            return False
        given = value.value
        if isinstance(given, str):
            return not any(given in (listed or ()) for listed in codes.values())
        codings = given.get("coding", [given]) if isinstance(given, dict) else []
        pairs = (
            [(c.get("system"), c.get("code")) for c in codings if isinstance(c, dict)]
            if isinstance(codings, list)
            else []
        )
        return not any(isinstance(system, str) and code in (codes.get(system) or ()) for system, code in pairs)

    # --- along a path, in values and in elements ---------------------------------------------------------------------

    def values(self, item: Value, way: Iterable[tuple[str, str]]) -> list[Value]:
        found = [item]
        for kind, name in way:
            found = [below for one in found for below in self._value_step(one, kind, name)]
        return found

    def _value_step(self, item: Value, kind: str, name: str) -> Iterator[Value]:
        if kind == "type":
            if self._is_of(item, {name}):
                yield item
        elif kind == "resolve":
            literal = item.value.get("reference") if isinstance(item.value, dict) else item.value
            yield from self._resolved(literal, item.value)
        elif kind == "extension":
            yield from (
                one
                for one in below(item.value, "extension")
                if isinstance(one.value, dict) and one.value.get("url") == name
            )
        elif kind == "element":
            yield from below(item.value, name)

    def _resolved(self, literal: Any, reference: Any) -> Iterator[Value]:
        """The resource; or, out of sight, at least its type as the reference tells it."""
        found = self.around.resolve(literal)
        if found is not None:
            yield Value(found)
            return
        stated = reference.get("type") if isinstance(reference, dict) else None
        parts = literal.partition("/_history/")[0].split("/") if isinstance(literal, str) else []
        named = parts[-2] if len(parts) > 1 else stated
        if isinstance(named, str) and self.library.is_resource(named):
            yield Value({"resourceType": named}, named, True)

    def nodes(self, found: tuple[Node, ...], way: Iterable[tuple[str, str]]) -> tuple[Node, ...]:
        for kind, name in way:
            found = tuple(below for one in found for below in self._node_step(one, kind, name))
        return found

    def _node_step(self, node: Node, kind: str, name: str) -> Iterator[Node]:
        if kind == "type":
            typed = [one for one in node.slices if [ref.code for ref in one.types] == [name]]
            yield from typed or [node]
        elif kind == "resolve":
            targets = [self.library.structure(url) for ref in node.types for url in ref.targets]
            yield from (target.root for target in targets if target)
        elif kind == "extension":
            extensions = self._child(node, "extension")
            yield from (one for one in (extensions.slices if extensions else ()) if self._is_extension(one, name))
        elif kind == "element" and (child := self._child(node, name)) is not None:
            required = [one for one in child.slices if one.min]
            yield from required if required and not child.is_fixed else [child]

    def _child(self, node: Node, name: str) -> Node | None:
        """By the element's own children; else by the profile of its type; else by its type."""
        if name in node.origin.children:
            return node.origin.children[name]
        profiles = [self.library.structure(url) for ref in node.types for url in ref.profiles]
        types = [self.library.type(ref.code) for ref in node.types]
        found: list[Structure] = [one for one in (*profiles, *types) if one]
        return next((one.root.children[name] for one in found if name in one.root.children), None)

    def _is_extension(self, one: Node, url: str) -> bool:
        return any(url in ref.profiles for ref in one.types) or (
            (child := self._child(one, "url")) is not None and child.fixed == url
        )


def below(value: Any, name: str) -> Iterator[Value]:
    """What stands under a name; for a choice with its type."""
    if not isinstance(value, dict):
        return
    for key, child in value.items():
        type_ = key[len(name) :] if key.startswith(name) else "-"
        if key == name or type_[:1].isupper():
            for one in child if isinstance(child, list) else [child]:
                yield Value(one, _named(type_))


def _named(suffix: str) -> str:
    """The type that a property of a choice ends with: `String` is string, `Quantity` itself."""
    lowered = suffix[:1].lower() + suffix[1:]
    return lowered if lowered in tables().primitives else suffix


def _is_root(node: Node) -> bool:
    return node.owner.at.get(node.owner.type) is node


def _exists_as_wanted(nodes: tuple[Node, ...], exists: bool) -> bool | None:
    """Where it is neither required nor ruled out, nothing is told."""
    if all(node.max == 0 for node in nodes):
        return not exists
    return exists if all(node.min for node in nodes) else None


def _profiles(node: Node) -> list[str]:
    if _is_root(node):
        return [node.owner.url]
    return [url for ref in node.types for url in (*ref.profiles, *ref.targets)]
