"""Starts and kills processes that deliver (`deliverer`)."""

import subprocess
import sys

from hub.store import MongoStore


def started(store: MongoStore, uri: str, port: int, lease_s: float, mistake: str = "none") -> subprocess.Popen[str]:
    running = subprocess.Popen(
        [sys.executable, "-m", "tests.support.deliverer", store.database.name, str(port), str(lease_s), mistake],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stdin is not None and running.stdout is not None
    running.stdin.write(f"{uri}\n")
    running.stdin.flush()
    assert running.stdout.readline() == "ready\n"
    return running


def kill(running: subprocess.Popen[str]) -> None:
    running.kill()
    running.communicate()
