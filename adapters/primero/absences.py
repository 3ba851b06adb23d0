"""What was missing in a case and had been asked of nobody: the same absence does not send for the forms again.

It holds in this process, and only while no other has read the connection in between: a pull that begins where the last one
of this process did not end begins without.
"""

from collections.abc import Set
from dataclasses import dataclass, field
from typing import Final

from hub.ports import Watermark

LARGEST: Final = 50_000
"""Cases. With more, all are forgotten: the forms are read once more than they need be."""


@dataclass
class Absences:
    """`ended`: the watermark that the last pull of this process gave."""

    ended: str = ""
    by_case: dict[str, Set[str]] = field(default_factory=dict)

    def is_news(self, case: str, missing: Set[str]) -> bool:
        """Whether something is missing that was not missing in this case when it was read before."""
        return bool(missing - self.by_case.get(case, frozenset()))

    def settle(self, case: str, missing: Set[str]) -> None:
        if len(self.by_case) >= LARGEST:
            self.by_case.clear()
        self.by_case[case] = missing


_KNOWN: Final[dict[tuple[str, str], Absences]] = {}


def known(connection: str, terms: str, since: Watermark | None) -> Absences:
    found = _KNOWN.setdefault((connection, terms), Absences())
    if since is None or since.value != found.ended:
        found = _KNOWN[connection, terms] = Absences()
    return found
