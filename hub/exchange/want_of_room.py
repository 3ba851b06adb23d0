"""Want of room: who refused referrals of the caller's for lack of room, as it sees them itself.

A hint beside what an organisation says of its room, which nobody changes for it. To others the refusal is as absent as the
referral; and nobody's record leaves, but an organisation and a day.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from hub.fhir import Resource
from hub.fhir.instants import span
from hub.fhir.query import Match, Query, Token
from hub.fhir.references import split
from hub.fhir.tasks import REFERRAL, kind, notice_of, party

NO_ROOM: Final = frozenset({"no-capacity", "waitlist-only"})
LATEST: Final = 100
"""So many refusals are looked at, the last to have been changed."""
REFUSED: Final = Match("status", "token", (Token(None, "rejected"), Token(None, "failed")))
QUERY: Final = Query("Task", (REFUSED,), count=LATEST, counted=False)


def refusals(tasks: Iterable[Resource], service: str, organization: str) -> Mapping[str, datetime]:
    """Organisation → when it last refused a referral of this kind, which `organization` sent, for lack of room."""
    found: dict[str, datetime] = {}
    for task in tasks:
        owner = split(party(task, "owner"))[1]
        if owner and party(task, "requester") == f"Organization/{organization}" and _is_for_room(task, service):
            at = span(task["lastModified"])[0]
            found[owner] = max(at, found.get(owner, at))
    return found


def _is_for_room(task: Resource, service: str) -> bool:
    said = {one.get("code") for one in task.get("statusReason", {}).get("coding", ())}
    is_same = kind(task) == REFERRAL and notice_of(task).get("service-type") == service
    return is_same and "lastModified" in task and not said.isdisjoint(NO_ROOM)
