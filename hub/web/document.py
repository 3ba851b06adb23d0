"""Composition/[id]/$document: a composition with all that it refers to, as far as this caller may see it, in one bundle.

https://hl7.org/fhir/R4/composition-operation-document.html · https://hl7.org/fhir/R4/documents.html. Each resource is read as
the caller reads it, through the one door; what is hidden is not in the document, as what is not there. No document is kept.
"""

from collections.abc import Iterator
from typing import Any, Final

import orjson

from hub.errors import BAD_PARAMETER, NOT_FOUND, SCOPE_LACKING, TOO_COSTLY, HubError
from hub.exchange import View, disclose
from hub.fhir.instants import instant
from hub.fhir.references import split
from hub.fhir.serial import loads
from hub.oauth import scopes
from hub.search.parameters import PARAMETERS
from hub.web.operations import Inputs, Operation
from hub.web.read import ID
from hub.web.service import Call, Service

TYPE: Final = "Composition"
MOST: Final = 200
URI: Final = "urn:ietf:rfc:3986"


def answer_document(inputs: Inputs, call: Call, service: Service) -> str:
    if not scopes.permits(call.caller.scopes, TYPE, "read"):
        raise HubError(SCOPE_LACKING, expected=f"system/{TYPE}.{scopes.LETTERS['read']}")
    if inputs.get("persist", [False])[0]:
        raise HubError(BAD_PARAMETER, path="http.persist", parameter="persist", expected="false")
    if not ID.fullmatch(call.id):
        raise HubError(NOT_FOUND)
    composition = disclose.read(TYPE, call.id, call.caller, hub=service.hub)
    return _document([composition, *_referred(composition, call, service)], service)


def _referred(composition: View, call: Call, service: Service) -> Iterator[View]:
    """Each once, in the order of the composition. What the token does not reach is left out as what is hidden is."""
    named = dict.fromkeys(_named(loads(composition.text), f"{service.base}/"))
    wanted = [(type_, id_) for type_, id_ in named if (type_, id_) != (TYPE, call.id) and _is_served(type_, id_, call)]
    if len(wanted) > MOST:
        raise HubError(TOO_COSTLY, path=TYPE, text="web.too-many-references", limit=str(MOST))
    for type_, id_ in wanted:
        try:
            yield disclose.read(type_, id_, call.caller, hub=service.hub)
        except HubError as absent:
            if absent.problem is not NOT_FOUND:
                raise


def _named(node: Any, base: str) -> Iterator[tuple[str, str]]:
    """What is referred to below this base, in the order in which it is written: what is elsewhere is not ours to bring."""
    if isinstance(node, dict) and isinstance(node.get("reference"), str):
        relative = node["reference"].removeprefix(base)
        if "://" not in relative:
            yield split(relative)
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _named(child, base)


def _is_served(type_: str, id_: str, call: Call) -> bool:
    is_one = type_ in {*PARAMETERS, TYPE} and ID.fullmatch(id_) is not None
    return is_one and scopes.permits(call.caller.scopes, type_, "read")


def _document(views: list[View], service: Service) -> str:
    """As text around the views' own text. An identifier of its own, an instant, the composition first: bdl-9, 10 and 11."""
    id_, at = service.hub.ids.new(), instant(service.hub.clock.now())
    head = {
        "resourceType": "Bundle",
        "id": id_,
        "identifier": {"system": URI, "value": f"urn:uuid:{id_}"},
        "type": "document",
        "timestamp": at,
    }
    entries = ",".join(f'{{"fullUrl":"{service.base}/{view.type}/{view.id}","resource":{view.text}}}' for view in views)
    return f'{orjson.dumps(head).decode()[:-1]},"entry":[{entries}]}}'


OPERATIONS: Final = (Operation("document", TYPE, {"persist": "boolean"}, answer_document, of_type=False),)
