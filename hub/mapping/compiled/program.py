"""The text of a function while it is written. Nothing of a mapping stands in it: what a mapping says is bound to names made here.

So a mapping cannot bring in code, whatever its texts hold, and a value keeps its type.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from hub.mapping.model import Context

Prepare = Callable[[Context], Any]
_INDENT: Final = "    "


@dataclass
class Program:
    """`memories`: what is made anew for each context, by name; all else that is bound stays as it is."""

    bound: dict[str, Any] = field(default_factory=dict)
    memories: dict[str, Prepare] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    _texts: dict[str, str] = field(default_factory=dict)
    _depth: int = 2

    def name(self, stem: str) -> str:
        """A name that nothing else has."""
        self.bound["names"] = number = self.bound.get("names", 0) + 1
        return f"{stem}{number}"

    def bind(self, value: Any) -> str:
        """The name under which the function finds this value; the same for equal texts."""
        if type(value) is str and value in self._texts:
            return self._texts[value]
        name = self.name("c")
        self.bound[name] = value
        if type(value) is str:
            self._texts[value] = name
        return name

    def remember(self, prepare: Prepare) -> str:
        """The name of something that is prepared for each context."""
        name = self.name("m")
        self.memories[name] = prepare
        return name

    def add(self, line: str) -> None:
        self.lines.append(_INDENT * self._depth + line)

    @contextmanager
    def under(self, head: str) -> Iterator[None]:
        """Lines that stand under another, as under an `if`."""
        self.add(head)
        self._depth += 1
        yield
        self._depth -= 1

    def beside(self) -> "Program":
        """Another part of the same function, to be written later and to stand elsewhere."""
        return Program(self.bound, self.memories, [], self._texts)


def whole(head: Sequence[str], *parts: Program) -> str:
    """The function, in the one that gives it its context."""
    lines = [*head, *(line for part in parts for line in part.lines), "    return forward"]
    return "\n".join(lines) + "\n"
