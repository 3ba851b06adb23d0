"""The walk over a resource beside the tree of its definition: every element once for each definition that speaks of it.

https://hl7.org/fhir/R4/validation.html · https://hl7.org/fhir/R4/json.html. Paths are FHIRPath with indexes; a choice has the
name that it is written with, as at the entrance (`Observation.valueQuantity`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Final

from hub.conformance.examination import bundles, codes, contained, extensions, patterns, primitives, references, rules
from hub.conformance.examination.findings import Findings, Full
from hub.conformance.examination.library import Library, Shape
from hub.conformance.examination.slicing import Slicer, Value
from hub.conformance.examination.structures import ABSENT, Constraint, Node, Structure, TypeRef
from hub.conformance.examination.surroundings import Surroundings
from hub.conformance.validator import validate_against
from hub.fhir.issues import Severity
from hub.fhir.r4 import tables

NESTED: Final = 8
"""How many profiles are tried within each other, as discriminators and choices of profile."""
ADVICE: Final = frozenset({"dom-6"})
"""Best practice: told, no more."""
SENTENCES: Final = {"per-1": "period-order"}
"""R4's invariants for which there is a sentence already."""
MISSING: Final = object()


@dataclass(frozen=True)
class Item:
    """A value and what stands beside it under `_name`; MISSING where there is none."""

    value: Any
    beside: Any
    ref: TypeRef
    path: str


@dataclass(frozen=True)
class Place:
    """Where the walk is: the path, every name that R4 has for the element, and the url of the extension it is in."""

    path: str
    names: tuple[str, ...]
    within: str = ""

    def child(self, name: str, path: str, *also: str) -> "Place":
        named = tuple(f"{one}.{name}" for one in self.names)
        return Place(path, tuple(dict.fromkeys((*named, *also))), self.within)


