"""Recorded conversations with a tool: what was asked and what it answered, one JSON file each, with fictional people.

{"request": {"method": "GET", "path": "/api/cases/", "query": {"page": "1"}},
 "response": {"status": 200, "headers": {}, "body": …}}
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapters.replay.faults import Answer
from adapters.replay.stand_in import Asked, StandIn


@dataclass(frozen=True)
class Exchange:
    """One question and its answer. `name`: of the file."""

    name: str
    method: str
    path: str
    answer: Answer
    query: Mapping[str, str] = field(default_factory=dict)

    def answers(self, asked: Asked) -> bool:
        """Whether this is what was asked; a parameter that was not recorded makes no difference."""
        same = all(asked.query.get(name) == value for name, value in self.query.items())
        return same and (self.method, self.path) == (asked.method, asked.path)


def read(folder: Path) -> tuple[Exchange, ...]:
    """The conversations in a folder, in the order of their names."""
    return tuple(_exchange(file.stem, json.loads(file.read_text("utf-8"))) for file in sorted(folder.glob("*.json")))


def _exchange(name: str, written: Mapping[str, Any]) -> Exchange:
    request, response = written["request"], written["response"]
    answer = Answer(response.get("status", 200), response.get("body"), response.get("headers", {}))
    return Exchange(name, request.get("method", "GET"), request["path"], answer, request.get("query", {}))


class Recorded(StandIn):
    """Plays what was recorded; where several recordings answer, that with the most parameters does."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.exchanges = read(folder)

    def unknown(self, asked: Asked) -> Answer:
        found = max(self._answering(asked), key=lambda one: len(one.query), default=None)
        return found.answer if found else super().unknown(asked)

    def _answering(self, asked: Asked) -> Iterator[Exchange]:
        return (one for one in self.exchanges if one.answers(asked))
