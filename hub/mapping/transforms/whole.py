"""What transforms share whose value is one piece."""

import re
from collections.abc import Mapping
from typing import Any, Final

_WORD: Final = re.compile(r"[^\W\d_]+")


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


def without_words(text: str) -> str:
    """What is shown of a cell where digits were looked for: where a row has slipped by a column, its words could be a name."""
    return _WORD.sub("…", text)
