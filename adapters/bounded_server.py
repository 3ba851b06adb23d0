"""A server that a tool calls: a thread for each connection, of so many at a time.

https://docs.python.org/3/library/socketserver.html. Who comes when there is no room is not let in, and comes again.
"""

import socket
import socketserver
import ssl
import threading
from pathlib import Path
from typing import Any, Final

MOST: Final = 64
"""Callers at a time."""


class BoundedServer(socketserver.ThreadingTCPServer):
    """`port` is the one that the system gave, where the settings say 0."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, host: str, port: int, handler: type[socketserver.BaseRequestHandler]) -> None:
        self.host = host
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._free = threading.BoundedSemaphore(MOST)
        super().__init__((host, port), handler)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def verify_request(self, request: Any, client_address: Any) -> bool:
        return self._free.acquire(blocking=False)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke is its sender's to open again; what was on it is never told."""


def tls(certificate: Path, key: Path, clients: Path | None = None) -> ssl.SSLContext:
    """`clients`: whose certificates callers must show. Raises OSError for files that are not there or not what they should be."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    if clients:
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
