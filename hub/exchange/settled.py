"""What one person's part of a commit writes, once everything has followed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from hub.fhir import Resource
from hub.ports import Changes, Counted, Due, Rekey, Save, Void
from hub.referral.steps import Step


class Whose(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def revision(self) -> int: ...


@dataclass(frozen=True)
class Settled:
    """`steps`: what followed, for the audit; `notices`: what recipients are told whom a consent covers no longer; `due`: when
    something opens or closes by itself; `follows`: the groups and posts that her Consents name, in the versions that were
    read; `counted`: when she may be counted in reports; `rest`: what is known of her then, for the next act."""

    saves: list[Save]
    rekeys: list[Rekey]
    outbox: list[Due]
    steps: list[Step]
    notices: list[Resource]
    voids: list[Void]
    due: datetime
    follows: Mapping[str, int] = field(default_factory=dict)
    counted: Sequence[Counted] = ()
    rest: Any = None

    def changes(self, person: Whose, also: Iterable[Save] = (), told: Iterable[Due] = ()) -> Changes:
        """All of it as one person's commit, with what an act says besides: its audit, and what is to be told of it first."""
        return Changes(
            saves=[*self.saves, *also],
            rekeys=self.rekeys,
            persons={person.id: person.revision},
            outbox=[*told, *self.outbox],
            voids=self.voids,
            due={person.id: self.due},
            follows={person.id: self.follows} if self.follows else {},
            counted={person.id: self.counted},
            rest={person.id: self.rest} if self.rest else {},
        )
