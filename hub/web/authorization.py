"""The endpoints of the authorization server: a form in, JSON or an error of RFC 6749 §5.2 out, never to be cached.

https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html#request-access-token · RFC 7009 · RFC 7662
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import orjson
from authlib.oauth2.rfc6749.errors import OAuth2Error
from flask import Flask, Request, Response, request

from hub.errors import TOO_LARGE, HubError
from hub.oauth import endpoints, introspection, revocation, tokens
from hub.oauth.assertion import claimed_client
from hub.oauth.forms import Form
from hub.oauth.limits import TOKENS, Asker, Limit, TooMany, guarded
from hub.texts import choose_language
from hub.web.bodies import LARGEST_FORM, read_form
from hub.web.negotiation import FORM, JSON
from hub.web.origin import address
from hub.web.service import Service

Body = dict[str, Any] | None
Act = Callable[[Form, Request, Service, datetime], Body]


def register(app: Flask, service: Service) -> None:
    for path, (act, limit) in _ACTS.items():
        app.add_url_rule(path, path.rpartition("/")[2], _view(act, limit, service), methods=["POST"])


def _view(act: Act, limit: Limit | None, service: Service) -> Callable[[], Response]:
    return lambda: _answered(act, limit, request, service)


def _token(form: Form, _: Request, service: Service, now: datetime) -> dict[str, Any]:
    return tokens.issue(form, server=service.server, now=now)


def _revoke(form: Form, _: Request, service: Service, now: datetime) -> None:
    revocation.revoke(form, server=service.server, now=now)


def _introspect(form: Form, request: Request, service: Service, now: datetime) -> dict[str, Any]:
    return introspection.introspect(
        form,
        request.headers.get("Authorization"),
        server=service.server,
        directory=service.hub.directory,
        language=choose_language(request.headers.get("Accept-Language")),
        now=now,
    )


_ACTS: Final[dict[str, tuple[Act, Limit | None]]] = {
    endpoints.TOKEN: (_token, TOKENS),
    endpoints.REVOCATION: (_revoke, None),
    endpoints.INTROSPECTION: (_introspect, None),
}
"""Address → what is done there, and how often one client may have it done."""


def _answered(act: Act, limit: Limit | None, request: Request, service: Service) -> Response:
    try:
        body = _guarded(act, limit, request, service)
    except TooMany as refused:
        answer = _answer({"error": refused.error, "error_description": refused.description}, refused.status_code)
        answer.headers["Retry-After"] = str(refused.wait)
        return answer
    except OAuth2Error as refused:
        # RFC 6749 allows ASCII alone in error_description: these sentences are English, for the developer of a client
        return _answer({"error": refused.error, "error_description": refused.description}, refused.status_code)
    return _answer(body, 200)


def _guarded(act: Act, limit: Limit | None, request: Request, service: Service) -> Body:
    form, now = _form(request), service.hub.clock.now()
    asked = dict(form)
    claimed = claimed_client(asked.get("client_assertion", "")) or asked.get("client_id", "")[:256]
    asker = Asker(claimed, address(request, service.proxies), limit)
    try:
        return guarded(
            lambda: act(form, request, service, now), asker, registry=service.registry, secret=service.counting, now=now
        )
    except OAuth2Error as refused:
        service.witness.refused(refused, claimed, now)
        raise


def _form(request: Request) -> Form:
    """What is wrong with the body as such is said in the words of OAuth too."""
    if request.mimetype != FORM:
        raise _refusal(f"Content-Type must be {FORM}.", 400)
    try:
        return read_form(request)
    except HubError as problem:
        if problem.problem is TOO_LARGE:
            raise _refusal(f"The body must not be longer than {LARGEST_FORM} bytes.", TOO_LARGE.status) from None
        raise _refusal(f"The body must be {FORM} in UTF-8, not compressed.", 400) from None


def _refusal(description: str, status: int) -> OAuth2Error:
    error: OAuth2Error = OAuth2Error(error="invalid_request", description=description, status_code=status)
    return error


def _answer(body: dict[str, Any] | None, status: int) -> Response:
    answer = Response(b"" if body is None else orjson.dumps(body), status, content_type=JSON)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Pragma"] = "no-cache"
    if status == 401 and "Authorization" in request.headers:  # RFC 6749 §5.2
        answer.headers["WWW-Authenticate"] = 'Bearer realm="oauth", error="invalid_token"'
    return answer
