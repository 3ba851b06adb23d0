"""delete: a resource of the caller's own is taken away. The answer is the same where there was none to see.

https://hl7.org/fhir/R4/http.html#delete
"""

from flask import Response

from hub.exchange import change
from hub.web.answers import done_answer
from hub.web.service import Call, Service
from hub.web.update import required_version


def delete(call: Call, service: Service) -> Response:
    change.delete(call.type, call.id, call.caller, expected=required_version(call), hub=service.hub)
    return done_answer("web.deleted", call)
