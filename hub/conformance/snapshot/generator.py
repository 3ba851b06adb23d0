"""Makes snapshots: finds what a definition is derived from, and lays its differential over that.

What lies below an element is unfolded when something is said of it: from its type, the profile of its type, the element that it
repeats, or the element that it is a slice of.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any, Final

from hub.conformance.snapshot import differential, shapes, slices, types
from hub.conformance.snapshot.differential import Said
from hub.conformance.snapshot.narrowing import narrow
from hub.conformance.snapshot.refusal import SnapshotError
from hub.conformance.snapshot.tree import Node, copied, grown, written
from hub.fhir import Resource
from hub.fhir.r4 import EXTENSION
from hub.fhir.r4_snapshots import snapshots

LONGEST_LINEAGE: Final = 40
ANY_TYPE: Final = f"{EXTENSION}Element"


class _Now(threading.local):
    """What is being made, by each thread for itself: what another one is at is no cycle."""

    def __init__(self) -> None:
        self.making: list[str] = []


class Snapshots:
    """Makes the snapshots of a set of StructureDefinitions that may name each other, and R4's."""

    def __init__(self, definitions: Iterable[Resource]) -> None:
        self._definitions = {d["url"]: d for d in definitions if isinstance(d, dict) and isinstance(d.get("url"), str)}
        self._made: dict[str, Node] = {}
        self._now = _Now()

    def complete(self, url: str) -> Resource:
        """The StructureDefinition with its snapshot. SnapshotError when there is no such definition, or none can be made."""
        root = self.tree(url)
        definition = self._definitions.get(url)
        if definition is None:
            raise SnapshotError(url, "unknown", url=url)
        name = root.element["path"]
        elements = [written(element) for element in deepcopy(list(root.walk(name, name)))]
        before = {key: value for key, value in definition.items() if key not in {"snapshot", "differential"}}
        after = {key: definition[key] for key in ("differential",) if key in definition}
        return {**before, "snapshot": {"element": elements}, **after}

    def tree(self, url: str, element: str = "") -> Node:
        """Every element of a definition, of ours or of R4; not to be changed. `element`: who asks, for the error."""
        if url not in self._made:
            with self._in_progress(url, element or url):
                self._made[url] = self._new(url, element or url)
        return self._made[url]

    def lineage(self, url: str) -> tuple[str, ...]:
        """A definition and those it is derived from, down to R4's; empty when not all of them are known here."""
        found: list[str] = []
        while url in self._definitions and url not in found and len(found) < LONGEST_LINEAGE:
            found.append(url)
            url = types.bare(_text(self._definitions[url].get("baseDefinition")))
        return (*found, url, EXTENSION + snapshots()[url][0]["path"]) if url in snapshots() else ()

    def knows(self, url: str) -> bool:
        return url in self._definitions or url in snapshots()

    @contextmanager
    def _in_progress(self, url: str, element: str) -> Iterator[None]:
        if url in self._now.making:
            raise SnapshotError(element, "cycle", url=url)
        if len(self._now.making) >= LONGEST_LINEAGE:
            raise SnapshotError(element, "lineage-too-long", url=url)
        self._now.making.append(url)
        try:
            yield
        finally:
            self._now.making.pop()

    def _new(self, url: str, element: str) -> Node:
        definition = self._definitions.get(url)
        if definition is None:
            if not self.knows(url):
                raise SnapshotError(element, "unknown", url=url)
            return grown((one["id"], one) for one in snapshots()[url])
        if "differential" not in definition or definition.get("derivation") == "specialization":
            return _stated_snapshot(definition, element)
        return self._derived(definition, element)

    def _derived(self, definition: Resource, element: str) -> Node:
        base = types.bare(_text(definition.get("baseDefinition")))
        if not self.knows(base):
            if (
                "snapshot" in definition and self._now.making[:-1]
            ):  # asked for as somebody's base: what it says of itself will do
                return _stated_snapshot(definition, element)
            raise SnapshotError(element, "base-unknown", url=base)
        root = self.tree(base, element).copy()
        name = root.element["path"]
        if definition.get("type", name) != name:
            raise SnapshotError(element, "other-type", type=name)
        said = differential.read(definition, name)
        _Laying(self, definition["url"], root).lay(said, root, name)
        return root


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _stated_snapshot(definition: Resource, element: str) -> Node:
    """The tree of a snapshot that came with its definition."""
    if "snapshot" not in definition:
        raise SnapshotError(element, "no-snapshot")
    found = shapes.elements(definition["snapshot"], "snapshot")
    if not found:
        raise SnapshotError(element, "no-elements")
    for one in found:
        if "min" not in one or "max" not in one or "path" not in one:
            raise SnapshotError(shapes.name_of(one, element), "no-cardinality")
    root = found[0]["path"]
    return grown((id_, _based(one)) for id_, one in differential.identified(found, root))


def _based(element: Resource) -> Resource:
    return {"base": {key: element[key] for key in ("path", "min", "max")}, **element}


