"""Ports for servers that begin later than they are named.

The kernel's own choice (port 0) is out of the range that it also gives to connections and to the servers of the tests beside:
between the choice and the server's beginning somebody else may sit there, and even answer. These come one after the other,
from a range that nobody is given (`net.ipv4.ip_local_port_range`, and `hub.store.embedded.PORTS`), beginning elsewhere in each process.
Two servers of the hub could even share one port, and answer each other's callers (SO_REUSEPORT): a port that one process has named is
no other's, for as long as that process lives.
"""

import fcntl
import os
import socket
import tempfile
from functools import cache
from itertools import count
from pathlib import Path
from typing import Final

_RANGE: Final = range(10_000, 20_000)
_turn: Final = count(os.getpid() * 61)


def free_port() -> int:
    """A port of this machine on which nobody listens, and which no process of these tests has named."""
    for _ in _RANGE:
        port = _RANGE[next(_turn) % len(_RANGE)]
        if _is_claimed(port) and not _is_taken(port):
            return port
    raise AssertionError("every port is taken")


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _is_claimed(port: int) -> bool:
    """Whether it is this process's from now on: a lock on one byte of a file, which the kernel lets go when the process ends."""
    try:
        fcntl.lockf(_claims(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


@cache
def _claims() -> int:
    return os.open(Path(tempfile.gettempdir()) / f"ihala-test-ports-{os.getuid()}", os.O_RDWR | os.O_CREAT, 0o600)
