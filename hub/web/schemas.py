"""/schemas/: each profile as a JSON Schema, for integrators without FHIR tools. Public, like the contract itself: no token.

https://json-schema.org/draft/2020-12. `$id` is the canonical of the profile: a schema is the same document wherever it is
served and in the package, so it is not named after the deployment that happens to serve it. Titles are in the language of
`?lang=`, or else of Accept-Language.
"""

from functools import cache
from typing import Any, Final

from flask import Flask, Response, request

from hub import conformance
from hub.errors import UNKNOWN_SCHEMA, HubError
from hub.fhir.definitions import load
from hub.fhir.serial import dumps, dumps_indented
from hub.fhir.words import of_profile
from hub.web.negotiation import JSON
from hub.web.published import asked_language, published, spoken
from hub.web.service import Service

MEDIA: Final = "application/schema+json"
SUFFIX: Final = ".schema.json"


def register(app: Flask, service: Service) -> None:
    address = f"{service.base.removesuffix('/fhir')}/schemas"

    @app.get("/schemas/")
    def schemas() -> Response:
        language = asked_language(request)
        return spoken(published(dumps(_listed(address, language)).encode(), JSON), language)

    @app.get("/schemas/<name>")
    def schema(name: str) -> Response:
        language = asked_language(request)
        return spoken(published(_written(_known(name.removesuffix(SUFFIX)), language), MEDIA), language)


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


@cache
def _written(name: str, language: str) -> bytes:
    return dumps_indented(conformance.schema(name, language))
