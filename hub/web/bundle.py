"""batch and transaction: many requests in one, at the base of the server.

https://hl7.org/fhir/R4/http.html#transaction
"""

from typing import Any, Final

from flask import Flask, Request, Response

from hub.errors import BAD_BUNDLE, HubError
from hub.web.access import present
from hub.web.answers import json_answer
from hub.web.asker import supposed_asker
from hub.web.batch import batch
from hub.web.bodies import read_json
from hub.web.entries import entries, entries_alone
from hub.web.inner import Inner, inner
from hub.web.negotiation import FHIR_JSON, JSON, answer_media, require_media
from hub.web.service import Call, Service
from hub.web.transaction import transaction

CODES: Final = ("transaction", "batch")
"""https://hl7.org/fhir/R4/valueset-system-restful-interaction.html"""


def register(app: Flask, service: Service) -> None:
    within = inner(app)

    @app.post("/fhir")
    def bundle() -> Response:
        return _answer(present(), service, within)


def _answer(asked: Request, service: Service, within: Inner) -> Response:
    media = answer_media(asked)
    with supposed_asker(asked, service) as caller:
        return _performed(Call(asked, "Bundle", "", caller, media), service, within)


def _performed(call: Call, service: Service, within: Inner) -> Response:
    asked = call.request
    require_media(asked, FHIR_JSON, JSON, "text/json")
    body = read_json(asked)
    kind = _kind(body)
    if kind == "batch":
        answered = batch(entries_alone(body, service.base), call, within)
    else:
        answered = transaction(entries(body, service.base), call, service, within)
    text = f'{{"resourceType":"Bundle","type":"{kind}-response"'
    return json_answer(f'{text},"entry":[{",".join(answered)}]}}' if answered else f"{text}}}", call)


def _kind(body: Any) -> str:
    if not isinstance(body, dict) or body.get("resourceType") != "Bundle":
        raise HubError(BAD_BUNDLE, path="Bundle", expected="Bundle")
    kind = body.get("type")
    if kind not in CODES:
        raise HubError(BAD_BUNDLE, path="Bundle.type", expected=", ".join(CODES))
    return str(kind)
