"""A request inside a request: an entry of a bundle, answered by the same routes, checks and records as if it had come alone.

https://werkzeug.palletsprojects.com/en/stable/test/#werkzeug.test.EnvironBuilder
"""

from collections.abc import Callable, Mapping
from typing import Final

from flask import Flask, Request, Response
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder

from hub.web.access import audited_id

KEPT: Final = ("Authorization", "Accept-Language", "Prefer")
"""Headers of the bundle's request that hold for its entries too."""

Inner = Callable[[Request, str, str, Mapping[str, str], bytes], Response]
"""The answer to a request of this method, address below the base, headers and body, asked by whoever asked the outer one."""


def inner(app: Flask) -> Inner:
    def answered(outer: Request, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Response:
        path, _, query = url.partition("?")
        kept = {name: outer.headers[name] for name in KEPT if name in outer.headers}
        sent: dict[str, str] = {**kept, "X-Request-Id": audited_id(), **headers}
        builder = EnvironBuilder(
            path=f"/fhir/{path}",
            query_string=query,
            method=method,
            headers=Headers(sent),
            data=body or None,
            environ_base={name: outer.environ[name] for name in ("REMOTE_ADDR",) if name in outer.environ},
        )
        with (
            app.app_context(),
            app.request_context(builder.get_environ()),
        ):  # a context of its own: what it notes is its own
            return app.full_dispatch_request()

    return answered
