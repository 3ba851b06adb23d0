"""/openapi.json: the whole surface as an OpenAPI 3.1 description, written from the tables that make the routes.

https://spec.openapis.org/oas/v3.1.1.html. Public, like the CapabilityStatement, which links to it (`service-desc`, RFC 8631).
"""

from functools import cache
from typing import Final

from flask import Flask, Response, request

from hub.fhir import Resource
from hub.fhir.serial import dumps
from hub.web.openapi.document import Route, describe
from hub.web.published import asked_language, published, spoken
from hub.web.service import Service

PATH: Final = "/openapi.json"
MEDIA: Final = "application/vnd.oai.openapi+json;version=3.1"


def register(app: Flask, service: Service, statement: Resource) -> None:
    """Called when every other route of this room is there: it describes those."""

    @cache
    def written(language: str) -> bytes:
        return dumps(describe(routes, statement, service.endpoints, language)).encode()

    @app.get(PATH)
    def openapi() -> Response:
        language = asked_language(request)
        return spoken(published(written(language), MEDIA), language)

    routes = tuple(Route.of(rule) for rule in app.url_map.iter_rules())
