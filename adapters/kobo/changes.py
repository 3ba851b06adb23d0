"""Which submissions changed since the last pull, without reading those that did not.

The tool tells no one of an edit, and has no date of edit to ask by; but `_uuid` is new after each. So every pull asks for
the bare list of `_id` and `_uuid` (one request for each 1,000 submissions) and then for the submissions that differ.

What was seen is remembered in the watermark, as a digest for each stretch of the list. A stretch ends after an `_id` that
64 divides: an edit, an addition or a deletion changes the digest of its own stretch and no other.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hub.ports import Watermark

FIELDS: Final = ["_id", "_uuid", "meta/rootUuid", "_validation_status"]
APPROVED: Final = "validation_status_approved"
STRETCH: Final = 64


@dataclass(frozen=True)
class Stretch:
    """Neighbours in the list, from the first `_id` to the last."""

    first: int
    last: int
    digest: str


class Cutter:
    """Cuts a list, sorted by `_id`, into stretches, one submission at a time."""

    def __init__(self, *, only_validated: bool) -> None:
        self._only_validated = only_validated
        self._lines: list[str] = []
        self._first = self._last = 0

    def add(self, submission: Mapping[str, Any]) -> Iterator[Stretch]:
        """The stretch that this submission ends, if it ends one."""
        state = is_approved(submission) if self._only_validated else ""
        self._last = int(submission["_id"])
        self._first = self._first if self._lines else self._last
        self._lines.append(f"{self._last} {submission.get('_uuid')} {state}")
        if self._last % STRETCH == 0:
            yield from self.end()

    def end(self) -> Iterator[Stretch]:
        """What was added since the last stretch ended."""
        if self._lines:
            digest = hashlib.sha256("\n".join(self._lines).encode("utf-8", "surrogatepass")).hexdigest()[:20]
            self._lines = []
            yield Stretch(self._first, self._last, digest)


def runs(all_: Iterable[Stretch], seen: frozenset[str]) -> Iterator[list[Stretch]]:
    """Stretches that are not as they were, those side by side together: each run is one query."""
    run: list[Stretch] = []
    for stretch in all_:
        if stretch.digest not in seen:
            run.append(stretch)
        elif run:
            yield run
            run = []
    if run:
        yield run


def is_approved(submission: Mapping[str, Any]) -> bool:
    status = submission.get("_validation_status")
    return isinstance(status, Mapping) and status.get("uid") == APPROVED


def remembered(since: Watermark | None, terms: str) -> frozenset[str]:
    """Digests that the watermark holds; none when it was written under other terms (another project, other settings)."""
    said, _, digests = (since.value if since else "").partition(":")
    return frozenset(digests.split()) if said == terms else frozenset()


def watermark(terms: str, digests: Iterable[str]) -> Watermark:
    return Watermark(f"{terms}:{' '.join(sorted(digests))}")
