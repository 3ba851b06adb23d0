"""Whether time tells what a 404 does not: what is hidden beside what never was, in thousands of requests in turn.

"told apart" is how often a guess by the time of one answer would be right (the area under the ROC curve, Mann and Whitney's U):
0.50 is a guess by chance. "standard errors": how far that is from chance for so many requests.
"""

import json
import sys
import uuid
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from math import sqrt
from random import Random
from statistics import median, quantiles

from benchmarks.furnished import furnished
from benchmarks.referred import RECIPIENTS
from benchmarks.servers import ASKED, SECRET, Server, serving

PERSONS = 1500
ROUNDS = 2000
ASKED_FOR = {
    "read": "/fhir/Patient/{id}",
    "search by reference": "/fhir/Task?patient=Patient/{id}",
    "search by id": "/fhir/Patient?_id={id}",
}


def main(persons: int, rounds: int) -> None:
    with (
        furnished(persons) as there,
        serving("enforced", there.folder, there.store.database.name) as server,
    ):
        others = [id_ for one in RECIPIENTS if one != ASKED for id_ in there.stored.ids[one, "Patient"]]
        figures: dict[str, object] = {"requests of each kind": 2 * rounds}
        for kind, path in ASKED_FOR.items():
            figures |= told(kind, *compared(server, path, others, rounds))
    print(json.dumps(figures))


def compared(server: Server, path: str, hidden: Sequence[str], rounds: int) -> tuple[list[float], list[float]]:
    """Seconds for what is hidden and for what never was, in a random order, each id once or seldom."""
    chance = Random(16)
    spent: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds + rounds // 20):
        turn = [(0, chance.choice(hidden)), (1, str(uuid.UUID(int=chance.getrandbits(128), version=4)))]
        chance.shuffle(turn)
        for side, id_ in turn:
            seconds, _, _ = server.ask(path.format(id=id_), SECRET)
            if number >= rounds // 20:
                spent[side].append(seconds)
    return spent


def told(kind: str, hidden: Sequence[float], absent: Sequence[float]) -> dict[str, str]:
    area = told_apart(hidden, absent)
    error = sqrt((len(hidden) + len(absent) + 1) / (12 * len(hidden) * len(absent)))
    late = [quantiles(one, n=20)[-1] * 1000 for one in (hidden, absent)]
    return {
        f"{kind}: hidden / absent, ms": f"{median(hidden) * 1000:.3f} / {median(absent) * 1000:.3f}",
        f"{kind}: 95 of 100 within, ms": f"{late[0]:.3f} / {late[1]:.3f}",
        f"{kind}: told apart": f"{area:.3f} ({(area - 0.5) / error:+.1f} standard errors)",
    }


def told_apart(one: Sequence[float], other: Sequence[float]) -> float:
    """The share of pairs in which the first took longer; ties count half."""
    known = sorted(other)
    below = sum(bisect_left(known, value) + bisect_right(known, value) for value in one) / 2
    return below / (len(one) * len(other))


if __name__ == "__main__":
    main(int(sys.argv[2]) if len(sys.argv) > 2 else PERSONS, int(sys.argv[3]) if len(sys.argv) > 3 else ROUNDS)
