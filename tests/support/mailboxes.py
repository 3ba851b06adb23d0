"""A mail server of this machine that keeps what it is given, and misbehaves as it is told: a real one, on a socket."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from tests.support.ports import free_port

PASSWORD = "a word that nobody repeats"


@dataclass
class Mailboxes:
    """`refuses`: what it says to each recipient instead of taking it, as `550 no such user`."""

    port: int = 0
    refuses: str = ""
    got: list[EmailMessage] = field(default_factory=list)

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if self.refuses:
            return self.refuses
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        message = message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        self.got.append(message)
        return "250 OK"


def said(message: EmailMessage) -> str:
    return str(message.get_content()).replace("\r\n", "\n")


def authenticated(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"hub", PASSWORD.encode())
    return AuthResult(success=right, handled=False)


@contextmanager
def mailboxes(tls: ssl.SSLContext | None = None, *, login: bool = False, at_once: bool = False) -> Iterator[Mailboxes]:
    """`tls`: by STARTTLS, or, with `at_once`, from the first byte. `login`: nothing is taken from strangers, after STARTTLS."""
    made = Mailboxes(free_port())
    known: dict[str, Any] = {"authenticator": authenticated, "auth_required": True} if login else {}
    if tls and at_once:
        known |= {"ssl_context": tls}
    elif tls:
        known |= {"tls_context": tls, "require_starttls": True}
    server = Controller(made, hostname="127.0.0.1", port=made.port, **known)
    server.start()
    try:
        yield made
    finally:
        server.stop()
