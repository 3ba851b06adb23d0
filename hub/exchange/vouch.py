"""Vouch for the audit trail: sign where its chains end, and tell whether everything is still as it was written and signed.

What no checkpoint has seen yet can be cut off, or written anew, by whoever owns the database: checkpoints are made often, and
are worth most outside of it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.audit.chain import GENESIS, Break, follow, walk
from hub.audit.checkpoints import Checkpoint, Unsigned, hash_of, is_due, known, read, sign
from hub.ports import Head, Link, Trail

UNCHAINED = -1  # in the hash of the events from before the chains, which are counted like a chain

Keys = Sequence[Mapping[str, Any]]
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Report:
    """`chains`: shard → events; `after`: events that no checkpoint has seen; `broken`: the first broken link of each chain."""

    chains: Mapping[int, int]
    unchained: int
    checkpoints: int
    after: int
    broken: tuple[Break, ...]

    @property
    def events(self) -> int:
        return sum(self.chains.values())


def checkpoint(trail: Trail, keys: Keys, now: datetime, *, only_if_due: bool = False) -> str | None:
    """A new checkpoint, signed with the first key; None when none is due, or another process has just made it."""
    number, line = trail.last_checkpoint() or (0, "")
    last = _read(line, keys)
    heads = trail.heads()
    if only_if_due and not is_due(last, heads, now):
        return None
    made = Checkpoint(
        number=number + 1,
        at=now,
        heads=heads,
        unchained=last.unchained if last else _count(trail.unchained()),
        previous=hash_of(line) if line else "",
    )
    signed = sign(made, keys[0])
    return signed if trail.save_checkpoint(made.number, signed) else None


def verify(trail: Trail, keys: Keys, outside: Iterable[str] = (), progress: Progress = lambda _: None) -> Report:
    """Follow every chain. `outside`: checkpoints that were kept elsewhere; `progress` is told how many events were read."""
    kept = list(trail.checkpoints())  # before the events: what is written meanwhile lies behind them
    signed, broken = _signed([*kept, *outside], keys)
    broken += _gaps(kept, keys)
    places = known(signed)
    counted = _counting(progress)
    walked = {
        shard: walk(shard, counted(trail.chain(shard)), places.get(shard, {}))
        for shard in sorted({*trail.heads(), *places})
    }
    before = _count(counted(trail.unchained()))
    broken += [found for _, found in walked.values() if found]
    broken += _before_the_chains(before, signed)
    seen = {shard: max(hashes, default=0) for shard, hashes in places.items()}
    return Report(
        chains={shard: head.sequence for shard, (head, _) in walked.items()},
        unchained=before.sequence,
        checkpoints=len(signed),
        after=sum(max(0, head.sequence - seen.get(shard, 0)) for shard, (head, _) in walked.items()),
        broken=tuple(broken),
    )


def _read(line: str, keys: Keys) -> Checkpoint | None:
    with suppress(Unsigned):
        return read(line, keys)
    return None


def _signed(lines: Iterable[str], keys: Keys) -> tuple[list[Checkpoint], list[Break]]:
    found = [_read(line, keys) for line in dict.fromkeys(lines)]
    unsigned = [Break("signature", None, place) for place, one in enumerate(found, 1) if one is None]
    return [one for one in found if one], unsigned


def _gaps(kept: Sequence[str], keys: Keys) -> list[Break]:
    """The checkpoints of the database are a chain themselves."""
    previous = ""
    for place, line in enumerate(kept, 1):
        found = _read(line, keys)
        if found and (found.number, found.previous) != (place, previous):
            return [Break("checkpoint", None, place)]
        previous = hash_of(line)
    return []


def _before_the_chains(found: Head, signed: Sequence[Checkpoint]) -> list[Break]:
    told = {checkpoint.unchained for checkpoint in signed}
    return [] if told <= {found} else [Break("unchained", None, found.sequence)]


def _count(links: Iterable[Link]) -> Head:
    head = GENESIS
    for link in links:
        head = follow(UNCHAINED, head, link.content)
    return head


def _counting(progress: Progress) -> Callable[[Iterator[Link]], Iterator[Link]]:
    read_so_far = 0

    def counted(links: Iterator[Link]) -> Iterator[Link]:
        nonlocal read_so_far
        for link in links:
            read_so_far += 1
            progress(read_so_far)
            yield link

    return counted
