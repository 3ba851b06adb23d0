"""Cross-origin requests: which web pages may read the answers of this hub in a browser.

https://fetch.spec.whatwg.org/#http-cors-protocol · https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html. What is told
to everybody (`.well-known`) may be read from everywhere. Everything else is for origins that the operator lists; none by
default. Credentials of the browser are never allowed: a token stands in `Authorization`. Pages for people, to which a browser
sends a cookie, are for no other page to read (RFC 9700 §2.6, of the authorization endpoint).
"""

from typing import Final

from flask import Flask, Request, Response

from hub.oauth import endpoints
from hub.web.access import present

EVERYWHERE: Final = "*"
WELL_KNOWN: Final = ("/.well-known/", "/fhir/.well-known/")
COVERED: Final = ("/fhir", "/oauth/", "/events")
METHODS: Final = "GET, POST, PUT, PATCH, DELETE"
SENT: Final = (
    "Accept, Accept-Language, Authorization, Content-Type, If-Match, If-None-Exist, If-None-Match, Last-Event-ID, "
    "Prefer, X-Request-Id"
)
READ: Final = (
    "Content-Location, ETag, Expires, Last-Modified, Location, Retry-After, WWW-Authenticate, "
    "X-Correlation-Id, X-Progress, X-Request-Id"
)
KEPT_S: Final = "600"


def register(app: Flask, origins: tuple[str, ...]) -> None:
    """`origins`: `https://app.example`, exact; or `*`."""

    def preflight() -> Response | None:
        """Answered before any route: it says nothing of what is there."""
        asked = present()
        asks = asked.method == "OPTIONS" and "Access-Control-Request-Method" in asked.headers
        if not asks or not _allowed(asked, origins):
            return None
        answer = Response(status=204)
        answer.headers["Access-Control-Allow-Methods"] = METHODS
        answer.headers["Access-Control-Allow-Headers"] = SENT
        answer.headers["Access-Control-Max-Age"] = KEPT_S
        return answer

    def readable(answer: Response) -> Response:
        asked = present()
        if origins and EVERYWHERE not in origins and _is_covered(asked):
            answer.vary.add("Origin")
        if allowed := _allowed(asked, origins):
            answer.headers["Access-Control-Allow-Origin"] = allowed
            answer.headers["Access-Control-Expose-Headers"] = READ
        return answer

    app.before_request(preflight)
    app.after_request(readable)


def _allowed(asked: Request, origins: tuple[str, ...]) -> str:
    """What stands in Access-Control-Allow-Origin; "" where nothing does."""
    origin = asked.headers.get("Origin", "")
    if not origin:
        return ""
    if asked.path.startswith(WELL_KNOWN) or (_is_covered(asked) and EVERYWHERE in origins):
        return EVERYWHERE
    return origin if _is_covered(asked) and origin in origins else ""


def _is_covered(asked: Request) -> bool:
    return asked.path.startswith(COVERED) and asked.path != endpoints.AUTHORIZATION
