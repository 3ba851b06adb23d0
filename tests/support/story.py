"""A story: who takes part, what happens, and after every step who sees what. What it does is what it writes down.

`Story` holds what is known while it is told; its verbs are in `story_{given,when,then}.py`, the sentences that they write in
`tests/scenarios/journeys/words.yaml`. Nobody's view is left out:
who is not named where it is said who sees what fails the story.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from hub.exchange.disclosures import Account
from hub.fhir import Resource
from hub.fhir.definitions import load
from hub.fhir.references import split
from tests.support.ears_over_http import Ear
from tests.support.personas import Heard, Persona
from tests.support.receivers import Receiver
from tests.support.story_records import WHERE

LANGUAGES: Final = ("en", "fr", "ar")
WORDS: Final = Path(__file__).parents[1] / "scenarios" / "journeys" / "words.yaml"
NEVER: Final = "00000000-0000-4000-8000-00000000dead"


@cache
def words() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(WORDS.read_text("utf-8"))
    return read


@dataclass(frozen=True)
class Coded:
    """A code of the contract, told by its label."""

    system: str
    code: str

    def told(self, language: str) -> str:
        return load().code_system(self.system).codes[self.code].label(language)


@dataclass(frozen=True)
class Line:
    """One sentence of the story: its key among the words, and what fills its blanks."""

    part: str  # given, when, then
    key: str
    blanks: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Party:
    """Who takes part: as it is named in the sentences, what it asks with, and what it listens with."""

    persona: Persona
    names: Mapping[str, str]
    ear: Ear | None = None

    def told(self, language: str) -> str:
        return self.names.get(language, self.names["fr"]).partition(" – ")[0]


@dataclass
class Story:
    """`parties`: by role. `her`, `need`, `task`: references. `secrets`: words that nobody but her association may ever be told."""

    key: str
    parties: Mapping[str, Party]
    keeper: Party
    lines: list[Line] = field(default_factory=list)
    secrets: tuple[str, ...] = ()
    her: str = ""
    need: str = ""
    task: str = ""
    consents: list[str] = field(default_factory=list)
    tasks: list[str] = field(default_factory=list)
    expected: list[tuple[str, str, frozenset[Persona]]] = field(default_factory=list)
    """News: what happened, about what, and precisely who was to be told."""
    account: Callable[[str], Account] = field(kw_only=True)
    command: Callable[..., Any] = field(kw_only=True)
    """What somebody at the hub does by its command line, as her association has asked."""
    door: Receiver = field(kw_only=True)
    """Where a system has what it subscribed to sent."""
    trusted: set[Persona] = field(default_factory=set)  # who was shown who she is, for an emergency
    hosts: set[Persona] = field(default_factory=set)  # who knows where the house is, being in it
    _before: dict[Persona, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for one in self.parties.values():
            self._before[one.persona] = len(one.persona.heard), len(one.ear.heard) if one.ear else 0

    def say(self, part: str, key: str, **blanks: Any) -> None:
        assert set(words()[part][key]) == set(LANGUAGES), key
        self.lines.append(Line(part, key, blanks))

    def refers(self, task: str) -> None:
        """From now on the story is about this referral."""
        self.task = task
        if task not in self.tasks:
            self.tasks.append(task)

    @property
    def is_told(self) -> bool:
        """To its end; one that broke off is no document."""
        return bool(self.lines) and self.lines[-1].key == "nobody-saw-more"

    def answers_of(self, party: Party) -> list[Heard]:
        """All that it was answered since the story began."""
        return party.persona.heard[self._before[party.persona][0] :]

    def heard_by(self, party: Party) -> list[Any]:
        """The events that it was told since the story began."""
        return party.ear.heard[self._before[party.persona][1] :] if party.ear else []

    @property
    def others(self) -> list[Party]:
        return [one for one in self.parties.values() if one is not self.keeper]

    def overheard(self, party: Party) -> list[Any]:
        """What it was told of this story."""
        about = {*self.tasks, *(task for _, task, _ in self.expected)}
        return [one for one in self.heard_by(party) if one.data["reference"] in about]

    def _hidden_from(self, party: Party) -> Iterable[str]:
        known = WHERE if party.persona in self.hosts else ()
        return (secret for secret in self.secrets if secret not in known)

    def leaks(self) -> list[str]:
        """Who was told a secret of hers, in which answer."""
        others = [one for one in self.others if one.persona not in self.trusted]
        return [
            f"{one.persona.organization}: {answer.sent[:80]}"
            for one in others
            for answer in self.answers_of(one)
            if any(secret in answer.response.text for secret in self._hidden_from(one))
        ]


def must(answer: Heard, *statuses: int) -> Resource:
    """The body of an answer that must have one of these statuses (of a change, one of the good ones)."""
    assert answer.status in (statuses or (200, 201)), (
        f"{answer.sent[:120]}: {answer.status} {answer.response.text[:600]}"
    )
    body: Resource = answer.body
    return body


def sought(party: Party, reference: str) -> list[Resource]:
    """What a search for one resource finds; its total says the same. To read a referral would be to receive it."""
    type_, id_ = split(reference)
    answer = party.persona.find(type_, _id=id_)
    must(answer)
    assert answer.total == len(answer.resources)
    return answer.resources


def found(party: Party, reference: str) -> Resource:
    (one,) = sought(party, reference)
    return one
