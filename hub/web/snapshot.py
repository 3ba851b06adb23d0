"""StructureDefinition/$snapshot: a definition with everything written out that its differential leaves to its base.

https://hl7.org/fhir/R4/structuredefinition-operation-snapshot.html. The definition is one of this project's, one of R4's, or
the one that is handed in, which may build on both. Definitions are the same for everybody: any valid token will do.
"""

from typing import Any, Final

from hub.conformance import structures
from hub.conformance.snapshot import SnapshotError
from hub.errors import BAD_PARAMETER, INVALID, ONE_OF_REQUIRED, TOO_COSTLY, UNKNOWN_CANONICAL, HubError
from hub.exchange import Invalid
from hub.fhir import Resource
from hub.web.operations import Inputs, Operation
from hub.web.service import Call, Service

TYPE: Final = "StructureDefinition"
MOST_ELEMENTS: Final = 500


def snapshot(inputs: Inputs, call: Call, _: Service) -> Resource:
    """Raises UNKNOWN_CANONICAL, or Invalid naming the element of the differential."""
    given = [name for name in ("definition", "url") if name in inputs]
    if len(given) + bool(call.id) != 1:
        raise HubError(ONE_OF_REQUIRED, expected=f"definition, url, {TYPE}/[id]")
    if "definition" in inputs:
        return _of(inputs["definition"][0])
    found = structures.find_by_id(call.id) if call.id else structures.find(inputs["url"][0])
    if found is None:
        raise HubError(UNKNOWN_CANONICAL, type=TYPE)
    return found


def _of(definition: Any) -> Resource:
    if definition.get("resourceType") != TYPE or not isinstance(definition.get("url"), str):
        raise HubError(BAD_PARAMETER, path="http.definition", parameter="definition", expected=f"{TYPE}.url")
    if _size(definition) > MOST_ELEMENTS:
        raise HubError(TOO_COSTLY, path=TYPE, text="web.too-many-elements", limit=str(MOST_ELEMENTS))
    try:
        return structures.complete(definition)
    except SnapshotError as problem:
        raise Invalid(INVALID, (problem.issue,)) from None


def _size(definition: Resource) -> int:
    """Elements of the differential, or of the snapshot that it brings."""
    views = (definition.get(name) for name in ("differential", "snapshot"))
    listed = (view.get("element") for view in views if isinstance(view, dict))
    return max((len(elements) for elements in listed if isinstance(elements, list)), default=0)


OPERATIONS: Final = (
    Operation("snapshot", TYPE, {"definition": "Resource", "url": "uri"}, snapshot, bare="definition"),
)
