"""Survivors for benchmarks: each kept by one association, referred to one recipient, with what her consent opens to it.

Every document is one of the contract's valid examples under ids and references of its own.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib.resources import files
from random import Random
from types import MappingProxyType
from uuid import UUID

from hub.exchange import Hub
from hub.exchange.person import Person
from hub.exchange.ruling import Ruling
from hub.fhir import Resource
from hub.fhir.canonicals import code_system
from hub.fhir.references import reference
from hub.ports import Changes

CUSTODIANS = ("zahra-ecoute", "yasmine-psy", "arganier-juridique")
RECIPIENTS = ("chu-atlas", "cedre-hebergement", "tribunal", "maison", "clinique", "foyer")
OPENED = ("core", "needs-and-services", "incident-summary", "safe-contact", "health")
BATCH = 50
_HER, _KEEPER, _RECIPIENT = "0b9d1d2e-8b1e-4f57-9a0a-6d1f0c2b7e31", "zahra-ecoute", "chu-atlas"
_NEED = "1c2d3e4f-5061-4728-93a4-b5c6d7e8f901"


@dataclass
class Stored:
    """What a recipient can ask for: ids by recipient and type."""

    ids: dict[tuple[str, str], list[str]] = field(default_factory=dict)


def fill(hub: Hub, persons: int) -> Stored:
    """Store so many survivors, some of each recipient's accepted."""
    chance, stored = Random(4), Stored()
    people = _people(persons, chance, hub.rules)
    while batch := [one for _, one in zip(range(BATCH), people, strict=False)]:
        now = hub.clock.now()
        settled = [person.settle(now, lambda: fresh_id(chance)) for _, person in batch]
        for (recipient, _), one in zip(batch, settled, strict=True):
            for save in one.saves:
                type_, _, id_ = reference(save.resource).partition("/")
                stored.ids.setdefault((recipient, type_), []).append(id_)
        saves = [save for one in settled for save in one.saves]
        due = {person.id: one.due for (_, person), one in zip(batch, settled, strict=True)}
        hub.store.commit(Changes(saves=saves, persons=dict.fromkeys(due, 0), due=due))
    return stored


def _people(persons: int, chance: Random, rules: Ruling) -> Iterator[tuple[str, Person]]:
    for number in range(persons):
        recipient = RECIPIENTS[number % len(RECIPIENTS)]
        yield recipient, _person(CUSTODIANS[number % len(CUSTODIANS)], recipient, chance, rules)


def _person(keeper: str, recipient: str, chance: Random, rules: Ruling) -> Person:
    status = chance.choice(("accepted", "in-progress", "completed"))
    return survivor_of(keeper, recipient, status, chance, rules)


def survivor_of(
    keeper: str,
    recipient: str,
    status: str,
    chance: Random,
    rules: Ruling,
    *,
    own: Mapping[str, str] = MappingProxyType({}),
) -> Person:
    """Her text is changed, not her structure: references and keepers become her own. `own`: what else, and what it becomes."""
    hers, need = fresh_id(chance), fresh_id(chance)
    names = {_HER: hers, _NEED: need, f"Organization/{_KEEPER}": f"Organization/{keeper}", **own}
    names |= {f"Organization/{_RECIPIENT}": f"Organization/{recipient}"}
    person = Person(hers, rules)
    for name in ("survivor", "case", "incident", "need", "consent-by-class", "referral-task"):
        text = _text(name)
        for old, new in names.items():
            text = text.replace(old, new)
        id_ = {"survivor": hers, "need": need}.get(name) or fresh_id(chance)
        person.put(_alive(json.loads(text), name, id_, status), keeper)
    return person


def _alive(resource: Resource, name: str, id_: str, status: str) -> Resource:
    """Under its own id; the referral past its acceptance, the consent in force for years."""
    resource["id"] = id_
    if name == "referral-task":
        resource |= {"status": status} | ({"identifier": [resource["identifier"][0] | {"value": id_[:8].upper()}]})
    if name == "consent-by-class":
        permit = resource["provision"]["provision"][0]
        period = {"start": "2026-01-01", "end": f"{datetime.max.year}"}
        coded = [{"system": code_system("data-class"), "code": one} for one in OPENED]
        resource["provision"] = {"period": period, "provision": [permit | {"period": period, "class": coded}]}
    return resource


@cache
def _text(name: str) -> str:
    return files("profiles").joinpath("examples", "valid", f"{name}.json").read_text("utf-8")


def fresh_id(chance: Random) -> str:
    return str(UUID(int=chance.getrandbits(128), version=4))
