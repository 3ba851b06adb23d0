"""Where a tool calls by itself: HTTP in TLS, a secret, a body of a limited size, and an answer at once.

Most calls are hints: that something is new, whatever they say besides. Their content is dropped unread, and the connection is
pulled soon. A hint that is lost, doubled or replayed changes nothing: pulls go on without it, and read what there is.
"""

import base64
import binascii
import hmac
import ssl
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from email.message import Message
from http.server import BaseHTTPRequestHandler
from io import BufferedIOBase
from pathlib import Path
from typing import Any, Final, NamedTuple

from adapters.bounded_server import BoundedServer, tls
from adapters.http_client import LOOPBACK
from hub.errors import Fatal
from hub.ports import Connection, Heard, Ready, unheard

LARGEST: Final = 10_000_000
IDLE: Final = 30
PIECE: Final = 65_536

SETTINGS: Final = {
    "listen": "adapters.setting-listen",
    "listen_certificate": "adapters.setting-listen-certificate",
    "listen_key": "adapters.setting-listen-key",
}
"""What the manifest of a door that is called has besides."""
SECRETS: Final = {"hint": "adapters.secret-hint"}

Take = Callable[[bytes], int]
"""A body, and the status that answers it."""


class Where(NamedTuple):
    """An address of this machine."""

    host: str
    port: int
    certificate: Path | None
    key: Path | None


def where(connection: Connection) -> Where | None:
    """None where the connection does not listen. Raises Fatal for what cannot work, or could be overheard."""
    told = str(connection.settings.get("listen") or "")
    if not told:
        return None
    host, _, port = told.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not (port.isascii() and port.isdecimal()) or int(port) > 65535:
        raise Fatal("adapters.listen-settings")
    certificate, key = (_path(connection, name) for name in ("listen_certificate", "listen_key"))
    if host not in LOOPBACK and not (certificate and key):
        raise Fatal("adapters.listen-insecure")
    return Where(host, int(port), certificate, key)


class Listener(BoundedServer):
    def __init__(self, at: Where, secret: str, take: Take) -> None:
        self.take, self.secret = take, secret.encode()
        self._tls = _context(at)
        super().__init__(at.host, at.port, _Call)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """In the thread of the connection: who is slow to shake hands keeps nobody waiting."""
        request.settimeout(IDLE)
        with self._tls.wrap_socket(request, server_side=True) if self._tls else nullcontext(request) as wire:
            super().finish_request(wire, client_address)


class _Call(BaseHTTPRequestHandler):
    server: Listener
    timeout = IDLE

    def do_POST(self) -> None:
        if not _may(self.headers, self.server.secret):
            return self._say(401)
        try:
            body = b"".join(_pieces(self.headers, self.rfile))
        except ValueError:
            return self._say(400)
        except OverflowError:
            return self._say(413)
        return self._say(self.server.take(body))

    do_PUT = do_POST  # noqa: N815 — a FHIR server may send what changed as an update

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""

    def _say(self, status: int) -> None:
        self.close_connection = True
        self.send_response_only(status)
        self.send_header("Content-Length", "0")
        self.end_headers()


def listen(connection: Connection, secret: str, take: Take, ready: Ready) -> None:
    """Serves until it is stopped. `ready` is told where, and how to stop it. Raises Fatal."""
    at = where(connection)
    if at is None:
        raise Fatal("adapters.no-listen")
    try:
        listener = Listener(at, connection.secret(secret), take)
    except OSError:
        raise Fatal("adapters.listen-port", port=str(at.port)) from None
    with listener:
        ready(f"{at.host}:{listener.port}", listener.shutdown)
        listener.serve_forever(poll_interval=0.2)


def listen_for_hints(connection: Connection, ready: Ready, heard: Heard = unheard) -> None:
    """The same, where no call says anything but that it is time to ask."""

    def take(_: bytes) -> int:
        heard()
        return 200

    listen(connection, "hint", take, ready)


def _may(headers: Message, secret: bytes) -> bool:
    """A key, a bearer's token, or the password of Basic (https://www.rfc-editor.org/rfc/rfc7617): as the tool can send it."""
    scheme, _, said = str(headers.get("Authorization", "")).partition(" ")
    given = str(headers.get("X-API-Key", "")).encode("utf-8", "replace")
    if scheme.lower() == "bearer":
        given = said.encode("utf-8", "replace")
    if scheme.lower() == "basic":
        given = _password(said)
    return bool(secret) and hmac.compare_digest(given, secret)


def _password(said: str) -> bytes:
    try:
        return base64.b64decode(said, validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        return b""


def _pieces(headers: Message, wire: BufferedIOBase) -> Iterator[bytes]:
    """A body, whole or in chunks (https://www.rfc-editor.org/rfc/rfc9112#section-7.1). Raises ValueError for what is none, and
    OverflowError for one that is too large."""
    if "chunked" not in str(headers.get("Transfer-Encoding", "")).lower():
        yield _read(wire, _size(headers.get("Content-Length", "0"), 10))
        return
    total = 0
    while size := _size(wire.readline(PIECE).split(b";")[0].decode("ascii").strip(), 16):
        total += size
        if total > LARGEST:
            raise OverflowError
        yield _read(wire, size)
        wire.readline(PIECE)


def _size(written: str, base: int) -> int:
    if not written.isalnum():
        raise ValueError
    size = int(written, base)
    if size > LARGEST:
        raise OverflowError
    return size


def _read(wire: BufferedIOBase, size: int) -> bytes:
    body = wire.read(size)
    if len(body) < size:
        raise ValueError
    return body


def _context(at: Where) -> ssl.SSLContext | None:
    if at.certificate is None or at.key is None:
        return None
    try:
        return tls(at.certificate, at.key)
    except OSError:
        raise Fatal("adapters.listen-certificate") from None


def _path(connection: Connection, name: str) -> Path | None:
    told = str(connection.settings.get(name) or "")
    return connection.folder / told if told else None
