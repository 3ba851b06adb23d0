"""Settling twice: what was settled of new needs alone must be what settling all of her comes to."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from hub.exchange.person import Person
from hub.exchange.rest import Rest
from hub.exchange.settled import Settled
from hub.fhir.serial import dumps

ALONE = Person._settle_new_needs
compared = 0
"""How often that was looked at in this process."""


@contextmanager
def twice() -> Iterator[None]:
    """Meanwhile, whatever is settled the short way is settled the long way too, and compared."""

    def both(person: Person, at_rest: Rest, now: datetime, new_id: Callable[[], str]) -> Settled:
        global compared  # noqa: PLW0603
        compared += 1
        assert person.compartment is not None
        other = Person.of(replace(person.compartment, rest=None, worked_out={}), person.rules)
        for _, one in person._copies.changed():
            other.put(one.resource, one.custodian)
        drawn: list[str] = []
        mine = ALONE(person, at_rest, now, lambda: drawn.append(new_id()) or drawn[-1])  # type: ignore[func-returns-value]
        left = iter(drawn)
        assert told(mine) == told(other.settle(now, lambda: next(left, "another"))), (
            "new needs were not settled as all would be"
        )
        return mine

    Person._settle_new_needs = both  # type: ignore[method-assign]
    try:
        yield
    finally:
        Person._settle_new_needs = ALONE  # type: ignore[method-assign]


def told(settled: Settled) -> dict[str, Any]:
    """All that is written, but for what is said of it to the next act, and for which of several keepers' needs came first."""
    drawn = {step.task["id"]: step.task["focus"]["reference"] for step in settled.steps}

    def named(text: str) -> str:
        for id_, need in drawn.items():
            text = text.replace(id_, f"of {need}").replace(f'"{id_[:8]}"', f'"of {need}"')
        return text

    saves = {
        named(f"{one.type}/{one.id}"): (
            named(dumps(one.resource)), one.custodian, one.replaces, {(key, key.because) for key in one.keys},
        )
        for one in settled.saves
    }  # fmt: skip
    assert len(saves) == len(settled.saves)
    outbox = sorted((due.kind, named(due.reference), due.recipient) for due in settled.outbox)
    steps = sorted((step.action, named(dumps(step.task))) for step in settled.steps)
    same = {name: getattr(settled, name) for name in ("notices", "voids", "rekeys", "due", "follows")}
    return {**same, "saves": saves, "outbox": outbox, "steps": steps, "counted": list(settled.counted)}
