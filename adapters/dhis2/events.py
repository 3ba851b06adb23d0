"""A period's referrals as events of a programme that registers nobody, so that it holds those that are told now and no others.

An event says what its row says, and the first day of the period. Its id says the period and a number, nothing of a referral: rows
that say the same are one as good as the other. So the events that stand there already are left; only what is too many is deleted
and what is missing is created. Nothing is ever changed, as who may enter an event may not always change one that was completed.
DHIS2 keeps the ids of deleted events: new ones are numbered after the last that ever was.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from string import ascii_letters, digits
from typing import Any, Final

from adapters.dhis2 import tracked
from adapters.dhis2.client import PROBLEMS, Dhis2
from adapters.dhis2.programme import Programme
from hub.ports import Connection, Reported, Return, Row

LETTERS: Final = ascii_letters + digits
LENGTH: Final = 11
OURS: Final = 6
"""How many letters of an id say whose it is and of what period; the others are its number."""
MOST: Final = len(LETTERS) ** (LENGTH - OURS)
AT_ONCE: Final = 500
STATUS: Final = "ACTIVE"
"""Never COMPLETED: of those, DHIS2 can refuse deletion after some days, and a consent can be withdrawn later."""

Said = tuple[tuple[str, str], ...]
"""Ids of data elements with their values, in order."""


@dataclass(frozen=True)
class Step:
    """Events to delete, or to create, in parts that are taken whole or not at all."""

    strategy: str
    events: tuple[Mapping[str, Any], ...]

    def send(self, dhis2: Dhis2, *, dry_run: bool) -> Iterator[Reported]:
        for start in range(0, len(self.events), AT_ONCE):
            part = self.events[start : start + AT_ONCE]
            report = dhis2.track(part, strategy=self.strategy, dry_run=dry_run)
            yield tracked.read(report, len(part), self.strategy, dry_run=dry_run)


@dataclass(frozen=True)
class Held:
    """What stands there: ids by what they say, and the last number that was ever used."""

    ids: Mapping[Said, Sequence[str]]
    last: int


def steps(connection: Connection, figures: Return, programme: Programme, dhis2: Dhis2) -> tuple[Step, Step]:
    """To delete first, then to create; empty where all is as it is told."""
    rows = figures.rows.rows if figures.rows else ()
    ours = _name(
        connection.organization, programme.id, programme.unit, figures.first.isoformat(), figures.last.isoformat()
    )
    held = _held(ours, dhis2.events(_asked(figures, programme)))
    wanted = Counter({_said(row, programme): row.number for row in rows})
    there = Counter({said: len(ids) for said, ids in held.ids.items()})
    gone = tuple(
        {"event": id_} for said, number in (there - wanted).items() for id_ in sorted(held.ids[said])[-number:]
    )
    new = [said for said, number in sorted((wanted - there).items()) for _ in range(number)]
    made = tuple(_event(_id(ours, held.last + 1 + at), said, figures, programme) for at, said in enumerate(new))
    return Step(tracked.DELETE, gone), Step(tracked.CREATE, made)


def _asked(figures: Return, programme: Programme) -> Mapping[str, str]:
    return {
        "program": programme.id,
        "orgUnit": programme.unit,
        "occurredAfter": figures.first.isoformat(),
        "occurredBefore": figures.last.isoformat(),
        "fields": "event,deleted,dataValues[dataElement,value]",
    }


def _held(ours: str, events: Iterator[Mapping[str, Any]]) -> Held:
    """Events of others are not ours to touch."""
    found: dict[Said, list[str]] = {}
    last = 0
    for id_, one in {str(one.get("event")): one for one in events}.items():
        if id_[:OURS] == ours and (number := _number(id_[OURS:])) is not None:
            last = max(last, number)
            if one.get("deleted") is not True:
                found.setdefault(_values(one), []).append(id_)
    return Held(found, last)


def _values(event: Mapping[str, Any]) -> Said:
    values = event.get("dataValues") or ()
    if not isinstance(values, (list, tuple)) or not all(isinstance(one, dict) for one in values):
        raise PROBLEMS.not_understood
    return tuple(sorted((str(one.get("dataElement")), str(one.get("value"))) for one in values))


def _said(row: Row, programme: Programme) -> Said:
    return tuple(sorted((programme.elements[element], option) for element, option in row.said.items()))


def _event(id_: str, said: Said, figures: Return, programme: Programme) -> Mapping[str, Any]:
    return {
        "event": id_,
        "program": programme.id,
        "programStage": programme.stage,
        "orgUnit": programme.unit,
        "occurredAt": figures.first.isoformat(),
        "status": STATUS,
        "dataValues": [{"dataElement": element, "value": value} for element, value in said],
    }


def _name(*whose: str) -> str:
    """A letter first, as DHIS2 wants it."""
    number = int.from_bytes(sha256("\n".join(whose).encode()).digest())
    first, rest = number % len(ascii_letters), number // len(ascii_letters)
    return ascii_letters[first] + _written(rest, OURS - 1)


def _id(ours: str, number: int) -> str:
    if number >= MOST:
        raise PROBLEMS.not_understood
    return ours + _written(number, LENGTH - OURS)


def _written(number: int, length: int) -> str:
    return "".join(LETTERS[number // len(LETTERS) ** at % len(LETTERS)] for at in reversed(range(length)))


def _number(written: str) -> int | None:
    if len(written) != LENGTH - OURS or not set(written) <= set(LETTERS):
        return None
    number = 0
    for letter in written:
        number = number * len(LETTERS) + LETTERS.index(letter)
    return number
