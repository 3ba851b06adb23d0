"""Every definition that an examination may need: the caller's own, this project's, R4's. Each is compiled when first asked for.

A canonical may carry a version (`url|4.0.1`): there is one version of each here, and it is the one meant.
"""

from collections.abc import Iterable, Mapping
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, Final

from hub.conformance.examination.compiling import compile_structure
from hub.conformance.examination.structures import R4, Node, Structure, TypeRef
from hub.conformance.snapshot import Snapshots
from hub.fhir import Resource
from hub.fhir.definitions import Profile, load
from hub.fhir.r4 import tables
from hub.fhir.r4_snapshots import snapshots
from hub.fhir.r4_value_sets import value_sets
from hub.fhir.serial import loads
from hub.fhir.strict import DEEPEST, deeper_than

Codes = Mapping[str, frozenset[str] | None]
"""System → codes of a value set; None: any code of that system, or none that is known here."""
Shape = Mapping[str, tuple[Node, TypeRef]]
"""JSON property → the element that it holds, and as which type."""

ABSTRACT: Final = frozenset({"Resource", "DomainResource"})


class Library:
    """`extra` comes before what is known here: a partner may bring a profile, a value set or a code system."""

    def __init__(self, extra: Iterable[Resource] = ()) -> None:
        brought = [one for one in extra if isinstance(one, dict) and isinstance(one.get("url"), str) and is_flat(one)]
        self._brought = {kind: _of_kind(brought, kind) for kind in ("StructureDefinition", "ValueSet", "CodeSystem")}
        stated = {one["url"]: one for one in _ours()} | self._brought["StructureDefinition"]
        self._stated = stated
        self._snapshots = Snapshots(stated.values())
        self._structures: dict[str, Structure | None] = {}
        self._shapes: dict[int, tuple[Mapping[str, Node], Shape]] = {}
        self._codes: dict[str, Codes | None] = {}

    # --- structures --------------------------------------------------------------------------------------------------

    def structure(self, canonical: str) -> Structure | None:
        """The definition of this canonical; None where there is none, or none that can be read."""
        url = canonical.partition("|")[0]
        if url in self._structures:
            return self._structures[url]
        found = self._compiled(url)
        if (
            found is not None or url in self._stated
        ):  # the names of what is unknown are without number: none is remembered
            self._structures[url] = found
        return found

    def is_stated(self, canonical: str) -> bool:
        """Whether there is a definition, readable or not."""
        return canonical.partition("|")[0] in self._stated

    def own_profile(self, url: str) -> Profile | None:
        """The profile of this project that a canonical names."""
        return next((one for one in load().profiles() if one.url == url), None)

    @cached_property
    def own_constraints(self) -> frozenset[tuple[str, str]]:
        """Key and expression of this project's own invariants: each has a sentence of its own."""
        return frozenset((c.key, c.expression) for profile in load().profiles() for _, c in profile.constraints)

    def type(self, code: str) -> Structure | None:
        """R4's own definition of a type."""
        return self.structure(R4 + code) if code.isalnum() else None

    def resource_type(self, code: Any) -> Structure | None:
        """R4's definition of a type of resource that may stand by itself."""
        found = self.type(code) if isinstance(code, str) and code not in ABSTRACT else None
        return found if found is not None and found.kind == "resource" and not found.is_profile else None

    def is_resource(self, code: Any) -> bool:
        return self.resource_type(code) is not None

    def is_slot(self, code: str) -> bool:
        """Whether an element of this type holds a resource of its own."""
        return code in ABSTRACT or self.is_resource(code)

    def is_primitive(self, code: str) -> bool:
        return code in tables().primitives or code == "xhtml"

    def supertypes(self, code: str) -> tuple[str, ...]:
        """The type and those it specializes."""
        found = [code]
        while (url := self._base_of(R4 + found[-1])) and url.startswith(R4):
            found.append(url.removeprefix(R4))
        return tuple(found)

    def _base_of(self, url: str) -> str:
        base = snapshots().definition(url).get("baseDefinition", "") if url in snapshots() else ""
        return str(base)

    def _compiled(self, url: str) -> Structure | None:
        if url in self._stated and url not in snapshots():
            return self._of(self._stated[url])
        if url not in snapshots():
            return None
        definition = snapshots().definition(url)
        return compile_structure(definition, definition["elements"])

    def _of(self, definition: Resource) -> Structure | None:
        """A definition that was brought may be anything: what cannot be read is as if it were not there."""
        try:
            whole = definition if "snapshot" in definition else self._snapshots.complete(definition["url"])
            return compile_structure(definition, whole["snapshot"]["element"])
        except (LookupError, TypeError, ValueError, AttributeError, RecursionError):
            return None

    # --- what is below an element ------------------------------------------------------------------------------------

    def children(self, node: Node, code: str) -> Mapping[str, Node]:
        """By name: as the snapshot has them, or as the type has."""
        if node.origin.children and (not node.is_choice or len(node.types) == 1):
            return node.origin.children
        found = self.type(code)
        return found.root.children if found else {}

    def shape(self, children: Mapping[str, Node]) -> Shape:
        known = self._shapes.get(id(children))
        if known is None:
            found = {name: (node, ref) for node in children.values() for name, ref in _names(node).items()}
            known = self._shapes[id(children)] = (
                children,
                found,
            )  # kept with it, as the id is only its own while it lives
        return known[1]

    # --- value sets --------------------------------------------------------------------------------------------------

    def codes(self, canonical: str) -> Codes | None:
        """What is in a value set, as far as it is known here; None when nothing is."""
        url = canonical.partition("|")[0]
        if url not in self._codes:
            self._codes[url] = self._found_codes(url)
        return self._codes[url]

    def _found_codes(self, url: str) -> Codes | None:
        brought = self._brought["ValueSet"].get(url)
        if brought is not None:
            try:
                return self._composed(brought, (url,))
            except (LookupError, TypeError, ValueError, AttributeError):
                return None
        if url in value_sets():
            return value_sets()[url]
        if "/" in url and load().has_value_set(url):
            return {system: frozenset(codes) for system, codes in load().value_set(url).systems.items()}
        return None

    def _composed(self, value_set: Resource, within: tuple[str, ...]) -> Codes | None:
        """The codes of a compose; what it filters or excludes makes its system one of which nothing is known."""
        compose = value_set.get("compose")
        if compose is None:
            return _expanded(value_set.get("expansion"))
        found: dict[str, frozenset[str] | None] = {}
        for include in compose["include"]:
            for url in include.get("valueSet", ()):
                inner = None if url in within or len(within) > 16 else self.codes(url)
                if inner is None:
                    return None
                found = _joined(found, inner)
            if isinstance(include.get("system"), str):
                found = _joined(found, {include["system"]: self._of_system(include)})
        return found | {
            exclude["system"]: None for exclude in compose.get("exclude", ()) if exclude.get("system") in found
        }

    def _of_system(self, include: Resource) -> frozenset[str] | None:
        if "filter" in include:
            return None
        if "concept" in include:
            return _codes(include["concept"])
        system = self._brought["CodeSystem"].get(include["system"])
        if system is not None:
            return _codes(system["concept"]) if system.get("content") == "complete" else None
        try:
            known = load().code_system(include["system"])
        except KeyError:
            return None
        return frozenset(known.codes) if known.complete else None


