"""vread: one version of a resource, as this caller may see it now.

https://hl7.org/fhir/R4/http.html#vread
"""

import re
from typing import Final

from flask import Response

from hub.errors import NOT_FOUND, HubError
from hub.exchange import versions
from hub.web import shortening
from hub.web.answers import resource_answer, unless_known
from hub.web.read import ID
from hub.web.service import Call, Service

_VERSION: Final = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)


def vread(call: Call, service: Service) -> Response:
    asked = (call.request.view_args or {}).get("version_", "")
    if not ID.fullmatch(call.id) or not _VERSION.fullmatch(asked):
        raise HubError(NOT_FOUND)
    view = versions.vread(call.type, call.id, int(asked), call.caller, hub=service.hub)
    answer = resource_answer(view, call, wanted=shortening.of(call.request))
    return unless_known(answer, view, call)
