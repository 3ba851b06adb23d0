"""Memory does not grow with the register: the hub's peak for a register and for one ten times as long."""

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.deployment import register_deployment
from hub.bootstrap import opened
from hub.exchange.pull import pull

LENGTHS = (5_000, 50_000)


def peak(rows: int) -> int:
    """MB of a process of its own that maps and validates a register without storing it."""
    result = subprocess.run(
        [sys.executable, "-m", "benchmarks.import_memory", "--one", str(rows)],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(result.stdout)


def one(rows: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        register = register_deployment(folder)
        subprocess.run(
            [
                sys.executable,
                "-c",
                f"from demo.registers import big_register as b; from pathlib import Path; b(Path({str(register)!r}), {rows})",
            ],
            check=True,
        )
        with opened(folder) as deployment:
            door = deployment.door("register")
            pull(door.connection, door.adapter, door.mapping, hub=deployment.hub, dry_run=True)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


if "--one" in sys.argv:
    one(int(sys.argv[-1]))
else:
    print(json.dumps({f"peak memory for {rows} rows, MB": peak(rows) for rows in LENGTHS}))
