"""Extensions: what they are by their own definition, and whether they may stand where they stand.

https://hl7.org/fhir/R4/extensibility.html · https://hl7.org/fhir/R4/defining-extensions.html#context. One that is not known
here is told, no more: anyone may add one. A modifier extension that is not known must not be passed over: an error.
"""

from dataclasses import dataclass
from typing import Any, Final

from hub.conformance.examination.library import Library
from hub.conformance.examination.scope import Scope
from hub.conformance.examination.structures import Structure

ANY: Final = frozenset({"Element", "BackboneElement", "Resource", "DomainResource"})
SLIPS: Final = {
    "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type": ("element", "ElementDefinition.type"),
    "http://hl7.org/fhir/StructureDefinition/regex": ("element", "ElementDefinition.type"),
    "http://hl7.org/fhir/StructureDefinition/structuredefinition-normative-version": ("element", "Element"),
}
"""Extensions that R4 itself writes, in every definition of it, where its definition of them does not have them."""


@dataclass(frozen=True)
class Carrier:
    """What carries an extension: every name of that element, and the url of the extension that it is itself."""

    names: tuple[str, ...]
    within: str


def find(value: Any, path: str, modifies: bool, scope: Scope) -> Structure | None:
    """The definition of an extension that has an absolute url; what is wrong with there being none is said."""
    url = value.get("url") if isinstance(value, dict) else None
    if not isinstance(url, str) or ":" not in url:
        return None  # missing: said elsewhere; relative: a part of an extension, defined by the whole
    structure = scope.library.structure(url)
    if structure is not None and structure.type == "Extension":
        return structure
    if modifies:
        scope.found.error("extension", "modifier-unknown", path)
    else:
        scope.found.add("information", "extension", "extension-unknown", path)
    return None


def check_place(structure: Structure, path: str, modifies: bool, carrier: Carrier, scope: Scope) -> None:
    if structure.root.is_modifier != modifies:
        key = "extension-is-no-modifier" if modifies else "extension-is-modifier"
        scope.found.error("extension", key, path)
    contexts = (*structure.contexts, SLIPS.get(structure.url, ("element", "")))
    if structure.contexts and not any(_is_at(*context, carrier, scope.library) for context in contexts):
        allowed = ", ".join(said for _, said in structure.contexts)
        scope.found.error("extension", "extension-context", path, places=allowed)


def _is_at(kind: str, said: str, carrier: Carrier, library: Library) -> bool:
    if kind == "extension":
        return said == carrier.within
    wanted = said.rpartition("#")[2].replace("[x]", "")
    if kind != "element" or "/" in wanted:  # a FHIRPath of its own, or a profile: taken at its word
        return True
    return any(wanted == place or (wanted in ANY and _is_kind(place, wanted, library)) for place in carrier.names)


def _is_kind(place: str, wanted: str, library: Library) -> bool:
    """Whether an element is one of the kinds that R4 has for all. `Element` is said where anything is meant, resources too."""
    if wanted in {"Resource", "DomainResource"}:
        return "." not in place and library.is_resource(place) and wanted in library.supertypes(place)
    return True
