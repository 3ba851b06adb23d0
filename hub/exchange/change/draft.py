"""A draft: all that one request is about to change, whether one act or the many of a transaction.

Acts put resources into it; what follows of them for each person is settled once, and everything is committed together.
Where somebody was faster, the acts are computed again from the new state.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from hub.audit.looks import acted
from hub.consent.keys import own_key
from hub.errors import Conflict, HubError
from hub.exchange import Hub, View, disclose
from hub.exchange.aftermath import told as told_of
from hub.exchange.entries import Entries
from hub.exchange.person import Person
from hub.exchange.queue import Turn
from hub.exchange.ruling import Ruling
from hub.exchange.supersede import replacement, superseded
from hub.fhir import Resource
from hub.fhir.messages import recipient, sender
from hub.fhir.references import reference, split
from hub.ports import Alike, Caller, Changes, Compartment, Due, Save, Stored

TO_WHOM: Final[Mapping[str, Callable[[Resource], str]]] = {
    "message.send": recipient,
    "message.read": sender,
    "message.void": recipient,
}
"""Acts that are one organisation's to know, and whose."""

Holder = Person | Entries
"""Where a resource is put: with the person whose it is, or among what belongs to none."""


@dataclass(frozen=True)
class _Told:
    """One change, as the audit tells it."""

    action: str
    about: str
    interaction: str


