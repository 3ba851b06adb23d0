"""What every door's `check` says alike: settings that it does not know, and the error that would stop a pull."""

from collections.abc import Iterator

from hub.errors import AdapterError, Retriable
from hub.fhir.issues import Issue
from hub.ports.doors import Connection, Manifest


def unknown_settings(connection: Connection, manifest: Manifest) -> Iterator[Issue]:
    """One warning that names all settings of the connection that the manifest does not, and those that it does; or none."""
    if unknown := sorted(set(connection.settings) - set(manifest.settings)):
        params = {"settings": ", ".join(unknown), "known": ", ".join(manifest.settings)}
        yield Issue("warning", "not-supported", "adapters.unknown-setting", params=params)


def stops(problem: AdapterError) -> Issue:
    """The error as a finding that blocks: `transient` where it may be over by itself later."""
    code = "transient" if isinstance(problem, Retriable) else "exception"
    return Issue("fatal", code, problem.text, params=problem.params)
