"""What organisations say of two persons whom they see: that they are the same woman, or that they are not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from hub.ports.records import Changes

Said = Literal["same", "different"]


@dataclass(frozen=True, repr=False)
class Judgement:
    """Of one organisation, about two persons in the order of their ids. `by`: who said so, a person or a system. `seen`: person →
    element → a keyed hash of what it said then. `version`: counted from 1."""

    organization: str
    persons: tuple[str, str]
    said: Said
    at: datetime
    by: str
    seen: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    version: int = 1


class Judgements(Protocol):
    """All of a deployment. Who may see either person is not decided here."""

    def put(self, judgement: Judgement, told: Changes) -> None:
        """With what tells of it, in one transaction. Raises Conflict where another version of it is there than the one before
        this, or one of the two is erased."""

    def remove(self, judgement: Judgement, told: Changes) -> None:
        """Raises Conflict where it is no longer this version."""

    def of(self, organization: str, person: str = "") -> Sequence[Judgement]:
        """All of an organisation, or those about one person."""
