"""Scans: what a pull met of a tool, so that a complete one can tell which records are no longer there."""

from array import array
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from hub.exchange import Hub
from hub.exchange.identity import record_key
from hub.exchange.receipt import Receipt
from hub.exchange.vanish import end
from hub.fhir.issues import Issue
from hub.ports import Complete, Connection, Present, SourceRecord

FEW: Final = 10
"""So many records may vanish at once without a question, even if they are all there were."""


@dataclass
class Scan:
    """`started`: what the hub wrote later was not there to be met. A record takes eight bytes of its keyed hash: of two that
    share them, one that is gone stands, which the next version of the register may tell."""

    connection: Connection
    hub: Hub
    started: datetime
    _met: "array[int]" = field(default_factory=lambda: array("Q"))

    def meet(self, one: SourceRecord | Present) -> None:
        for id_ in one.ids if isinstance(one, Present) else (one.id,):
            self._met.append(_short(record_key(self.connection.id, one.kind, id_, hub=self.hub)))

    def end(self, complete: Complete, *, accepted: bool, dry_run: bool) -> Receipt:
        """What the ledger knows of this kind and the scan did not meet. More than half of all at once is hardly what somebody
        meant: it waits until somebody accepts it."""
        known, gone, met = 0, [], set(self._met)
        for key in self.hub.store.ledger_of(self.connection.id, complete.kind, self.started):
            known += 1
            if _short(key) not in met:
                gone.append(key)
        if len(gone) > FEW and len(gone) * 2 > known and not accepted:
            return Receipt(warnings=(("", _too_many(len(gone), known)),))
        if dry_run:
            return Receipt(withdrawn=len(gone))
        return end(gone, self.connection, hub=self.hub, before=self.started)


def _short(key: str) -> int:
    return int(key[:16], 16)


def _too_many(gone: int, known: int) -> Issue:
    params = {"gone": str(gone), "known": str(known)}
    return Issue("warning", "business-rule", "receive.too-many-vanished", params=params)
