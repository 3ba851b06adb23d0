"""Into the tool of the organisation that a referral was sent to: the referral, what changes in it, and that it was taken back.

What its own people have done is not told to it again. It is sent what it may see at this moment, no more: consent is asked when
the message is made. Where a withdrawal has ended the referral, it is told by the number that it was given, and by nothing else.
That its tool has taken a new referral is the recipient's receipt of it, and the Task says so.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from hub.delivery.write_back import Door
from hub.errors import Fatal, HubError
from hub.exchange import Hub, change
from hub.exchange.notify import MayNotKnow, known_until, origin, seen
from hub.exchange.person import REFERRAL_PURPOSE
from hub.exchange.recall import VERB as WITHDRAWN
from hub.fhir import Resource
from hub.fhir.instants import day_of, instant
from hub.fhir.references import reference, split
from hub.fhir.tasks import party
from hub.mapping import Context
from hub.ports import FOREVER, Caller, Completing, Destination, Dispatch, Due, FollowUp, Parcel, Referring, Way

RECIPIENT: Final = "recipient"
ACCEPTED: Final = "referral.accept"
HELD: Final = "referral.hold"
EVENTS: Final[Mapping[str, str]] = {
    "referral.send": "new",
    "referral.update": "changed",
    ACCEPTED: "changed",
    "referral.cancel": "cancelled",
    "referral.void": "cancelled",
    HELD: "cancelled",
}
"""What a recipient is told of, and as what: of its acceptance, where its tool takes that, what it may know from then on; that
it is held, where she has withdrawn. All other steps of a referral are its own."""
OVER: Final = frozenset({"completed", "failed"})
SECOND: Final = timedelta(seconds=1)
"""A period of FHIR has its end within it, what opens a record has not."""


@dataclass(frozen=True)
class HandOver:
    """Knows the destinations, and carries what is for them."""

    doors: Mapping[str, Door]
    hub: Hub
    at_once: int = 100

    def of(self, row: Due) -> Sequence[Destination]:
        if row.kind == WITHDRAWN and row.recipient:
            return [Destination(RECIPIENT, id_, row.recipient) for id_ in self._kept_by(row.recipient)]
        if row.kind not in EVENTS or not self.doors or not row.reference.startswith("Task/"):
            return ()
        stored = self.hub.store.read(*split(row.reference), None)
        owner = split(party(stored.resource(), "owner"))[1] if stored else ""
        if row.recipient not in {"", owner}:
            return ()
        return [
            Destination(RECIPIENT, id_, owner)
            for id_, door in self.doors.items()
            if door.connection.organization == owner
            and (row.kind != ACCEPTED or isinstance(door.adapter, Completing))
            and not self._is_its_own(row.reference, id_)
        ]

    def _kept_by(self, organization: str) -> Iterator[str]:
        """Connections of its tools that keep what they were told."""
        for id_, door in self.doors.items():
            if door.connection.organization == organization and isinstance(door.adapter, Completing):
                yield id_

    def _is_its_own(self, reference: str, connection: str) -> bool:
        """A referral that this tool has sent itself, to its own organisation."""
        found = origin(reference, hub=self.hub)
        return found is not None and found.entry.connection == connection

    def pack(self, dispatch: Dispatch) -> Sequence[FollowUp] | None:
        door = self._door(dispatch.destination)
        if dispatch.action == WITHDRAWN:
            return tuple(self._recalled(dispatch, door)) or None
        handle = {"referral": split(dispatch.reference)[1], "event": EVENTS[dispatch.action]}
        try:
            resources = self._seen(dispatch.reference, _caller(door))
        except MayNotKnow:
            if handle["event"] != "cancelled":
                raise
            return [FollowUp(dispatch.id, handle, {})]  # the number alone, to stop what was begun because of it
        if dispatch.action == HELD:  # its own step
            return None
        return [self._told(dispatch, handle, resources, door)]

    def _told(self, because: Dispatch, handle: dict[str, str], seen: Mapping[str, Resource], door: Door) -> FollowUp:
        """With what it may know of it now, and until when."""
        if until := self._until(seen, _caller(door)):
            handle = {**handle, "until": until}
        context = Context(door.connection.organization, self.hub.directory.find, day_of(self.hub.clock.now()))
        return FollowUp(because.id, handle, door.mapping.back(seen, context))

    def _seen(self, reference: str, caller: Caller) -> dict[str, Resource]:
        """The notice that the recipient has of it, and what else it may know of what is asked and for whom."""
        task = seen(reference, caller, hub=self.hub)
        found = {"task": task}
        for local, element in (("need", "focus"), ("patient", "for")):
            try:
                found[local] = seen(task[element]["reference"], caller, hub=self.hub)
            except MayNotKnow:
                continue
        return found

    def _recalled(self, notice: Dispatch, door: Door) -> Iterator[FollowUp]:
        """Of the referrals that a notice of withdrawal names: what its tool may still know of them; that those which are over
        are ended, where it may know nothing, of which nothing else would tell."""
        caller = _caller(door)
        named = (str(one["reference"]) for one in seen(notice.reference, caller, hub=self.hub).get("about", ()))
        stored = filter(None, (self.hub.store.read(*split(one), None) for one in named if one.startswith("Task/")))
        for task in (one.resource() for one in stored):
            number = {"referral": task["id"]}
            try:
                known = self._seen(reference(task), caller)
            except MayNotKnow:
                known = {}
            if task["status"] in OVER and "patient" not in known:
                yield FollowUp(notice.id, {**number, "event": "cancelled"}, {})
            elif known and not self._is_its_own(reference(task), door.connection.id):
                yield self._told(notice, {**number, "event": "changed"}, known, door)

    def _until(self, resources: Mapping[str, Resource], caller: Caller) -> str:
        """Until when it may know that; "" where no end is said."""
        ends = known_until(map(reference, resources.values()), caller, hub=self.hub)
        return instant(ends - SECOND) if ends < FOREVER else ""

    def send(self, destination: Destination, parcels: Sequence[Parcel]) -> None:
        door = self._door(destination)
        assert isinstance(door.adapter, Referring)
        told = [one for parcel in parcels for one in parcel.content]
        waiting = door.adapter.refer(door.connection, told) or ()
        for one in told:
            if one.handle["event"] == "new" and one.handle["referral"] not in waiting:
                self._receive(one.handle["referral"], door)

    def _receive(self, task: str, door: Door) -> None:
        """Somebody may have answered already; then there is nothing to say."""

        def received(stored: Resource) -> Resource:
            return {**stored, "status": "received"} if stored["status"] == "requested" else stored

        try:
            change.patch("Task", task, received, _caller(door), expected=None, hub=self.hub)
        except HubError:
            return

    def _door(self, destination: Destination) -> Door:
        if destination.id not in self.doors:
            raise Fatal("delivery.no-connection")
        return self.doors[destination.id]


def _caller(door: Door) -> Caller:
    return Caller(f"connection:{door.connection.id}", door.connection.organization, REFERRAL_PURPOSE)


def hand_over(doors: Mapping[str, Door], *, hub: Hub) -> Way:
    """`doors`: all there are; those whose tools take referrals are used."""
    taking = {
        id_: door
        for id_, door in doors.items()
        if isinstance(door.adapter, Referring) and door.adapter.takes(door.connection)
    }
    carrier = HandOver(taking, hub)
    return Way(RECIPIENT, carrier, carrier)
