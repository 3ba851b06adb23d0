"""How much a property is tried: little with every run of the tests, much with `make deep`."""

import os
from typing import TypeVar

T = TypeVar("T")


def examples(few: T, many: T) -> T:
    return many if os.environ.get("IHALA_DEEP") else few
