"""Who listens to `/events` in a test: reads the stream in a thread of its own and keeps what it was told."""

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from flask import Flask

from tests.support.parties import Party
from tests.support.patience import PATIENCE_S, until


@dataclass(frozen=True)
class Event:
    """One event as a client understands it. `at`: when it was heard."""

    id: str
    kind: str
    data: Mapping[str, Any]
    at: float = field(compare=False)


class Blocks:
    """https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation"""

    def __init__(self, last_id: str = "") -> None:
        self.last_id = last_id
        self.comments = 0
        self._rest = b""

    def read(self, part: bytes) -> Iterator[Event]:
        *whole, self._rest = (self._rest + part).split(b"\n\n")
        for block in whole:
            yield from self._block(block.decode())

    def _block(self, text: str) -> Iterator[Event]:
        found: dict[str, str] = {}
        for line in text.split("\n"):
            name, _, value = line.partition(":")
            found[name] = value.removeprefix(" ")
        self.comments += "" in found
        self.last_id = found.get("id", self.last_id)
        if "data" in found:
            yield Event(self.last_id, found.get("event", "message"), orjson.loads(found["data"]), time.perf_counter())


@dataclass
class Ears:
    """One connection, from its first word on."""

    app: Flask
    token: str = field(repr=False)
    after: str = ""
    heard: list[Event] = field(default_factory=list)
    parts: list[bytes] = field(default_factory=list, repr=False)  # as they came
    blocks: Blocks = field(default_factory=Blocks)
    status: int = 0

    def __post_init__(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}"} | ({"Last-Event-ID": self.after} if self.after else {})
        self.answer = self.app.test_client().get("/events", headers=headers, buffered=False)
        self.status = self.answer.status_code
        self._parts = iter(self.answer.response) if self.status == 200 else iter(())
        self._closing = False
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        if self.status == 200 and not self.after:
            until(lambda: self.blocks.last_id)

    def _listen(self) -> None:
        for part in self._parts:
            if self._closing:
                break
            self.parts.append(part)
            self.heard += self.blocks.read(part)
        self.answer.close()

    def wait(self, count: int) -> list[Event]:
        """What was heard, once there is so much."""
        until(lambda: len(self.heard) >= count)
        return self.heard

    def close(self) -> None:
        """As a client that goes: the server notices when it next has something to send."""
        self._closing = True
        self._thread.join(PATIENCE_S)

    def has_ended(self) -> bool:
        return not self._thread.is_alive()

    @property
    def kinds(self) -> list[str]:
        return [one.kind for one in self.heard]


def listen(party: Party, after: str = "") -> Ears:
    return Ears(party.app, party.token, after)
