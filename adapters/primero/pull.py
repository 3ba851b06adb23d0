"""From cases to records, oldest change first, with what hangs on each case that has changed.

The tool tells no one of a change for certain (its webhooks are sent once and never again), so the truth is `last_updated_at`.
Every pull asks again for the last minutes: a change that was being saved while the last pull read bears a moment before its end.
What was seen in those minutes is remembered in the watermark, so that nothing is read twice.
"""

import hashlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from adapters.primero import forms
from adapters.primero.client import Case, Primero, opened
from adapters.primero.forms import INCIDENTS
from adapters.primero.records import KIND, Reader, is_withdrawn, moment
from hub.ports import Connection, Pulled, Watermark, Withdrawn

OVERLAP: Final = 5 * 60 * 1000
BEGINNING: Final = "1970-01-01T00:00:00Z"


@dataclass
class Seen:
    """Up to which moment cases were read, and which of the last minutes."""

    terms: str
    reached: int = 0
    marks: dict[str, int] = field(default_factory=dict)

    def add(self, case: Case) -> bool:
        """False when this change was read before."""
        mark = hashlib.sha256(f"{case['id']} {case['last_updated_at']}".encode()).hexdigest()[:16]
        if mark in self.marks:
            return False
        at = moment(case["last_updated_at"])
        self.marks[mark] = at
        self.reached = max(self.reached, at)
        return True

    @property
    def since(self) -> str:
        """From where to ask."""
        if self.reached <= OVERLAP:
            return BEGINNING
        return datetime.fromtimestamp((self.reached - OVERLAP) / 1000, UTC).isoformat(timespec="milliseconds")

    def watermark(self) -> Watermark:
        self.marks = {mark: at for mark, at in self.marks.items() if at >= self.reached - OVERLAP}
        marks = " ".join(f"{mark}@{at}" for mark, at in sorted(self.marks.items()))
        return Watermark(f"{self.terms}:{self.reached}:{marks}")


def pull(connection: Connection, since: Watermark | None) -> Iterator[Pulled]:
    """Cases that changed; a watermark after each page."""
    seen = remembered(since, _terms(connection))
    agency = str(connection.settings.get("agency") or "")
    with opened(connection) as primero:
        account, begun = _account(connection), time.monotonic()
        known = forms.fields(primero, account)
        reader = Reader(connection.layout, known, lambda: forms.fields(primero, account, since=begun))
        for page in primero.changed(seen.since):
            new = [case for case in page if seen.add(case)]
            for case in new:
                yield _read(case, primero, reader, agency)
            if new:
                yield seen.watermark()


def _read(case: Case, primero: Primero, reader: Reader, agency: str) -> Pulled:
    if is_withdrawn(case, agency):
        return Withdrawn(KIND, case["id"], moment(case["last_updated_at"]))
    return reader.record(case, primero.hanging_on(case["id"], INCIDENTS), primero.hanging_on(case["id"], "referrals"))


def remembered(since: Watermark | None, terms: str) -> Seen:
    """What a watermark holds; nothing when it was written under other terms (another server, another mapping)."""
    said, _, rest = (since.value if since else "").partition(":")
    reached, _, marks = rest.partition(":")
    if said != terms or not reached.isdecimal():
        return Seen(terms)
    pairs = (mark.partition("@") for mark in marks.split())
    return Seen(terms, int(reached), {mark: int(at) for mark, _, at in pairs if at.isdecimal()})


def _account(connection: Connection) -> str:
    return f"{connection.settings.get('url')} {connection.settings.get('user')}"


def _terms(connection: Connection) -> str:
    """What the records depend on besides the cases. When it changes, all are read again."""
    columns: Mapping[str, Any] = {name: list(paths) for name, paths in connection.layout.columns.items()}
    settings = [str(connection.settings.get(name)) for name in ("url", "user", "module", "agency")]
    asked = orjson.dumps([settings, columns, connection.layout.follow_up], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(asked).hexdigest()[:20]
