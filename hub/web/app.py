"""The WSGI application: routes, and nothing but routes.

https://hl7.org/fhir/R4/http.html · https://flask.palletsprojects.com/en/stable/patterns/appfactories/
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType, TracebackType
from typing import Any

from flask import Flask, Request, Response, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from werkzeug.routing import MapAdapter, Rule

from hub.exchange import Hub
from hub.exchange.listen import Listeners
from hub.exchange.upload import Door
from hub.oauth.people import People
from hub.oauth.server import REGISTERED
from hub.ports import KeySource, Registry
from hub.web import (
    access,
    authorization,
    bundle,
    cors,
    discovery,
    events,
    export,
    health,
    openapi,
    problems,
    refusals,
    schemas,
    subscriptions,
)
from hub.web.access import present
from hub.web.bodies import LARGEST
from hub.web.interactions import INTERACTIONS, OPERATIONS, OVER_TYPES, Interaction, respond
from hub.web.names import Address, ResourceType
from hub.web.operations import Operation, perform
from hub.web.service import Addresses, Service

ExceptionInfo = tuple[type, BaseException, TracebackType | None] | tuple[None, None, None]


class SessionsOfPeople(SecureCookieSessionInterface):
    """Pages for people have sessions. Who asks the API shows a token each time: no cookie is read there, and none is made."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        return None if request.path.startswith("/fhir") else super().open_session(app, request)


class Application(Flask):
    """Flask writes the text of an exception into its log, and that can quote a resource: here its type and place are written."""

    session_interface = SessionsOfPeople()
    url_rule_class: type[Rule] = Address

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Every address is the same on every host, so the host is read once."""
        if request is None:
            return super().create_url_adapter(request)
        return self.url_map.bind_to_environ(request.environ, subdomain="")

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """All are plain functions here, so it is not asked of each in each request."""
        return func

    def log_exception(self, exc_info: ExceptionInfo) -> None:
        if exc_info[1] is not None:
            problems.tell(exc_info[1])


def create_app(
    hub: Hub,
    registry: Registry,
    settings: Addresses,
    *,
    keys: KeySource = REGISTERED,
    people: People | None = None,
    listeners: Listeners | None = None,
    allows: Callable[[str], bool] = lambda _: False,
    doors: Mapping[str, Door] = MappingProxyType({}),
) -> Flask:
    """The application of one deployment. All it holds is what it is given here.

    `doors`: what registers may be uploaded to. `allows`: where subscribers may be sent something.
    `listeners`: where there are none, nothing is told at once.
    `people`: where they sign in; their pages are another room's (`hub.console`), mounted by who calls this.
    """
    app = Application("hub.web", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST
    app.url_map.strict_slashes = False  # `/fhir/Task/` is `/fhir/Task`
    app.url_map.converters["resource"] = ResourceType
    app.url_map.merge_slashes = False  # no redirect that would repeat a URL
    service = Service(hub, registry, settings.base_url.rstrip("/"), settings.proxies, keys, people, doors)

    access.watch(app, hub.ids)
    cors.register(app, settings.cors_origins)
    app.register_error_handler(
        Exception, lambda problem: problems.answer(refusals.tell(problem, request, service), request)
    )
    for interaction in (*INTERACTIONS, *OVER_TYPES):
        _route(app, interaction, service)
    for operation in OPERATIONS:
        _route_operation(app, operation, service)
    bundle.register(app, service)
    subscriptions.register(app, service, allows)
    export.register(app, service)
    if listeners is not None:
        events.register(app, service, listeners)
    statement = discovery.statement(service)
    discovery.register(app, service, statement)
    schemas.register(app, service)
    authorization.register(app, service)
    app.add_url_rule("/healthz", "healthz", health.alive)
    app.add_url_rule("/readyz", "readyz", lambda: health.ready(service))
    openapi.register(app, service, statement)
    return app


def _route(app: Flask, interaction: Interaction, service: Service) -> None:
    def view(type_: str = "", id_: str = "", **_: str) -> Response:
        return respond(interaction, present(), type_, id_, service)

    name = f"{interaction.method} {interaction.rule}"
    app.add_url_rule(
        interaction.rule, name.replace(".", "_"), view, methods=[interaction.method], types=interaction.types
    )


def _route_operation(app: Flask, operation: Operation, service: Service) -> None:
    def view(type_: str = "", id_: str = "") -> Response:
        return perform(operation, present(), type_, id_, service)

    for rule in operation.rules:
        app.add_url_rule(rule, f"operation {rule}".replace(".", "_"), view, methods=operation.methods)
