"""One message from the wire to its answer: read, judged, on the disk, acknowledged. In this order, and never otherwise."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from adapters.hl7v2.acknowledge import Fault, acknowledgement, faults, letters, unreadable
from adapters.hl7v2.encoding import Unreadable
from adapters.hl7v2.message import Message, parse
from adapters.hl7v2.mllp import framed
from adapters.hl7v2.spool import OTHER, Spool
from adapters.hl7v2.terms import Terms
from hub.ports import Heard, unheard


def control_number() -> str:
    """MSH-10 of what is sent from here: 20 characters, as the older versions allow at most."""
    return secrets.token_hex(10).upper()


@dataclass(frozen=True)
class Reception:
    """What several connections of one listener share. `asked`: told of each question how a referral stands, which is answered
    beside and kept nowhere; `heard`: told that a message waits."""

    terms: Terms
    spool: Spool
    asked: Callable[[Message], None] = lambda _: None
    heard: Heard = unheard
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def take(self, raw: bytes) -> bytes:
        """The answer in its frames; nothing where the sender wants none. A message that is answered well is on the disk."""
        try:
            message = parse(raw, self.terms.charset)
        except Unreadable as problem:
            return framed(unreadable(problem, control=control_number(), at=self.now(), terms=self.terms))
        found = list(faults(message, self.terms))
        if found:
            return self._answer(message, found)
        key, content = _key(message), _content(message)
        before = self.spool.answered(key, content)
        if before is None:
            return self._store(message, raw, key, content)
        return self._answer(message, [TAKEN]) if before == OTHER else before

    def _store(self, message: Message, raw: bytes, key: str, content: str) -> bytes:
        told = self._answer(message, [])
        try:
            if message.kind == QUESTION:
                self.asked(message)
            else:
                self.spool.put(raw)
            self.spool.answer(key, content, told)
        except OSError:
            return self._answer(message, [FULL])
        self.heard()
        return told

    def _answer(self, message: Message, found: list[Fault]) -> bytes:
        return b"".join(
            framed(acknowledgement(message, found, one, control=control_number(), at=self.now(), terms=self.terms))
            for one in letters(message, well=not found)
        )


QUESTION = "REF^I15"
TAKEN = Fault("205", "MSH^1^10")
"""Another message came under this number: to answer it as that one would lose it."""
FULL = Fault("207", "MSH")


def _key(message: Message) -> str:
    return "\r".join((*message.sender, message.control))


def _content(message: Message) -> str:
    """What is said, without when it was sent: a message that is sent again may have a new time."""
    return "\r".join([message.kind, *("|".join(one.fields) for one in message.segments[1:])])
