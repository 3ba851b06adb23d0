"""From a message to a record: what the layout asks for and nothing else. Segments that no column names stay with the sender.

A referral goes by RF1-6, which stays through I12, I13 and I14. Its version is what it says, not when it was sent.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

import orjson

from adapters.hl7v2.message import Message
from adapters.hl7v2.places import Reader
from adapters.hl7v2.spool import Spool
from adapters.hl7v2.terms import Terms
from hub.ports import Layout, Place, SourceRecord

REFERRAL: Final = "referral"
ANSWER: Final = "answer"
VISIT: Final = "visit"
ABOUT: Final = frozenset({"REF", "RRI"})
"""Messages that speak of one referral and nothing else."""
EVENT: Final = "event"
"""The column that says what happened: `REF^I13`."""


@dataclass(frozen=True)
class Records:
    """Makes records for one connection."""

    reader: Reader
    follow_up: frozenset[str]
    terms: Terms
    spool: Spool

    @classmethod
    def of(cls, layout: Layout, terms: Terms, spool: Spool) -> "Records":
        back = frozenset(layout.follow_up)
        columns = {name: headers for name, headers in layout.columns.items() if name not in back}
        return cls(Reader(columns, terms.zone), back, terms, spool)

    def record(self, message: Message, number: str) -> SourceRecord | None:
        """None for a message that says nothing of a referral that is known here."""
        if message.kind.startswith("REF"):
            return self._made(message, number, REFERRAL, _referral(message))
        referral = self._meant(message)
        kind = VISIT if message.kind.startswith("ADT") else ANSWER
        return self._made(message, number, kind, referral) if referral else None

    def _made(self, message: Message, number: str, kind: str, id_: str) -> SourceRecord:
        content, cleared = self.reader.read(message)
        content[EVENT] = message.kind
        told = orjson.dumps([content, cleared], option=orjson.OPT_SORT_KEYS)
        handle = {"referral": id_, "control": message.control, "version": message.version}
        return SourceRecord(
            kind=kind,
            id=id_,
            version=hashlib.sha256(told).hexdigest(),
            content=content,
            place=Place(record=number.lstrip("0")),
            handle=handle,
            headers=self.reader.headers,
            silent=kind == REFERRAL,
            cleared=cleared,
        )

    def _meant(self, message: Message) -> str:
        """The referral that an answer or an arrival is about: by RF1-6, by the visit, by the patient's number."""
        if (found := message.first("RF1")) and (referral := found.value(6)):
            for number in _numbers(message):
                self.spool.learn(number, referral)
            return referral
        return next(filter(None, (self.spool.known(number) for number in _numbers(message))), "")


def _referral(message: Message) -> str:
    """RF1-6 with who gave it: two hospitals may count alike."""
    segment = message.first("RF1")
    assert segment is not None  # the message was not taken without
    return "^".join(part for part in (segment.value(6), segment.value(6, 2)) if part)


def _numbers(message: Message) -> list[str]:
    """What a hospital may know her visit and her by, each with the name of its field."""
    found: list[str] = []
    if (visit := message.first("PV1")) and (number := visit.value(19)):
        found.append(f"PV1-19 {number}")
    if patient := message.first("PID"):
        for one in patient.repetitions(3):
            number, authority = patient.value(3, repetition=one), patient.value(3, 4, repetition=one)
            found += [f"PID-3 {number} {authority}"] if number else []
    return found
