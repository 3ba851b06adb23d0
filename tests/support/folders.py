"""Where the database of a run keeps its files: in memory where there is plenty of it, for a test waits for nothing as often as for a disk.

A run that was killed leaves its folder behind, and memory is not to be filled by such: the next run takes them away.
"""

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Final

MEMORY: Final = Path("/dev/shm")
NEEDED: Final = 6 * 2**30
"""Bytes: the log of the database has one gigabyte, its data grows to about as much."""
_PREFIX: Final = "ihala-tests-"


def of_this_run() -> str:
    """A new folder, named after this process."""
    _take_away_what_was_left()
    return tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=MEMORY if _has_room() else None)


def _has_room() -> bool:
    try:
        told = re.search(r"MemAvailable: +(\d+) kB", Path("/proc/meminfo").read_text("ascii"))
        return min(shutil.disk_usage(MEMORY).free, int(told[1]) * 1024 if told else 0) > NEEDED
    except OSError:
        return False


def _take_away_what_was_left() -> None:
    for folder in MEMORY.glob(f"{_PREFIX}[0-9]*-*"):
        if not Path("/proc", folder.name.split("-")[2]).exists():
            shutil.rmtree(folder, ignore_errors=True)
