"""A StructureDefinition's snapshot as a frozen tree: compiled once, walked for every resource.

https://hl7.org/fhir/R4/structuredefinition.html · https://hl7.org/fhir/R4/elementdefinition.html
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from hub.fhir import Resource

ABSENT: Final = object()
"""No fixed value, no pattern: `None` and `false` might be one."""
SYSTEM_TYPES: Final = "http://hl7.org/fhirpath/"
R4: Final = "http://hl7.org/fhir/StructureDefinition/"
BY_URL: Final = (("value", "url"),)
BY_TYPE: Final = (("type", "$this"),)


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


def compile_structure(definition: Resource, elements: Iterable[Resource]) -> Structure:
    """The tree of a definition. KeyError, TypeError, ValueError … where it is misshapen: it may come from anyone."""
    structure = Structure(
        url=definition["url"],
        type=definition["type"],
        kind=definition.get("kind", ""),
        derivation=definition.get("derivation", ""),
        contexts=tuple((one["type"], one["expression"]) for one in definition.get("context", ())),
    )
    below: dict[str, list[Resource]] = {}
    slices: dict[str, list[Resource]] = {}
    first, *others = elements
    for element in others:
        id_ = _id(element)
        parent, _, last = id_.rpartition(".")
        if ":" in last:
            _add_slice(slices, below, id_, element)
        else:
            below.setdefault(parent, []).append(element)
    root = _node(first, structure, below, slices)
    structure.at[structure.type] = root
    return structure


def _add_slice(
    slices: dict[str, list[Resource]], below: dict[str, list[Resource]], id_: str, element: Resource
) -> None:
    """Under what it slices: the element, or for `a:b/c` the slice `a:b`."""
    sliced, _, name = id_.rpartition(":")
    again = f"{sliced}:{name.rpartition('/')[0]}"
    known = {_id(one) for one in slices.get(sliced, ())}
    slices.setdefault(again if "/" in name and again in known else sliced, []).append(element)


def _id(element: Resource) -> str:
    """Its id; of an old snapshot without ids, its path."""
    id_: str = element.get("id") or element["path"]
    return id_


def _node(
    element: Resource, owner: Structure, below: Mapping[str, list[Resource]], slices: Mapping[str, list[Resource]]
) -> Node:
    id_, path = _id(element), element["path"]
    name: str = path.rpartition(".")[2]
    children = [_node(one, owner, below, slices) for one in below.get(id_, ())]
    maximum = element.get("max", "1")
    is_choice = name.endswith("[x]")
    types = _types(element, owner)
    node = Node(
        id=id_,
        path=path,
        name=name.removesuffix("[x]"),
        min=element.get("min", 0),
        max=None if maximum == "*" else int(maximum),
        is_list=element.get("base", {}).get("max", maximum) not in {"0", "1"},
        types=types,
        fixed=_valued(element, "fixed"),
        pattern=_valued(element, "pattern"),
        binding=_binding(element.get("binding", {})),
        constraints=tuple(_constraints(element)),
        limits={
            kind: found
            for kind in ("maxLength", "minValue", "maxValue")
            if (found := _valued(element, kind)) is not ABSENT
        },
        repeats=element.get("contentReference", "").rpartition("#")[2],
        is_choice=is_choice,
        is_modifier=bool(element.get("isModifier", False)),
        slicing=_slicing(element, is_choice, types),
        slice_name=element.get("sliceName") or (id_.rpartition(":")[2] if ":" in id_.rpartition(".")[2] else ""),
        owner=owner,
        children={child.name: child for child in children},
        slices=tuple(_node(one, owner, below, slices) for one in slices.get(id_, ())),
    )
    if not node.slice_name:
        owner.at.setdefault(path, node)
    return node


def _types(element: Resource, owner: Structure) -> tuple[TypeRef, ...]:
    return tuple(
        TypeRef(
            _type_code(one, element["path"], owner), tuple(one.get("profile", ())), tuple(one.get("targetProfile", ()))
        )
        for one in element.get("type", ())
    )


def _type_code(type_: Resource, path: str, owner: Structure) -> str:
    """A type's name; the system types of ids and urls as FHIR's own. R4 itself says `string` of a resource's id."""
    code: str = type_["code"]
    if not code.startswith(SYSTEM_TYPES):
        return code.removeprefix(R4)
    if path == f"{owner.type}.id":
        return "id" if owner.kind == "resource" else "string"
    named = [e["valueUrl"] for e in type_.get("extension", ()) if e["url"].endswith("structuredefinition-fhir-type")]
    return str(named[0]) if named else "string"


def _valued(element: Resource, stem: str) -> Any:
    """The value of `fixed[x]`, `pattern[x]` …"""
    for key, value in element.items():
        if key == stem or (key.startswith(stem) and key[len(stem) : len(stem) + 1].isupper()):
            return value
    return ABSENT


def _binding(stated: Resource) -> Binding | None:
    if "valueSet" not in stated or "strength" not in stated:
        return None
    largest = [e.get("valueCanonical", "") for e in stated.get("extension", ()) if e["url"].endswith("-maxValueSet")]
    return Binding(stated["strength"], _bare(stated["valueSet"]), _bare(largest[0]) if largest else "")


def _bare(canonical: str) -> str:
    return canonical.partition("|")[0]


def _constraints(element: Resource) -> Iterable[Constraint]:
    for one in element.get("constraint", ()):
        if "expression" in one:
            yield Constraint(one["key"], one.get("severity", "error"), one["expression"], one.get("human", ""))


def _slicing(element: Resource, is_choice: bool, types: tuple[TypeRef, ...]) -> Slicing | None:
    """As stated; extensions are sliced by url and choices by type even where a snapshot does not say so."""
    stated = element.get("slicing")
    if stated is None and is_choice:
        return Slicing(BY_TYPE, "open", False)
    if stated is None:
        return Slicing(BY_URL, "open", False) if [ref.code for ref in types] == ["Extension"] else None
    found = tuple((one["type"], one["path"]) for one in stated.get("discriminator", ()))
    return Slicing(found, stated.get("rules", "open"), bool(stated.get("ordered", False)))
