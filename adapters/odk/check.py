"""What would stop a pull, found before one is run: settings, host, credentials, form. No submission is read."""

from collections import Counter
from collections.abc import Iterator

from adapters.odk.client import opened
from adapters.odk.entities import properties
from adapters.odk.manifest import MANIFEST
from adapters.odk.push import told_as
from adapters.odk.submissions import odata
from hub.errors import AdapterError
from hub.fhir.issues import Issue
from hub.ports import Connection
from hub.ports.checking import stops, unknown_settings


def check(connection: Connection) -> Iterator[Issue]:
    """Findings; none when a pull can run."""
    yield from unknown_settings(connection, MANIFEST)
    try:
        with opened(connection) as central:
            central.look()
            paths = [str(field.get("path", "")).strip("/") for field in central.fields()]
            known = central.properties() if connection.settings.get("entity_list") else None
    except AdapterError as problem:
        yield stops(problem)
        return
    spelled = Counter(odata(path) for path in set(paths))
    alike = sorted(path for path in set(paths) if spelled[odata(path)] > 1)
    if alike:
        yield Issue("warning", "duplicate", "odk.names-alike", params={"questions": ", ".join(alike)})
    said = {told_as(name, connection.layout): "" for name in connection.layout.follow_up}
    if known is not None and not properties(said, known):
        names = ", ".join(sorted(name.rpartition("/")[2] for name in said))
        yield Issue("warning", "not-found", "odk.entity-no-property", params={"properties": names})
