"""What happened to a referral, step by step, and until when it waits: its timeline in words.

`hub.exchange.timeline` tells it, of what she may see: times and codes alone, no words that somebody wrote.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hub.console import pages, plain
from hub.console.gathered import Referral
from hub.exchange import Hub
from hub.exchange.open_referrals import is_incident, meant
from hub.exchange.timeline import ALONG, course
from hub.fhir import Resource
from hub.oauth import scopes
from hub.ports import Caller
from hub.referral.stages import Window, service
from hub.referral.timeline import HUB, Event
from hub.referral.transitions import TERMINAL
from hub.referral.windows import Left, left

A_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class Step:
    at: str
    what: str
    who: str
    why: str
    took: str


def told(id_: str, caller: Caller, *, hub: Hub) -> tuple[list[Step], Window | None]:
    types = [one for one in ALONG if scopes.permits(caller.scopes, one, "search")]
    found = course(id_, caller, hub=hub, types=types)
    window = next((due.window for due in found.due if due.about == f"Task/{id_}"), None)
    return [_step(event, hub) for event in found.events], window


def care(of: Referral, opened: Sequence[Resource], now: datetime, hub: Hub) -> list[str]:
    """How much is left of the time in which care must begin, where she may see when it was; nothing for what is over."""
    if of.need is None or of.task["status"] in TERMINAL:
        return []
    incidents = meant(of.need, [one for one in opened if is_incident(one)])
    return [_care(one) for one in left(hub.deadlines.windows, service(of.task), of.need, incidents, now)]


def _care(one: Left) -> str:
    """What is not known is told as not known."""
    said = {"title": one.window.title[pages.language()], "source": one.window.source}
    if one.state in {"closed", "unknown"} or one.least is None or one.most is None:
        return pages.tell(f"care-{one.state}", **said)
    return pages.tell(f"care-{one.state}", time=plain.duration(one.least if one.state == "open" else one.most), **said)


def _step(event: Event, hub: Hub) -> Step:
    to = pages.tell("comma").join(plain.organization_name(one, hub) for one in event.to)
    who = pages.tell("the-hub") if event.who == HUB else plain.organization_name(event.who, hub)
    system, code = event.action
    also = plain.display("referral-business-status", event.business) if event.business else ""
    return Step(
        pages.day(event.at),
        " · ".join(filter(None, [plain.display(system, code) if code else pages.tell("message"), also])),
        pages.tell("from-to", sender=who, recipient=to) if who and to else who or to,
        " · ".join(plain.concept(one) for one in event.reasons),
        plain.duration(event.took) if event.took and event.took >= A_MINUTE else "",
    )