@dataclass
class Walk:
    """One examination. `trying`: what is being tried already, so that no circle of profiles goes on for ever."""

    library: Library
    found: Findings
    around: Surroundings
    assumed: Mapping[str, str] = field(default_factory=dict)
    trying: tuple[tuple[int, str], ...] = ()
    tried: dict[tuple[int, str], bool] = field(default_factory=dict)
    done: set[tuple[int, int, str]] = field(default_factory=set)

    # --- resources ---------------------------------------------------------------------------------------------------

    def against(self, resource: Any, structure: Structure, path: str) -> None:
        """A resource against one definition."""
        if not isinstance(resource, dict):
            self.found.error("structure", "object-expected", path)
            return
        type_ = resource.get("resourceType")
        if type_ != structure.type and structure.type not in self.library.supertypes(str(type_)):
            self.found.error("structure", "resource-type", path, expected=structure.type)
            return
        before = self.found.misshapen
        self.members(resource, structure.root.children, Place(path, (str(type_),)), is_resource=True)
        if type_ == "Bundle":
            bundles.check(resource, path, self.found)
        contained.check(resource, path, self.found)
        if self.found.misshapen == before:
            advice = structure.root.children.get("text")
            unwanted = (advice is not None and advice.max == 0) or self.around.resource is not self.around.root
            skip = ADVICE if unwanted else frozenset()
            self.invariants(structure.root.constraints, resource, str(type_), path, skip)

    def inner(self, resource: Any, path: str, around: Surroundings, allowed: TypeRef) -> None:
        """A contained resource, an entry, a parameter: by its own profiles, and those of the element that it stands in."""
        assumed = self.assumed if around.bundles else {}
        walk = Walk(self.library, self.found, around, assumed, self.trying, self.tried, self.done)
        walk.resource(resource, path, allowed.profiles)
        type_ = resource.get("resourceType") if isinstance(resource, dict) else None
        if isinstance(type_, str) and self.library.is_resource(type_) and allowed.code not in self.library.supertypes(type_):
            self.found.error("structure", "target-type", path, targets=allowed.code)

    def resource(self, resource: Any, path: str, asked: tuple[str, ...] = ()) -> None:
        """A resource by the profiles that it names and those that are asked for; by R4's own definition where none is known."""
        if not isinstance(resource, dict):
            self.found.error("structure", "object-expected" if path else "resource-unknown", path)
            return
        type_ = resource.get("resourceType")
        own = self.library.type(type_) if isinstance(type_, str) and self.library.is_resource(type_) else None
        if own is None:
            self.found.error("structure", "resource-unknown", path)
            return
        known = [*self._named(resource, path), *self._asked(asked, path)]
        profiles = {one.url: one for one in known if one is not own}
        meant = self.library.structure(self.assumed.get(own.type, "")) if not known else None
        for structure in profiles.values() or [meant or own]:
            self._entrance(resource, structure, path)
            self.against(resource, structure, path)
        if profiles and not any(one.type == type_ for one in profiles.values()):
            self.against(resource, own, path)

    def _entrance(self, resource: dict[str, Any], structure: Structure, path: str) -> None:
        """What the entrance says of a profile of ours. A reference in a bundle may be to an entry of it: others see to that."""
        profile = self.library.own_profile(structure.url)
        if profile is None or resource["resourceType"] != structure.type:
            return
        for issue in validate_against(resource, profile):
            where = path + issue.path.removeprefix(structure.type)
            if not (issue.text == "conformance.target" and self.around.bundles):
                self.found.precede(replace(issue, path=where, params={**issue.params, "element": where}))

    def _named(self, resource: Mapping[str, Any], path: str) -> Iterator[Structure]:
        meta = resource.get("meta")
        named = meta.get("profile") if isinstance(meta, dict) else None
        for number, url in enumerate(named if isinstance(named, list) else ()):
            structure = self.library.structure(url) if isinstance(url, str) else None
            if structure is not None:
                yield structure
            elif isinstance(url, str):
                self.found.add("warning", "not-found", "profile-unknown", f"{path}.meta.profile[{number}]")

    def _asked(self, asked: tuple[str, ...], path: str) -> Iterator[Structure]:
        for url in asked:
            structure = self.library.structure(url)
            if structure is not None:
                yield structure
            else:
                self.found.error("not-found", "profile-not-found", path)

    def conforms(self, value: Any, url: str) -> bool:
        """Whether a value has no error against a profile: for discriminators, and where one of several will do."""
        mark = (id(value), url)
        structure = self.library.structure(url)
        if structure is None or mark in self.trying or len(self.trying) >= NESTED:
            return True
        if mark not in self.tried:
            trial = Walk(self.library, Findings(), self.around, {}, (*self.trying, mark), self.tried)
            try:
                trial.value_against(value, structure, Place("", ()))
            except Full:
                pass
            self.tried[mark] = not trial.found.has_errors
        return self.tried[mark]

    def value_against(self, value: Any, structure: Structure, place: Place) -> None:
        if structure.kind == "resource":
            self.against(value, structure, place.path)
        elif isinstance(value, dict):
            self.members(value, structure.root.children, place)
            self.invariants(structure.root.constraints, value, structure.type, place.path)

    # --- the members of an object ------------------------------------------------------------------------------------

    def members(self, value: dict[str, Any], children: Mapping[str, Node], place: Place, *, is_resource: bool = False) -> None:
        shape = self.library.shape(children)
        self._names(value, children, shape, place, is_resource)
        for node in children.values():
            present = [name for name in self._json_names(node) if name in value or f"_{name}" in value]
            if len(present) > 1:
                self.found.error("structure", "one-type-only", f"{place.path}.{node.name}")
            elif present:
                self._present(node, present[0], shape[present[0]][1], value, place)
            else:
                self._absent(node, f"{place.path}.{node.name}")

    def _json_names(self, node: Node) -> tuple[str, ...]:
        return (node.name,) if node.repeats else tuple(node.json_names)

    def _names(
        self, value: Mapping[str, Any], children: Mapping[str, Node], shape: Shape, place: Place, is_resource: bool
    ) -> None:
        for name in value:
            plain = name.removeprefix("_")
            known = shape.get(plain)
            if (is_resource and name == "resourceType") or name == "fhir_comments":
                continue
            if known is None:
                self._unknown(plain, children, place)
            elif name != plain and not self.library.is_primitive(known[1].code):
                self.found.error("structure", "no-sibling", f"{place.path}.{plain}")

    def _unknown(self, name: str, children: Mapping[str, Node], place: Place) -> None:
        """A name that FHIR does not have may be anything: it is not repeated."""
        choice = next((n for n in children.values() if n.is_choice and name.startswith(n.name) and _is_type(name[len(n.name) :])), None)
        if choice is not None:
            types = ", ".join(ref.code for ref in choice.types)
            self.found.error("structure", "type-not-allowed", f"{place.path}.{name}", types=types)
        elif name in _element_names():
            self.found.error("structure", "unknown-element", f"{place.path}.{name}")
        else:
            known = ", ".join(sorted(children))
            self.found.error("structure", "unknown-name", place.path, known=known)

    def _absent(self, node: Node, path: str) -> None:
        if node.min:
            self.found.error("required", "required", path)
            return
        for one in node.slices:
            if one.min:
                self.found.error("required", "slice-required", path, slice=one.slice_name)

    def _present(self, node: Node, name: str, ref: TypeRef, value: dict[str, Any], place: Place) -> None:
        path = f"{place.path}.{name}"
        if node.max == 0:
            self.found.error("structure", "ruled-out", path)
            return
        items = list(self._items(node, ref, value.get(name, MISSING), value.get(f"_{name}", MISSING), path))
        if node.is_list:
            self._count(node, len(items), path)
        of_slices = self._sliced(node, items, path) if node.slices else {}
        for number, item in enumerate(items):
            below = place.child(node.name, item.path, *self._type_names(node, item.ref))
            self.item(node, item, below, place)
            for one in of_slices.get(number, ()):
                own = next((r for r in one.types if r.code == item.ref.code), one.types[0] if one.types else item.ref)
                self.item(one, Item(item.value, item.beside, own, item.path), below, place)

    def _type_names(self, node: Node, ref: TypeRef) -> tuple[str, ...]:
        if node.repeats:
            return (node.repeats,)
        return () if ref.code in {"Element", "BackboneElement"} else (ref.code,)

    def _items(self, node: Node, ref: TypeRef, value: Any, beside: Any, path: str) -> Iterator[Item]:
        """The values of one property. A primitive that repeats is written in two lists, aligned by nulls."""
        if not node.is_list:
            for one in (value, beside):
                if isinstance(one, list):
                    self.found.error("structure", "one-expected", path)
                    return
            yield Item(value, beside, ref, path)
            return
        wrong = [one for one in (value, beside) if one is not MISSING and not isinstance(one, list)]
        empty = [one for one in (value, beside) if one == []]
        if wrong or empty:
            self.found.error("structure", "list-expected" if wrong else "empty", path)
            return
        values, besides = (one if isinstance(one, list) else [] for one in (value, beside))
        if values and besides and len(values) != len(besides):
            self.found.error("structure", "not-aligned", path)
        for number in range(max(len(values), len(besides))):
            found, side = (_at(one, number) for one in (values, besides))
            yield Item(found, side, ref, f"{path}[{number}]")

    def _count(self, node: Node, count: int, path: str) -> None:
        if count < node.min:
            self.found.error("required", "too-few", path, min=str(node.min))
        if node.max is not None and count > node.max:
            self.found.error("structure", "too-many", path, max=str(node.max))

    # --- slices ------------------------------------------------------------------------------------------------------

    def _sliced(self, node: Node, items: list[Item], path: str) -> dict[int, list[Node]]:
        """Number of an item → the slices it is of. Their counts, the order and strangers are looked at on the way."""
        slicer = Slicer(self.library, self.around, self.conforms)
        chosen: dict[int, list[Node]] = {}
        for number, item in enumerate(items):
            chosen[number] = list(_all_of(slicer, node, Value(item.value, item.ref.code)))
        slicing = node.slicing
        if slicing is None or not slicing.discriminators:
            return {}
        for one in _every(node.slices):
            count = sum(one in found for found in chosen.values())
            if count < one.min:
                self.found.error("required", "slice-required", path, slice=one.slice_name)
            if one.max is not None and count > one.max:
                self.found.error("structure", "slice-too-many", path, slice=one.slice_name, max=str(one.max))
        self._strangers(node, items, chosen)
        if slicing.ordered:
            self._order(node, items, chosen)
        return chosen

    def _strangers(self, node: Node, items: list[Item], chosen: Mapping[int, list[Node]]) -> None:
        rules_ = node.slicing.rules if node.slicing else "open"
        named = ", ".join(one.slice_name for one in node.slices)
        last = max((number for number, found in chosen.items() if found), default=-1)
        for number, item in enumerate(items):
            if chosen[number]:
                continue
            if rules_ == "closed":
                self.found.error("structure", "no-slice", item.path, slices=named)
            elif rules_ == "openAtEnd" and number < last:
                self.found.error("structure", "slice-not-at-end", item.path, slices=named)

    def _order(self, node: Node, items: list[Item], chosen: Mapping[int, list[Node]]) -> None:
        latest = -1
        for number, item in enumerate(items):
            ranks = [node.slices.index(one) for one in chosen[number] if one in node.slices]
            if not ranks:
                continue
            if ranks[0] < latest:
                named = ", ".join(one.slice_name for one in node.slices)
                self.found.error("structure", "slice-order", item.path, slices=named)
            latest = max(latest, ranks[0])

    # --- one value ---------------------------------------------------------------------------------------------------

    def item(self, node: Node, item: Item, place: Place, parent: Place) -> None:
        mark = (id(item.value), id(item.beside), f"{id(node)} {item.path}")
        if item.value is not MISSING and mark in self.done:
            return
        self.done.add(mark)
        before = self.found.misshapen
        if self.library.is_primitive(item.ref.code):
            self._primitive(node, item, place)
        elif self._is_resource_slot(item.ref):
            self._resource_slot(node, item)
            return
        elif not isinstance(item.value, dict):
            self.found.error("structure", "object-expected", item.path)
            return
        elif not item.value:
            self.found.error("structure", "empty", item.path)
            return
        else:
            self._complex(node, item, item.value, place, parent)
        if item.value is not MISSING and item.value is not None:
            self._stated(node, item)
        if self.found.misshapen == before:
            self._ask(node, item)

    def _is_resource_slot(self, ref: TypeRef) -> bool:
        return ref.code in {"Resource", "DomainResource"} or self.library.is_resource(ref.code)

    def _resource_slot(self, node: Node, item: Item) -> None:
        value = item.value
        if not isinstance(value, dict) or not value:
            self.found.error("structure", "empty" if value == {} else "object-expected", item.path)
        elif node.name == "contained":
            self.inner(value, item.path, self.around.contained(value), item.ref)
        else:
            self.inner(value, item.path, self.around.entry(value), item.ref)

    def _complex(self, node: Node, item: Item, value: dict[str, Any], place: Place, parent: Place) -> None:
        code = item.ref.code
        if code == "Extension":
            self._extension(node, value, place, parent)
        else:
            self.members(value, self.library.children(node, code), place)
        if code == "Reference":
            references.check(item.ref, value, item.path, self.library, self.around, self.found)
        if code != "Extension" or node.slice_name:
            self._profiled(item.ref, value, place)

    def _profiled(self, ref: TypeRef, value: dict[str, Any], place: Place) -> None:
        """A type with profiles: the value conforms to one of them."""
        known = [one for url in ref.profiles if (one := self.library.structure(url)) is not None]
        if len(known) > 1:
            known = next(([one] for one in known if self.conforms(value, one.url)), known[:1])
        for structure in known:
            if structure.url != value.get("url"):  # an extension is looked at by its url already
                self.value_against(value, structure, place)

    def _extension(self, node: Node, value: dict[str, Any], place: Place, parent: Place) -> None:
        modifies = node.name == "modifierExtension"
        url = value.get("url")
        inside = Place(place.path, ("Extension",), url if isinstance(url, str) else "")
        self.members(value, self.library.children(node, "Extension"), inside)
        structure = extensions.find(value, place.path, modifies, self.library, self.found)
        if structure is not None:
            extensions.check_place(structure, place.path, modifies, parent.names, parent.within, self.library, self.found)
            self.value_against(value, structure, inside)

    def _primitive(self, node: Node, item: Item, place: Place) -> None:
        value, beside, type_ = item.value, item.beside, item.ref.code
        if value is None and (not node.is_list or beside in (MISSING, None)):
            self.found.error("structure", "empty", item.path)
        if beside is not MISSING and not (beside is None and node.is_list):
            self._beside(node, item, place)
        if value is MISSING or value is None:
            return
        sentence = primitives.wrongly_written(type_, value)
        if sentence:
            self.found.error("value", sentence, item.path)
        elif limits := primitives.out_of_range(type_, value):
            self.found.error("value", "out-of-range", item.path, min=str(limits["minimum"]), max=str(limits["maximum"]))
        else:
            self._limits(node, item)

    def _beside(self, node: Node, item: Item, place: Place) -> None:
        """`_name`: the id and the extensions of a primitive."""
        if not isinstance(item.beside, dict):
            self.found.error("structure", "object-expected", item.path)
        elif not item.beside:
            self.found.error("structure", "empty", item.path)
        else:
            element = self.library.type("Element")
            children = node.children or (element.root.children if element else {})
            known = {name: child for name, child in children.items() if name != "value"}
            self.members(item.beside, known, place)

    def _limits(self, node: Node, item: Item) -> None:
        value, limits = item.value, node.limits
        longest = limits.get("maxLength")
        if isinstance(longest, int) and isinstance(value, str) and len(value) > longest:
            self.found.error("too-long", "too-long", item.path, max=str(longest))
        low, high = limits.get("minValue", value), limits.get("maxValue", value)
        if type(low) is type(value) is type(high) or all(isinstance(one, int | float) for one in (low, value, high)):
            if not low <= value <= high:
                bounds = {"min": str(limits.get("minValue", "")), "max": str(limits.get("maxValue", ""))}
                self.found.error("value", "out-of-range", item.path, **bounds)

    def _stated(self, node: Node, item: Item) -> None:
        if (node.fixed is not ABSENT or node.pattern is not ABSENT) and not patterns.is_as_stated(node, item.value):
            self.found.error("value", "pattern", item.path, expected=patterns.said(node))
        elif node.binding is not None:
            codes.check(node.binding, item.ref.code, item.value, item.path, self.library, self.found)

    # --- invariants --------------------------------------------------------------------------------------------------

    def _ask(self, node: Node, item: Item) -> None:
        value = item.beside if item.value in (MISSING, None) else item.value
        type_ = self.library.type(item.ref.code)
        path = node.origin.path if item.ref.code in {"BackboneElement", "Element"} else item.ref.code
        own = type_.root.constraints if type_ is not None and not self.library.is_primitive(item.ref.code) else ()
        self.invariants(tuple(dict.fromkeys((*node.constraints, *own))), value, path, item.path)

    def invariants(
        self, constraints: tuple[Constraint, ...], value: Any, type_: str, path: str, skip: frozenset[str] = frozenset()
    ) -> None:
        for constraint in constraints:
            if constraint.key in skip:
                continue
            answer = rules.holds(constraint, value, type_, self.around)
            if answer is None:
                self.found.add("information", "not-supported", "invariant-unchecked", path, rule=constraint.key)
            elif not answer:
                self._broken(constraint, path)

    def _broken(self, constraint: Constraint, path: str) -> None:
        severity: Severity = "error" if constraint.severity == "error" else "warning"
        if constraint.key in ADVICE:
            severity = "information"
        own = SENTENCES.get(constraint.key)
        if (constraint.key, constraint.expression) in self.library.own_constraints:
            own = constraint.key
        if own:
            self.found.add(severity, "invariant", own, path)
            return
        human = f": {constraint.human}" if constraint.human else ""
        self.found.add(severity, "invariant", "invariant", path, rule=constraint.key, human=human)


def _all_of(slicer: Slicer, sliced: Node, item: Value) -> Iterator[Node]:
    """The slices of an item, and the slices of those."""
    for one in sliced.slices:
        if slicer.selects(sliced, one, item):
            yield one
            yield from _all_of(slicer, one, item)


def _every(slices: tuple[Node, ...]) -> Iterator[Node]:
    for one in slices:
        yield one
        yield from _every(one.slices)


def _at(listed: list[Any], number: int) -> Any:
    return listed[number] if number < len(listed) else MISSING


@cache
def _element_names() -> frozenset[str]:
    return frozenset(path.rpartition(".")[2].removesuffix("[x]") for path in tables().rows)


def _is_type(suffix: str) -> bool:
    lowered = suffix[:1].lower() + suffix[1:]
    return suffix[:1].isupper() and (lowered in tables().primitives or suffix in tables().children)
