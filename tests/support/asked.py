"""One request of a walk."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hub.fhir import Resource

Edit = Callable[[Resource], Any]


@dataclass(frozen=True)
class Ask:
    """One request. With `edit`, what is read under the address is edited and sent back, under its ETag where `matched`."""

    method: str
    path: str
    body: Any = field(default=None, repr=False)
    headers: tuple[tuple[str, str], ...] = ()
    covers: frozenset[str] = frozenset()
    edit: Edit | None = field(default=None, repr=False)
    matched: bool = True
