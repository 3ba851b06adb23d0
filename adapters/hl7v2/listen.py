"""The listener: MLLP over TCP, in TLS wherever it can be reached from outside this machine, a thread for each connection.

A hospital's engine holds one connection open and waits for each answer. What it sends is answered in its order.
"""

import socket
import socketserver
import ssl
import threading
from contextlib import suppress
from functools import partial
from typing import Final

from adapters.bounded_server import BoundedServer, tls
from adapters.hl7v2.answer import answer_again
from adapters.hl7v2.message import Message
from adapters.hl7v2.mllp import Frames, TooLarge
from adapters.hl7v2.reception import Reception
from adapters.hl7v2.spool import Spool
from adapters.hl7v2.terms import Terms, terms
from hub.errors import AdapterError, Fatal
from hub.ports import Connection, Heard, Ready, unheard

PIECE: Final = 65_536
HANDSHAKE: Final = 10.0


class Listener(BoundedServer):
    def __init__(self, found: Terms, reception: Reception) -> None:
        assert found.listen is not None
        self.reception = reception
        self.idle = found.idle
        self.largest = found.largest
        self._tls = _context(found)
        super().__init__(found.listen.host, found.listen.port, _Talk)

    def secured(self, connection: socket.socket) -> socket.socket:
        """In the thread of the connection: who is slow to shake hands keeps nobody waiting."""
        if self._tls is None:
            return connection
        connection.settimeout(HANDSHAKE)
        return self._tls.wrap_socket(connection, server_side=True)


class _Talk(socketserver.BaseRequestHandler):
    """One connection: pieces in, answers out, until it is closed, too large or silent for too long."""

    server: Listener

    def handle(self) -> None:
        with self.server.secured(self.request) as wire:
            wire.settimeout(self.server.idle)
            frames = Frames(self.server.largest)
            while piece := wire.recv(PIECE):
                try:
                    for message in frames.add(piece):
                        wire.sendall(self.server.reception.take(message))
                except TooLarge:
                    return


def _context(found: Terms) -> ssl.SSLContext | None:
    if found.certificate is None or found.key is None:
        return None
    try:
        return tls(found.certificate, found.key, found.client_ca)
    except OSError:
        raise Fatal("adapters.hl7v2-certificate") from None


def opened(connection: Connection, heard: Heard = unheard) -> Listener:
    """A listener that has its port and does not serve yet. Raises Fatal."""
    found = terms(connection)
    if found.listen is None:
        raise Fatal("adapters.hl7v2-settings", setting="listen")
    spool = Spool(found.spool, connection.secret("spool"))
    reception = Reception(found, spool, partial(_answer_beside, found=found, spool=spool), heard)
    spool.tidy(reception.now().timestamp())
    try:
        return Listener(found, reception)
    except OSError:
        raise Fatal("adapters.hl7v2-port", port=str(found.listen.port)) from None


def listen(connection: Connection, ready: Ready, heard: Heard = unheard) -> None:
    """Serves until it is stopped. `ready` is told where, and how to stop it."""
    with opened(connection, heard) as listener:
        ready(f"{listener.host}:{listener.port}", listener.shutdown)
        listener.serve_forever(poll_interval=0.2)


def _answer_beside(question: Message, *, found: Terms, spool: Spool) -> None:
    """The answer goes to the hospital's own port. Where that fails, the hospital asks again."""

    def answer() -> None:
        with suppress(AdapterError):
            answer_again(question, found, spool)

    threading.Thread(target=answer, name="answering", daemon=True).start()
