"""Duplicates: which two of the persons that a caller sees could be one woman, whom two organisations have each a record of.

Nothing is matched by itself: a pair is a question to people. It is asked of the caller's own views, so that what it may not see
takes no part, and who sees one of the two alone is asked nothing. What its organisation has said of a pair (`same_or_not`) is
its own; it counts for as long as both are seen, and what was compared still says what it said then.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final, Literal

from hub.exchange import Hub, View, disclose
from hub.exchange.identity import fingerprint
from hub.fhir.query import Query
from hub.fhir.serial import loads
from hub.ports import Caller, Judgement, Scan, Stored, Visible
from hub.search.pairing import RANKED, Seen, alike, pairs, seen
from hub.search.resemblance import Grade, Resemblance

TYPE: Final = "Patient"
STEP: Final = 2000
Standing = Literal["undecided", "same", "different"]
STANDINGS: Final[tuple[Standing, ...]] = ("undecided", "same", "different")


@dataclass(frozen=True, repr=False)
class Person:
    """One side of a pair. `keeper`: the organisation whose record it is."""

    view: View
    keeper: str


@dataclass(frozen=True, repr=False)
class Pair:
    """`judgement`: the last of the caller's organisation, also one that counts no more, since what was compared has changed
    (`is_asked_again`)."""

    one: Person
    other: Person
    like: Resemblance
    judgement: Judgement | None = None
    is_asked_again: bool = False

    @property
    def standing(self) -> Standing:
        return "undecided" if self.judgement is None or self.is_asked_again else self.judgement.said


@dataclass(frozen=True, repr=False)
class Pairs:
    """`total`: of all that there are for this caller."""

    total: int
    pairs: tuple[Pair, ...]


def possible(caller: Caller, *, hub: Hub, count: int, least: Grade = "probable") -> Pairs:
    """Those that its organisation has not decided, the likeliest first; at least of this grade."""
    asking = Asking(caller, hub.clock.now(), hub)
    said = {one.persons: one for one in hub.store.judgements.of(caller.organization)}
    persons = list(asking.persons())
    found = []
    for one, other, like in pairs([each.seen for each in persons], least):
        judgement = said.get(key(one.id, other.id))
        stands = judgement is not None and asking.stands(judgement, one, other)
        if not stands:
            found.append((one.id, other.id, like, judgement))
    by_id = {each.seen.id: each for each in persons}
    found.sort(key=lambda pair: (-RANKED.index(pair[2].grade), -pair[2].score, key(pair[0], pair[1])))
    chosen = [asking.pair(by_id[one], by_id[other], like, judgement) for one, other, like, judgement in found[:count]]
    return asking.shown(len(found), chosen)


def decided(caller: Caller, *, hub: Hub, count: int, said: Standing = "same", of: str = "") -> Pairs:
    """What its organisation said that counts still, the last first; `of`: about one person."""
    asking = Asking(caller, hub.clock.now(), hub)
    known = [one for one in hub.store.judgements.of(caller.organization, of) if one.said == said]
    by_id = {each.seen.id: each for each in asking.persons([id_ for one in known for id_ in one.persons])}
    standing = [
        (by_id[one.persons[0]], by_id[one.persons[1]], one)
        for one in sorted(known, key=lambda one: (one.at, one.persons), reverse=True)
        if all(id_ in by_id for id_ in one.persons) and asking.stands(one, *(by_id[id_].seen for id_ in one.persons))
    ]
    chosen = [asking.pair(one, other, alike(one.seen, other.seen), said) for one, other, said in standing[:count]]
    return asking.shown(len(standing), chosen)


def also_seen(person: str, caller: Caller, *, hub: Hub) -> tuple[Person, ...]:
    """As whom else its organisation has said that it sees her; where it never said so, nothing is looked at."""
    if not hub.store.judgements.of(caller.organization, person):
        return ()
    found = decided(caller, hub=hub, count=STEP, of=person).pairs
    return tuple(pair.other if pair.one.view.id == person else pair.one for pair in found)


@dataclass(frozen=True, repr=False)
class Known:
    """A person as stored, and what the caller sees of her."""

    stored: Stored
    view: View
    seen: Seen

    @property
    def person(self) -> Person:
        return Person(self.view, self.seen.keeper)


@dataclass(frozen=True)
class Asking:
    """One caller at one moment."""

    caller: Caller
    now: datetime
    hub: Hub

    def persons(self, ids: Sequence[str] | None = None) -> Iterator[Known]:
        """All that it sees, or those of these: each with a name that it sees."""
        after = ""
        while ids is None or ids:
            wanted = None if ids is None else tuple(sorted(ids))
            page = self._page(Scan(limit=STEP, after=after, ids=wanted))
            yield from filter(None, map(self._known, page))
            if len(page) < STEP:
                return
            after = page[-1].id

    def _page(self, scan: Scan) -> tuple[Stored, ...]:
        return self.hub.store.scan([(Query(TYPE), self._visible)], scan)

    @cached_property
    def _visible(self) -> Visible:
        return disclose.reach(TYPE, "search", self.caller, self.now, hub=self.hub)

    def _known(self, stored: Stored) -> Known | None:
        view = disclose.view(stored, self.caller, self.now, hub=self.hub)
        found = seen(stored.id, stored.custodian or "", loads(view.text))
        return Known(stored, view, found) if found else None

    def pair(
        self, one: Known, other: Known, like: Resemblance, judgement: Judgement | None
    ) -> tuple[Pair, list[Stored]]:
        one, other = sorted((one, other), key=lambda known: known.seen.id)
        is_again = judgement is not None and not self.stands(judgement, one.seen, other.seen)
        pair = Pair(one.person, other.person, like, judgement, is_again)
        return pair, [one.stored, other.stored]

    def shown(self, total: int, chosen: Sequence[tuple[Pair, list[Stored]]]) -> Pairs:
        """Who is told was looked at, and nobody else."""
        told = {stored.id: stored for _, both in chosen for stored in both}
        disclose.look(told.values(), self.caller, self.now, "search", hub=self.hub)
        return Pairs(total, tuple(pair for pair, _ in chosen))

    def stands(self, judgement: Judgement, *both: Seen) -> bool:
        """Whether what the caller sees of both says what it said when that was judged. What it sees no more is not held
        against it; what was not known then is."""
        return all(
            judgement.seen.get(one.id, {}).get(element) == value
            for one in both
            for element, value in self.compared(one).items()
        )

    def compared(self, one: Seen) -> dict[str, str]:
        """A keyed hash of each element: equal for what folds alike, unreadable, and another for each organisation."""
        said = {
            "name": " ".join(sorted(one.words)),
            "birthDate": one.birth,
            "gender": str(one.said.get("gender", "")).replace("unknown", ""),
            **one.numbers,
        }
        us, pepper = self.caller.organization, self.hub.pepper
        return {
            name: fingerprint(pepper, "judgement", us, one.id, name, value) for name, value in said.items() if value
        }


def key(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)
