"""A profile's elements: its differential laid over R4, slices and extensions resolved, each with its data class.

https://hl7.org/fhir/R4/profiling.html · https://hl7.org/fhir/R4/elementdefinition.html#id (element ids)
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from hub.fhir import Resource
from hub.fhir.canonicals import profile as canonical
from hub.fhir.r4 import EXTENSION, tables

DATA_CLASS = canonical("data-class")
_AS_IS = {"min": "min", "max_length": "maxLength", "least": "minValueInteger", "most": "maxValueInteger"}


@dataclass(frozen=True)
class Constraint:
    """An invariant. `expression` is FHIRPath, read on the element that carries it."""

    key: str
    expression: str
    human: str


@dataclass(frozen=True)
class Element:
    """One element of a profile. `max` None: no upper bound. `is_list`: JSON holds an array, whatever the profile's own max."""

    id: str
    path: str
    min: int
    max: int | None
    types: tuple[str, ...]
    data_class: str
    targets: tuple[str, ...] = ()  # types that a Reference may point to; empty: any
    fixed: Any = None
    pattern: Any = None
    binding: str | None = None  # canonical of a value set
    strength: str | None = None
    slice_name: str | None = None
    extension_url: str | None = None
    is_list: bool = False
    max_length: int | None = None
    least: int | None = None  # of an integer
    most: int | None = None
    constraints: tuple[Constraint, ...] = ()
    below: str = field(default="", repr=False)  # R4 path under which the children are listed

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]

    @property
    def is_choice(self) -> bool:
        return self.name.endswith("[x]")

    @property
    def json_names(self) -> dict[str, str]:
        """Property names in JSON → type; several for a choice (`value[x]` → `valueCode`, `valueString` …)."""
        if not self.is_choice:
            return {self.name: self.types[0] if self.types else ""}
        stem = self.name.removesuffix("[x]")
        return {stem + type_[0].upper() + type_[1:]: type_ for type_ in self.types}


