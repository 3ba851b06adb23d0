"""What goes out: to the hospital that referred, what became of it (RRI^I12); to the hospital that is referred to, the referral
(REF^I12), its changes (I13), and that it was taken back (I14). A message that is sent twice has the same number.
"""

from collections.abc import Sequence

from adapters.hl7v2 import client
from adapters.hl7v2.answer import answered, remember, rri
from adapters.hl7v2.refer import known_by, ref
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


def refer(connection: Connection, referrals: Sequence[FollowUp]) -> None:
    found = terms(connection)
    spool = Spool(found.spool, connection.secret("spool"))
    told = [one for one in referrals if one.handle["event"] == "new" or spool.known(_sent(one))]
    if told:
        client.send([ref(one, connection.layout, found) for one in told], found)
    for one in told:
        spool.learn(_sent(one), "yes")
        for number in known_by(one, connection.layout, found):
            spool.learn(number, one.handle["referral"])


def _sent(referral: FollowUp) -> str:
    """A change of what the hospital never got, or that it is taken back, would be the first that it hears of it."""
    return f"sent {referral.handle['referral']}"
