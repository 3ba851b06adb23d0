"""patch: a few elements changed by JSON Patch; the result is judged like an update.

https://hl7.org/fhir/R4/http.html#patch
"""

from flask import Response

from hub.errors import BAD_PATCH, HubError
from hub.exchange import change
from hub.web.answers import change_answer
from hub.web.bodies import read_json
from hub.web.negotiation import JSON_PATCH, require_media
from hub.web.service import Call, Service
from hub.web.update import required_version


def patch(call: Call, service: Service) -> Response:
    require_media(call.request, JSON_PATCH)
    steps = read_json(call.request)
    if not isinstance(steps, list):
        raise HubError(BAD_PATCH, operation="0")
    expected = required_version(call)
    view = change.patch(call.type, call.id, steps, call.caller, expected=expected, hub=service.hub)
    return change_answer(view, call, service, status=200)
