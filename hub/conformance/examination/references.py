"""References: of the right type, by whatever tells it: the literal, `type`, or the resource itself where it is in sight.

https://hl7.org/fhir/R4/references.html. A logical reference (an identifier) or words alone may stand for any resource.
"""

from collections.abc import Iterator
from typing import Any

from hub.conformance.examination.library import Library
from hub.conformance.examination.scope import Scope
from hub.conformance.examination.structures import TypeRef
from hub.conformance.examination.surroundings import LITERAL


def check(ref: TypeRef, value: dict[str, Any], path: str, scope: Scope) -> None:
    literal, stated = value.get("reference"), value.get("type")
    target = scope.around.resolve(literal)
    if isinstance(literal, str) and literal.startswith("urn:") and target is None and scope.around.bundles:
        scope.found.add("warning", "not-found", "entry-not-found", f"{path}.reference")
    meant = target.get("resourceType") if target else _type_of(literal, scope.library)
    library = scope.library
    if library.is_resource(meant) and library.is_resource(stated) and stated != meant:
        scope.found.error("value", "reference-type-differs", f"{path}.type")
    wanted = tuple(_wanted(ref, library))
    for where, type_ in ((f"{path}.reference", meant), (f"{path}.type", stated)):
        if wanted and library.is_resource(type_) and not set(wanted) & set(library.supertypes(str(type_))):
            scope.found.error("value", "target-type", where, targets=", ".join(wanted))
            return


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
