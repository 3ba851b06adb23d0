"""The walk over a resource beside the tree of its definition: every element once for each definition that speaks of it.

https://hl7.org/fhir/R4/validation.html · https://hl7.org/fhir/R4/json.html. Paths are FHIRPath with indexes; a choice has the
name that it is written with, as at the entrance (`Observation.valueQuantity`).
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final

from hub.conformance.examination import bundles, contained, extensions, items, names, references, rules, slices, values
from hub.conformance.examination.findings import Findings, Full
from hub.conformance.examination.items import MISSING, Item
from hub.conformance.examination.scope import Scope
from hub.conformance.examination.slicing import Slicer
from hub.conformance.examination.structures import Constraint, Node, Structure, TypeRef
from hub.conformance.examination.surroundings import Surroundings
from hub.conformance.validator import validate_against

NESTED: Final = 8
"""How many profiles are tried within each other, as discriminators and where one of several will do."""


@dataclass(frozen=True)
class Place:
    """Where the walk is: the path, every name that R4 has for the element, and the url of the extension it is in."""

    path: str
    names: tuple[str, ...] = ()
    within: str = ""

    def below(self, node: Node, item: Item) -> "Place":
        """Of `Patient.name[0].family`: also HumanName.family, and string."""
        names = [f"{one}.{node.name}" for one in self.names]
        if node.repeats:
            names.append(node.repeats)
        elif item.ref.code not in {"Element", "BackboneElement"}:
            names.append(item.ref.code)
        return Place(item.path, tuple(dict.fromkeys(names)), self.within)


@dataclass
class Walk:
    """One examination. `trying`: what is being tried already, so that no circle of profiles goes on for ever."""

    scope: Scope
    assumed: Mapping[str, str] = field(default_factory=dict)
    trying: tuple[tuple[int, str], ...] = ()
    tried: dict[tuple[int, str], bool] = field(default_factory=dict)
    done: set[tuple[int, int, int, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.library, self.around, self.found = self.scope.library, self.scope.around, self.scope.found

    # --- resources ---------------------------------------------------------------------------------------------------

    def resource(self, resource: Any, path: str, asked: tuple[str, ...] = ()) -> None:
        """By the profiles that it names and those that are asked for; by R4's own definition where none is known."""
        if not isinstance(resource, dict):
            self.found.error("structure", "object-expected" if path else "resource-unknown", path)
            return
        own = self.library.resource_type(resource.get("resourceType"))
        if own is None:
            self.found.error("structure", "resource-unknown", path)
            return
        known = {one.url: one for one in (*self._named(resource, path), *self._asked(asked, path))}
        profiles = [one for one in known.values() if one is not own]
        if not known and (meant := self.library.structure(self.assumed.get(own.type, ""))):
            profiles = [meant]
        for structure in profiles:
            self._entrance(resource, structure, path)
            self._against(resource, structure, path)
        if not any(one.type == own.type for one in profiles):
            self._against(resource, own, path)

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
                key = "profile-unreadable" if self.library.is_stated(url) else "profile-not-found"
                self.found.error("not-found", key, path)

    def _entrance(self, resource: dict[str, Any], structure: Structure, path: str) -> None:
        """What the entrance says of a profile of ours. A reference in a bundle may be to an entry of it: others see to that."""
        profile = self.library.own_profile(structure.url)
        if profile is None or resource["resourceType"] != structure.type:
            return
        for issue in validate_against(resource, profile):
            where = path + issue.path.removeprefix(structure.type)
            if not (issue.text == "conformance.target" and self.around.bundles):
                self.found.precede(replace(issue, path=where, params={**issue.params, "element": where}))

    def _against(self, resource: dict[str, Any], structure: Structure, path: str) -> None:
        type_: str = resource["resourceType"]
        if structure.type not in self.library.supertypes(type_):
            self.found.error("structure", "resource-type", path, expected=structure.type)
            return
        before = self.found.misshapen
        self._members(resource, structure.root.children, Place(path, (type_,)), is_resource=True)
        if type_ == "Bundle":
            bundles.check(resource, path, self.found)
        contained.check(resource, path, self.found)
        if self.found.misshapen == before:
            narrative = structure.root.children.get("text")
            unwanted = (narrative is not None and narrative.max == 0) or self.around.resource is not self.around.root
            self._ask(structure.root.constraints, resource, type_, path, rules.ADVICE if unwanted else frozenset())

    def _inner(self, item: Item, around: Surroundings) -> None:
        """A contained resource, an entry, a parameter: by its own profiles, and those of the element that it stands in."""
        scope = replace(self.scope, around=around)
        walk = replace(self, scope=scope, assumed=self.assumed if around.bundles else {})
        walk.resource(item.value, item.path, item.ref.profiles)
        own = self.library.resource_type(item.value.get("resourceType"))
        if own is not None and item.ref.code not in self.library.supertypes(own.type):
            self.found.error("structure", "target-type", item.path, targets=item.ref.code)

    # --- one profile of several ----------------------------------------------------------------------------------------

    def conforms(self, value: Any, url: str) -> bool:
        """Whether a value has no error against a profile: for discriminators, and where one of several will do."""
        mark = (id(value), url)
        structure = self.library.structure(url)
        if structure is None or mark in self.trying or len(self.trying) >= NESTED:
            return True
        if mark not in self.tried:
            scope = replace(self.scope, found=Findings())
            trial = replace(self, scope=scope, assumed={}, trying=(*self.trying, mark), done=set())
            with suppress(Full):
                trial._value_against(value, structure, Place(""))
            self.tried[mark] = not trial.found.has_errors
        return self.tried[mark]

    def _value_against(self, value: Any, structure: Structure, place: Place) -> None:
        if not isinstance(value, dict):
            self.found.error("structure", "object-expected", place.path)
        elif structure.kind == "resource":
            if self.library.resource_type(value.get("resourceType")):
                self._against(value, structure, place.path)
            else:
                self.found.error("structure", "resource-unknown", place.path)
        else:
            before = self.found.misshapen
            self._members(value, structure.root.children, place)
            if self.found.misshapen == before:
                self._ask(structure.root.constraints, value, structure.type, place.path)

    # --- the members of an object ------------------------------------------------------------------------------------

    def _members(
        self, value: dict[str, Any], children: Mapping[str, Node], place: Place, *, is_resource: bool = False
    ) -> None:
        names.check(value, children, place.path, self.scope, is_resource=is_resource)
        shape = self.library.shape(children)
        for node in children.values():
            present = [name for name in node.property_names if self._is_present(name, shape[name][1], value)]
            if len(present) > 1:
                self.found.error("structure", "one-type-only", f"{place.path}.{node.name}")
            elif present:
                self._present(node, present[0], shape[present[0]][1], value, place)
            else:
                self._absent(node, f"{place.path}.{node.name}")

    def _is_present(self, name: str, ref: TypeRef, value: Mapping[str, Any]) -> bool:
        return name in value or (f"_{name}" in value and self.library.is_primitive(ref.code))

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
        read = list(
            items.read(node, ref, value.get(name, MISSING), value.get(f"_{name}", MISSING), path, found=self.found)
        )
        if node.is_list and read:
            items.count(node, len(read), path, self.found)
        slicer = Slicer(self.library, self.around, self.conforms)
        chosen = slices.sort(node, read, path, slicer, self.found) if node.slices and read else {}
        for number, item in enumerate(read):
            self._item(node, item, place)
            for one in chosen.get(number, ()):
                narrowed = next((r for r in one.types if r.code == ref.code), ref)
                self._item(one, replace(item, ref=narrowed), place)

    # --- one value ---------------------------------------------------------------------------------------------------

    def _item(self, node: Node, item: Item, parent: Place) -> None:
        mark = (id(item.value), id(item.beside), id(node), item.path)
        if mark in self.done:
            return
        self.done.add(mark)
        before = self.found.misshapen
        place = parent.below(node, item)
        if self.library.is_primitive(item.ref.code):
            self._primitive(node, item, place)
        elif not isinstance(item.value, dict):
            self.found.error("structure", "object-expected", item.path)
        elif not item.value:
            self.found.error("structure", "empty", item.path)
        elif self.library.is_slot(item.ref.code):
            is_contained = node.name == "contained"
            self._inner(item, self.around.contained(item.value) if is_contained else self.around.entry(item.value))
            return
        else:
            self._complex(node, item, item.value, place, parent)
        if self.found.misshapen == before:
            if not item.is_empty:
                values.check_stated(node, item, self.scope)
            self._ask_item(node, item)

    def _complex(self, node: Node, item: Item, value: dict[str, Any], place: Place, parent: Place) -> None:
        if item.ref.code == "Extension":
            self._extension(node, value, place, parent)
        else:
            self._members(value, self.library.children(node, item.ref.code), place)
        if item.ref.code == "Reference":
            references.check(item.ref, value, item.path, self.scope)
        self._profiled(item.ref, value, place)

    def _profiled(self, ref: TypeRef, value: dict[str, Any], place: Place) -> None:
        """A type with profiles: the value conforms to one of them."""
        known = [one for url in ref.profiles if (one := self.library.structure(url)) is not None]
        if len(known) > 1:
            known = next(([one] for one in known if self.conforms(value, one.url)), known[:1])
        for structure in known:
            if structure.url != value.get("url"):  # an extension is looked at by its url already
                self._value_against(value, structure, place)

    def _extension(self, node: Node, value: dict[str, Any], place: Place, parent: Place) -> None:
        modifies = node.name == "modifierExtension"
        url = value.get("url")
        inside = Place(place.path, ("Extension",), url if isinstance(url, str) else "")
        self._members(value, self.library.children(node, "Extension"), inside)
        structure = extensions.find(value, place.path, modifies, self.scope)
        if structure is not None:
            extensions.check_place(
                structure, place.path, modifies, extensions.Carrier(parent.names, parent.within), self.scope
            )
            self._value_against(value, structure, inside)

    def _primitive(self, node: Node, item: Item, place: Place) -> None:
        has_more = item.beside is not MISSING and not (item.beside is None and node.is_list)
        if (item.value is None and not (node.is_list and has_more)) or (item.value is MISSING and not has_more):
            self.found.error("structure", "empty", item.path)
        if has_more:
            self._beside(node, item.beside, place)
        if not item.is_empty:
            values.check_primitive(node, item, self.found)

    def _beside(self, node: Node, beside: Any, place: Place) -> None:
        """`_name`: the id and the extensions of a primitive."""
        if not isinstance(beside, dict):
            self.found.error("structure", "object-expected", place.path)
        elif not beside:
            self.found.error("structure", "empty", place.path)
        else:
            children = self.library.children(node, "Element")
            self._members(beside, {name: child for name, child in children.items() if name != "value"}, place)

    # --- invariants --------------------------------------------------------------------------------------------------

    def _ask_item(self, node: Node, item: Item) -> None:
        """Those of the element and those of its type."""
        type_ = self.library.type(item.ref.code)
        inline = item.ref.code in {"BackboneElement", "Element"}
        own = () if type_ is None or self.library.is_primitive(item.ref.code) else type_.root.constraints
        constraints = tuple(dict.fromkeys((*node.constraints, *own)))
        value = item.beside if item.is_empty else item.value
        self._ask(constraints, value, node.origin.path if inline else item.ref.code, item.path)

    def _ask(
        self, constraints: tuple[Constraint, ...], value: Any, type_: str, path: str, skip: frozenset[str] = frozenset()
    ) -> None:
        for constraint in constraints:
            if constraint.key not in skip:
                rules.ask(constraint, value, type_, path, self.scope)
