"""/schemas/: each profile as a JSON Schema, for integrators without FHIR tools. Public, like the contract itself: no token.

https://json-schema.org/draft/2020-12. `$id` is the canonical of the profile: a schema is the same document wherever it is
served and in the package, so it is not named after the deployment that happens to serve it. Titles are in the language of
`?lang=`, or else of Accept-Language.
"""

import hashlib
from functools import cache
from typing import Any, Final

from flask import Flask, Request, Response, request

from hub import conformance
from hub.errors import BAD_PARAMETER, UNKNOWN_SCHEMA, HubError
from hub.fhir.definitions import load
from hub.fhir.serial import dumps, dumps_indented
from hub.fhir.words import of_profile
from hub.texts import LANGUAGES, choose_language
from hub.web.negotiation import JSON
from hub.web.service import Service

MEDIA: Final = "application/schema+json"
SUFFIX: Final = ".schema.json"


def register(app: Flask, service: Service) -> None:
    address = f"{service.base.removesuffix('/fhir')}/schemas"

    @app.get("/schemas/")
    def schemas() -> Response:
        language = _language(request)
        return _spoken(_answer(dumps(_listed(address, language)).encode(), JSON), language)

    @app.get("/schemas/<name>")
    def schema(name: str) -> Response:
        language = _language(request)
        return _spoken(_answer(_written(_known(name.removesuffix(SUFFIX)), language), MEDIA), language)


def _listed(address: str, language: str) -> dict[str, Any]:
    profiles = sorted(load().profiles(), key=lambda one: one.name)
    return {
        "schemas": [
            {
                "name": one.name,
                "resourceType": one.type,
                "title": of_profile(one, language).title,
                "profile": one.url,
                "schema": f"{address}/{one.name}{SUFFIX}",
            }
            for one in profiles
        ]
    }


def _known(name: str) -> str:
    names = sorted(one.name for one in load().profiles())
    if name not in names:
        raise HubError(UNKNOWN_SCHEMA, known=", ".join(names))
    return name


def _language(asked: Request) -> str:
    wanted = asked.args.get("lang")
    if wanted is None:
        return choose_language(asked.headers.get("Accept-Language"))
    if wanted not in LANGUAGES:
        raise HubError(BAD_PARAMETER, path="http.lang", parameter="lang", expected=", ".join(LANGUAGES))
    return wanted


@cache
def _written(name: str, language: str) -> bytes:
    return dumps_indented(conformance.schema(name, language))


def _spoken(answer: Response, language: str) -> Response:
    answer.headers["Content-Language"] = language
    answer.vary.add("Accept-Language")
    return answer


def _answer(content: bytes, media: str) -> Response:
    """What a client has already is not sent again."""
    answer = Response(content, content_type=media)
    answer.set_etag(hashlib.sha256(content).hexdigest()[:32])
    answer.headers["Cache-Control"] = "no-cache"  # keep it, and ask whether it is still so
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.make_conditional(request)
    return answer
