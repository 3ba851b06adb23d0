"""Receipts of many batches, added up in memory that does not grow with them.

Of findings that read alike the first places are named and the others counted; the quarantine holds what was set aside, record by
record. A million rows of which each has something to be told were 320 MB (docs/adr/0074).
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from hub.exchange.receipt import Receipt, Rejected, Unnamed
from hub.fhir.issues import Issue

PLACES: Final = 100
"""So many are named of each kind: more than a person looks up one by one."""
KINDS: Final = 200
"""So many kinds are told apart: a column of free text can hold as many unknown words as rows."""
OTHERS: Final = "receive.other-findings"

_Kind = tuple[object, ...]
_WAITING: Final[_Kind] = ()


class Tally:
    """What became of all records so far."""

    def __init__(self) -> None:
        self._numbers = Receipt()
        self._rejected: list[Rejected] = []
        self._warnings: list[tuple[str, Issue]] = []
        self._named: dict[_Kind, int] = {}
        self._unnamed: dict[_Kind, Unnamed] = {}

    def add(self, receipt: Receipt) -> None:
        self._numbers += replace(receipt, rejected=(), warnings=(), unnamed=())
        for one in receipt.rejected:
            self._reject(one)
        for place, issue in receipt.warnings:
            if self._names(_kind(issue, aside=False)):
                self._warnings.append((place, issue))
            else:
                self._count(issue, aside=False)
        for more in receipt.unnamed:
            self._count(more.issue, more.places, aside=more.aside)

    @property
    def receipt(self) -> Receipt:
        return replace(
            self._numbers,
            rejected=tuple(self._rejected),
            warnings=tuple(self._warnings),
            unnamed=tuple(self._unnamed.values()),
        )

    def _reject(self, one: Rejected) -> None:
        """Named whole while one of its reasons has few places."""
        has_room = [self._names(kind) for kind in _kinds(one)]  # each takes its place
        if any(has_room):
            self._rejected.append(one)
            return
        self._numbers += Receipt(unnamed_waiting=1) if one.again else Receipt(unnamed_aside=1)
        for issue in one.issues:
            self._count(issue, aside=True)

    def _names(self, kind: _Kind) -> bool:
        """Whether there is room for one place more of this kind, which is then taken."""
        places = self._named.get(kind, 0)
        if places >= PLACES or (not places and len(self._named) >= KINDS):
            return False
        self._named[kind] = places + 1
        return True

    def _count(self, issue: Issue, places: int = 1, *, aside: bool) -> None:
        kind = _kind(issue, aside=aside)
        if kind not in self._named:
            issue = Issue(issue.severity, "incomplete", OTHERS, issue.path, issue.column)
            kind = _kind(issue, aside=aside)
        known = self._unnamed.get(kind)
        self._unnamed[kind] = Unnamed(issue, (known.places if known else 0) + places, aside)


def _kinds(one: Rejected) -> Iterator[_Kind]:
    yield from (_kind(issue, aside=True) for issue in one.issues)
    if not one.issues:
        yield _WAITING


def _kind(issue: Issue, *, aside: bool) -> _Kind:
    """What makes the same sentence, of records that are set aside or of others."""
    return aside, issue.severity, issue.text, issue.path, issue.column, *sorted(issue.params.items())
