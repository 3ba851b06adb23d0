"""Arrival: a record on its way in, with what the ledger knows of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from hub.exchange.late import is_late
from hub.exchange.receipt import Receipt, Rejected
from hub.mapping import Mapped
from hub.ports import LedgerEntry, SourceRecord


@dataclass
class Arrival:
    record: SourceRecord
    key: str
    known: LedgerEntry | None
    mapped: Mapped | None = None

    @property
    def resources(self) -> Mapping[str, str]:
        """What an earlier version of the record stands for."""
        return self.known.resources if self.known else {}

    def finished(self, mapping: str, *, again: bool) -> Receipt | None:
        """What is said of a record that needs no more work, as it was stored before and has not changed; None of any other."""
        known = self.known
        if known is None:
            return None
        is_given_up = known.state == "discarded" and known.version == self.record.version  # whatever mapping reads it
        if known.state == "erased" or is_given_up or is_late(self.record, known):  # who was erased is not brought back
            return Receipt(unchanged=1)
        if (known.version, known.mapping) != (self.record.version, mapping):
            return None
        if known.state == "left-out":
            return Receipt(left_out=1)
        if known.state != "quarantined":
            return Receipt(unchanged=1)
        return None if again else Receipt(rejected=(Rejected(str(self.record.place), (), again=True),))
