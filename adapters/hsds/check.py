"""What would stop a pull, found before one is run: settings, host, whether it speaks HSDS."""

from collections.abc import Iterator

from adapters.hsds.client import only_publishes, opened
from adapters.hsds.manifest import MANIFEST
from adapters.hsds.records import shelter_codes
from hub.errors import AdapterError, Retriable
from hub.fhir.issues import Issue
from hub.ports import Connection


def check(connection: Connection) -> Iterator[Issue]:
    """Findings; none when a pull can run."""
    unknown = sorted(set(connection.settings) - set(MANIFEST.settings))
    if unknown:
        params = {"settings": ", ".join(unknown), "known": ", ".join(MANIFEST.settings)}
        yield Issue("warning", "not-supported", "adapters.unknown-setting", params=params)
    if only_publishes(connection):
        return
    try:
        shelter_codes(connection)
        with opened(connection) as directory:
            counted = directory.total()
    except AdapterError as problem:
        code = "transient" if isinstance(problem, Retriable) else "exception"
        yield Issue("fatal", code, problem.text, params=problem.params)
        return
    if counted is None:
        yield Issue("warning", "not-supported", "adapters.hsds-uncounted")
