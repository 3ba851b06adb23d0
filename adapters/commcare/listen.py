"""Where CommCare HQ forwards cases and forms to: what came is answered once it is on the disk.

It forwards again, at growing intervals, whatever is not answered by 2xx: what came twice is the same record, and no other.
"""

from adapters import http_listener
from adapters.commcare.cases import Case, NotACase
from adapters.commcare.forwarded import forwarded
from adapters.commcare.records import OURS, SENT
from adapters.commcare.spool import Spool
from adapters.commcare.terms import Terms, terms
from hub.ports import Connection, Heard, Ready, unheard


def take(body: bytes, found: Terms, spool: Spool, heard: Heard = unheard) -> int:
    """The answer: 200 once it is on the disk, or is none of this connection's types of case and is left."""
    try:
        told = forwarded(body)
    except NotACase:
        return 400
    if told.case and not _concerns(told.case, found):
        return 200
    try:
        spool.put(body)
    except OSError:
        return 503
    heard()
    return 200


def _concerns(case: Case, found: Terms) -> bool:
    if found.sends:
        return case.external_id.startswith(SENT)
    return case.type in {found.survivor, found.referral} and not case.external_id.startswith(OURS)


def listen(connection: Connection, ready: Ready, heard: Heard = unheard) -> None:
    """Serves until it is stopped. `ready` is told where, and how to stop it."""
    found = terms(connection)
    spool = Spool(found.spool, connection.secret("spool"))
    http_listener.listen(connection, "forward", lambda body: take(body, found, spool, heard), ready)
