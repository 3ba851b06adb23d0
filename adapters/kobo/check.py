"""What would stop a pull, found before one is run: settings, host, token, project. No submission is read."""

from collections.abc import Iterator

from adapters.kobo.client import opened
from adapters.kobo.manifest import MANIFEST
from hub.errors import AdapterError
from hub.fhir.issues import Issue
from hub.ports import Connection
from hub.ports.checking import stops, unknown_settings


def check(connection: Connection) -> Iterator[Issue]:
    """Findings; none when a pull can run."""
    yield from unknown_settings(connection, MANIFEST)
    try:
        with opened(connection) as kobo:
            project = kobo.look()
    except AdapterError as problem:
        yield stops(problem)
        return
    if project.get("has_deployment") is False:
        yield Issue("warning", "not-found", "adapters.kobo-not-deployed")
