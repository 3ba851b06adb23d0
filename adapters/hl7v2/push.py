"""Follow-ups to the hospital that referred, as RRI^I12. It knows a message that it is sent twice by its number."""

from collections.abc import Sequence

from adapters.hl7v2 import client
from adapters.hl7v2.answer import answered, remember, rri
from adapters.hl7v2.spool import Spool
from adapters.hl7v2.terms import terms
from hub.ports import Connection, FollowUp


def push(connection: Connection, follow_ups: Sequence[FollowUp]) -> None:
    found = terms(connection)
    spool = Spool(found.spool, connection.secret("spool"))
    told = [(one, answered(one, connection.layout)) for one in follow_ups]
    told = [(one, values) for one, values in told if values]
    if told:
        client.send([rri(one.handle, values, found) for one, values in told], found)
    for one, values in told:
        remember(one, values, spool)
