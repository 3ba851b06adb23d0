"""The token endpoint: a form in, a token or an error of RFC 6749 §5.2 out, never to be cached.

https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html#request-access-token
"""

from typing import Any

import orjson
from authlib.oauth2.rfc6749.errors import OAuth2Error
from flask import Request, Response

from hub.errors import TOO_LARGE, HubError
from hub.oauth import tokens
from hub.web.bodies import LARGEST_FORM, read_form
from hub.web.negotiation import FORM, JSON
from hub.web.service import Service


def token(request: Request, service: Service) -> Response:
    now = service.hub.clock.now()
    try:
        if request.mimetype != FORM:
            raise _refusal(f"Content-Type must be {FORM}.", 400)
        body = tokens.issue(_form(request), registry=service.registry, token_url=service.token_url, now=now)
    except OAuth2Error as refused:
        # RFC 6749 allows ASCII alone in error_description: these sentences are English, for the developer of a client
        return _answer({"error": refused.error, "error_description": refused.description}, refused.status_code)
    return _answer(body, 200)


def _form(request: Request) -> list[tuple[str, str]]:
    """What is wrong with the body as such is said in the words of OAuth too."""
    try:
        return read_form(request)
    except HubError as problem:
        if problem.problem is TOO_LARGE:
            raise _refusal(f"The body must not be longer than {LARGEST_FORM} bytes.", TOO_LARGE.status) from None
        raise _refusal(f"The body must be {FORM} in UTF-8, not compressed.", 400) from None


def _refusal(description: str, status: int) -> OAuth2Error:
    error: OAuth2Error = OAuth2Error(error="invalid_request", description=description, status_code=status)
    return error


def _answer(body: dict[str, Any], status: int) -> Response:
    answer = Response(orjson.dumps(body), status, content_type=JSON)
    answer.headers["Pragma"] = "no-cache"
    return answer
