"""From the elements of a snapshot to its tree. Definitions may come from anyone: one that is misshapen is not compiled.

https://hl7.org/fhir/R4/elementdefinition.html
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hub.conformance.examination.structures import (
    ABSENT,
    R4,
    Binding,
    Constraint,
    Node,
    Slicing,
    Structure,
    TypeRef,
)
from hub.fhir import Resource

SYSTEM_TYPES: Final = "http://hl7.org/fhirpath/"
BY_URL: Final = (("value", "url"),)
BY_TYPE: Final = (("type", "$this"),)
LIMITS: Final = ("maxLength", "minValue", "maxValue")


def compile_structure(definition: Resource, elements: Iterable[Resource]) -> Structure:
    """The tree of a definition. LookupError, TypeError, ValueError or AttributeError where it is misshapen."""
    structure = Structure(
        url=_text(definition, "url"),
        type=_text(definition, "type"),
        kind=_text(definition, "kind", ""),
        derivation=_text(definition, "derivation", ""),
        contexts=tuple((_text(one, "type"), _text(one, "expression")) for one in _listed(definition, "context")),
    )
    first, *others = elements
    compiler = _Compiler(structure)
    for element in others:
        compiler.add(element)
    structure.at[structure.type] = compiler.node(first)
    return structure


@dataclass
class _Compiler:
    """`below`: id → the elements under it; `slices`: id → its slices."""

    owner: Structure
    below: dict[str, list[Resource]] = field(default_factory=dict)
    slices: dict[str, list[Resource]] = field(default_factory=dict)

    def add(self, element: Resource) -> None:
        id_ = _id(element)
        parent, _, last = id_.rpartition(".")
        if ":" not in last:
            self.below.setdefault(parent, []).append(element)
            return
        sliced, _, name = id_.rpartition(":")
        again = f"{sliced}:{name.rpartition('/')[0]}"  # `a:b/c` is a slice of the slice `a:b`
        is_again = "/" in name and any(_id(one) == again for one in self.slices.get(sliced, ()))
        self.slices.setdefault(again if is_again else sliced, []).append(element)

    def node(self, element: Resource) -> Node:
        id_, path = _id(element), _text(element, "path")
        name = path.rpartition(".")[2]
        maximum = _text(element, "max", "1")
        is_choice = name.endswith("[x]")
        types = tuple(self._types(element))
        children = [self.node(one) for one in self.below.get(id_, ())]
        node = Node(
            id=id_,
            path=path,
            name=name.removesuffix("[x]"),
            min=int(element.get("min", 0)),
            max=None if maximum == "*" else int(maximum),
            is_list=_text(element.get("base", {}), "max", maximum) not in {"0", "1"},
            types=types,
            fixed=_valued(element, "fixed"),
            pattern=_valued(element, "pattern"),
            binding=_binding(element.get("binding", {})),
            constraints=tuple(_constraints(element)),
            limits={kind: found for kind in LIMITS if (found := _valued(element, kind)) is not ABSENT},
            repeats=_text(element, "contentReference", "").rpartition("#")[2],
            is_choice=is_choice,
            is_modifier=element.get("isModifier") is True,
            slicing=_slicing(element, is_choice, types),
            slice_name=_slice_name(element, id_),
            owner=self.owner,
            children={child.name: child for child in children},
            slices=tuple(self.node(one) for one in self.slices.get(id_, ())),
        )
        if not node.slice_name:
            self.owner.at.setdefault(path, node)
        return node

    def _types(self, element: Resource) -> Iterator[TypeRef]:
        for one in _listed(element, "type"):
            code = self._type_code(one, _text(element, "path"))
            yield TypeRef(code, tuple(_texts(one, "profile")), tuple(_texts(one, "targetProfile")))

    def _type_code(self, type_: Resource, path: str) -> str:
        """A type's name; the system types of ids and urls as FHIR's own. R4 itself says `string` of a resource's id."""
        code = _text(type_, "code")
        if not code.startswith(SYSTEM_TYPES):
            return code.removeprefix(R4)
        if path == f"{self.owner.type}.id":
            return "id" if self.owner.kind == "resource" else "string"
        extensions = {_text(e, "url").rpartition("-")[2]: e for e in _listed(type_, "extension")}
        return _text(extensions.get("type", {}), "valueUrl", "string")


def _id(element: Resource) -> str:
    """Its id; of an old snapshot without ids, its path."""
    return _text(element, "id", "") or _text(element, "path")


def _slice_name(element: Resource, id_: str) -> str:
    last = id_.rpartition(".")[2]
    return _text(element, "sliceName", "") or last.partition(":")[2]


def _valued(element: Resource, stem: str) -> Any:
    """The value of `fixed[x]`, `pattern[x]` …"""
    for key, value in element.items():
        if key == stem or (key.startswith(stem) and key[len(stem) : len(stem) + 1].isupper()):
            return value
    return ABSENT


def _binding(stated: Resource) -> Binding | None:
    if "valueSet" not in stated or "strength" not in stated:
        return None
    extensions = {_text(e, "url").rpartition("-")[2]: e for e in _listed(stated, "extension")}
    largest = _text(extensions.get("maxValueSet", {}), "valueCanonical", "")
    return Binding(_text(stated, "strength"), _text(stated, "valueSet"), largest)


def _constraints(element: Resource) -> Iterator[Constraint]:
    for one in _listed(element, "constraint"):
        if "expression" in one:
            human = _text(one, "human", "")
            yield Constraint(_text(one, "key"), _text(one, "severity", "error"), _text(one, "expression"), human)


def _slicing(element: Resource, is_choice: bool, types: tuple[TypeRef, ...]) -> Slicing | None:
    """As stated; extensions are sliced by url and choices by type even where a snapshot does not say so."""
    stated = element.get("slicing")
    if stated is None and is_choice:
        return Slicing(BY_TYPE, "open", False)
    if stated is None:
        return Slicing(BY_URL, "open", False) if [ref.code for ref in types] == ["Extension"] else None
    found = tuple((_text(one, "type"), _text(one, "path")) for one in _listed(stated, "discriminator"))
    return Slicing(found, _text(stated, "rules", "open"), stated.get("ordered") is True)


# --- what may be anything --------------------------------------------------------------------------------------------


def _text(stated: Mapping[str, Any], name: str, otherwise: str | None = None) -> str:
    found = stated[name] if otherwise is None else stated.get(name, otherwise)
    if not isinstance(found, str):
        raise TypeError(name)
    return found


def _listed(stated: Mapping[str, Any], name: str) -> list[Resource]:
    found: Any = stated.get(name, [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise TypeError(name)
    return found


def _texts(stated: Mapping[str, Any], name: str) -> list[str]:
    found: Any = stated.get(name, [])
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise TypeError(name)
    return found
