"""A stand-in on a port of loopback, until it is stopped."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

from adapters.replay.faults import Answer, Cut, Hang
from adapters.replay.stand_in import Asked, StandIn


class Served:
    """`url` from the beginning; requests are answered while `running`, or by `serve`."""

    def __init__(self, stand_in: StandIn, port: int = 0) -> None:
        self.stand_in = stand_in
        self._stopped = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(stand_in, self._stopped))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def serve(self) -> None:
        """Serve until stopped."""
        self._server.serve_forever(poll_interval=0.01)

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Serve from a thread of its own."""
        thread = threading.Thread(target=self.serve, name="stand-in", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._stopped.set()
            self._server.shutdown()
            thread.join()
            self._server.server_close()


def _handler(stand_in: StandIn, stopped: threading.Event) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else what follows the headers waits forty milliseconds for their receipt

        def serve(self) -> None:
            said, right = stand_in.answer(_asked(self))
            if isinstance(said, Hang):
                stopped.wait(said.seconds)
            elif isinstance(said, Cut):
                _send(self, right, share=said.share)
            else:
                _send(self, said)
                return
            self.close_connection = True

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = serve  # noqa: N815 — as http.server names them

        def log_message(self, format: str, *args: object) -> None:
            """Requests are kept in `asked`; nothing is printed."""

    return Handler


def _asked(request: BaseHTTPRequestHandler) -> Asked:
    parts = urlsplit(request.path)
    body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
    return Asked(
        request.command,
        unquote(parts.path),
        dict(parse_qsl(parts.query, keep_blank_values=True)),
        {name.lower(): value for name, value in request.headers.items()},
        body,
        f"http://{request.headers['Host']}{parts.path}",
    )


def _send(request: BaseHTTPRequestHandler, answer: Answer, share: float = 1.0) -> None:
    sent = _body(answer)
    request.send_response(answer.status)
    for name, value in {"Content-Type": "application/json", **answer.headers}.items():
        request.send_header(name, value)
    request.send_header("Content-Length", str(len(sent)))
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(sent[: int(len(sent) * share)])


def _body(answer: Answer) -> bytes:
    if answer.body is None:
        return b""
    if isinstance(answer.body, bytes):
        return answer.body
    return (answer.body if isinstance(answer.body, str) else json.dumps(answer.body)).encode()
