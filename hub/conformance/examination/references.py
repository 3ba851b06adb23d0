"""References: of the right type, by whatever tells it: the literal, `type`, or the resource itself where it is in sight.

https://hl7.org/fhir/R4/references.html. A logical reference (an identifier) or words alone may stand for any resource.
"""

from collections.abc import Iterator
from typing import Any

from hub.conformance.examination.findings import Findings
from hub.conformance.examination.library import Library
from hub.conformance.examination.structures import TypeRef
from hub.conformance.examination.surroundings import LITERAL, Surroundings


def check(ref: TypeRef, value: dict[str, Any], path: str, library: Library, around: Surroundings, found: Findings) -> None:
    literal, stated = value.get("reference"), value.get("type")
    target = around.resolve(literal)
    if isinstance(literal, str):
        _check_literal(literal, target, path, around, found)
    meant = target.get("resourceType") if target else _type_of(literal, library)
    wanted = tuple(_wanted(ref, library))
    if isinstance(meant, str) and isinstance(stated, str) and library.is_resource(stated) and stated != meant:
        found.error("value", "reference-type-differs", f"{path}.type")
    for where, type_ in ((f"{path}.reference", meant), (f"{path}.type", stated)):
        if wanted and isinstance(type_, str) and library.is_resource(type_) and not _is_any(type_, wanted, library):
            found.error("value", "target-type", where, targets=", ".join(wanted))
            return


def _check_literal(literal: str, target: Any, path: str, around: Surroundings, found: Findings) -> None:
    if target is None and literal.startswith("urn:") and around.bundles:
        found.add("warning", "not-found", "entry-not-found", f"{path}.reference")


def _type_of(literal: Any, library: Library) -> str | None:
    """The type that a literal tells; none in a `urn:` or in an address that is not RESTful."""
    match = LITERAL.fullmatch(literal) if isinstance(literal, str) else None
    return match["type"] if match and library.is_resource(match["type"]) else None


def _wanted(ref: TypeRef, library: Library) -> Iterator[str]:
    for url in ref.targets:
        structure = library.structure(url)
        if structure is not None:
            yield structure.type
        else:  # a profile that is not known here: nothing can be said
            yield "Resource"


def _is_any(type_: str, wanted: tuple[str, ...], library: Library) -> bool:
    return any(one in wanted for one in library.supertypes(type_))
