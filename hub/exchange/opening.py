"""Opening: one exceptional disclosure as an act: a review Task for each keeper, what follows from it, its audit and its notice.

All of it is one commit, or nothing: nobody sees a thing of which no record tells, and no record tells of what was not opened.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from hub import errors
from hub.audit import overrides as told
from hub.consent.keys import CLOSED_TO_RECIPIENTS, own
from hub.consent.overrides import opened_by, refused
from hub.consent.reviews import Asked, review_of
from hub.errors import HubError
from hub.exchange import Hub, aftermath
from hub.exchange.person import Person
from hub.exchange.queue import Turn
from hub.fhir import Resource
from hub.fhir.definitions import load
from hub.fhir.references import reference
from hub.ports import Caller, Changes, Compartment, Due, Key, Save


@dataclass(frozen=True, repr=False)
class Act:
    """What is to be committed, and the Tasks that it makes; `refusal`: raised once it is recorded."""

    changes: Changes
    tasks: tuple[Resource, ...] = ()
    refusal: HubError | None = None


def committed(act: Callable[[datetime], Act], hub: Hub) -> tuple[Resource, ...]:
    """The Tasks of an act, computed from the present state and committed; when somebody was faster, it is computed again."""

    def attempt(turn: Turn) -> Act:
        done = act(hub.clock.now())
        turn.asked.update(done.changes.persons)
        hub.store.commit(done.changes)
        return done

    done = hub.queue.tried(attempt)
    if done.refusal:
        raise done.refusal
    return done.tasks


@dataclass(frozen=True, repr=False)
class Opening:
    """What is asked for, by whom, at which instant. `custodian`: of several keepers the one whose records are meant; "": all."""

    asked: Asked
    caller: Caller
    now: datetime
    hub: Hub
    custodian: str = ""

    def of(self, compartments: Iterable[Compartment]) -> Act:
        """The act that opens these. Where nothing can be opened, it records that and is refused as for nobody."""
        changes, tasks, persons = Changes(), list[Resource](), list(compartments)
        for compartment in persons:
            made = list(self._reviews(compartment))
            if made:
                changes = _joined(changes, self._settled(Person.of(compartment, self.hub.rules), made))
                tasks += [task for task, _ in made]
        if tasks:
            return Act(changes, tuple(tasks))
        saves = [self._denied(one) for one in persons] or [self._absent()]
        return Act(Changes(saves), refusal=HubError(errors.NOT_FOUND))

    def _reviews(self, compartment: Compartment) -> Iterator[tuple[Resource, str]]:
        """A Task for each keeper of records of hers that it opens something of; a duty is a keeper's own."""
        keepers = {one.custodian or "" for one in compartment.documents} - {self.asked.recipient, ""}
        if self.asked.override.kind == "legal-duty":
            keepers &= {self.caller.organization}
        if self.custodian:
            keepers &= {self.custodian}
        for custodian in sorted(keepers):
            kept = [one.resource() for one in compartment.documents if one.custodian == custodian]
            task = self._review(compartment.person, custodian, kept)
            if opened_by(task).classes:
                yield task, custodian

    def _review(self, person: str, custodian: str, kept: list[Resource]) -> Resource:
        """Of the policy's classes, but what she expressly refused, those by which something of what is kept can be seen."""
        override, id_ = self.asked.override, self.hub.ids.new()

        def opening(names: frozenset[str]) -> Resource:
            return review_of(self.asked, id_=id_, person=person, custodian=custodian, classes=names, now=self.now)

        names = opened_by(opening(override.classes)).classes
        if not override.despite_refusal:
            names -= refused(opened_by(opening(names)), kept, self.hub.rules)
        return opening(names & _to_be_seen(names, kept))

    def _settled(self, person: Person, made: list[tuple[Resource, str]]) -> Changes:
        for task, custodian in made:
            person.put(task, custodian)
        settled = person.settle(self.now, self.hub.ids.new)
        audits = [self._audit(person.id, task, custodian) for task, custodian in made]
        kind = "override.open" if self.asked.override.kind == "break-glass" else "override.disclose"
        notices = aftermath.told(person, settled, self.now, hub=self.hub)
        return settled.changes(person, [*audits, *notices], [Due(kind, "", reference(task)) for task, _ in made])

    def _audit(self, person: str, task: Resource, custodian: str) -> Save:
        id_, about = self.hub.ids.new(), reference(task)
        if self.asked.override.kind == "break-glass":
            event = told.opened(id_, self.now, caller=self.caller, person=person, task=about)
        else:
            to = self.asked.recipient
            event = told.disclosed(id_, self.now, caller=self.caller, person=person, task=about, recipient=to)
        return Save(event, person, custodian, (Key(own(custodian)),))

    def _denied(self, compartment: Compartment) -> Save:
        """Kept with her keeper: the association sees that somebody tried."""
        keeper = next((one.custodian for one in compartment.documents if one.type == "Patient"), None)
        event = self._refusal("consent.override-closed", compartment.person)
        return Save(event, compartment.person, keeper, (Key(own(keeper)),) if keeper else ())

    def _absent(self) -> Save:
        return Save(self._refusal("consent.override-nobody", None), None, None, ())

    def _refusal(self, because: str, person: str | None) -> Resource:
        return told.refused(self.hub.ids.new(), self.now, caller=self.caller, because=because, person=person)


def _to_be_seen(names: frozenset[str], kept: Iterable[Resource]) -> frozenset[str]:
    """The classes of the documents of which something would be seen: without its own class a document is as absent."""
    profiles = (load().profile_of(one) for one in kept if one["resourceType"] not in CLOSED_TO_RECIPIENTS | {"Task"})
    return frozenset[str]().union(*(one.classes for one in profiles if one and one.base_class in names))


def _joined(one: Changes, other: Changes) -> Changes:
    return Changes(
        saves=[*one.saves, *other.saves],
        rekeys=[*one.rekeys, *other.rekeys],
        persons={**one.persons, **other.persons},
        outbox=[*one.outbox, *other.outbox],
        voids=[*one.voids, *other.voids],
        due={**one.due, **other.due},
        follows={**one.follows, **other.follows},
        counted={**one.counted, **other.counted},
    )
