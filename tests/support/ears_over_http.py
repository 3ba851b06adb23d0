"""Who listens to `/events` of a served hub: a stream over a real connection, in a thread of its own, joined again when it ends."""

import threading
import time
from dataclasses import dataclass, field

import httpx2

from tests.support.ears import Blocks, Event
from tests.support.patience import PATIENCE_S, until
from tests.support.personas import Persona

AGAIN_S = 0.1


@dataclass
class Ear:
    """Everything that one party was told since it began to listen."""

    persona: Persona
    heard: list[Event] = field(default_factory=list)
    _blocks: Blocks = field(default_factory=Blocks)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._http = httpx2.Client(timeout=None)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        until(lambda: self._blocks.last_id)

    def _listen(self) -> None:
        while not self._stopped.is_set():
            try:
                self._join()
            except (httpx2.HTTPError, RuntimeError):  # the server is away, or it is over
                time.sleep(AGAIN_S)

    def _join(self) -> None:
        headers = self.persona.show_token() | ({"Last-Event-ID": self._blocks.last_id} if self._blocks.last_id else {})
        url = self.persona.base_url.removesuffix("/fhir") + "/events"
        with self._http.stream("GET", url, headers=headers) as answer:
            for part in answer.iter_raw():
                self.heard += self._blocks.read(part)

    def told(self, kind: str, reference: str, since: int) -> bool:
        return any((one.kind, one.data["reference"]) == (kind, reference) for one in self.heard[since:])

    def stop(self) -> None:
        """Once the server has ended the stream."""
        self._stopped.set()
        self._thread.join(PATIENCE_S)
        self._http.close()
