"""read: one resource as this caller may see it.

https://hl7.org/fhir/R4/http.html#read
"""

import re
from typing import Final

from flask import Response

from hub.errors import NOT_FOUND, HubError
from hub.exchange import disclose
from hub.web import shortening
from hub.web.answers import resource_answer, unless_known
from hub.web.service import Call, Service

ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)


def read(call: Call, service: Service) -> Response:
    if not ID.fullmatch(call.id):
        raise HubError(NOT_FOUND)
    view = disclose.read(call.type, call.id, call.caller, hub=service.hub)
    answer = resource_answer(view, call, wanted=shortening.of(call.request))
    return unless_known(answer, view, call)
