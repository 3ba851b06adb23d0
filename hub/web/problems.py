"""Every problem as an OperationOutcome: the one place where exceptions become answers.

https://hl7.org/fhir/R4/operationoutcome.html. Of an exception that nobody expected, only its type and place are logged: its
text could quote a resource.
"""

import logging
import traceback
from http import HTTPStatus
from typing import Final

from flask import Request, Response
from werkzeug.exceptions import HTTPException

from hub import errors
from hub.errors import HubError
from hub.exchange import Invalid
from hub.fhir.issues import Issue, outcome
from hub.fhir.serial import dumps
from hub.texts import choose_language, say
from hub.web.answers import said
from hub.web.methods import allowed, is_of_a_subscription, is_operation, refused_operation
from hub.web.negotiation import FHIR_JSON

log = logging.getLogger("hub.web")

_OF_HTTP: Final = {
    404: errors.NOT_FOUND,
    405: errors.NOT_SUPPORTED,
    413: errors.TOO_LARGE,
    415: errors.UNSUPPORTED_MEDIA,
}
BLANKS: Final = dict.fromkeys(
    (
        "parameter", "expected", "known", "element", "status", "allowed", "operation", "detail", "name", "env", "file",
        "type", "system", "limit", "label",
    ),
    "-",
)  # fmt: skip
"""What a sentence says where the problem was raised with less than its sentence asks for."""


def answer(problem: Exception, request: Request) -> Response:
    """The OperationOutcome of a problem, with the headers that belong to it."""
    try:
        return _answer(problem, request)
    except Exception as second:  # a sentence is missing: even then the answer tells nothing of the first problem
        tell(second)
        return _answer(HubError(errors.BROKEN), request)


def _answer(problem: Exception, request: Request) -> Response:
    error = _as_hub_error(problem, request)
    language = choose_language(request.headers.get("Accept-Language"))
    response = Response(_outcome(error, language), error.problem.status, content_type=f"{FHIR_JSON}; charset=utf-8")
    if error.problem is errors.LOGIN:
        reason = ', error="invalid_token"' if "Authorization" in request.headers else ""
        response.headers["WWW-Authenticate"] = f'Bearer realm="fhir"{reason}'
    if error.problem is errors.SCOPE_LACKING:
        response.headers["WWW-Authenticate"] = 'Bearer realm="fhir", error="insufficient_scope"'
    if error.problem is errors.UNAVAILABLE:
        response.headers["Retry-After"] = "2"
    if error.problem is errors.TOO_OFTEN:
        response.headers["Retry-After"] = error.params["wait"]
    if error.problem.status == HTTPStatus.METHOD_NOT_ALLOWED:
        response.headers["Allow"] = error.params.get("allow") or allowed(request)
    return response


def _outcome(error: HubError, language: str) -> str:
    if isinstance(error, Invalid) and error.issues:
        return dumps(said(error.issues, language))
    absent = error.problem is errors.NOT_FOUND  # the same bytes whatever the reason
    sentence = say(error.problem.text if absent else error.text, language, **{**BLANKS, **error.params})
    issue = Issue("error", error.problem.issue, error.problem.text, "" if absent else error.path)
    return dumps(outcome([(issue, sentence)]))


def _as_hub_error(problem: Exception, request: Request) -> HubError:
    match problem:
        case HubError(problem=errors.BROKEN):
            return problem
        case HubError() if problem.problem.status < 500 or problem.problem is errors.UNAVAILABLE:
            return problem
        case HTTPException(code=404 | 405) if is_operation(request):
            return refused_operation(request)
        case HTTPException(code=404) if is_of_a_subscription(request):
            return HubError(errors.NOT_SUPPORTED, allow="OPTIONS")
        case HTTPException() if problem.code is not None and problem.code < 500:
            return HubError(_OF_HTTP.get(problem.code, errors.BAD_PARAMETER))
    tell(problem)
    return HubError(errors.BROKEN)


def tell(problem: BaseException) -> None:
    """Log an exception that nobody expected by its type and place."""
    log.error("request.broken", extra={"problem": f"{type(problem).__name__} at {place(problem)}"})


def place(problem: BaseException) -> str:
    """Where it was raised: functions and lines, innermost first."""
    frames = traceback.extract_tb(problem.__traceback__)
    return " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames[-6:]))
