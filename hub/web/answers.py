"""Views and outcomes as HTTP answers.

https://hl7.org/fhir/R4/http.html#versions (ETag, Last-Modified) · https://hl7.org/fhir/R4/http.html#return
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from flask import Response
from werkzeug.datastructures import Headers
from werkzeug.http import http_date

from hub.errors import STALE, HubError
from hub.exchange import View
from hub.exchange.change import is_met
from hub.fhir import Resource
from hub.fhir.issues import Issue, outcome
from hub.fhir.serial import dumps, dumps_indented, loads
from hub.fhir.summary import Wanted, shortened
from hub.texts import say
from hub.web.negotiation import expected_version, preferences
from hub.web.service import Call, Service

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

ALL_OF_IT: Final = Wanted()
MOST_ISSUES: Final = 200
NONE: Final[Mapping[str, str]] = MappingProxyType({})
_CONDITIONS: Final = frozenset({"HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE"})
"""By which headers a client says what it has, as WSGI names them."""
WITH_BODY: Final = frozenset({200, 201})


class Whole(Response):
    """An answer that is all there, with its length. Its headers are sent as they stand: others are copied and looked through,
    for an address that is not written as one, and for a body without a length."""

    def get_wsgi_headers(self, environ: "WSGIEnvironment") -> Headers:
        return self.headers if self.status_code in WITH_BODY else super().get_wsgi_headers(environ)


def resource_answer(view: View, call: Call, *, status: int = 200, wanted: Wanted = ALL_OF_IT) -> Response:
    """The resource itself, or what is wanted of it, or 304 where the client has this version already (reads only)."""
    return json_answer(shortened(view.text, wanted), call, status=status, headers=_stamp(view))


def unless_known(answer: Response, view: View, call: Call) -> Response:
    """304 where the client has it already. Raises STALE where If-Match names another version: https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1,
    by the number alone as FHIR's weak ETags are compared. Raises BAD_PARAMETER."""
    if not is_met(expected_version(call.request), view.version):
        raise HubError(STALE)
    if _CONDITIONS.isdisjoint(call.request.environ):
        return answer
    environ = {name: value for name, value in call.request.environ.items() if name != "HTTP_IF_MATCH"}
    answer.make_conditional(environ)
    return answer


def change_answer(view: View, call: Call, service: Service, *, status: int, text: str = "web.saved") -> Response:
    """After a change: as much as `Prefer: return` asks for, always with ETag and Location. `text`: the sentence of an outcome."""
    match preferences(call.request).body:
        case "minimal":
            body = ""
        case "OperationOutcome":
            body = dumps(said([Issue("information", "informational", text)], call.language))
        case _:
            body = view.text
    location = f"{service.address}/{view.type}/{view.id}/_history/{view.version}"
    return json_answer(body, call, status=status, headers={**_stamp(view), "Location": location})


def done_answer(text: str, call: Call) -> Response:
    """After an act of which nothing is left to show: empty, or the sentence `text` where `Prefer: return` asks for one."""
    if preferences(call.request).body != "OperationOutcome":
        answer = Response("", 204)
        del answer.headers["Content-Type"]  # of no content
        return answer
    return json_answer(dumps(said([Issue("information", "informational", text)], call.language)), call)


def json_answer(text: str, call: Call, *, status: int = 200, headers: Mapping[str, str] = NONE) -> Response:
    if text and (call.pretty or call.request.args.get("_pretty") == "true"):
        text = dumps_indented(loads(text)).decode()
    return Whole(text, status, headers, content_type=f"{call.media}; charset=utf-8")


def said(issues: Iterable[Issue], language: str) -> Resource:
    """An OperationOutcome with every sentence in the caller's language; of very many issues the first, and how many more."""
    issues = list(issues)
    if len(issues) > MOST_ISSUES:
        more = Issue("error", "incomplete", "web.too-many", params={"count": str(len(issues) - MOST_ISSUES)})
        issues = [*issues[:MOST_ISSUES], more]
    return outcome((issue, say(issue.text, language, **issue.params)) for issue in issues)


def _stamp(view: View) -> dict[str, str]:
    return {"ETag": f'W/"{view.version}"', "Last-Modified": _dated(view.at.replace(microsecond=0))}


@lru_cache(maxsize=128)
def _dated(second: datetime) -> str:
    """What is written in one second says the same."""
    return http_date(second)
