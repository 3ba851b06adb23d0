"""What would stop a pull, found before one is run: settings, host, key, project space. No case is kept."""

from collections.abc import Iterator

from adapters.commcare.client import opened
from adapters.commcare.manifest import MANIFEST
from adapters.commcare.spool import Spool
from hub.errors import AdapterError
from hub.fhir.issues import Issue
from hub.ports import Connection
from hub.ports.checking import stops, unknown_settings


def check(connection: Connection) -> Iterator[Issue]:
    """Findings; none when a pull can run."""
    yield from unknown_settings(connection, MANIFEST)
    try:
        with opened(connection) as (hq, found):
            hq.look(found.referral if found.sends else found.survivor)
            if found.listen:
                next(Spool(found.spool, connection.secret("spool")).pending(""), None)
    except AdapterError as problem:
        yield stops(problem)
