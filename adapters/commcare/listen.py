"""Where CommCare HQ forwards cases and forms to: HTTPS, a token, and an answer once what came is on the disk.

It forwards again, at growing intervals, whatever is not answered by 2xx: what came twice is the same record, and no other.
"""

import base64
import binascii
import hmac
import ssl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from adapters.commcare.cases import NotACase
from adapters.commcare.forwarded import forwarded
from adapters.commcare.records import OURS
from adapters.commcare.spool import Spool
from adapters.commcare.terms import Listen, Terms, terms
from hub.errors import Fatal
from hub.ports import Connection, Ready

LARGEST: Final = 2_000_000
IDLE: Final = 30


class Listener(ThreadingHTTPServer):
    """`port` is the one that the system gave, where the settings say 0."""

    daemon_threads = True

    def __init__(self, at: Listen, found: Terms, spool: Spool, token: str) -> None:
        self.terms, self.spool, self.token = found, spool, token.encode()
        self._tls = _context(at)
        super().__init__((at.host, at.port), _Talk)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def finish_request(self, request: Any, client_address: Any) -> None:
        """In the thread of the connection: who is slow to shake hands keeps nobody waiting."""
        request.settimeout(IDLE)
        secured = self._tls.wrap_socket(request, server_side=True) if self._tls else request
        super().finish_request(secured, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke is its sender's to open again; what was on it is never told."""


class _Talk(BaseHTTPRequestHandler):
    server: Listener
    timeout = IDLE

    def do_POST(self) -> None:
        if not _may(self.headers.get("Authorization", ""), self.server.token):
            return self._say(401)
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            return self._say(411)
        if int(length) > LARGEST:
            return self._say(413)
        return self._say(take(self.rfile.read(int(length)), self.server.terms, self.server.spool))

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""

    def _say(self, status: int) -> None:
        self.close_connection = True
        self.send_response_only(status)
        self.send_header("Content-Length", "0")
        self.end_headers()


def take(body: bytes, found: Terms, spool: Spool) -> int:
    """The answer: 200 once it is on the disk, or is none of this connection's types of case and is left."""
    try:
        told = forwarded(body)
    except NotACase:
        return 400
    if told.case and (told.case.type not in {found.survivor, found.referral} or told.case.external_id.startswith(OURS)):
        return 200
    try:
        spool.put(body)
    except OSError:
        return 503
    return 200


def _may(header: str, token: bytes) -> bool:
    """Bearer, or the password of Basic. https://www.rfc-editor.org/rfc/rfc7617"""
    scheme, _, said = header.partition(" ")
    given = said.encode("utf-8", "replace") if scheme.lower() == "bearer" else b""
    if scheme.lower() == "basic":
        try:
            given = base64.b64decode(said, validate=True).partition(b":")[2]
        except (binascii.Error, ValueError):
            return False
    return bool(token) and hmac.compare_digest(given, token)


def _context(at: Listen) -> ssl.SSLContext | None:
    if at.certificate is None or at.key is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(at.certificate, at.key)
    except (OSError, ssl.SSLError):
        raise Fatal("adapters.commcare-certificate") from None
    return context


def opened(connection: Connection) -> Listener:
    """A listener that has its port and does not serve yet. Raises Fatal."""
    found = terms(connection)
    if found.listen is None:
        raise Fatal("adapters.commcare-no-listen")
    spool = Spool(found.spool, connection.secret("spool"))
    try:
        return Listener(found.listen, found, spool, connection.secret("forward"))
    except OSError:
        raise Fatal("adapters.commcare-port", port=str(found.listen.port)) from None


def listen(connection: Connection, ready: Ready) -> None:
    """Serves until it is stopped. `ready` is told where, and how to stop it."""
    with opened(connection) as listener:
        ready(f"{listener.server_address[0]!s}:{listener.port}", listener.shutdown)
        listener.serve_forever(poll_interval=0.2)
