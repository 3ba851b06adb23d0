"""[type]/[id]/$meta, $meta-add, $meta-delete: profiles, tags and security labels of one resource, apart from its content; $meta
also of all that the caller sees of a type, or of every type.

https://hl7.org/fhir/R4/resource-operation-meta.html. What is read is what stands in the caller's own view. A change is one of
the keeper's, with a version and an audit of its own.
"""

from typing import Final

from hub.conformance import examine
from hub.errors import BAD_PARAMETER, INVALID, NOT_FOUND, ONE_OF_REQUIRED, SCOPE_LACKING, UNKNOWN_TYPE, HubError
from hub.exchange import Invalid, View, disclose, metas, tagging
from hub.fhir import Resource
from hub.fhir.meta import SETS
from hub.fhir.serial import loads
from hub.oauth import scopes
from hub.search.parameters import PARAMETERS
from hub.web.operations import ANY_TYPE, Inputs, Operation
from hub.web.read import ID
from hub.web.service import Call, Service


def answer_meta(_: Inputs, call: Call, service: Service) -> Resource:
    if not call.id:
        return _parameters(metas.union(_types(call), call.caller, hub=service.hub))
    _require("read", call)
    return _returned(disclose.read(call.type, call.id, call.caller, hub=service.hub))


def _types(call: Call) -> list[str]:
    """Those that the token searches; of the one that is named nothing else will do."""
    if call.type != ANY_TYPE and call.type not in PARAMETERS:
        raise HubError(UNKNOWN_TYPE)
    types = [type_ for type_ in PARAMETERS if call.type in {ANY_TYPE, type_}]
    reached = [type_ for type_ in types if scopes.permits(call.caller.scopes, type_, "search")]
    if not reached:
        raise HubError(SCOPE_LACKING, expected=f"system/{'*' if call.type == ANY_TYPE else call.type}.s")
    return reached


def answer_add(inputs: Inputs, call: Call, service: Service) -> Resource:
    _require("update", call)
    return _returned(tagging.add(call.type, call.id, _meta(inputs), call.caller, hub=service.hub))


def answer_delete(inputs: Inputs, call: Call, service: Service) -> Resource:
    _require("update", call)
    return _returned(tagging.remove(call.type, call.id, _meta(inputs), call.caller, hub=service.hub))


def _require(interaction: str, call: Call) -> None:
    if call.type not in PARAMETERS:  # none is stored
        raise HubError(UNKNOWN_TYPE)
    if not scopes.permits(call.caller.scopes, call.type, interaction):
        raise HubError(SCOPE_LACKING, expected=f"system/{call.type}.{scopes.LETTERS[interaction]}")
    if not ID.fullmatch(call.id):
        raise HubError(NOT_FOUND)


def _meta(inputs: Inputs) -> Resource:
    """A Meta of profiles, tags and labels. Version and instant are the store's, and its source is not kept."""
    if "meta" not in inputs:
        raise HubError(ONE_OF_REQUIRED, path="http.meta", expected="meta")
    meta: Resource = inputs["meta"][0]
    issues = examine({"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": meta}]})
    if any(issue.blocks for issue in issues):
        raise Invalid(INVALID, issues)
    if not set(meta) <= set(SETS):
        raise HubError(BAD_PARAMETER, path="http.meta", parameter="meta", expected=", ".join(SETS))
    return meta


def _returned(view: View) -> Resource:
    return _parameters(loads(view.text)["meta"])


def _parameters(meta: Resource) -> Resource:
    return {"resourceType": "Parameters", "parameter": [{"name": "return", "valueMeta": meta}]}


OPERATIONS: Final = (
    Operation("meta", ANY_TYPE, {}, answer_meta, of_system=True, of_records=True),
    Operation("meta-add", ANY_TYPE, {"meta": "Meta"}, answer_add, of_type=False, of_records=True, changes=True),
    Operation("meta-delete", ANY_TYPE, {"meta": "Meta"}, answer_delete, of_type=False, of_records=True, changes=True),
)
