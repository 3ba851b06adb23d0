"""A StructureDefinition's snapshot as a frozen tree: made once by `compiling`, walked for every resource.

https://hl7.org/fhir/R4/structuredefinition.html · https://hl7.org/fhir/R4/elementdefinition.html
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

ABSENT: Final = object()
"""No fixed value, no pattern: `None` and `false` might be one."""
R4: Final = "http://hl7.org/fhir/StructureDefinition/"


@dataclass(frozen=True)
class TypeRef:
    """One type that an element may have. `profiles`: the value conforms to one of them; `targets`: where a reference leads."""

    code: str
    profiles: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Binding:
    strength: str
    value_set: str
    largest: str = ""  # elementdefinition-maxValueSet


@dataclass(frozen=True)
class Constraint:
    """`human`: what the definition itself says of it."""

    key: str
    severity: str
    expression: str
    human: str = ""


@dataclass(frozen=True)
class Slicing:
    discriminators: tuple[tuple[str, str], ...]  # (type, path)
    rules: str
    ordered: bool


@dataclass(frozen=True, eq=False)
class Node:
    """An element of a snapshot, with what is below it there. `path` is R4's, without slices; `max` None: unbounded."""

    id: str
    path: str
    name: str
    min: int
    max: int | None
    is_list: bool
    types: tuple[TypeRef, ...]
    fixed: Any
    pattern: Any
    binding: Binding | None
    constraints: tuple[Constraint, ...]
    limits: Mapping[str, Any]  # maxLength, minValue, maxValue
    repeats: str  # path of the element that this one is like (contentReference)
    is_choice: bool
    is_modifier: bool
    slicing: Slicing | None
    slice_name: str
    owner: "Structure" = field(repr=False)
    children: Mapping[str, "Node"] = field(default_factory=dict, repr=False)
    slices: tuple["Node", ...] = field(default=(), repr=False)

    @property
    def is_fixed(self) -> bool:
        return self.fixed is not ABSENT or self.pattern is not ABSENT

    @cached_property
    def fixes(self) -> bool:
        """Whether anything is fixed here or below."""
        below = (one for child in self.children.values() for one in (child, *child.slices))
        return self.is_fixed or any(one.fixes for one in below)

    @cached_property
    def json_names(self) -> Mapping[str, TypeRef]:
        """Properties that may hold it: one, or for a choice one a type."""
        if not self.is_choice:
            return {self.name: self.types[0] if self.types else TypeRef("Element")}
        return {self.name + ref.code[:1].upper() + ref.code[1:]: ref for ref in self.types}

    @cached_property
    def property_names(self) -> tuple[str, ...]:
        return (self.name,) if self.repeats else tuple(self.json_names)

    @cached_property
    def origin(self) -> "Node":
        """The element whose children and types it has: itself, but for a contentReference."""
        return self.owner.at.get(self.repeats, self) if self.repeats else self


@dataclass(frozen=True, eq=False)
class Structure:
    """A StructureDefinition. `at`: path → element. `contexts`: where an extension may stand, as (type, expression)."""

    url: str
    type: str
    kind: str
    derivation: str
    contexts: tuple[tuple[str, str], ...] = ()
    at: dict[str, Node] = field(default_factory=dict, repr=False)

    @property
    def root(self) -> Node:
        return self.at[self.type]

    @property
    def is_profile(self) -> bool:
        return self.derivation == "constraint"
