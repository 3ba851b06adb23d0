"""What a resource of a profile must look like, as a tree of frozen nodes. From one tree come the JSON Schema that decides and
the sentences that explain, so that they cannot differ in what they know. A slice of a choice (`value[x]:valueQuantity`) says
what holds for one of its types.

https://hl7.org/fhir/R4/json.html · https://hl7.org/fhir/R4/profiling.html#slicing. A profile is closed here: elements that
it rules out, extensions that it does not name and modifier extensions are refused, since no data class would cover them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from hub.conformance import lexical
from hub.fhir.data_classes import identifying
from hub.fhir.definitions import Definitions, Element, Profile
from hub.fhir.r4 import tables


@dataclass(frozen=True)
class Primitive:
    """A primitive value. `rule`: its JSON Schema. `codes` where a required binding says which."""

    type: str
    rule: Mapping[str, Any]
    codes: tuple[str, ...] | None = None
    fixed: Any = None


@dataclass(frozen=True)
class Slice:
    """Items that match `pattern` obey `value` and are counted."""

    name: str
    min: int
    max: int | None
    pattern: Mapping[str, Any]
    value: "Complex"


@dataclass(frozen=True)
class Property:
    """One JSON property. `group` is shared by the properties of one choice (`value[x]`); `max` 0: it must not be there.

    `sibling`: what stands beside a primitive under `_name`, where the profile names an extension for it. `quotable`: a wrong
    code may be repeated in an issue, as its data class identifies no one.
    """

    name: str
    group: str
    min: int
    max: int | None
    is_list: bool
    value: "Primitive | Complex"
    pattern: Any = None
    codings: Mapping[str, tuple[str, ...]] | None = None  # system → codes of a required binding
    targets: tuple[str, ...] = ()
    is_reference: bool = False
    slices: tuple[Slice, ...] = ()
    closed: bool = False
    sibling: "Complex | None" = None
    quotable: bool = False

    @property
    def is_concept(self) -> bool:
        """Whether a binding speaks of `coding` below; otherwise the value is itself a Coding."""
        return isinstance(self.value, Complex) and "coding" in self.value.properties


@dataclass(frozen=True, eq=False)
class Complex:
    """An object. Its properties are worked out when first asked for: data types contain themselves."""

    key: str  # unique: the name of the definition in the JSON Schema
    planner: "Planner" = field(repr=False)
    profile: Profile | None = field(repr=False, default=None)
    element_id: str = ""

    @cached_property
    def properties(self) -> Mapping[str, Property]:
        """Those that may be there."""
        return {p.name: p for p in self.planner.properties(self) if p.max != 0}

    @cached_property
    def prohibited(self) -> frozenset[str]:
        """Names that R4 knows here and the profile rules out."""
        return frozenset(self.planner.names(self)) - self.properties.keys()

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
        if node.profile is not None:
            for child in node.profile.children(node.element_id):
                yield from self._of_element(node.profile, child)
        else:
            for name in tables().children.get(node.key, ()):
                yield from self._of_type(f"{node.key}.{name}")

    def names(self, node: Complex) -> Iterator[str]:
        """Every property that R4 has for such an object, all types of its choices included."""
        below = node.profile.element(node.element_id).below if node.profile else node.key
        for name in tables().children.get(below, ()):
            row = tables().rows[f"{below}.{name}"]
            yield from Element(row.path, row.path, row.min, row.max, row.types, "").json_names

    # --- an element that a profile speaks of -------------------------------------------------------------------------

    def _of_element(self, profile: Profile, element: Element) -> Iterator[Property]:
        found = () if element.is_choice else profile.slices(element.id)
        slices = tuple(self._slice(profile, one) for one in found if one.max != 0)
        for name, type_ in element.json_names.items():
            chosen = profile.as_type(element, type_)
            value, sibling = self._value(profile, chosen, type_)
            yield Property(
                name=name,
                group=element.name,
                min=element.min
                or int(any(one.min for one in slices)),  # a slice that must be there is missed without any
                max=0 if _is_unnamed(element, slices) else element.max,
                is_list=element.is_list,
                value=value,
                pattern=chosen.pattern if isinstance(value, Complex) else None,
                codings=self._bound(chosen) if type_ in {"Coding", "CodeableConcept"} else None,
                targets=self._targets(chosen),
                is_reference=type_ == "Reference",
                slices=slices,
                closed=bool(slices) and profile.is_closed(element.id),
                sibling=sibling,
                quotable=element.data_class not in identifying(),
            )

    def _slice(self, profile: Profile, one: Element) -> Slice:
        discriminator = profile.discriminator(one.id.removesuffix(f":{one.slice_name}"))
        value = self._node(f"{profile.name}/{one.id}", profile, one.id)
        return Slice(one.slice_name or "", one.min, one.max, {discriminator: profile.mark(one.id)}, value)

    def _value(self, profile: Profile, element: Element, type_: str) -> tuple[Primitive | Complex, Complex | None]:
        below = (
            self._node(f"{profile.name}/{element.id}", profile, element.id)
            if profile.reaches_below(element.id)
            else None
        )
        if type_ in tables().primitives:
            return self._primitive(element, type_), below
        return below or self._node(element.below or type_), None

    def _targets(self, element: Element) -> tuple[str, ...]:
        """Resource types that a reference may lead to; none where it may lead anywhere."""
        types = [self.definitions.profile(t).type if "/" in t else t for t in element.targets]
        return () if "Resource" in types else tuple(dict.fromkeys(types))

    def _bound(self, element: Element) -> Mapping[str, tuple[str, ...]] | None:
        if (
            element.binding is None
            or element.strength != "required"
            or not self.definitions.has_value_set(element.binding)
        ):
            return None
        return self.definitions.value_set(element.binding).systems

    def _primitive(self, element: Element, type_: str) -> Primitive:
        bound = self._bound(element) if type_ in {"code", "string", "uri"} else None
        codes = tuple(code for listed in bound.values() for code in listed) if bound else None
        if element.name == "id" and element.id.count(".") == 1:
            type_ = "id"  # R4's table says string
        narrower = {"maxLength": element.max_length, "minimum": element.least, "maximum": element.most}
        rule = lexical.rule(type_) | {key: value for key, value in narrower.items() if value is not None}
        fixed = element.pattern if element.fixed is None else element.fixed
        return Primitive(type_, rule, codes, fixed)

    # --- an element as its data type defines it ----------------------------------------------------------------------

    def _of_type(self, path: str) -> Iterator[Property]:
        row = tables().rows[path]
        origin = tables().rows[row.content] if row.content else row
        element = Element(
            row.path, row.path, row.min, row.max, origin.types, "", binding=row.binding,
            strength="required", is_list=row.max != 1,
        )  # fmt: skip
        below = row.content or (row.path if row.path in tables().children else "")
        for name, type_ in element.json_names.items():
            primitive = type_ in tables().primitives
            yield Property(
                name=name,
                group=element.name,
                min=element.min,
                max=0 if _is_unnamed(element, ()) else element.max,
                is_list=element.is_list,
                value=self._primitive(element, type_) if primitive else self._node(below or type_),
                is_reference=type_ == "Reference",
            )


def _is_unnamed(element: Element, slices: tuple[Slice, ...]) -> bool:
    """An element for extensions of which the profile names none."""
    return element.types == ("Extension",) and not slices
