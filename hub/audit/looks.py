"""Events of looks and of acts, by their shape: a page leaves one for each person in it, a transaction some for each entry, and
they differ in ids alone.

What they say, and how, is `events.event`'s to know: it is asked once a shape.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from hub.audit.events import event
from hub.audit.ids import in_order
from hub.fhir import Resource
from hub.fhir.instants import instant
from hub.ports import Caller, Made

_SOME_TIME: Final = datetime(2026, 1, 1, tzinfo=UTC)
_NOBODY: Final = -1
_Places = tuple[tuple[str, int], ...]
"""What stands before an id, as `Task/`, and where among an event's own strings the id is."""


class LookShape(NamedTuple):
    action: str
    interaction: str
    because: str
    caller: tuple[str, str, str, str, str] | None
    request: int
    person: int
    entities: _Places
    under: _Places

    def event(self, own: Sequence[str], recorded: str) -> Resource:
        made = event(
            own[0],
            self.action,
            _SOME_TIME,
            interaction=self.interaction,
            caller=self._caller(own),
            person=None if self.person == _NOBODY else own[self.person],
            entities=[before + own[place] for before, place in self.entities],
            because=self.because,
            denied=bool(self.because),
            under=[before + own[place] for before, place in self.under],
        )
        return {**made, "recorded": recorded}

    def _caller(self, own: Sequence[str]) -> Caller | None:
        if self.caller is None:
            return None
        client, organization, purpose, token, practitioner = self.caller
        request = "" if self.request == _NOBODY else own[self.request]
        return Caller(client, organization, purpose, token=token, practitioner=practitioner, request=request)


def look(
    id_: str,
    at: datetime,
    caller: Caller,
    interaction: str,
    *,
    person: str | None,
    entities: Iterable[str],
    under: Iterable[str] = (),
    denied: str = "",
) -> Made:
    """`denied`: why, where it was."""
    action = "disclosure.deny" if denied else "disclosure.permit"
    said = _Said(action, interaction, denied, person, entities, () if denied else under)
    return _made(id_, at, caller, said)


def acted(
    id_: str,
    action: str,
    at: datetime,
    caller: Caller | None,
    interaction: str,
    *,
    person: str | None,
    entities: Iterable[str],
) -> Made:
    """A change that succeeded. `caller` None: the hub itself made it."""
    return _made(id_, at, caller, _Said(action, interaction, "", person, entities, ()))


class _Said(NamedTuple):
    action: str
    interaction: str
    because: str
    person: str | None
    entities: Iterable[str]
    under: Iterable[str]


def _made(id_: str, at: datetime, caller: Caller | None, said: _Said) -> Made:
    id_ = in_order(id_, at)
    own: dict[str, int] = {id_: 0}
    shape = LookShape(
        said.action,
        said.interaction,
        said.because,
        (caller.client, caller.organization, caller.purpose, caller.token, caller.practitioner) if caller else None,
        _place(caller.request if caller else "", own),
        _place(said.person, own),
        _places(said.entities, own),
        _places(said.under, own),
    )
    return Made(shape, tuple(own), instant(at))


def _place(text: str | None, own: dict[str, int]) -> int:
    return own.setdefault(text, len(own)) if text else _NOBODY


def _places(references: Iterable[str], own: dict[str, int]) -> _Places:
    """As they come: an id that is told of for the first time is the next one."""
    found = []
    for reference in references:
        cut = reference.rfind("/") + 1
        found.append((reference[:cut], own.setdefault(reference[cut:], len(own))))
    return tuple(found)
