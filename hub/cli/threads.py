"""The threads of a server process: some answer requests, each of the others may hold a stream.

A stream keeps its thread for minutes. So there are as many more threads as there may be streams, and requests that are
answered at once take turns at their own number: however many streams there are, as many requests are worked on at a time.
"""

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from hub.web.events import PATH

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication


class Turns:
    """A WSGI application of which so many requests are answered at a time, beside its streams."""

    def __init__(self, app: "WSGIApplication", at_once: int) -> None:
        self._app = app
        self._turn = threading.Semaphore(at_once)

    def __call__(self, environ: dict[str, Any], start: "StartResponse") -> Iterable[bytes]:
        if environ.get("PATH_INFO") == PATH:
            return self._app(environ, start)
        with self._turn:
            return self._app(environ, start)
