"""YAML with line numbers: plain data, and the line of every key and value for the messages to integrators.

Only `true` and `false` are booleans here; an unquoted yes, no, on or off, and a null in a list, are reported: a word was meant.
"""

from dataclasses import dataclass
from typing import Any, Final

import yaml

from hub.errors import MISCONFIGURED, HubError

_TRAPS: Final = frozenset({"yes", "no", "on", "off", "y", "n"})
_INTEGER: Final = "tag:yaml.org,2002:int"
_BOOLEAN: Final = "tag:yaml.org,2002:bool"
_NULL: Final = "tag:yaml.org,2002:null"

Where = tuple[str | int, ...]
"""The way to a value from the top of the document: keys and positions."""


@dataclass(frozen=True)
class Document:
    name: str  # as a person finds the file
    data: Any
    lines: dict[Where, str]  # `file:line`
    traps: tuple[Where, ...] = ()  # unquoted yes, no, on, off, null
    twice: tuple[Where, ...] = ()  # keys written twice
    named: frozenset[str] = frozenset()  # of what extends another: the columns that it says itself to stand in the form
    above: Any = None  # of what extends another: the columns as it says them itself

    @property
    def own(self) -> dict[str, Any]:
        """The columns as this file says them, without what it extends."""
        said = self.data.get("columns") if self.above is None else self.above
        return said if isinstance(said, dict) else {}

    def place(self, where: Where) -> str:
        """`file:line` of a value, or of the nearest one around it."""
        while where and where not in self.lines:
            where = where[:-1]
        return self.lines.get(where, f"{self.name}:1")


def read(text: str, name: str) -> Document:
    """Raises HubError(MISCONFIGURED) with file and line when the text is not YAML."""
    try:
        node = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        detail = str(getattr(error, "problem", ""))
        raise HubError(MISCONFIGURED, place=f"{name}:{line}", text="mapping.check-unreadable", detail=detail) from error
    reader = _Reader(name)
    data = reader.build(node, ()) if node is not None else {}
    return Document(name, data, reader.lines, tuple(reader.traps), tuple(reader.twice))


class _Reader:
    def __init__(self, name: str) -> None:
        self._name = name
        self.lines: dict[Where, str] = {}
        self.traps: list[Where] = []
        self.twice: list[Where] = []

    def build(self, node: yaml.Node, where: Where) -> Any:
        self.lines.setdefault(where, f"{self._name}:{node.start_mark.line + 1}")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, where)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*where, position)) for position, item in enumerate(node.value)]
        return self._scalar(node, where)

    def _mapping(self, node: yaml.MappingNode, where: Where) -> dict[str, Any]:
        built: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            below = (*where, key)
            self.lines[below] = f"{self._name}:{key_node.start_mark.line + 1}"
            if key in built:
                self.twice.append(below)
            if key_node.tag == _BOOLEAN and key.lower() in _TRAPS:
                self.traps.append(below)
            built[key] = self.build(value_node, below)
        return built

    def _scalar(self, node: yaml.Node, where: Where) -> Any:
        text = str(node.value)
        if node.tag == _BOOLEAN:
            if text.lower() in _TRAPS:
                self.traps.append(where)
                return text
            return text.lower() == "true"
        if node.tag == _INTEGER:
            return int(text) if text.lstrip("-").isdigit() else text
        if node.tag == _NULL and text and isinstance(where[-1], int):
            self.traps.append(where)  # among words, null is a word too
            return text
        return None if node.tag == _NULL else text
