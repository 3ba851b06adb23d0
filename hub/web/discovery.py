"""What can be asked without a token: the CapabilityStatement and where the authorization server is. Written once, at start.

https://hl7.org/fhir/R4/http.html#capabilities · https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html · RFC 8414 §3
"""

import orjson
from flask import Flask, Response, request

from hub.fhir.serial import dumps
from hub.oauth.discovery import server_metadata, smart_configuration
from hub.web import bundle
from hub.web.export import INSTANTIATES, LEVELS
from hub.web.interactions import INTERACTIONS, OPERATIONS
from hub.web.metadata import capabilities
from hub.web.negotiation import JSON, answer_media
from hub.web.service import Service


def register(app: Flask, service: Service) -> None:
    codes = {interaction.code: interaction.types for interaction in INTERACTIONS}
    now = service.hub.clock.now()
    signs_in = service.people is not None
    statement = dumps(
        capabilities(
            codes,
            (*OPERATIONS, *LEVELS),
            base=service.base,
            endpoints=service.endpoints,
            at=now,
            system=bundle.CODES,
            people=signs_in,
            instantiates=(INSTANTIATES,),
        )
    )
    smart = orjson.dumps(smart_configuration(service.endpoints, people=signs_in))
    server = orjson.dumps(server_metadata(service.endpoints, people=signs_in))

    @app.get("/fhir/metadata")
    def metadata() -> Response:
        return Response(statement, content_type=f"{answer_media(request)}; charset=utf-8")

    @app.get("/.well-known/smart-configuration")
    @app.get("/fhir/.well-known/smart-configuration")
    def smart_config() -> Response:
        return Response(smart, content_type=JSON)  # application/json whatever Accept says

    @app.get("/.well-known/oauth-authorization-server")
    @app.get("/fhir/.well-known/oauth-authorization-server")
    def oauth_server() -> Response:
        return Response(server, content_type=JSON)
