"""One mail through the operator's own mail server, and what its answer means for the one who sends.

https://www.rfc-editor.org/rfc/rfc5321#section-4.2 · RFC 3207 (STARTTLS) · RFC 8314. The connection is encrypted, and the server's
certificate is checked; without that only a server on this very machine is spoken to. Nobody is written to who is not allowed.
"""

import re
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

from hub.errors import Fatal, Retriable
from hub.outbound.addresses import is_loopback
from hub.outbound.tls import trusted
from hub.subscription.channels import address
from hub.subscription.mails import Mail

PATIENCE_S: Final = 10.0
NO_SUCH_MAILBOX: Final = frozenset({550, 551, 553})
_ALLOWED: Final = re.compile(r"[A-Za-z0-9._+\-]{0,64}@[a-z0-9](?:[a-z0-9.\-]{0,250}[a-z0-9])?", re.ASCII)

_SENDER: Final = re.compile(r"[^@<>\r\n]*<?[A-Za-z0-9._+\-]{1,64}@[A-Za-z0-9.\-]+>?")
SECURITIES: Final = ("starttls", "tls", "none")


@dataclass(frozen=True)
class MailServer:
    """The operator's. `recipients`: whom the hub may write to: whole addresses, or `@domain`."""

    host: str
    port: int
    security: str
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)
    recipients: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raises ValueError naming what is wrong, as where a mail could be read on the way."""
        if not _SENDER.fullmatch(self.sender):
            raise ValueError("from")
        if self.security not in SECURITIES or (self.security == "none" and not is_loopback(self.host)):
            raise ValueError("security")


def recipient(text: str) -> str:
    """A line of the list of recipients. Raises ValueError for what is neither an address nor `@domain`."""
    if not _ALLOWED.fullmatch(text):
        raise ValueError("no address")
    return text


def is_recipient(url: str, recipients: tuple[str, ...]) -> bool:
    """Whether the hub would write there."""
    box, _, domain = address(url).rpartition("@")
    return bool(domain) and bool({f"{box}@{domain.lower()}", f"@{domain.lower()}"} & set(recipients))


@dataclass(frozen=True)
class Mailer:
    """Threads may share it. `tls`: the world, for tests."""

    server: MailServer | None
    now: Callable[[], datetime]
    tls: ssl.SSLContext | None = None
    patience: float = PATIENCE_S

    def send(self, url: str, mail: Mail) -> None:
        """Returns when the server has taken it. Raises Retriable or Fatal."""
        if self.server is None or not is_recipient(url, self.server.recipients):
            raise Fatal("outbound.mail-not-allowed")
        message = self._written(address(url), mail, self.server)
        try:
            with self._line(self.server) as line:
                line.send_message(message)
        except smtplib.SMTPException as problem:
            raise _refused(problem) from None
        except OSError:
            raise Retriable("outbound.mail-unreachable") from None

    def _written(self, to: str, mail: Mail, server: MailServer) -> EmailMessage:
        """RFC 3834: nobody's absence answers what a machine wrote."""
        message = EmailMessage(policy=SMTP)
        message["From"], message["To"], message["Subject"] = server.sender, to, mail.subject
        message["Date"], message["Message-ID"] = format_datetime(self.now()), f"<{mail.id}@{_domain(server.sender)}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text, cte="base64")
        message["Content-Language"] = mail.language
        return message

    @contextmanager
    def _line(self, server: MailServer) -> Iterator[smtplib.SMTP]:
        host, port, mine = server.host, server.port, _domain(server.sender)
        if server.security == "tls":
            opened: smtplib.SMTP = smtplib.SMTP_SSL(
                host, port, mine, timeout=self.patience, context=self.tls or trusted()
            )
        else:
            opened = smtplib.SMTP(host, port, mine, timeout=self.patience)
        with opened as line:
            if server.security == "starttls":
                line.starttls(context=self.tls or trusted())
            if server.user:
                line.login(server.user, server.password)
            yield line


def _domain(sender: str) -> str:
    return sender.rpartition("@")[2].strip("> ")


def _refused(problem: smtplib.SMTPException) -> Fatal | Retriable:
    """Only of a mailbox that does not exist it is the subscriber's to see to it; all else is the operator's, and may pass."""
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        codes = {code for code, _ in problem.recipients.values()}
        return Fatal("outbound.mail-nobody") if codes & NO_SUCH_MAILBOX else Retriable("outbound.mail-later")
    if isinstance(problem, smtplib.SMTPNotSupportedError):
        return Fatal("outbound.mail-not-encrypted")
    if isinstance(problem, smtplib.SMTPAuthenticationError):
        return Fatal("outbound.mail-login")
    return Retriable("outbound.mail-later")
