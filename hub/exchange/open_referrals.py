"""Open referrals: who holds each, since when, what is due when; and of one, how much is left of the time for care.

Seen as one organisation sees them, so that time since an assault is told to whoever may see the incident, and to nobody else.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hub.consent.keys import own
from hub.errors import GONE, NOT_FOUND, HubError
from hub.exchange import Hub, disclose
from hub.exchange.consents import ASKED_AT_THE_HUB
from hub.exchange.overdue import Waiting, waiting
from hub.exchange.person import REFERRAL_PURPOSE
from hub.fhir import Resource
from hub.fhir.canonicals import code_system
from hub.fhir.query import Match, Query, Target, Token
from hub.fhir.references import reference, split
from hub.fhir.serial import loads
from hub.ports import Caller, Visible
from hub.referral.stages import LATE, service
from hub.referral.windows import Left, left

OPEN: Final = ("draft", "requested", "received", "accepted", "in-progress", "on-hold")
INCIDENT: Final = "gbv-incident"
IS_INCIDENT: Final = Match("code", "token", (Token(code_system("observation-code"), INCIDENT),))
SAYS_LATE: Final = Match("business-status", "token", tuple(Token(None, code) for code in sorted(LATE)))
STILL: Final = Match("status", "token", tuple(Token(None, status) for status in OPEN))


@dataclass(frozen=True, repr=False)
class Standing:
    """A Task as an organisation sees it, where it stands in time, and what is left of clinical windows. `waiting` None: it waits
    for nobody."""

    task: Resource
    waiting: Waiting | None
    left: tuple[Left, ...] = ()

    def overdue(self, now: datetime) -> bool:
        return self.waiting is not None and self.waiting.window.end <= now


def late(hub: Hub) -> int:
    """How many referrals say that they are late: a number, of all organisations together."""
    visible = Visible(frozenset(map(own, hub.directory.organizations())), hub.clock.now())
    return hub.store.search(Query("Task", (STILL, SAYS_LATE), count=0), visible).total or 0


def of_organization(organization: str, *, hub: Hub) -> Iterator[Standing]:
    """All that wait among those that an organisation sent or received."""
    after: str | None = None
    while True:
        page = disclose.search(Query("Task", (STILL,), after=after), _by(organization), hub=hub)
        for view in page.entries:
            found = _standing(loads(view.text), hub)
            if found.waiting is not None:
                yield found
        after = page.after
        if after is None:
            return


def one(task: str, organization: str, *, hub: Hub) -> Standing:
    """One Task. HubError(NOT_FOUND) where the organisation may not see it."""
    caller = _by(organization)
    seen: Resource = loads(disclose.read("Task", task, caller, hub=hub).text)
    need = _seen(seen.get("focus", {}).get("reference", ""), caller, hub)
    standing = _standing(seen, hub)
    if standing.waiting is None or not any(service(seen) in window.services for window in hub.deadlines.windows):
        return standing
    incidents = _incidents(seen, need or {}, caller, hub)
    rest = left(hub.deadlines.windows, service(seen), need, incidents, hub.clock.now())
    return Standing(seen, standing.waiting, tuple(rest))


def _incidents(task: Resource, need: Resource, caller: Caller, hub: Hub) -> list[Resource]:
    """Those that the need names; where it names none, hers, if there is but one."""
    named = [split(about.get("reference", "")) for about in need.get("supportingInfo", ())]
    seen = [_seen(f"Observation/{id_}", caller, hub) for type_, id_ in named if type_ == "Observation"]
    if found := [one for one in seen if one and is_incident(one)]:
        return found
    hers = Match("patient", "reference", (Target("Patient", split(task["for"]["reference"])[1]),))
    page = disclose.search(Query("Observation", (hers, IS_INCIDENT), count=2, counted=False), caller, hub=hub)
    return meant({}, [loads(view.text) for view in page.entries])


def meant(need: Resource, incidents: Sequence[Resource]) -> list[Resource]:
    """Of her incidents those that the need names; where it names none, the only one: which of several is meant is not guessed."""
    named = {about.get("reference", "") for about in need.get("supportingInfo", ())}
    found = [one for one in incidents if reference(one) in named]
    return found or (list(incidents) if len(incidents) == 1 else [])


def is_incident(resource: Resource) -> bool:
    return any(coding.get("code") == INCIDENT for coding in resource.get("code", {}).get("coding", ()))


def _by(organization: str) -> Caller:
    return Caller(ASKED_AT_THE_HUB, organization, REFERRAL_PURPOSE)


def _standing(task: Resource, hub: Hub) -> Standing:
    stored = hub.store.read("Task", task["id"], None)
    return Standing(task, waiting(stored, hub.clock.now(), hub=hub) if stored else None)


def _seen(reference: str, caller: Caller, hub: Hub) -> Resource | None:
    """None where it is absent or hidden, which look the same."""
    try:
        found: Resource = loads(disclose.read(*split(reference), caller, hub=hub).text)
    except HubError as problem:
        if problem.problem in {NOT_FOUND, GONE}:
            return None
        raise
    return found
