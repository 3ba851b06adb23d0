"""What would stop a pull, found before one is run: settings, host, whether it speaks HSDS."""

from collections.abc import Iterator

from adapters.hsds.client import only_publishes, opened
from adapters.hsds.manifest import MANIFEST
from adapters.hsds.records import shelter_codes
from hub.errors import AdapterError
from hub.fhir.issues import Issue
from hub.ports import Connection
from hub.ports.checking import stops, unknown_settings


def check(connection: Connection) -> Iterator[Issue]:
    """Findings; none when a pull can run."""
    yield from unknown_settings(connection, MANIFEST)
    if only_publishes(connection):
        return
    try:
        shelter_codes(connection)
        with opened(connection) as directory:
            counted = directory.total()
    except AdapterError as problem:
        yield stops(problem)
        return
    if counted is None:
        yield Issue("warning", "not-supported", "adapters.hsds-uncounted")
