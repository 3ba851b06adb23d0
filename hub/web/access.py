"""The access log: one event a request, named fields only. Never the URL, the query, a header or a body.

`route` is the rule that matched (`/fhir/<type_>/<id_>`), so no id is written; `client` the id of a registered system.
"""

import logging
import re
import time
import uuid
from http import HTTPStatus
from typing import Final

from flask import Flask, Request, Response, g, request

log = logging.getLogger("hub.access")

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._\-]{1,64}", re.ASCII)


def watch(app: Flask) -> None:
    """Log every request of `app`, and finish every answer."""
    app.before_request(_begin)
    app.after_request(_finish)


def _begin() -> None:
    g.began = time.perf_counter()
    g.client = ""


def _finish(answer: Response) -> Response:
    answer.status = f"{answer.status_code} {HTTPStatus(answer.status_code).phrase}"  # not in capitals
    answer.headers["X-Request-Id"] = _request_id(request)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers.setdefault("Cache-Control", "no-store")
    log.info("request.answered", extra=fields(request, answer, g.client, time.perf_counter() - g.began))
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


def _request_id(asked: Request) -> str:
    given = asked.headers.get("X-Request-Id", "")
    return given if _REQUEST_ID.fullmatch(given) else str(uuid.uuid4())
