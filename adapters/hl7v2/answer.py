"""RRI^I12: what became of a referral that a hospital sent, as its referral's number and nobody's name.

PID is required in an RRI and the hospital knows whom it referred: it carries the referral's number in place of hers.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

import orjson

from adapters.hl7v2 import client
from adapters.hl7v2.compose import Draft, message
from adapters.hl7v2.message import Message
from adapters.hl7v2.places import place, places
from adapters.hl7v2.spool import Spool
from adapters.hl7v2.terms import Terms
from hub.ports import FollowUp, Layout

PENDING = {"RF1-1": "P"}
ASKED = frozenset({("RF1", 2), ("RF1", 3)})
"""What the hospital itself has asked for, and how urgently: like whom it is about, no answer."""


def answered(follow_up: FollowUp, layout: Layout) -> dict[str, str]:
    """The places of the answer, as they are written, and what goes there."""
    back = places({name: layout.columns[name] for name in layout.follow_up if name in layout.columns})
    told = {back[name]: text for name, text in follow_up.values.items() if name in back}
    return {str(at): text for at, text in told.items() if (at.segment, at.field) not in ASKED and at.segment != "PID"}


def rri(handle: Mapping[str, str], told: Mapping[str, str], terms: Terms) -> bytes:
    draft = Draft()
    referral = handle["referral"].split("^")
    draft.put("MSA", 1, "AA")
    draft.put("MSA", 2, handle.get("control", ""))
    draft.fill({at: text for name, text in told.items() if (at := place(name))}, terms.zone)
    for component, text in enumerate(referral, 1):
        draft.put("RF1", 6, text, component)
    draft.put("PRD", 7, terms.them.facility or terms.them.application, role="RP")
    draft.put("PRD", 7, terms.us.facility or terms.us.application, role="RT")
    draft.put("PID", 1, "1")
    draft.put("PID", 3, referral[0])
    draft.put("PID", 3, terms.authority, 4)
    draft.put("PID", 3, "AN", 5)
    draft.put("PID", 5, "S", 7)
    return message("RRI^I12", draft, key=handle["referral"], at=datetime.now(UTC), terms=terms, modes=("AL", "NE"))


def remember(follow_up: FollowUp, told: Mapping[str, str], spool: Spool) -> None:
    """So that a question how it stands (I15) can be answered."""
    spool.learn(_kept(follow_up.handle["referral"]), orjson.dumps(dict(told)).decode())


def answer_again(question: Message, terms: Terms, spool: Spool) -> None:
    """To REF^I15: what was told last, or that it is not decided."""
    asked = question.first("RF1")
    if asked is None or terms.send is None:
        return
    referral = "^".join(part for part in (asked.value(6), asked.value(6, 2)) if part)
    kept = spool.known(_kept(referral))
    handle = {"referral": referral, "control": question.control}
    client.send([rri(handle, orjson.loads(kept) if kept else PENDING, terms)], terms)


def _kept(referral: str) -> str:
    return f"told {referral}"
