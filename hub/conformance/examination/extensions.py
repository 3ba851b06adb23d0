"""Extensions: what they are by their own definition, and whether they may stand where they stand.

https://hl7.org/fhir/R4/extensibility.html · https://hl7.org/fhir/R4/defining-extensions.html#context. One that is not known
here is told, no more: anyone may add one. A modifier extension that is not known must not be passed over: an error.
"""

from typing import Any, Final

from hub.conformance.examination.findings import Findings
from hub.conformance.examination.library import Library
from hub.conformance.examination.structures import Structure

ANY: Final = frozenset({"Element", "BackboneElement", "Resource", "DomainResource"})


def find(value: Any, path: str, modifies: bool, library: Library, found: Findings) -> Structure | None:
    """The definition of an extension that has an absolute url; what is wrong with there being none is said."""
    url = value.get("url") if isinstance(value, dict) else None
    if not isinstance(url, str) or ":" not in url:
        return None  # missing: said elsewhere; relative: a part of an extension, defined by the whole
    structure = library.structure(url)
    if structure is None or structure.type != "Extension":
        if modifies:
            found.error("extension", "modifier-unknown", path)
        else:
            found.add("information", "extension", "extension-unknown", path)
        return None
    return structure


def check_place(
    structure: Structure, path: str, modifies: bool, places: tuple[str, ...], within: str, library: Library, found: Findings
) -> None:
    """`places`: every name of the element that carries it, `within`: url of the extension that does."""
    if structure.root.is_modifier != modifies:
        found.error("extension", "extension-is-modifier" if structure.root.is_modifier else "extension-is-no-modifier", path)
    if structure.contexts and not any(_is_at(kind, said, places, within, library) for kind, said in structure.contexts):
        allowed = ", ".join(said for _, said in structure.contexts)
        found.error("extension", "extension-context", path, places=allowed)


def _is_at(kind: str, said: str, places: tuple[str, ...], within: str, library: Library) -> bool:
    if kind == "extension":
        return said == within
    if kind != "element":  # a FHIRPath of its own: taken at its word
        return True
    wanted = said.rpartition("#")[2].replace("[x]", "")
    if "/" in wanted:  # a profile
        return True
    return any(wanted == place or (wanted in ANY and _is_kind(place, wanted, library)) for place in places) or (
        not wanted[:1].isupper()
    )


def _is_kind(place: str, wanted: str, library: Library) -> bool:
    """Whether an element is one of the kinds that R4 has for all. `Element` is said where anything is meant, resources too."""
    if wanted in {"Resource", "DomainResource"}:
        return "." not in place and library.is_resource(place) and wanted in library.supertypes(place)
    return True
