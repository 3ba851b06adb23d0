"""What can be asked without a token: the CapabilityStatement and where the authorization server is. Written once, at start.

https://hl7.org/fhir/R4/http.html#capabilities · https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html · RFC 8414 §3
"""

from typing import Final

import orjson
from flask import Flask, Response, request

from hub.errors import BAD_PARAMETER, HubError
from hub.fhir import Resource
from hub.fhir.definitions import load
from hub.fhir.serial import dumps, dumps_indented
from hub.oauth.discovery import server_metadata, smart_configuration
from hub.web import bundle, subscriptions
from hub.web.export import INSTANTIATES, LEVELS
from hub.web.interactions import INTERACTIONS, OPERATIONS
from hub.web.metadata import capabilities
from hub.web.negotiation import JSON, answer_media
from hub.web.published import kept
from hub.web.service import Service
from hub.web.vocabulary import terminology_capabilities

FULL: Final = "full"
DESCRIPTION: Final = '</openapi.json>; rel="service-desc"; type="application/vnd.oai.openapi+json"'
"""https://www.rfc-editor.org/rfc/rfc8631#section-3"""


def statement(service: Service) -> Resource:
    """The CapabilityStatement of what runs."""
    codes: dict[str, frozenset[str]] = {}
    for one in INTERACTIONS:
        codes[one.code] = codes.get(one.code, frozenset()) | one.types
    now, people = service.hub.clock.now(), service.people is not None
    return capabilities(
        codes,
        (*OPERATIONS, *LEVELS),
        base=service.base,
        endpoints=service.endpoints,
        at=now,
        system=bundle.CODES,
        people=people,
        instantiates=(INSTANTIATES,),
        others=(subscriptions.announced(),),
    )


def register(app: Flask, service: Service, full: Resource) -> None:
    signs_in = service.people is not None
    modes = {FULL: full, "normative": full, "terminology": terminology_capabilities(full, load())}
    smart = orjson.dumps(smart_configuration(service.endpoints, people=signs_in))
    server = orjson.dumps(server_metadata(service.endpoints, people=signs_in))

    @app.get("/fhir/metadata")
    def metadata() -> Response:
        media = answer_media(request)
        mode = request.args.get("mode", FULL)
        if mode not in modes:
            raise HubError(BAD_PARAMETER, path="http.mode", parameter="mode", expected=", ".join(modes))
        return _told(modes[mode], media)

    @app.get("/.well-known/smart-configuration")
    @app.get("/fhir/.well-known/smart-configuration")
    def smart_config() -> Response:
        return Response(smart, content_type=JSON)  # application/json whatever Accept says

    @app.get("/.well-known/oauth-authorization-server")
    @app.get("/fhir/.well-known/oauth-authorization-server")
    def oauth_server() -> Response:
        return Response(server, content_type=JSON)


def _told(resource: Resource, media: str) -> Response:
    """Every process of a deployment says the same, but for the instant at which it was started."""
    indented = request.args.get("_pretty") == "true"
    content = dumps_indented(resource) if indented else dumps(resource).encode()
    version = dumps(resource | {"date": "", "_pretty": indented}).encode()
    answer = kept(content, f"{media}; charset=utf-8", version=version)
    answer.headers["Link"] = DESCRIPTION
    answer.vary.add("Accept")
    return answer
