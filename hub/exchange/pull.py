"""Pull: read a connection through its adapter and take everything in, batch by batch.

A watermark is committed with the records before it, never ahead of them: after a crash the next pull begins where the last
commit ended, and the ledger recognises what was already stored. It is kept with the mapping that read them: another version of
the mapping reads everything again, and writes only what it sees differently.
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
    """Everything that is new since the last pull; with `dry_run` everything there is, and nothing is stored.

    `progress` hears each batch's receipt. Raises Fatal, Retriable or Conflict; what was received before that is stored.
    """
    total = Receipt()
    signature = f"{mapping.id}@{mapping.version}\n"
    since = None if dry_run else _since(hub.store.watermark(connection.id), signature)
    for records, reached in _batches(adapter.pull(connection, since)):
        watermark = Watermark(signature + reached.value) if reached else None
        receipt = receive(records, connection, mapping, hub=hub, watermark=watermark, dry_run=dry_run)
        total += receipt
        progress(receipt)
    return total


def _since(kept: Watermark | None, signature: str) -> Watermark | None:
    if kept is None or not kept.value.startswith(signature):
        return None
    return Watermark(kept.value.removeprefix(signature))


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