def is_flat(definition: Resource) -> bool:
    return not deeper_than(definition, DEEPEST)


def _of_kind(brought: list[Resource], kind: str) -> dict[str, Resource]:
    return {one["url"]: one for one in brought if one.get("resourceType") == kind}


def _names(node: Node) -> Mapping[str, TypeRef]:
    if not node.repeats:
        return node.json_names
    types = node.origin.types
    return {node.name: types[0] if types else TypeRef("BackboneElement")}


def _joined(first: Codes, second: Codes) -> dict[str, frozenset[str] | None]:
    found = dict(first)
    for system, codes in second.items():
        before = found.get(system, frozenset())
        found[system] = None if codes is None or before is None else before | codes
    return found


def _expanded(expansion: Any) -> Codes | None:
    if not isinstance(expansion, dict):
        return None
    found: dict[str, frozenset[str] | None] = {}
    pending = list(expansion.get("contains", ()))
    while pending:
        one = pending.pop()
        pending += one.get("contains", ())
        if isinstance(one.get("code"), str) and isinstance(one.get("system"), str):
            found = _joined(found, {one["system"]: frozenset({one["code"]})})
    return found


def _codes(concepts: list[Resource]) -> frozenset[str]:
    """Of concepts and those below them."""
    found: list[str] = []
    pending = list(concepts)
    while pending:
        one = pending.pop()
        found.append(one["code"])
        pending += one.get("concept", ())
    return frozenset(code for code in found if isinstance(code, str))


@cache
def _ours() -> tuple[Resource, ...]:
    folder = files("profiles").joinpath("structure-definitions")
    return tuple(loads(path.read_bytes()) for path in folder.iterdir() if path.name.endswith(".json"))