@dataclass
class Draft:
    """One request's working copies of persons, and of what belongs to none. `now` is the instant of all that it writes; `turn`:
    of an act that is to be committed."""

    hub: Hub
    caller: Caller
    now: datetime
    turn: Turn | None = None
    entries: Entries = field(init=False, repr=False)
    _persons: dict[str, Person] = field(default_factory=dict)
    _told: dict[str, list[_Told]] = field(default_factory=dict)
    _guards: dict[str, int] = field(default_factory=dict)
    _written: dict[str, Stored] = field(default_factory=dict)
    _revived: set[str] = field(default_factory=set)
    _removed: dict[str, tuple[Person, str | None]] = field(default_factory=dict)
    _supposed: dict[str, int] = field(default_factory=dict)  # revisions that nobody has asked about yet

    def __post_init__(self) -> None:
        self.entries = Entries(self.hub.store)

    def person(self, id_: str) -> Person:
        """Her compartment as it is stored, with what this draft has changed in it. KeyError when she is unknown."""
        if id_ not in self._persons:
            self._wait_for(id_)
            self._persons[id_] = Person.of(self._compartment(id_), self._rules)
        return self._persons[id_]

    def _compartment(self, id_: str) -> Compartment:
        """For what is to be committed, as she is remembered here: the commit says whether she still is."""
        supposed = self.hub.store.supposed(id_) if self.turn else None
        if supposed is None:
            return self.hub.store.compartments([id_])[id_]
        self._supposed[id_] = supposed.revision
        return supposed

    def look_again(self, but: Collection[str] = ()) -> None:
        """Whether those who were taken as they are remembered here are still so. Raises Conflict."""
        wanted = self._supposed.keys() - set(but)
        found = self.hub.store.compartments(wanted) if wanted else {}
        if any(id_ not in found or found[id_].revision != self._supposed[id_] for id_ in wanted):
            self.hub.store.doubt()
            raise Conflict

    def known(self, id_: str) -> Person | None:
        """The same, or None."""
        with suppress(KeyError):
            return self.person(id_)
        return None

    def _wait_for(self, id_: str) -> None:
        """Nothing is written as of an instant before that from which it was computed."""
        if self.turn and self.turn.take(id_) and not self._persons:
            self.now = self.hub.clock.now()

    def new_person(self, id_: str) -> Person:
        return self._persons.setdefault(id_, Person(id_, self._rules))

    @property
    def _rules(self) -> Ruling:
        """Who belongs to a group is asked of what this draft has made of it."""
        return replace(self.hub.rules, entry=self.entries.entry)

    def drafted(self, id_: str) -> Person | None:
        """A person whom this draft has touched already."""
        return self._persons.get(id_)

    def holding(self, key: str) -> Person | None:
        """The person whose resource this is, be it stored or drafted; None for what is nobody's."""
        for person in self._persons.values():
            if person.get(key) is not None:
                return person
        stored = self.hub.store.read(*split(key), None)
        return self.person(stored.person) if stored is not None and stored.person is not None else None

    def put(self, holder: Holder, resource: Resource, action: str, interaction: str, keeper: str = "") -> str:
        """Take in a resource of a person, or an entry, and return its reference; one that says nothing new changes nothing.
        `keeper`: of a new one, where it is not the caller."""
        key = reference(resource)
        if holder.put(resource, holder.custodian(key) or keeper or self.caller.organization):
            self._told.setdefault(holder.id, []).append(_Told(action, key, interaction))
        return key

    def remove(self, person: Person, key: str, action: str) -> str:
        """Take a resource of hers away, and return its reference."""
        self._removed[key] = person, person.custodian(key)
        person.remove(key)
        self._told.setdefault(person.id, []).append(_Told(action, key, "delete"))
        return key

    def referring_to(self, key: str) -> list[str]:
        """What points to a resource that was taken away, of all that its keeper keeps of her and as it is drafted."""
        person, keeper = self._removed.get(key, (None, None))
        return person.referring_to(key, keeper) if person else []

    def revive(self, person: Person, resource: Resource, action: str) -> str:
        """Bring back a resource of hers that was deleted, and return its reference."""
        key = self.put(person, resource, action, "update")
        self._revived.add(key)
        return key

    def guard(self, name: str) -> None:
        """Who else commits under this name from now on is noticed when this draft is committed."""
        if name not in self._guards:
            self._guards[name] = self.hub.store.guard(name)

    def made(self, key: str) -> bool:
        """Whether this draft creates it, or brings it back."""
        return key in self._revived or any(
            one.about == key and one.interaction == "create" for told in self._told.values() for one in told
        )

    def changes(self) -> Changes | None:
        """Everything to commit; None where nothing changes."""
        followed = self._followed()
        touched = frozenset(self._told).union(*followed.values())
        parts = [self._settled(person) for person in self._persons.values() if person.id in touched]
        parts += [self._entered()] if self.entries.id in touched else []
        followers = dict.fromkeys(followed, touched)
        return _together(parts, followers, self._guards, self._supposed_token) if parts else None

    def commit(self) -> None:
        """Raises Conflict where somebody was faster, HubError(LOGIN) where the caller's token ended meanwhile."""
        changes = self.changes()
        self.look_again(but=changes.persons if changes else ())
        if changes is not None:
            at = self._committed(changes)
            told = {one.about for of_one in self._told.values() for one in of_one}
            written = {f"{save.type}/{save.id}": save for save in changes.saves}
            self._written = {key: written[key].stored(at) for key in told & written.keys()}

    def _committed(self, changes: Changes) -> datetime:
        try:
            at = self.hub.store.commit(changes, company=self.hub.queue.company)
        except Conflict:
            if self._supposed:
                self.hub.store.doubt()
            raise
        if self.caller.supposed:
            self.caller.supposed.known = True
        return at

    @property
    def _supposed_token(self) -> frozenset[str]:
        """Of the caller, where nobody has asked yet whether it is still good: this commit does."""
        return frozenset({self.caller.token} if self.caller.supposed else ())

    def _followed(self) -> dict[str, frozenset[str]]:
        """Whoever's consent names a group that changes is settled with it: the next request of any process sees both."""
        changed = {name: self.hub.store.followers([name]) for name in self.entries.changed()}
        unread = frozenset[str]().union(*changed.values()) - self._persons.keys()
        for id_, compartment in self.hub.store.compartments(unread).items() if unread else ():
            self._persons[id_] = Person.of(compartment, self._rules)
        return changed

    def _entered(self) -> Changes:
        told = self._told[self.entries.id]
        audits = [self._audit(self.entries, one.action, one.about, self.caller, one.interaction) for one in told]
        return Changes(saves=[*self.entries.saves(), *audits])

    def _settled(self, person: Person) -> Changes:
        settled = person.settle(self.now, self.hub.ids.new)
        told = self._told.get(person.id, [])
        interaction = told[-1].interaction if told else "update"
        audits = [self._audit(person, one.action, one.about, self.caller, one.interaction) for one in told]
        audits += [self._audit(person, step.action, reference(step.task), None, interaction) for step in settled.steps]
        for one in told:
            if one.interaction == "create":
                audits += self._replacements(person, one.about)
        outbox = [Due(one.action, "", one.about) for one in told if split(one.about)[0] == "Task"]
        outbox += [self._news(person, one) for one in told if one.action in TO_WHOM]
        for one in told:
            if one.interaction == "delete":
                outbox += [Due(one.action, "", one.about, recipient=who) for who in person.had(one.about, self.now)]
        return settled.changes(person, [*audits, *told_of(person, settled, self.now, hub=self.hub)], outbox)

    def _news(self, person: Person, of: _Told) -> Due:
        who = TO_WHOM[of.action](person.get(of.about) or {})
        return Due(of.action, "", of.about, recipient="" if who == person.custodian(of.about) else who)

    def _replacements(self, person: Person, about: str) -> Iterator[Save]:
        """What is told of the consents that a new one took the place of."""
        resource, caller = person.get(about), self.caller
        named = superseded(resource) if resource else []
        if resource is None or not named:
            return
        for old in named:
            yield self._audit(person, "consent.supersede", old, caller, "update")
        for provenance in replacement(resource, self.now, self.hub.ids.new(), caller):
            yield Save(provenance, person.id, caller.organization, (own_key(caller.organization),))

    def _audit(self, holder: Holder, verb: str, about: str, by: Caller | None, interaction: str) -> Save:
        """Kept with the keeper of what it is about: what followed among another's records is not for who set it off."""
        keeper, person = holder.custodian(about) or "", holder.id or None
        made = acted(self.hub.ids.new(), verb, self.now, by, interaction, person=person, entities=[about])
        return Alike(made, person, keeper, (own_key(keeper),))

    def view(self, key: str) -> View:
        """What the caller sees of it now that it is stored: of what this draft has written, what it wrote."""
        stored = self._written.get(key) or self.hub.store.read(*split(key), None)
        assert stored is not None
        return disclose.view(stored, self.caller, self.now, hub=self.hub)


