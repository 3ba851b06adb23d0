"""Scans: what a pull met of a tool, so that a complete one can tell which records are no longer there."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hub.exchange import Hub
from hub.exchange.identity import record_key
from hub.exchange.receipt import Receipt
from hub.exchange.vanish import end
from hub.fhir.issues import Issue
from hub.met import Met
from hub.ports import Complete, Connection, Present, SourceRecord

FEW: Final = 10
"""So many records may vanish at once without a question, even if they are all there were."""


@dataclass
class Scan:
    """`started`: what the hub wrote later was not there to be met. `met`: whoever gives it closes it."""

    connection: Connection
    hub: Hub
    started: datetime
    met: Met

    def meet(self, one: SourceRecord | Present) -> None:
        for id_ in one.ids if isinstance(one, Present) else (one.id,):
            self.met.times(record_key(self.connection.id, one.kind, id_, hub=self.hub))

    def end(self, complete: Complete, *, accepted: bool, dry_run: bool) -> Receipt:
        """What the ledger knows of this kind and the scan did not meet. More than half of all at once is hardly what somebody
        meant: it waits until somebody accepts it."""
        known = gone = 0
        for key in self._known(complete):
            known += 1
            gone += key not in self.met
        if gone > FEW and gone * 2 > known and not accepted:
            return Receipt(warnings=(("", _too_many(gone, known)),))
        if dry_run:
            return Receipt(withdrawn=gone)
        left = (key for key in self._known(complete) if key not in self.met)  # again: they may be too many to be held
        return end(left, self.connection, hub=self.hub, before=self.started)

    def _known(self, complete: Complete) -> Iterator[str]:
        return self.hub.store.ledger_of(self.connection.id, complete.kind, self.started)


def _too_many(gone: int, known: int) -> Issue:
    params = {"gone": str(gone), "known": str(known)}
    return Issue("warning", "business-rule", "receive.too-many-vanished", params=params)
