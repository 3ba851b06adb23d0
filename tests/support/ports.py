"""Ports for servers that begin later than they are named.

The kernel's own choice (port 0) is out of the range that it also gives to connections and to the servers of the tests beside:
between the choice and the server's beginning somebody else may sit there, and even answer. These come one after the other,
from a range that nobody is given (`net.ipv4.ip_local_port_range`, and `hub.store.embedded.PORTS`), beginning elsewhere in each process.
"""

import os
import socket
from itertools import count
from typing import Final

_RANGE: Final = range(10_000, 20_000)
_turn: Final = count(os.getpid() * 61)


def free_port() -> int:
    """A port of this machine on which nobody listens, and which this process has not named before."""
    for _ in _RANGE:
        port = _RANGE[next(_turn) % len(_RANGE)]
        if not _is_taken(port):
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