def carry_out(act: Callable[[Draft], Any], caller: Caller, *, hub: Hub) -> tuple[Draft, Any]:
    """Compute an act from the present state and commit it; when somebody was faster, compute it again. Its answer, and the
    draft that was committed."""

    def attempt(turn: Turn) -> tuple[Draft, Any]:
        draft = Draft(hub, caller, hub.clock.now(), turn)
        try:
            answer = act(draft)
        except HubError:  # whom it was refused by may not be as she was
            draft.look_again()
            raise
        draft.commit()
        return draft, answer

    return hub.queue.tried(attempt)


def carried_out(act: Callable[[Draft], str], caller: Caller, *, hub: Hub) -> View:
    """The caller's view of what an act was about, once it is committed."""
    draft, key = carry_out(act, caller, hub=hub)
    return draft.view(key)


def _together(
    parts: list[Changes], followed: Mapping[str, frozenset[str]], guards: Mapping[str, int], alive: frozenset[str]
) -> Changes:
    """One commit of what was settled person by person."""
    return Changes(
        followed=followed,
        guards=guards,
        alive=alive,
        saves=[save for one in parts for save in one.saves],
        rekeys=[rekey for one in parts for rekey in one.rekeys],
        persons={person: revision for one in parts for person, revision in one.persons.items()},
        outbox=[due for one in parts for due in one.outbox],
        voids=[void for one in parts for void in one.voids],
        due={person: at for one in parts for person, at in one.due.items()},
        follows={person: named for one in parts for person, named in one.follows.items()},
        counted={person: spans for one in parts for person, spans in one.counted.items()},
        rest={person: known for one in parts for person, known in one.rest.items()},
    )
