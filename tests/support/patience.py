"""How long a test waits for what must come: far longer than it takes, also where twenty others want the same processor. What comes is
waited for itself, and never something beside it; nothing is waited for by the clock alone."""

import time
from collections.abc import Callable
from typing import Final

PATIENCE_S: Final = 120.0


def until(condition: Callable[[], object], seconds: float = PATIENCE_S, *, every: float = 0.01) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "waited in vain"
        time.sleep(every)