class _Laying:
    """One differential on its way over a copy of its base."""

    def __init__(self, known: Snapshots, url: str, root: Node) -> None:
        self.known = known
        self.url = url
        self.count = root.size()

    def lay(self, said: Said, node: Node, id_: str, origin: Node | None = None, twins: Sequence[Node] = ()) -> None:
        """What is said of an element, then of what is below it, then of its slices.

        `origin`: the element that it is a slice of. `twins`: the same element in slices of what is above; it holds there too.
        """
        was_closed = node.element.get("slicing", {}).get("rules") == "closed"
        if said.element is not None:
            node.element = self._narrowed(id_, node, said.element)
            slices.pass_on(id_, node, said.element, twins)
        if said.children:
            self._unfold(node, id_, origin)
            inside = [*twins, *node.all_slices()]
            for name, below in _in_order(said.children, node.children):
                self._lay_child(name, below, node, id_, [one.children[name] for one in inside if name in one.children])
        for name, one in said.slices.items():
            self._lay_slice(name, one, node, id_, closed=was_closed)
        slices.check_counts(id_, node)

    def _narrowed(self, id_: str, node: Node, stated: Resource) -> Resource:
        element = narrow(id_, node.element, stated, self.url, self.known.lineage)
        if "sliceName" not in element or "extension" not in id_.rpartition(".")[2].lower():
            return element
        profiles = [url for type_ in element.get("type", ()) for url in type_.get("profile", ())]
        if len(profiles) != 1 or not self.known.knows(types.bare(profiles[0])):
            return element
        root = self.known.tree(types.bare(profiles[0]), id_).element
        return slices.as_defined(id_, element, root)

    def _lay_child(self, name: str, said: Said, node: Node, id_: str, twins: Sequence[Node]) -> None:
        if name in node.children:
            self.lay(said, node.children[name], f"{id_}.{name}", twins=twins)
            return
        choice = _choice(name, node.children)
        if choice is None:
            several = len(node.element.get("type", ())) > 1
            raise SnapshotError(f"{id_}.{name}", "several-types" if several else "no-such-element")
        sliced = node.children[choice]
        if len(sliced.element["type"]) == 1 and not sliced.slices:
            self.lay(said, sliced, f"{id_}.{choice}")
        else:
            self._lay_slice(name, said, sliced, f"{id_}.{choice}", closed=False)

    def _lay_slice(self, name: str, said: Said, node: Node, id_: str, *, closed: bool) -> None:
        owner, own = node.slice(name)
        if own not in owner.slices:
            if closed and owner is node:
                raise SnapshotError(f"{id_}:{name}", "slicing-closed")
            self._grow(1, id_)
            if owner is node:
                slices.with_slicing(id_, node)
        self.lay(said, slices.slice_of(owner, own, name), f"{id_}:{name}", owner)

    # --- what is below an element ------------------------------------------------------------------------------------

    def _unfold(self, node: Node, id_: str, origin: Node | None) -> None:
        if node.children:
            return
        found = self._below(node, id_, origin)
        self._grow(sum(one.size() for one in found.values()), id_)
        node.children = copied(found)

    def _grow(self, by: int, id_: str) -> None:
        self.count += by
        if self.count > shapes.MOST_ELEMENTS:
            raise SnapshotError(id_, "too-many-elements", most=shapes.MOST_ELEMENTS)

    def _below(self, node: Node, id_: str, origin: Node | None) -> Mapping[str, Node]:
        element = node.element
        if "contentReference" in element:
            repeated = self._repeated(element["contentReference"], id_)
            without = {key: value for key, value in element.items() if key != "contentReference"}
            node.element = {**without, "type": repeated.element.get("type", [])}
            return repeated.children
        found = element.get("type", [])
        if (
            origin is not None
            and origin.children
            and _profiles(found) in ((), _profiles(origin.element.get("type", [])))
        ):
            return origin.children
        if not found or types.is_value(element):
            raise SnapshotError(id_, "nothing-below")
        definitions = {types.canonical(type_) for type_ in found}
        return self.known.tree(definitions.pop() if len(definitions) == 1 else ANY_TYPE, id_).children

    def _repeated(self, reference: str, id_: str) -> Node:
        """The element that a contentReference (`#Consent.provision`) points to: R4's own, whatever a profile says of it."""
        type_, *way = reference.partition("#")[2].split(".")
        node = self.known.tree(EXTENSION + type_, id_)
        for name in way:
            if name not in node.children:
                raise SnapshotError(id_, "no-such-element")
            node = node.children[name]
        return node


def _profiles(found: list[Resource]) -> tuple[str, ...]:
    return tuple(url for type_ in found for url in type_.get("profile", ()))


def _in_order(said: Mapping[str, Said], known: Mapping[str, Node]) -> list[tuple[str, Said]]:
    """In the order of the base, short forms (`valueQuantity`) last: by then it is said which types are left."""
    place = {name: number for number, name in enumerate(known)}
    return sorted(said.items(), key=lambda one: place.get(one[0], len(place)))


def _choice(name: str, known: Mapping[str, Node]) -> str | None:
    """The choice of types that a short form means: `value[x]` for `valueQuantity`."""
    for choice, node in known.items():
        stem = choice.removesuffix("[x]")
        if stem != choice and any(types.of_choice(stem, name, node.element.get("type", []))):
            return choice
    return None
