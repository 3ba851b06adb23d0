"""patch: a few elements changed, in any of the three forms that clients send; the result is judged like an update.

https://hl7.org/fhir/R4/http.html#patch: JSON Patch (RFC 6902) and FHIRPath Patch (https://hl7.org/fhir/R4/fhirpatch.html).
Besides, an object that is laid over the stored one (RFC 7396), which some clients send as plain JSON.
"""

from typing import Any, Final

from flask import Response

from hub.errors import BAD_PATCH, HubError
from hub.exchange import change
from hub.fhir import fhirpath_patch, json_patch, merge_patch
from hub.web.answers import change_answer
from hub.web.bodies import read_json
from hub.web.negotiation import FHIR_JSON, JSON, JSON_PATCH, MERGE_PATCH, require_media
from hub.web.service import Call, Service
from hub.web.update import required_version

FORMATS: Final = (JSON_PATCH, FHIR_JSON, MERGE_PATCH, JSON)


def patch(call: Call, service: Service) -> Response:
    revise, expected = read_patch(call), required_version(call)
    view = change.patch(call.type, call.id, revise, call.caller, expected=expected, hub=service.hub)
    return change_answer(view, call, service, status=200)


def read_patch(call: Call) -> change.Revise:
    """What the body makes of a stored resource. Raises BAD_PATCH where it is no patch of its media type."""
    require_media(call.request, *FORMATS)
    body = read_json(call.request)
    match _form(call.request.mimetype, body):
        case "steps":
            return lambda stored: json_patch.apply(stored, body)
        case "Parameters":
            return lambda stored: fhirpath_patch.apply(stored, body)
        case "object":
            return lambda stored: merge_patch.apply(stored, body)
    raise HubError(BAD_PATCH, text="web.no-patch")


def _form(media: str, body: Any) -> str:
    if isinstance(body, list):
        return "steps" if media in {JSON_PATCH, JSON} else ""
    if not isinstance(body, dict):
        return ""
    if body.get("resourceType") == "Parameters":
        return "Parameters" if media in {FHIR_JSON, JSON} else ""
    return "object" if media in {MERGE_PATCH, JSON} else ""
