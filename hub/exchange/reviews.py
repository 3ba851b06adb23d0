"""Reviews: the keeper of data that was shown without a consent looks at it afterwards, and says whether it had to be."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from hub import errors
from hub.audit import overrides as told
from hub.consent.keys import own
from hub.consent.overrides import is_review
from hub.consent.reviews import LONGEST_REASON, reviewed
from hub.errors import HubError
from hub.exchange import Hub, aftermath, disclose
from hub.exchange.consents import ASKED_AT_THE_HUB
from hub.exchange.exceptions import IS_REVIEW, WAITS
from hub.exchange.opening import Act, committed
from hub.exchange.overrides import bad, require_code
from hub.exchange.person import REFERRAL_PURPOSE, Person
from hub.fhir import Resource
from hub.fhir.query import Query
from hub.fhir.references import split
from hub.fhir.serial import loads
from hub.ports import Caller, Key, Save


def review(task: str, outcome: str, note: str, caller: Caller, *, hub: Hub) -> Resource:
    """The Task after its review. What was not justified and is still open is closed in the same moment."""
    require_code("override-review", outcome, "outcome")
    if len(note) > LONGEST_REASON:
        raise bad("note", f"0 – {LONGEST_REASON}")
    return committed(_Review(task, outcome, note, caller, hub).act, hub)[0]


def kept(organization: str, *, hub: Hub, waiting_only: bool = True) -> Iterator[Resource]:
    """The review Tasks that an organisation has to make, or all that it ever had; the newest first."""
    caller = Caller(ASKED_AT_THE_HUB, organization, REFERRAL_PURPOSE)
    asked = (IS_REVIEW, WAITS) if waiting_only else (IS_REVIEW,)
    after: str | None = None
    while True:
        page = disclose.search(Query("Task", asked, after=after), caller, hub=hub)
        yield from (loads(view.text) for view in page.entries)
        after = page.after
        if after is None:
            return


def keeper(reference_: str, *, hub: Hub) -> str:
    """The organisation that keeps a resource, for whom somebody at the hub itself acts. HubError(NOT_FOUND) for none."""
    stored = hub.store.read(*split(reference_), None)
    if stored is None or not stored.custodian:
        raise HubError(errors.NOT_FOUND)
    return stored.custodian


@dataclass(frozen=True, repr=False)
class _Review:
    """A review of one Task by its keeper."""

    task: str
    outcome: str
    note: str
    caller: Caller
    hub: Hub

    def act(self, now: datetime) -> Act:
        person, before = self._found()
        if before["status"] != "requested":
            raise HubError(errors.ILLEGAL_TRANSITION, path="Task.status", status=before["status"], allowed="-")
        after = reviewed(before, self.outcome, self.note, now)
        person.put(after, self.caller.organization)
        settled = person.settle(now, self.hub.ids.new)
        event = told.reviewed(self.hub.ids.new(), now, caller=self.caller, person=person.id, task=self.task)
        audit = Save(event, person.id, self.caller.organization, (Key(own(self.caller.organization)),))
        notices = aftermath.told(person, settled, now, hub=self.hub)
        return Act(settled.changes(person, [audit, *notices]), (after,))

    def _found(self) -> tuple[Person, Resource]:
        type_, id_ = split(self.task)
        stored = self.hub.store.read(type_, id_, None) if type_ == "Task" else None
        if stored is None or stored.person is None or stored.custodian != self.caller.organization:
            raise HubError(errors.NOT_FOUND)
        compartment = self.hub.store.compartments([stored.person])[stored.person]
        person = Person.of(compartment, self.hub.rules)
        before = person.get(self.task)
        if before is None or not is_review(before):
            raise HubError(errors.NOT_FOUND)
        return person, before
