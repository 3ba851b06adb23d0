"""What follows from one value alone is worked out once for each value: the cells of a register say few things many times."""

from collections.abc import Callable, Hashable
from typing import Any, Final

LIMIT: Final = 4096
"""How many values of one column are remembered. A register whose cells are all different fills it, and it begins anew."""


class Remembered(dict[Hashable, Any]):
    """`found[value]`: as `work(value)` says, asked once. A dict, because looking one up costs less than any function."""

    __slots__ = ("_work",)

    def __init__(self, work: Callable[[Any], Any]) -> None:
        self._work = work

    def __missing__(self, value: Hashable) -> Any:
        if len(self) >= LIMIT:
            self.clear()
        found = self[value] = self._work(value)
        return found

    def __repr__(self) -> str:
        return f"<Remembered {len(self)}>"
