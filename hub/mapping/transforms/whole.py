"""What transforms share whose value is one piece."""

from collections.abc import Mapping
from typing import Any


class Whole:
    """A value that goes to an element as it is."""

    @property
    def recurs(self) -> bool:
        return True

    @property
    def steady(self) -> bool:
        return True

    @property
    def parts(self) -> tuple[str, ...]:
        return ("",)

    def part(self, value: Any, name: str) -> Any:
        return value

    def join(self, parts: Mapping[str, Any]) -> Any:
        return parts.get("")
