"""Discard: records in quarantine that somebody decided not to try any more, and that decision taken back.

A discarded record counts as read: as long as its source says the same, it is not tried and not told again. An edit at the
source brings it back. What an earlier version of it said stays as it is; a consent that the record no longer says has ended
when it was set aside. For a while it can be seen and taken back; then what it said is deleted.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from hub.audit import events
from hub.consent.keys import own
from hub.exchange import Hub
from hub.exchange.queue import Turn
from hub.fhir.canonicals import identifier_system
from hub.ports import Changes, Discard, Discarded, Key, Quarantined, Save

REASONS: Final = ("test", "duplicate", "mistake", "not-ours")
"""Codes, not a text: a text could hold a name, and the audit trail is never changed."""
KEPT: Final = timedelta(days=30)
AT_ONCE: Final = 100


def discard(entries: Sequence[Quarantined], reason: str, keepers: Mapping[str, str], *, hub: Hub) -> int:
    """How many are discarded now; one that was mended meanwhile is not. `keepers`: connection → the organisation whose it is; of
    a connection that is gone nobody is told. Raises ValueError for another reason, Conflict."""
    if reason not in REASONS:
        raise ValueError("not a reason to discard a record")
    return sum(
        _decide(entries[start : start + AT_ONCE], reason, keepers, hub) for start in range(0, len(entries), AT_ONCE)
    )


def restore(entries: Sequence[Quarantined], keepers: Mapping[str, str], *, hub: Hub) -> int:
    """How many wait in quarantine again, to be tried. Raises Conflict."""
    return sum(_decide(entries[start : start + AT_ONCE], "", keepers, hub) for start in range(0, len(entries), AT_ONCE))


def _decide(entries: Sequence[Quarantined], reason: str, keepers: Mapping[str, str], hub: Hub) -> int:
    def attempt(turn: Turn) -> int:
        now = hub.clock.now()
        standing = [*_standing(entries, hub, discarded=not reason)]
        listed = hub.store.ledger(one.key for one in standing)
        mark = Discarded(now, reason, now + KEPT) if reason else None
        discards = [Discard(one.key, one.at, one.key in listed, mark) for one in standing]
        if discards:
            hub.store.commit(Changes(saves=[*_told(standing, reason, keepers, now, hub)], discards=discards))
        return len(discards)

    return hub.queue.tried(attempt)


def _standing(entries: Sequence[Quarantined], hub: Hub, *, discarded: bool) -> Iterator[Quarantined]:
    """Those that are as they were seen."""
    for one in entries:
        now = next(iter(hub.store.quarantine(one.connection, one.key, discarded=discarded)), None)
        if now is not None and now.at == one.at:
            yield replace(now, discarded=None)


def _told(
    entries: Sequence[Quarantined], reason: str, keepers: Mapping[str, str], now: datetime, hub: Hub
) -> Iterator[Save]:
    """One event for each connection; it names the records by hashes that say nothing of them."""
    system = identifier_system("source-record")
    for connection in sorted({one.connection for one in entries}):
        keeper = keepers.get(connection, "")
        event = events.event(
            hub.ids.new(), "record.discard" if reason else "record.restore", now, interaction="operation", caller=None,
            person=None, because=f"discard.{reason}" if reason else "",
            named=[{"identifier": {"system": system, "value": one.key}} for one in entries if one.connection == connection],
        )  # fmt: skip
        yield Save(event, None, keeper, (Key(own(keeper)),))
