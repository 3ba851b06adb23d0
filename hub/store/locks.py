"""Who uses the embedded mongod: two lock files, whose locks the kernel lets go when a process dies, however it dies.

`starting` is held while somebody starts or stops mongod. `users` is shared by every process that uses it; who can have it
alone is the last one. https://man7.org/linux/man-pages/man2/flock.2.html
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def holding(path: Path, how: int = fcntl.LOCK_EX) -> Iterator[int]:
    """Hold a lock on `path` (waiting for it); yields the open file, for `alone`."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, how)
        yield file
    finally:
        os.close(file)


def alone(file: int) -> bool:
    """Whether nobody else holds the lock; it is ours alone from now on."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_held(path: Path) -> bool:
    """Whether some process holds a lock on `path` now."""
    try:
        file = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        return not alone(file)
    finally:
        os.close(file)
