"""create: a new resource of the caller's own. The id, version and instant in the body are ignored.

https://hl7.org/fhir/R4/http.html#create
"""

from flask import Response

from hub.exchange import change
from hub.web.answers import change_answer
from hub.web.bodies import read_resource
from hub.web.conditional import of_header, performed
from hub.web.service import Call, Service


def create(call: Call, service: Service) -> Response:
    resource = read_resource(call.request, call.type)
    query = of_header(call, service)
    if query is not None:
        act = change.conditional_creation(resource, query, service.hub)
        return performed(act, call, service, found="web.there-already")
    view = change.create(resource, call.caller, hub=service.hub)
    return change_answer(view, call, service, status=201)
