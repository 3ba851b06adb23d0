"""What would stop a pull, found before one is run: settings, host, account, role. No case is read."""

from collections.abc import Iterator
from typing import Final

from adapters.primero import forms, granted
from adapters.primero.client import opened
from adapters.primero.forms import SERVICES, Fields
from adapters.primero.manifest import MANIFEST
from hub.errors import AdapterError
from hub.fhir.issues import Issue
from hub.ports import Connection
from hub.ports.checking import stops, unknown_settings

ROW: Final = frozenset({"service_implemented", "service_implemented_day_time", "note_on_referral_from_provider"})


def check(connection: Connection) -> Iterator[Issue]:
    """Findings; none when a pull can run and what became of a referral has a place in the tool."""
    yield from unknown_settings(connection, MANIFEST)
    try:
        with opened(connection) as primero:
            forms.forget()
            known = forms.fields(primero, str(connection.settings.get("url")))
    except AdapterError as problem:
        yield stops(problem)
        return
    yield from _sent(connection, known) if connection.settings.get("send") is True else _read(connection, known)


def _read(connection: Connection, known: Fields) -> Iterator[Issue]:
    if not connection.settings.get("agency"):
        yield Issue("warning", "incomplete", "adapters.primero-agency-not-set")
    placed = set(known[SERVICES].inside if SERVICES in known else ())
    if lacking := sorted(set(connection.layout.follow_up) & ROW - placed):
        yield Issue("warning", "not-found", "adapters.primero-not-placed", params={"fields": ", ".join(lacking)})
    if unasked := granted.lacking(connection.layout, known):
        yield Issue("warning", "not-found", "adapters.primero-not-asked", params={"fields": ", ".join(unasked)})


def _sent(connection: Connection, known: Fields) -> Iterator[Issue]:
    """Of a connection to which referrals are sent."""
    if unplaced := granted.unplaced(connection.layout, known):
        yield Issue("warning", "not-found", "adapters.primero-not-sent", params={"fields": ", ".join(unplaced)})
