"""The access log: one event a request, named fields only. Never the URL, the query, a header or a body.

`route` is the rule that matched (`/fhir/<type_>/<id_>`), so no id is written; `client` the id of a registered system.
"""

import logging
import re
import time
from http import HTTPStatus
from typing import Any, Final, cast

from flask import Flask, Request, Response, g, has_request_context, request
from werkzeug.local import LocalProxy

from hub.ports import Ids

log = logging.getLogger("hub.access")

_REQUEST: Final = cast("LocalProxy[Request]", request)
_NOTES: Final = cast("LocalProxy[Any]", g)

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._\-]{1,64}", re.ASCII)
_DRAWN: Final = re.compile(r"(?i:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?=[0-9]*[a-f])[0-9a-f]{16,64})", re.ASCII)
"""A UUID, or as many hexadecimal digits as a trace has (https://www.w3.org/TR/trace-context/#trace-id)."""


def watch(app: Flask, ids: Ids) -> None:
    """Log every request of `app`, and finish every answer."""
    app.before_request(lambda: _begin(ids))
    app.after_request(_finish)


def present() -> Request:
    """The request that is being answered, itself: by flask's name for it, it is searched for with every look at it."""
    return _REQUEST._get_current_object()


def _begin(ids: Ids) -> None:
    notes = _NOTES._get_current_object()
    notes.began = time.perf_counter()
    notes.client, notes.caller = "", None
    notes.id, notes.new_id = "", ids.new  # one a request, and none where none is asked for


def _finish(answer: Response) -> Response:
    asked, notes = present(), _NOTES._get_current_object()
    answer.status = f"{answer.status_code} {HTTPStatus(answer.status_code).phrase}"  # not in capitals
    _name(answer, asked)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers.setdefault("Cache-Control", "no-store")
    log.info("request.answered", extra=fields(asked, answer, notes.client, time.perf_counter() - notes.began))
    return answer


def fields(asked: Request, answer: Response, client: str, seconds: float) -> dict[str, str | int | float]:
    """All that is ever logged of a request."""
    return {
        "method": asked.method if asked.url_rule else "-",
        "route": asked.url_rule.rule if asked.url_rule else "-",
        "status": answer.status_code,
        "ms": round(seconds * 1000, 1),
        "client": client,
    }


def _name(answer: Response, asked: Request) -> None:
    """By the id under which the audit knows the request; what the client called it, where that is another, goes back to it alone:
    https://hl7.org/fhir/R4/http.html#custom."""
    answer.headers["X-Request-Id"] = known = audited_id()
    given = asked.headers.get("X-Request-Id", "")
    if _REQUEST_ID.fullmatch(given) and given != known:
        answer.headers["X-Correlation-Id"] = given


def audited_id() -> str:
    """The id of the present request, for its answer and for the audit, out of which nothing is ever taken again: the one that was
    given, where it looks as if it was drawn, so that no name and no telephone number gets in, else one that is made. "" where
    there is no request."""
    if not has_request_context():
        return ""
    notes = _NOTES._get_current_object()
    if not notes.id:
        given = present().headers.get("X-Request-Id", "")
        notes.id = given if _DRAWN.fullmatch(given) else notes.new_id()
    return str(notes.id)
