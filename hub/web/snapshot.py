"""StructureDefinition/$snapshot: a definition with everything written out that its differential leaves to its base.

https://hl7.org/fhir/R4/structuredefinition-operation-snapshot.html. The definition is one of this project's, one of R4's, or
the one that is handed in, which may build on both. Definitions are the same for everybody: any valid token will do.
"""

import re
from typing import Any, Final

from hub.conformance import structures
from hub.conformance.snapshot import SnapshotError
from hub.errors import BAD_PARAMETER, NOT_A_SNAPSHOT, ONE_OF_REQUIRED, TOO_COSTLY, UNKNOWN_CANONICAL, HubError
from hub.fhir import Resource
from hub.web.operations import Inputs, Operation
from hub.web.service import Call, Service

TYPE: Final = "StructureDefinition"
_ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9.:/_\-\[\]]{0,200}", re.ASCII)
MOST_ELEMENTS: Final = 500


def snapshot(inputs: Inputs, call: Call, _: Service) -> Resource:
    """Raises UNKNOWN_CANONICAL, or NOT_A_SNAPSHOT naming the element of the differential."""
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
    differential = definition.get("differential")
    elements = differential.get("element") if isinstance(differential, dict) else None
    if definition.get("resourceType") != TYPE or not isinstance(elements, list):
        raise HubError(BAD_PARAMETER, path="http.definition", parameter="definition", expected=f"{TYPE}.differential")
    if len(elements) > MOST_ELEMENTS:
        raise HubError(TOO_COSTLY, path=f"{TYPE}.differential", text="web.too-many-elements", limit=str(MOST_ELEMENTS))
    try:
        return structures.complete(definition)
    except SnapshotError as problem:
        raise HubError(NOT_A_SNAPSHOT, path=f"{TYPE}.differential.element", element=_shown(problem.element)) from None


def _shown(element: str) -> str:
    """An id that is spelled like one may be said back; anything else could be a misplaced value."""
    return element if _ID.fullmatch(element) else "?"


OPERATIONS: Final = (
    Operation("snapshot", TYPE, {"definition": "Resource", "url": "uri"}, snapshot, bare="definition"),
)
