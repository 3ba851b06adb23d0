"""Pull: read a connection through its adapter and take everything in, batch by batch.

A watermark is committed with the records before it, never ahead of them: after a crash the next pull begins where the last
commit ended, and the ledger recognises what was already stored. It is kept with the mapping that read them: another version of
the mapping reads everything again, and writes only what it sees differently.
"""

import gc
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from hub.errors import Conflict
from hub.exchange import Hub
from hub.exchange.answer import answer, is_answer
from hub.exchange.receipt import Receipt
from hub.exchange.receive import prepare, receive
from hub.exchange.scans import Scan
from hub.exchange.tally import Tally
from hub.exchange.vanish import withdraw
from hub.mapping import Mapping
from hub.met import Met
from hub.ports import Adapter, Complete, Connection, Present, Pulled, SourceRecord, Watermark, Withdrawn

BATCH = 250


def pull(
    connection: Connection,
    adapter: Adapter,
    mapping: Mapping,
    *,
    hub: Hub,
    dry_run: bool = False,
    accept_withdrawals: bool = False,
    progress: Callable[[Receipt], None] = lambda _: None,
) -> Receipt:
    """Everything that is new since the last pull; with `dry_run` everything there is, and nothing is stored.

    `accept_withdrawals`: everything is read again, and what is not met is withdrawn, however much it is. `progress` hears each
    batch's receipt. Raises Fatal, Retriable or Conflict; what was received before that is stored.
    """
    signature = f"{mapping.id}@{mapping.version}\n"
    capabilities = adapter.manifest.capabilities
    since = None if dry_run or accept_withdrawals else _since(hub.store.watermark(connection.id), signature)
    total = Tally()
    with _seldom_collecting(), Met() as met, ThreadPoolExecutor(1, "commit") as aside:
        scan = Scan(connection, hub, hub.clock.now(), met)
        line = _Line(connection, mapping, hub, aside, dry_run)
        for batch in _batches(adapter.pull(connection, since), scan, scans="complete-scan" in capabilities):
            watermark = Watermark(signature + batch.reached.value) if batch.reached else None
            for receipt in line.take(batch.records, watermark) if batch.records or watermark else ():
                total.add(receipt)
                progress(receipt)
            for receipt in line.let_go(batch, scan, accepted=accept_withdrawals):
                total.add(receipt)
                progress(receipt)
        for receipt in line.finish():
            total.add(receipt)
            progress(receipt)
    if not dry_run:  # which reads everything
        left = Receipt(unread=max(hub.store.set_aside(connection.id) - total.receipt.set_aside, 0))
        total.add(left)
        if left.unread:
            progress(left)
    return total.receipt


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    """An import makes millions of small values without cycles. Looking through them for cycles at every turn, and through all
    that was loaded before, took a quarter of its time."""
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    if not frozen:  # a server has set aside for good what it loaded
        gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        if not frozen:
            gc.unfreeze()


@dataclass(frozen=True)
class _Sent:
    """A batch whose commit is under way."""

    records: list[SourceRecord]
    watermark: Watermark | None
    receipt: Receipt
    commit: Future[None]


class _Line:
    """One batch is prepared while the one before it is committed: the database and this process work at the same time.

    A batch may be prepared from a state that the commit under way is just changing. The store then refuses it (Conflict), and
    it is computed again, alone.
    """

    def __init__(self, connection: Connection, mapping: Mapping, hub: Hub, aside: Executor, dry_run: bool) -> None:
        self._connection, self._mapping, self._hub, self._aside, self._dry_run = (
            connection,
            mapping,
            hub,
            aside,
            dry_run,
        )
        self._sent: _Sent | None = None

    def take(self, records: list[SourceRecord], watermark: Watermark | None) -> Iterator[Receipt]:
        """The receipt of the batch before, when there is one. Answers are steps of referrals, each a commit of its own; they come
        before the watermark that would leave them behind."""
        answers = [one for one in records if is_answer(one, self._mapping)]
        if answers:
            yield from self.finish()
            records = [one for one in records if one not in answers]
            yield (
                Receipt(read=len(answers))
                if self._dry_run
                else answer(answers, self._connection, self._mapping, hub=self._hub)
            )
        changes, receipt = prepare(records, self._connection, self._mapping, hub=self._hub, watermark=watermark)
        if self._dry_run:
            yield receipt
            return
        try:
            commit = self._hub.store.ready(changes)
        finally:  # whatever becomes of this batch, the one before is stored
            yield from self.finish()
        self._sent = _Sent(records, watermark, receipt, self._aside.submit(commit))

    def let_go(self, batch: "_Batch", scan: Scan, *, accepted: bool) -> Iterator[Receipt]:
        """What is no longer in the tool, once all that came before it is stored."""
        if not batch.withdrawn and batch.complete is None:
            return
        yield from self.finish()
        if batch.withdrawn and self._dry_run:
            yield Receipt(withdrawn=len(batch.withdrawn))
        elif batch.withdrawn:
            yield withdraw(batch.withdrawn, self._connection, hub=self._hub)
        if batch.complete:
            yield scan.end(batch.complete, accepted=accepted, dry_run=self._dry_run)

    def finish(self) -> Iterator[Receipt]:
        sent, self._sent = self._sent, None
        if sent is None:
            return
        try:
            sent.commit.result()
        except Conflict:
            yield receive(sent.records, self._connection, self._mapping, hub=self._hub, watermark=sent.watermark)
        else:
            yield sent.receipt


def _since(kept: Watermark | None, signature: str) -> Watermark | None:
    if kept is None or not kept.value.startswith(signature):
        return None
    return Watermark(kept.value.removeprefix(signature))


@dataclass
class _Batch:
    """What was given one after the other: records, then at most one kind of ending, or a watermark."""

    records: list[SourceRecord] = field(default_factory=list)
    withdrawn: list[Withdrawn] = field(default_factory=list)
    complete: Complete | None = None
    reached: Watermark | None = None

    def is_open_to(self, one: Pulled) -> bool:
        """A record may come back after it was withdrawn, and be withdrawn after it came: their order stays."""
        if isinstance(one, SourceRecord):
            return not self.withdrawn and len(self.records) < BATCH
        if isinstance(one, Watermark):
            return not self.withdrawn
        return not isinstance(one, Withdrawn) or (not self.records and len(self.withdrawn) < BATCH)

    def take(self, one: Pulled) -> bool:
        """Whether it ends the batch."""
        if isinstance(one, SourceRecord):
            self.records.append(one)
        elif isinstance(one, Withdrawn):
            self.withdrawn.append(one)
        elif isinstance(one, Complete):
            self.complete = one
        elif isinstance(one, Watermark):
            self.reached = one
        return isinstance(one, Complete | Watermark) or len(self.records) == BATCH


def _batches(pulled: Iterator[Pulled], scan: Scan, *, scans: bool) -> Iterator[_Batch]:
    batch = _Batch()
    try:
        for item in pulled:
            if scans and isinstance(item, SourceRecord | Present):
                scan.meet(item)
            if not batch.is_open_to(item):
                yield batch
                batch = _Batch()
            if batch.take(item):
                yield batch
                batch = _Batch()
    except Exception:
        if batch.records or batch.withdrawn:
            yield batch
        raise
    if batch.records or batch.withdrawn:
        yield batch
