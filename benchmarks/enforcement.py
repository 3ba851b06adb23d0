"""What enforcement costs: medians of read and search, the server as it is beside the same server with an all-permit policy.

Two databases with the same documents, so that each policy has the indexes that serve it best; requests go to the two in turn.
With the record of each look, as always, and without it on both sides, which leaves less for enforcement to hide behind. What
is promised is said of all reads and all searches with their record; each kind has its own verdict by the same measure.

A total alone costs most: without the predicate the database counts in an index; with it, each document is fetched, since keys
and search fields are both arrays, which no one index of MongoDB covers. Totals are not kept: a withdrawal shows in the next.
"""

import json
import sys
from collections.abc import Iterator
from random import Random
from statistics import median

from benchmarks.furnished import furnished
from benchmarks.referred import Stored
from benchmarks.servers import ASKED, SECRET, Server, serving
from hub.store import MongoStore

PERSONS = 3000
ROUNDS = 400
MOST = 1.25
OPEN = "open"
"""The database of the all-permit server."""


def main(persons: int, rounds: int) -> None:
    with furnished(persons) as there:
        folder, stored, database = there.folder, there.stored, there.store.database
        copy_open(there.store)
        figures: dict[str, object] = {"persons": persons, "documents": sum(map(len, stored.ids.values()))}
        for recorded in ("", "-unrecorded"):
            with (
                serving(f"enforced{recorded}", folder, database.name) as enforced,
                serving(f"permit{recorded}", folder, OPEN) as permitting,
            ):
                figures |= compared(enforced, permitting, stored, rounds, recorded.replace("-", ", "))
    print(json.dumps(figures))


def copy_open(store: MongoStore) -> None:
    """The same documents once more, under the index that pages need where nothing is hidden."""
    database = store.database
    for name in database.list_collection_names():
        if name not in {"settings"}:
            database[name].aggregate([{"$out": {"db": OPEN, "coll": name}}])
    beside = database.client[OPEN]
    MongoStore._prepared(beside, store._now, store._patience, store.vault.keks)
    for type_ in ("Patient", "Task", "Observation"):
        beside[type_].create_index([("at", -1), ("_id", -1)])


def requests(stored: Stored, chance: Random) -> Iterator[tuple[str, str]]:
    """Kind → address, each time of another survivor of the one who asks."""
    of = stored.ids
    while True:
        patient = chance.choice(of[ASKED, "Patient"])
        yield "read, cut", f"/fhir/Patient/{patient}"
        yield "read, whole", f"/fhir/Task/{chance.choice(of[ASKED, 'Task'])}"
        yield "search, selective", f"/fhir/Task?patient=Patient/{patient}"
        yield "search, selective, cut", f"/fhir/Observation?patient=Patient/{patient}"
        yield "search, page of 50", f"/fhir/Task?owner=Organization/{ASKED}&_count=50"
        yield "search, page of 50, cut", "/fhir/Observation?_count=50"
        yield "search, page of 10", "/fhir/Patient?_count=10"
        yield "search, total", f"/fhir/Task?owner=Organization/{ASKED}&_summary=count"


KINDS = 8


def compared(enforced: Server, permitting: Server, stored: Stored, rounds: int, note: str) -> dict[str, object]:
    spent: dict[tuple[str, str], list[float]] = {}
    for number, (kind, path) in enumerate(requests(stored, Random(25))):
        if number >= rounds * KINDS:
            break
        turn = (enforced, permitting) if number // KINDS % 2 else (permitting, enforced)
        for server in turn:
            seconds, status, _ = server.ask(path, SECRET)
            assert status == 200, (kind, status)
            if number >= rounds * KINDS // 10:
                spent.setdefault((kind, server.name), []).append(seconds)
    return dict(told(spent, enforced.name, permitting.name, note))


def told(spent: dict[tuple[str, str], list[float]], ours: str, theirs: str, note: str) -> Iterator[tuple[str, str]]:
    """Both medians and their ratio: of all reads and all searches, which is what is promised, and of each kind."""
    for whole in ("read", "search"):
        here, there = (
            median(
                [
                    one
                    for (kind, name), found in spent.items()
                    if name == server and kind.startswith(whole)
                    for one in found
                ]
            )
            for server in (ours, theirs)
        )
        yield f"every {whole}{note}, ms", f"{_ratio(here, there)}{'' if note else ' (promised: under)'}"
    for kind in dict.fromkeys(kind for kind, _ in spent):
        yield f"{kind}{note}, ms", _ratio(*(median(spent[kind, name]) for name in (ours, theirs)))


def _ratio(here: float, there: float) -> str:
    verdict = "under" if here < MOST * there else "over"
    return f"{here * 1000:.2f} / {there * 1000:.2f} = {here / there:.2f}, {verdict} {MOST}"


if __name__ == "__main__":
    main(int(sys.argv[2]) if len(sys.argv) > 2 else PERSONS, int(sys.argv[3]) if len(sys.argv) > 3 else ROUNDS)
