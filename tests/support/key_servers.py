"""Servers that publish keys, and servers that misbehave: real ones, on this machine, with TLS where it is asked for."""

import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import orjson
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.bound import bound

HOST = "keys.hospital.example"


@dataclass
class KeyServer:
    """What it answers next, and what it was asked: the Host header of each request, with its path."""

    port: int = 0
    body: bytes = b'{"keys":[]}'
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    asked: list[str] = field(default_factory=list)
    dribble_s: float = 0  # between single bytes of an answer that has no end
    dribble_headers: bool = False

    def publish(self, *keys: Mapping[str, Any], **headers: str) -> None:
        self.body, self.status = orjson.dumps({"keys": list(keys)}), 200
        self.headers = {"Content-Type": "application/json"} | {n.replace("_", "-"): v for n, v in headers.items()}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/jwks.json"


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[KeyServer]:
    made = KeyServer()

    class Handler(BaseHTTPRequestHandler):
        disable_nagle_algorithm = True  # as in `adapters.replay`

        def do_GET(self) -> None:
            made.asked.append(f"{self.headers['Host']}{self.path}")
            if made.dribble_headers:
                self._dribble(b"HTTP/1.1 200 OK\r\n" + b"X-Slow: 1\r\n" * 10_000)
                return
            self.send_response(made.status)
            for name, value in made.headers.items():
                self.send_header(name, value)
            if not made.dribble_s:
                self.send_header("Content-Length", str(len(made.body)))
            self.end_headers()
            if made.dribble_s:
                self._dribble(b" " * 100_000)
            else:
                self.wfile.write(made.body)

        def _dribble(self, content: bytes) -> None:
            for byte in content:
                try:
                    self.wfile.write(bytes([byte]))
                except OSError:
                    return
                time.sleep(made.dribble_s)

        def log_message(self, *_: Any) -> None:
            """Nothing is said."""

    with bound(Handler, tls) as made.port:
        yield made


@dataclass(frozen=True)
class Certified:
    """TLS of a server by this name, and of a client that trusts it."""

    server: ssl.SSLContext
    client: ssl.SSLContext


def certified(folder: Path, name: str = HOST) -> Certified:
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a made-up authority")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return Certified(server, ssl.create_default_context(cafile=str(file)))
