"""What would stop a pull, found before one is run: settings, host, key, project space. No case is kept."""

from collections.abc import Iterator

from adapters.commcare.client import opened
from adapters.commcare.manifest import MANIFEST
from adapters.commcare.spool import Spool
from hub.errors import AdapterError, Retriable
from hub.fhir.issues import Issue
from hub.ports import Connection


def check(connection: Connection) -> Iterator[Issue]:
    """Findings; none when a pull can run."""
    unknown = sorted(set(connection.settings) - set(MANIFEST.settings))
    if unknown:
        params = {"settings": ", ".join(unknown), "known": ", ".join(MANIFEST.settings)}
        yield Issue("warning", "not-supported", "adapters.unknown-setting", params=params)
    try:
        with opened(connection) as (hq, found):
            hq.look(found.referral if found.sends else found.survivor)
            if found.listen:
                next(Spool(found.spool, connection.secret("spool")).pending(""), None)
    except AdapterError as problem:
        code = "transient" if isinstance(problem, Retriable) else "exception"
        yield Issue("fatal", code, problem.text, params=problem.params)
