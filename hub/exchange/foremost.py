"""Foremost: the referral that a record tells of, where its tool has a place for one alone and several came from it.

So what stands there does not depend on which of them was told of last: what is open comes before what is over, what is urgent
before what is not, and then the last that was begun.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from hub.exchange import Hub, disclose
from hub.exchange.notify import MayNotKnow, Origin
from hub.fhir import Resource
from hub.fhir.query import Match, Query, Target
from hub.fhir.references import reference, split
from hub.fhir.serial import loads
from hub.fhir.tasks import REFERRAL, kind
from hub.ports import Caller
from hub.referral.stages import stage

URGENCY: Final[Mapping[str, int]] = {"stat": 3, "asap": 2, "urgent": 1}
MOST: Final = 100
"""Referrals of one record that are compared, the last changed ones."""


def foremost(found: Origin, caller: Caller, *, hub: Hub) -> Origin:
    """Of all that came from the same record, as far as the caller may see it. Raises MayNotKnow where that is nothing."""
    needs = tuple(Target(*split(kept)) for kept in found.entry.resources.values() if kept.startswith("ServiceRequest/"))
    query = Query("Task", (Match("focus", "reference", needs),), count=MOST, counted=False)
    tasks = [loads(view.text) for view in disclose.search(query, caller, hub=hub).entries]
    task = max((one for one in tasks if kind(one) == REFERRAL), key=rank, default=None)
    if task is None:
        raise MayNotKnow
    return replace(found, need=task["focus"]["reference"], task=reference(task))


def rank(task: Resource) -> tuple[bool, bool, int, str, str]:
    """The foremost has the highest."""
    now = stage(task)
    urgency = URGENCY.get(task.get("priority", ""), 0) if now else 0
    return now is not None, now != "consent", urgency, str(task.get("authoredOn", "")), str(task["id"])
