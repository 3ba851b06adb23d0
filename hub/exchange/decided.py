"""Decided: which decisions this process has told, so that each is told once and not at every look (docs/adr/0027)."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

MOST: Final = 16_384
_NOTHING: Final[frozenset[str]] = frozenset()

Case = tuple[str, str, str]
"""A token, which says who asks and for what; a survivor; and who keeps what was looked at."""


@dataclass
class Decided:
    """Threads share it. What is forgotten, or was told by another process, is told again: it is never too few."""

    _told: dict[Case, frozenset[str]] = field(default_factory=dict)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def knows(self, case: Case, by: Iterable[str]) -> bool:
        """Whether it was told that all of these Consents and review Tasks decided so."""
        return self._told.get(case, _NOTHING).issuperset(by)

    def remember(self, case: Case, by: Iterable[str]) -> None:
        """Their event is on disk. The longest unused is forgotten first."""
        with self._turn:
            self._told[case] = self._told.pop(case, _NOTHING).union(by)
            if len(self._told) > MOST:
                del self._told[next(iter(self._told))]
