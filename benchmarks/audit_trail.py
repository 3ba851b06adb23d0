"""The audit trail: what a read waits for (one event, durable, in its chain), and how fast all of it is verified."""

import json
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from hub.audit import events
from hub.audit.checkpoints import new_key
from hub.audit.decisions import decision
from hub.bootstrap import RandomIds
from hub.exchange.vouch import checkpoint, verify
from hub.ports import Caller, Changes, Key, Save
from hub.store import MongoStore, MongoTrail, embedded

EVENTS = 20_000
BATCH = 500
READER = Caller("chu-system", "chu", "COC", token="0" * 64)


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        embedded.mongod(Path(folder)) as uri,
        MongoStore.open(uri, "bench") as store,
    ):
        commits = [timed(lambda: store.commit(telling(1))) for _ in range(500)]
        deciding = [timed(lambda: store.commit(with_decision(telling(1)))) for _ in range(500)]
        for _ in range(EVENTS // BATCH):
            store.commit(telling(BATCH))
        trail, keys = MongoTrail(store), [new_key()]
        signing = timed(lambda: checkpoint(trail, keys, datetime.now(UTC)))
        start = time.perf_counter()
        report = verify(trail, keys)
        seconds = time.perf_counter() - start
    assert not report.broken
    print(
        json.dumps(
            {
                "one event durable, ms": round(median(commits) * 1000, 2),
                "with the decision, ms": round(median(deciding) * 1000, 2),
                "checkpoint, ms": round(signing * 1000),
                "events verified a second": round(report.events / seconds),
            }
        )
    )


def telling(number: int) -> Changes:
    new, at = RandomIds().new, datetime.now(UTC)
    person = new()
    told = [
        events.event(
            new(),
            "disclosure.permit",
            at,
            interaction="read",
            caller=READER,
            person=person,
            entities=[f"Observation/{new()}"],
        )
        for _ in range(number)
    ]
    return Changes(saves=[Save(event, person, "amal", (Key("amal|own"),)) for event in told])


def with_decision(looks: Changes) -> Changes:
    """The first look of a token at a person."""
    (look,) = looks.saves
    new = RandomIds().new
    told = decision(new(), datetime.now(UTC), READER, look.person, by=[f"Consent/{new()}"])
    return Changes(saves=[Save(told, look.person, look.custodian, look.keys), look])


def timed(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


main()
