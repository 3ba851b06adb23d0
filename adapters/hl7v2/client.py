"""Sending: one connection, one message at a time, and no other before its acknowledgement has come.

A message that got no answer is sent again under the same number (MSH-10): who took it the first time answers it again.
"""

import socket
import ssl
from collections.abc import Sequence
from typing import Final

from adapters.hl7v2.encoding import Unreadable
from adapters.hl7v2.message import Message, parse
from adapters.hl7v2.mllp import Frames, TooLarge, framed
from adapters.hl7v2.terms import LOOPBACK, Terms
from hub.errors import Fatal, Retriable

TIMEOUT: Final = 30.0
TAKEN: Final = frozenset({"AA", "CA"})
REFUSED: Final = frozenset({"AR", "CR", "AE", "CE"})


def send(messages: Sequence[bytes], terms: Terms) -> None:
    """Returns when the other side has taken all of them. Raises Retriable or Fatal; nothing that was said is in it."""
    try:
        with _connected(terms) as wire:
            frames = Frames(terms.largest)
            for message in messages:
                wire.sendall(framed(message))
                _await(wire, frames, parse(message).control, terms)
    except TimeoutError:
        raise Retriable("adapters.hl7v2-slow") from None
    except ssl.SSLError:
        raise Fatal("adapters.hl7v2-certificate") from None
    except OSError:
        raise Retriable("adapters.hl7v2-unreachable") from None
    except TooLarge:
        raise Retriable("adapters.hl7v2-not-understood") from None


def _connected(terms: Terms) -> socket.socket:
    if terms.send is None:
        raise Fatal("adapters.hl7v2-settings", setting="send")
    wire = socket.create_connection(terms.send, timeout=TIMEOUT)
    if terms.server_ca is None and terms.send.host in LOOPBACK:
        return wire
    try:
        context = ssl.create_default_context(cafile=terms.server_ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if terms.certificate and terms.key:
            context.load_cert_chain(terms.certificate, terms.key)
        return context.wrap_socket(wire, server_hostname=terms.send.host)
    except FileNotFoundError:
        wire.close()
        raise Fatal("adapters.hl7v2-certificate") from None
    except BaseException:
        wire.close()
        raise


def _await(wire: socket.socket, frames: Frames, control: str, terms: Terms) -> None:
    """The answer to this message; answers to others, which came late, are passed over."""
    while True:
        piece = wire.recv(65_536)
        if not piece:
            raise Retriable("adapters.hl7v2-unreachable")
        for raw in frames.add(piece):
            if _is_taken(_understood(raw, terms), control):
                return


def _understood(raw: bytes, terms: Terms) -> Message:
    try:
        return parse(raw, terms.charset)
    except Unreadable:
        raise Retriable("adapters.hl7v2-not-understood") from None


def _is_taken(answer: Message, control: str) -> bool:
    said = answer.first("MSA")
    if said is None or said.value(2) not in {control, ""}:
        return False
    verdict = said.value(1)
    if verdict in REFUSED:
        raise Fatal("adapters.hl7v2-refused", verdict=verdict, code=_code(answer))
    return verdict in TAKEN and said.value(2) == control


def _code(answer: Message) -> str:
    """Of table 0357, where the answer names one; nothing else of it is repeated."""
    error = answer.first("ERR")
    code = (error.value(3) or error.value(1, 4)) if error else ""
    return code if code.isdecimal() and len(code) == 3 else "-"
