"""What a resource of a profile must look like, as a tree of frozen nodes. From one tree come the JSON Schema that decides and
the sentences that explain, so that they cannot differ in what they know.

https://hl7.org/fhir/R4/json.html · https://hl7.org/fhir/R4/profiling.html#slicing
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from hub.fhir.definitions import Definitions, Element, Profile, load
from hub.fhir.r4 import tables

NUMBERS = {"integer": (None, "integer"), "unsignedInt": (0, "integer"), "positiveInt": (1, "integer"), "decimal": (None, "number")}


@dataclass(frozen=True)
class Primitive:
    """A primitive value. `codes` where a required binding says which."""

    type: str
    regex: str = ""
    codes: frozenset[str] | None = None
    fixed: Any = None


@dataclass(frozen=True)
class Slice:
    """Items that match `pattern` (or whose `url` is `url`) obey `value` and are counted."""

    name: str
    min: int
    max: int | None
    pattern: Mapping[str, Any]
    value: "Complex"


@dataclass(frozen=True)
class Property:
    """One JSON property. `group` is shared by the properties of one choice (`value[x]`)."""

    name: str
    group: str
    min: int
    max: int | None
    is_list: bool
    value: "Primitive | Complex"
    pattern: Any = None
    codings: frozenset[tuple[str, str]] | None = None
    targets: tuple[str, ...] = ()
    slices: tuple[Slice, ...] = ()
    closed: bool = False

    @property
    def is_primitive(self) -> bool:
        return isinstance(self.value, Primitive)


@dataclass(frozen=True, eq=False)
class Complex:
    """An object. Its properties are worked out when first asked for: data types contain themselves."""

    key: str  # unique: the name of the definition in the JSON Schema
    planner: "Planner" = field(repr=False)
    profile: Profile | None = field(repr=False, default=None)
    element_id: str = ""

    @cached_property
    def properties(self) -> Mapping[str, Property]:
        return {p.name: p for p in self.planner.properties(self)}

    @cached_property
    def groups(self) -> Mapping[str, tuple[Property, ...]]:
        """Properties by element: several for a choice."""
        found: dict[str, list[Property]] = {}
        for p in self.properties.values():
            found.setdefault(p.group, []).append(p)
        return {group: tuple(members) for group, members in found.items()}

    @property
    def is_resource(self) -> bool:
        return self.profile is not None and self.element_id == self.profile.type


class Planner:
    """Plans profiles over one set of definitions. Each node exists once."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions
        self._nodes: dict[str, Complex] = {}

    def profile(self, profile: Profile) -> Complex:
        return self._node(profile.name, profile, profile.type)

    def _node(self, key: str, profile: Profile | None = None, element_id: str = "") -> Complex:
        if key not in self._nodes:
            self._nodes[key] = Complex(key, self, profile, element_id)
        return self._nodes[key]

    def properties(self, node: Complex) -> Iterator[Property]:
        if node.profile is None:
            yield from self._of_type(node.key)
            return
        for child in node.profile.children(node.element_id):
            yield from self._of_element(node.profile, child)

    # an element that a profile speaks of
    def _of_element(self, profile: Profile, element: Element) -> Iterator[Property]:
        slices = tuple(self._slices(profile, element))
        closed = bool(slices) and profile.is_closed(element.id)
        for name, type_ in element.json_names.items():
            yield self._property(name, type_, element, self._value(profile, element, type_), slices, closed)

    def _slices(self, profile: Profile, element: Element) -> Iterator[Slice]:
        for slice_ in profile.slices(element.id):
            pattern = {"url": slice_.extension_url} if slice_.extension_url else self._discriminator(profile, slice_)
            value = self._node(f"{profile.name}.{slice_.id}", profile, slice_.id)
            yield Slice(slice_.slice_name or "", slice_.min, slice_.max, pattern, value)

    def _discriminator(self, profile: Profile, slice_: Element) -> Mapping[str, Any]:
        """What makes an item this slice: the fixed or pattern values of its direct children."""
        found = {}
        for child in profile.children(slice_.id):
            said = child.fixed if child.fixed is not None else child.pattern
            if said is not None:
                found[child.name] = said
        return found

    def _value(self, profile: Profile, element: Element, type_: str) -> "Primitive | Complex":
        if type_ in tables().primitives:
            return self._primitive(element, type_)
        if profile.reaches_below(element.id):
            return self._node(f"{profile.name}.{element.id}", profile, element.id)
        return self._node(element.below or type_)

    # an element as R4 defines it
    def _of_type(self, type_: str) -> Iterator[Property]:
        for name in tables().children.get(type_, ()):
            row = tables().rows[f"{type_}.{name}"]
            content = tables().rows[row.content] if row.content else None
            types = content.types if content else row.types
            element = Element(
                row.path, row.path, row.min, row.max, types, "", targets=row.targets, binding=row.binding, is_list=row.max != 1
            )
            backbone = row.content or (row.path if row.path in tables().children else "")
            for json_name, json_type in element.json_names.items():
                if json_type in tables().primitives:
                    yield self._property(json_name, json_type, element, self._primitive(element, json_type), (), False)
                else:
                    yield self._property(json_name, json_type, element, self._node(backbone or json_type), (), False)

    def _property(
        self, name: str, type_: str, element: Element, value: "Primitive | Complex", slices: tuple[Slice, ...], closed: bool
    ) -> Property:
        return Property(
            name=name,
            group=element.name,
            min=element.min,
            max=element.max,
            is_list=element.is_list,
            value=value,
            pattern=element.pattern if isinstance(value, Complex) else None,
            codings=self._codings(element, type_),
            targets=self._targets(element) if type_ == "Reference" else (),
            slices=slices,
            closed=closed,
        )

    def _targets(self, element: Element) -> tuple[str, ...]:
        """Resource types that the reference may lead to; none where it may lead anywhere."""
        types = [self.definitions.profile(t).type if "://" in t else t for t in element.targets]
        return () if "Resource" in types else tuple(dict.fromkeys(types))

    def _primitive(self, element: Element, type_: str) -> Primitive:
        codes = None
        if type_ == "code" and (bound := self._bound(element)) is not None:
            codes = frozenset(code for _, code in bound)
        return Primitive(type_, tables().primitives[type_], codes, element.fixed if element.fixed is not None else element.pattern)

    def _codings(self, element: Element, type_: str) -> frozenset[tuple[str, str]] | None:
        return self._bound(element) if type_ in {"Coding", "CodeableConcept"} else None

    def _bound(self, element: Element) -> frozenset[tuple[str, str]] | None:
        if not element.binding or element.strength not in {"required", None}:
            return None
        try:
            return frozenset(self.definitions.value_set(element.binding).codes)
        except KeyError:
            return None


def planner() -> Planner:
    return Planner(load())
