"""How fast a register comes in: `hub pull` of an XLSX register, read, mapped, validated and stored durably.

The hub's process is pinned to one core; MongoDB has the other one. Memory is the hub's peak.
"""

import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.deployment import register_deployment
from demo.registers import big_register
from hub.bootstrap import opened
from hub.exchange.pull import pull
from hub.exchange.receipt import Receipt


def main(rows: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        big_register(register_deployment(folder), rows)
        with opened(folder) as deployment:
            if hasattr(os, "sched_setaffinity"):
                os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
            door = deployment.door("register")
            first, seconds, cpu = timed(door, deployment)
            again, seconds_again, _ = timed(door, deployment)
    print(
        json.dumps(
            {
                "rows": first.read,
                "stored": first.created,
                "quarantined": len(first.rejected),
                "rows a second": round(first.read / seconds),
                "seconds": round(seconds, 2),
                "CPU seconds of the hub": round(cpu, 2),
                "second pull: stored": again.created + again.updated,
                "second pull: seconds": round(seconds_again, 2),
                "peak memory of the hub, MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            }
        )
    )


def timed(door: object, deployment: object) -> tuple[Receipt, float, float]:
    start, cpu = time.perf_counter(), time.process_time()
    receipt = pull(door.connection, door.adapter, door.mapping, hub=deployment.hub)  # type: ignore[attr-defined]
    return receipt, time.perf_counter() - start, time.process_time() - cpu


main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
