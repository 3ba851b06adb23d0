"""Pull: read a connection through its adapter and take everything in, batch by batch.

A watermark is committed with the records before it, never ahead of them: after a crash the next pull begins where the last
commit ended, and the ledger recognises what was already stored. It is kept with the mapping that read them: another version of
the mapping reads everything again, and writes only what it sees differently.
"""

import gc
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from hub.errors import Conflict
from hub.exchange import Hub
from hub.exchange.answer import answer, is_answer
from hub.exchange.receipt import Receipt
from hub.exchange.receive import prepare, receive
from hub.mapping import Mapping
from hub.ports import Adapter, Connection, Pulled, SourceRecord, Watermark

BATCH = 250


def pull(
    connection: Connection,
    adapter: Adapter,
    mapping: Mapping,
    *,
    hub: Hub,
    dry_run: bool = False,
    progress: Callable[[Receipt], None] = lambda _: None,
) -> Receipt:
    """Everything that is new since the last pull; with `dry_run` everything there is, and nothing is stored.

    `progress` hears each batch's receipt. Raises Fatal, Retriable or Conflict; what was received before that is stored.
    """
    signature = f"{mapping.id}@{mapping.version}\n"
    since = None if dry_run else _since(hub.store.watermark(connection.id), signature)
    total = Receipt()
    with _seldom_collecting(), ThreadPoolExecutor(1, "commit") as aside:
        line = _Line(connection, mapping, hub, aside, dry_run)
        for records, reached in _batches(adapter.pull(connection, since)):
            watermark = Watermark(signature + reached.value) if reached else None
            for receipt in line.take(records, watermark):
                total += receipt
                progress(receipt)
        for receipt in line.finish():
            total += receipt
            progress(receipt)
    return total


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    """An import makes millions of small values without cycles. Looking through them for cycles at every turn, and through all
    that was loaded before, took a quarter of its time."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)
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


def _batches(pulled: Iterator[Pulled]) -> Iterator[tuple[list[SourceRecord], Watermark | None]]:
    batch: list[SourceRecord] = []
    try:
        for item in pulled:
            if isinstance(item, Watermark):
                yield batch, item
                batch = []
                continue
            if not isinstance(item, SourceRecord):
                continue
            batch.append(item)
            if len(batch) == BATCH:
                yield batch, None
                batch = []
    except Exception:
        if batch:
            yield batch, None
        raise
    if batch:
        yield batch, None
