"""update: the next version of a resource; 201 where it brings back what was deleted. A referral is changed only by who says which
version was read.

https://hl7.org/fhir/R4/http.html#update · https://hl7.org/fhir/R4/http.html#concurrency
"""

from typing import Final

from flask import Response

from hub.errors import BAD_PARAMETER, MATCH_REQUIRED, HubError
from hub.exchange import change
from hub.web.answers import change_answer
from hub.web.bodies import read_resource
from hub.web.negotiation import expected_version
from hub.web.service import Call, Service

MATCH_ALWAYS: Final = frozenset({"Task"})
"""Types that two organisations change: the version that was read must be named."""
BY_VERSION: Final = 'If-Match: W/"1"'


def update(call: Call, service: Service) -> Response:
    resource = read_resource(call.request, call.type, call.id)
    expected = required_version(call)
    act = change.replacement(call.type, call.id, resource, expected=expected)
    view, made = change.perform(act, call.caller, hub=service.hub)
    return change_answer(view, call, service, status=201 if made else 200)


def required_version(call: Call) -> change.Expected:
    """The version of If-Match. Raises MATCH_REQUIRED where the type needs one, and BAD_PARAMETER where a change hangs on what is
    not asked here: left out, it would be made against the client's own word. https://www.rfc-editor.org/rfc/rfc9110#section-13.2"""
    expected, headers = expected_version(call.request), call.request.headers
    if "If-None-Match" in headers:
        raise HubError(BAD_PARAMETER, path="http.If-None-Match", parameter="If-None-Match", expected=BY_VERSION)
    if "If-Unmodified-Since" in headers and "If-Match" not in headers:
        raise HubError(
            BAD_PARAMETER, path="http.If-Unmodified-Since", parameter="If-Unmodified-Since", expected=BY_VERSION
        )
    if call.type in MATCH_ALWAYS and not isinstance(expected, int):
        raise HubError(MATCH_REQUIRED, path="http.If-Match")
    return expected
