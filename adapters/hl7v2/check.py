"""What would stop a listener, a pull or an answer, found before one is run: settings, certificates, spool, the ports."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Final

from adapters.hl7v2.encoding import Unreadable
from adapters.hl7v2.manifest import MANIFEST
from adapters.hl7v2.message import Message, parse
from adapters.hl7v2.places import places
from adapters.hl7v2.records import Records
from adapters.hl7v2.spool import Spool
from adapters.hl7v2.terms import Terms, terms
from adapters.hl7v2.unread import unread
from hub.errors import AdapterError, Retriable
from hub.fhir.issues import Issue
from hub.ports import Connection
from hub.ports.checking import stops, unknown_settings

LOOKED_THROUGH: Final = 200
"""Messages that are still on the disk, at most."""


def check(connection: Connection) -> Iterator[Issue]:
    """Findings; none when all can run. Nothing is sent."""
    yield from unknown_settings(connection, MANIFEST)
    try:
        found = terms(connection)
        spool = Spool(found.spool, connection.secret("spool"))
        kept = list(_kept(spool, found))
        if found.send:
            _reach(found.send)
    except AdapterError as problem:
        yield stops(problem)
        return
    if not places(connection.layout.columns):
        yield Issue("fatal", "not-supported", "adapters.hl7v2-no-places")
    elif left := unread(kept, Records.of(connection.layout, found, spool)):
        params = {"places": ", ".join(left)}
        yield Issue("information", "not-supported", "adapters.hl7v2-unread", params=params)


def _kept(spool: Spool, found: Terms) -> Iterator[Message]:
    for _, raw in islice(spool.pending(""), LOOKED_THROUGH):
        with suppress(Unreadable):
            yield parse(raw, found.charset)


def _reach(address: tuple[str, int]) -> None:
    try:
        socket.create_connection(address, timeout=5).close()
    except OSError:
        raise Retriable("adapters.hl7v2-unreachable") from None
