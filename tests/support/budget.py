"""How much a property is tried: little with every run of the tests, much with `make deep`."""

import os


def examples(few: int, many: int) -> int:
    return many if os.environ.get("IHALA_DEEP") else few
