"""What all requests of a walk are made from: chance, the things there are, and what is declared."""

from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from tests.support.furnishing import Things


@dataclass
class Deck:
    """Cards in random order; when all are dealt they are shuffled anew."""

    cards: list[Any]
    chance: Random
    _left: list[Any] = field(default_factory=list)

    def deal(self) -> Any:
        if not self._left:
            self._left = self.chance.sample(self.cards, len(self.cards))
        return self._left.pop()


class Base:
    """Who asks: by chance, about these things."""

    chance: Random
    things: Things
    types: list[str]
    parameters: dict[str, dict[str, str]]
    forms: Deck
    sorts: dict[str, Deck]
    along: dict[str, Deck]
    pointing: dict[str, Any]
    others: Deck

    def id(self, type_: str) -> str:
        """Of something seen, hidden, new or not there at all."""
        known = self.things.references.get(type_, [])
        others = ["00000000-0000-4000-8000-000000000000", f"NEW.{self.chance.randrange(200)}."]
        return self.chance.choice(known if known and self.chance.random() < 0.9 else others)

    def _value(self, type_: str, name: str) -> Any:
        if name == "_id":
            return self.id(type_)
        if name == "_lastUpdated":
            return {"l": datetime.fromisoformat(f"2026-11-20T0{self.chance.randrange(1, 10)}:00:00+00:00")}
        found = self.things.values.get(type_, {}).get(name)
        return self.chance.choice(found) if found else None
