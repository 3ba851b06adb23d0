"""Ports that tests name are their own, also beside another run of the tests on the same machine."""

import subprocess
import sys

from tests.support.ports import free_port

BESIDE = """
import sys
from itertools import count
from tests.support import ports
ports._turn = count(int(sys.argv[1]) - ports._RANGE.start)
print(ports.free_port())
"""


def named_beside(port: int) -> int:
    """What another process names that begins at this port."""
    done = subprocess.run([sys.executable, "-c", BESIDE, str(port)], capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_a_port_that_was_named_is_not_named_by_another_process() -> None:
    ours = free_port()
    assert named_beside(ours) != ours


def test_a_port_is_free_again_when_who_named_it_has_ended() -> None:
    theirs = named_beside(free_port() + 500)
    assert named_beside(theirs) == theirs


def test_a_port_is_named_once() -> None:
    assert len({free_port() for _ in range(50)}) == 50