class Profile:
    """A StructureDefinition of this project. `elements` holds R4's own elements, all that the differential reaches and their
    siblings, by element id (`Patient.identifier:survivor-code.value`); `element` goes as deep as asked."""

    def __init__(self, definition: Resource, extension: Callable[[str], "Profile"]) -> None:
        self.name: str = definition["id"]
        self.url: str = definition["url"]
        self.type: str = definition["type"]
        self.title: str = definition["title"]
        self.definition = definition
        self._extension = extension
        self._differential: dict[str, Resource] = {e["id"]: e for e in definition["differential"]["element"]}
        self._resolved: dict[str, Element] = {}
        self.base_class: str = _declared_class(self._differential.get(self.type, {})) or ""

    @cached_property
    def elements(self) -> Mapping[str, Element]:
        found = {self.type: self.element(self.type)}
        self._add_below(self.type, found)
        return found

    @cached_property
    def classes(self) -> frozenset[str]:
        """Every data class that a resource of this profile may hold."""
        return frozenset(e.data_class for e in self.elements.values() if e.max != 0 and not self.is_prohibited(e.id))

    @cached_property
    def constraints(self) -> tuple[tuple[Element, Constraint], ...]:
        """Every invariant, with the element that carries it."""
        return tuple((e, constraint) for e in self.elements.values() for constraint in e.constraints)

    def element(self, id_: str) -> Element:
        """The element of this id, expanding data types as deep as the id goes. KeyError when R4 has no such element."""
        if id_ not in self._resolved:
            self._resolved[id_] = self._narrow(self._inherited(id_), self._differential.get(id_, {}))
        return self._resolved[id_]

    def children(self, id_: str) -> tuple[Element, ...]:
        """The elements directly below, slices left out."""
        return tuple(self.element(f"{id_}.{name}") for name in tables().children.get(self.element(id_).below, ()))

    def slices(self, id_: str) -> tuple[Element, ...]:
        """The slices of an element, in the order of the differential. A slice is not sliced again."""
        return tuple(self.element(other) for other in self._sliced.get(id_, ()))

    def as_type(self, element: Element, type_: str) -> Element:
        """What holds of a choice when it has this type: its slice for the type, if there is one, else the element itself."""
        chosen = self.slices(element.id) if element.is_choice else ()
        return next((one for one in chosen if one.types == (type_,)), element)

    def is_closed(self, id_: str) -> bool:
        """Whether an item that fits no slice of this element is an error. Extensions that nothing names always are."""
        rules: str = self._differential.get(id_, {}).get("slicing", {}).get("rules", "")
        return rules == "closed" or self.element(id_).types == ("Extension",)

    def discriminator(self, id_: str) -> str:
        """The child by which the slices of this element are told apart: `type`, `code`, `url`."""
        paths = [d["path"] for d in self._differential.get(id_, {}).get("slicing", {}).get("discriminator", ())]
        return paths[0] if paths else "url"  # extensions are told apart by url without being told so

    def mark(self, id_: str) -> Any:
        """The value of the discriminator that makes an item one of this slice: a url, a code, or a pattern."""
        one = self.element(id_)
        if one.extension_url:
            return one.extension_url
        sliced = id_.removesuffix(f":{one.slice_name}")
        child = self.element(f"{id_}.{self.discriminator(sliced)}")
        return child.pattern if child.fixed is None else child.fixed

    def reaches_below(self, id_: str) -> bool:
        """Whether the profile says anything about elements below this one that its data type does not say itself."""
        return id_ in self._reached

    def stated(self, id_: str) -> Resource:
        """What the differential says of an element; below a slice that is an extension, what its own definition says."""
        at = self.extension_at(id_)
        return self._differential.get(id_) or (at[1].stated(at[2]) if at else {})

    @cached_property
    def _known_ids(self) -> tuple[str, ...]:
        """Ids of the differential, and those that its extensions' own definitions add."""
        found: dict[str, None] = {}
        for id_, definition in self._differential.items():
            found[id_] = None
            url = _extension_url(definition)
            if url:
                inner = self._extension(url)
                found |= dict.fromkeys(id_ + other.removeprefix("Extension") for other in inner._known_ids)
        return tuple(found)

    @cached_property
    def _reached(self) -> frozenset[str]:
        """Ids below which something is known."""
        return frozenset(other[:end] for other in self._known_ids for end, letter in enumerate(other) if letter == ".")

    @cached_property
    def _sliced(self) -> Mapping[str, tuple[str, ...]]:
        """An element's slices, in the order of the differential."""
        found: dict[str, tuple[str, ...]] = {}
        for other in self._known_ids:
            sliced, colon, name = other.rpartition(":")
            if colon and "." not in name:
                found[sliced] = (*found.get(sliced, ()), other)
        return found

    # --- resolving one id --------------------------------------------------------------------------------------------

    def _inherited(self, id_: str) -> Element:
        """The element before this profile's own differential speaks."""
        parent_id, _, last = id_.rpartition(".")
        if not parent_id:
            if id_ != self.type:
                raise KeyError(id_)
            return Element(id_, id_, 0, None, (self.type,), self.base_class, below=self.type)
        name, _, slice_name = last.partition(":")
        if slice_name:
            return self._new_slice(id_, f"{parent_id}.{name}", slice_name)
        extended = self._from_extension(id_)
        return extended or self._child(self.element(parent_id), id_, name)

    def _new_slice(self, id_: str, sliced_id: str, slice_name: str) -> Element:
        return self._from_extension(id_) or replace(
            self.element(sliced_id), id=id_, slice_name=slice_name, min=0, constraints=()
        )

    def _child(self, parent: Element, id_: str, name: str) -> Element:
        row = tables().rows.get(f"{parent.below}.{name}")
        if row is None or not parent.below:
            raise KeyError(id_)
        types = tables().rows[row.content].types if row.content else row.types
        backbone = row.content or (row.path if row.path in tables().children else "")
        return Element(
            id=id_,
            path=f"{parent.path}.{name}",
            min=row.min,
            max=row.max,
            types=types,
            data_class=parent.data_class,
            targets=row.targets,
            binding=row.binding,
            strength="required" if row.binding else None,
            is_list=row.max != 1,
            below=backbone or _below(types),
        )

    def _from_extension(self, id_: str) -> Element | None:
        """The element as the extension's own definition has it, when the id lies below a slice that is an extension."""
        at = self.extension_at(id_)
        if at is None:
            return None
        owner, extension, inner = self.element(at[0]), at[1], at[2]
        found = extension.element(inner)
        path = owner.path + found.path.removeprefix("Extension")
        return replace(found, id=id_, path=path, data_class=found.data_class or owner.data_class)

    def extension_at(self, id_: str) -> "tuple[str, Profile, str] | None":
        """The nearest slice above an id that is an extension, that extension, and the id of the element within it."""
        at = id_.rfind(":")
        while at > 0:
            end = id_.find(".", at)
            slice_id = id_ if end < 0 else id_[:end]
            url = _extension_url(self._differential.get(slice_id, {}))
            if url and end > 0:
                return slice_id, self._extension(url), f"Extension{id_[end:]}"
            at = id_.rfind(":", 0, at)
        return None

    def _narrow(self, element: Element, definition: Resource) -> Element:
        """The element with what the differential says of it."""
        if not definition:
            return element
        changes: dict[str, Any] = {ours: definition[theirs] for ours, theirs in _AS_IS.items() if theirs in definition}
        if "max" in definition:
            changes["max"] = None if definition["max"] == "*" else int(definition["max"])
        if "type" in definition:
            changes |= _types(definition["type"], element)
        for key, value in definition.items():
            if key.startswith(("fixed", "pattern")):
                changes["fixed" if key.startswith("fixed") else "pattern"] = value
        if "binding" in definition:
            changes["binding"] = definition["binding"]["valueSet"].split("|")[0]
            changes["strength"] = definition["binding"]["strength"]
        if "constraint" in definition:
            changes["constraints"] = tuple(
                Constraint(c["key"], c["expression"], c["human"]) for c in definition["constraint"]
            )
        if url := _extension_url(definition):
            changes |= {"extension_url": url, "constraints": self._extension(url).element("Extension").constraints}
        return replace(element, **changes, data_class=_declared_class(definition) or element.data_class)

    # --- the table of elements ---------------------------------------------------------------------------------------

    def _add_below(self, id_: str, found: dict[str, Element]) -> None:
        for child in self.children(id_):
            found[child.id] = child
            for inner in (child, *self.slices(child.id)):
                found[inner.id] = inner
                if inner.max != 0 and (self.reaches_below(inner.id) or self._is_backbone(inner)):
                    self._add_below(inner.id, found)

    def _is_backbone(self, element: Element) -> bool:
        return element.types == ("BackboneElement",) and element.path == element.below

    def is_prohibited(self, id_: str) -> bool:
        """Whether the profile rules out the element, or something above it."""
        parent = id_.rpartition(".")[0]
        return bool(parent) and (self.element(id_).max == 0 or self.is_prohibited(parent))

    def __repr__(self) -> str:
        return f"<Profile {self.name}>"


def _types(listed: list[Resource], element: Element) -> dict[str, Any]:
    """Types as narrowed; for one complex type also where its children are listed."""
    types = tuple(dict.fromkeys(type_["code"] for type_ in listed))
    below = element.below if element.types == types else _below(types)
    targets = tuple(_target(url) for type_ in listed for url in type_.get("targetProfile", ()))
    return {"types": types, "targets": targets or element.targets, "below": below}


def _below(types: tuple[str, ...]) -> str:
    """Where the children of an element of these types are listed: nowhere while the type is still a choice."""
    if len(types) != 1:
        return ""
    return types[0] if types[0] in tables().children else "Element"  # a primitive has an id and extensions


def _target(url: str) -> str:
    return url.removeprefix(EXTENSION) if url.startswith(EXTENSION) else url


def _extension_url(definition: Resource) -> str | None:
    """The extension that a slice of `extension` stands for."""
    profiles = [
        p for type_ in definition.get("type", ()) if type_["code"] == "Extension" for p in type_.get("profile", ())
    ]
    return profiles[0] if profiles else None


def _declared_class(definition: Resource) -> str | None:
    return next((e["valueCode"] for e in definition.get("extension", ()) if e["url"] == DATA_CLASS), None)
