"""The monthly report of an organisation that sent so many referrals in a month: from the courses that are kept with the Tasks.

Some are written as every act writes them; the others are copies of these, under ids of their own.
"""

import json
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median

from benchmarks.deployment import register_deployment
from benchmarks.referred import CUSTODIANS, RECIPIENTS, fresh_id, survivor_of
from hub.bootstrap import opened
from hub.exchange import Hub
from hub.exchange.person import Person
from hub.exchange.statistics import statistics
from hub.fhir import Resource
from hub.fhir.canonicals import code_system
from hub.fhir.instants import instant
from hub.store import MongoStore

REFERRALS = (10_000, 50_000)
WRITTEN = 500
TIMES = 5
KEEPER = CUSTODIANS[0]
MONTH = (2026, 5)
BEGAN = datetime(*MONTH, 1, tzinfo=UTC)


def main(sizes: tuple[int, ...]) -> None:
    figures: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as name:
        register_deployment(Path(name))
        with opened(Path(name)) as deployment:
            hub = deployment.hub
            write(hub)
            for size in sizes:
                multiply(hub, size)
                figures |= reported(hub, size)
    print(json.dumps(figures))


def write(hub: Hub) -> None:
    chance = Random(6)
    for _ in range(WRITTEN):
        person = survivor_of(KEEPER, chance.choice(RECIPIENTS), "requested", chance, hub.rules)
        person.put(_counted(person, chance), KEEPER)
        sent = BEGAN + timedelta(hours=chance.randrange(24 * 28))
        for number, status in enumerate(("requested", "accepted", "completed")[: chance.randrange(1, 4)]):
            person = _moved(person, status, sent + timedelta(hours=number * chance.randrange(1, 60)), number, hub)


def _moved(person: Person, status: str, at: datetime, number: int, hub: Hub) -> Person:
    (task,) = person.tasks()
    person.put({**task, "status": status, "lastModified": instant(at)}, KEEPER)
    settled = person.settle(hub.clock.now(), hub.ids.new)
    hub.store.commit(settled.changes(person))
    return Person.of(hub.store.compartments([person.id])[person.id], hub.rules)


def _counted(person: Person, chance: Random) -> Resource:
    """Four of five say that they may be counted."""
    consent = next(one for one in person.kept_by(KEEPER) if one["resourceType"] == "Consent")
    root = {
        "type": "permit" if chance.random() < 0.8 else "deny",
        "purpose": [{"system": code_system("purpose"), "code": "statistics"}],
        "class": [{"system": code_system("data-class"), "code": "statistics"}],
    }
    return {**consent, "id": fresh_id(chance), "provision": root}


def multiply(hub: Hub, size: int) -> None:
    """Copies of Tasks and of the rows of their persons, until there are so many: the report reads nothing else."""
    assert isinstance(hub.store, MongoStore)
    database = hub.store.database
    first = list(database.Task.find(limit=WRITTEN, sort=[("_id", 1)]))
    rows = {row["_id"]: row for row in database.persons.find({"_id": {"$in": [one["person"] for one in first]}})}
    for number in range(database.Task.count_documents({}) // WRITTEN, size // WRITTEN):
        database.Task.insert_many([one | _copied(one, number) for one in first])
        database.persons.insert_many([row | {"_id": f"{id_}-{number}"} for id_, row in rows.items()])


def _copied(task: Resource, number: int) -> Resource:
    return {"_id": f"{task['_id']}-{number}", "person": f"{task['person']}-{number}"}


def reported(hub: Hub, size: int) -> dict[str, object]:
    """As asked for the first time, and the median of some more."""
    spent = []
    for _ in range(TIMES):
        began = time.perf_counter()
        found = statistics(KEEPER, *MONTH, hub=hub)
        spent.append(time.perf_counter() - began)
    first, often = round(spent[0], 2), round(median(spent), 2)
    return {f"{size}: counted": found.groups[0].whole, f"{size}: seconds at first": first, f"{size}: seconds": often}


if __name__ == "__main__":
    main(tuple(map(int, sys.argv[1:])) or REFERRALS)
