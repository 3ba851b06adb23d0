"""Pull: read a connection through its adapter and take everything in, batch by batch.

A watermark is committed with the records before it, never ahead of them: after a crash the next pull begins where the last
commit ended, and the ledger recognises what was already stored.
"""

from collections.abc import Callable, Iterator

from hub.exchange import Hub
from hub.exchange.receive import Receipt, receive
from hub.mapping import Mapping
from hub.ports import Adapter, Connection, SourceRecord, Watermark

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
    """Everything that is new since the last pull. `progress` hears each batch's receipt. Raises Fatal, Retriable or Conflict;
    what was received before that is stored."""
    total = Receipt()
    since = hub.store.watermark(connection.id)
    for records, watermark in _batches(adapter.pull(connection, since)):
        receipt = receive(records, connection, mapping, hub=hub, watermark=watermark, dry_run=dry_run)
        total += receipt
        progress(receipt)
    return total


def _batches(pulled: Iterator[SourceRecord | Watermark]) -> Iterator[tuple[list[SourceRecord], Watermark | None]]:
    batch: list[SourceRecord] = []
    try:
        for item in pulled:
            if isinstance(item, Watermark):
                yield batch, item
                batch = []
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
