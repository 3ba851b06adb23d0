"""Chains of audit events: each link's hash covers its event and the hash before it, so no event changes, goes or comes unseen.

A hash is SHA-256 (https://csrc.nist.gov/pubs/fips/180-4/upd1/final) over the canonical JSON of its chain's number, its place
in the chain, the digest of its event and the previous hash. Whoever can write to the database can compute hashes too: that a
chain was not written anew, or cut, is known from checkpoints alone (`checkpoints.py`).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal

from hub.ports import Head, Link

GENESIS: Final = Head(0, "0" * 64)

Kind = Literal[
    "changed", "missing", "repeated", "rewritten", "truncated", "unchained", "hidden", "signature", "checkpoint"
]


@dataclass(frozen=True)
class Break:
    """Where a trail is broken. `sequence`: the first place that is not as it was; `event`: what stands there now, if anything."""

    kind: Kind
    shard: int | None
    sequence: int
    event: str = ""


def follow(shard: int, head: Head, content: str) -> Head:
    """The link after `head`. `content`: the digest of the event."""
    sequence = head.sequence + 1
    told = f'{{"content":"{content}","previous":"{head.hash}","sequence":"{sequence}","shard":"{shard}"}}'  # canonical
    return Head(sequence, sha256(told.encode()).hexdigest())


def chained(shard: int, head: Head, contents: Iterable[str]) -> Iterator[Head]:
    """The links of further events, in their order."""
    for content in contents:
        head = follow(shard, head, content)
        yield head


def walk(shard: int, links: Iterable[Link], known: Mapping[int, str]) -> tuple[Head, Break | None]:
    """Follow a chain from its beginning to its end, or to its first broken link.

    `known`: place → hash as checkpoints have told them. Needs no more memory than these.
    """
    head = GENESIS
    for link in links:
        expected = follow(shard, head, link.content)
        if kind := _what_is_wrong(link, expected, known):
            return head, Break(kind, shard, expected.sequence, link.event)
        head = expected
    if max(known, default=0) > head.sequence:
        return head, Break("truncated", shard, head.sequence + 1)
    return head, None


def _what_is_wrong(link: Link, expected: Head, known: Mapping[int, str]) -> Kind | None:
    if link.sequence != expected.sequence:
        return "missing" if link.sequence > expected.sequence else "repeated"
    if not link.content or link.hash != expected.hash:
        return "changed"
    if link.hidden:
        return "hidden"
    return "rewritten" if known.get(link.sequence, link.hash) != link.hash else None
