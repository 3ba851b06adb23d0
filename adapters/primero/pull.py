"""From cases to records, oldest change first, with what hangs on each case that has changed.

The tool tells no one of a change for certain (its webhooks are sent once and never again), so the truth is `last_updated_at`.
Every pull asks again for the last minutes: a change that was being saved while the last pull read bears a moment before its end.
What was seen in those minutes is remembered in the watermark, so that nothing is read twice.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from adapters.primero import absences, answers, forms, granted, refer
from adapters.primero.absences import Absences
from adapters.primero.client import Case, Primero, opened
from adapters.primero.forms import INCIDENTS
from adapters.primero.records import KIND, Reader, is_withdrawn, moment
from hub.ports import Connection, Pulled, Watermark, Withdrawn

OVERLAP: Final = 5 * 60 * 1000
Read = Callable[[Case, Primero], Iterator[Pulled]]
BEGINNING: Final = "1970-01-01T00:00:00Z"


@dataclass
class Seen:
    """Up to which moment cases were read, and which of the last minutes."""

    terms: str
    reached: int = 0
    marks: dict[str, int] = field(default_factory=dict)

    def add(self, case: Case) -> bool:
        """False when this change was read before."""
        change = f"{case['id']} {case['last_updated_at']}".encode("utf-8", "surrogatepass")
        mark = hashlib.sha256(change).hexdigest()[:16]
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
    before = absences.known(connection.id, seen.terms, since)
    with opened(connection) as primero:
        read = _answer if connection.settings.get("send") is True else _records(connection, primero, before)
        for page in primero.changed(seen.since):
            new = [case for case in page if seen.add(case)]
            for case in new:
                yield from read(case, primero)
            if new:
                watermark = seen.watermark()
                before.ended = watermark.value
                yield watermark


def _records(connection: Connection, primero: Primero, before: Absences) -> Read:
    """How the cases of the association are read: all but those that the hub itself has made because of a referral."""
    account, begun, layout = forms.account(connection), time.monotonic(), connection.layout
    known = forms.fields(primero, account)
    reader = Reader(layout, known, lambda: forms.fields(primero, account, since=begun), before)
    agency = str(connection.settings.get("agency") or "")

    def read(case: Case, primero: Primero) -> Iterator[Pulled]:
        if refer.row(case):
            return
        if is_withdrawn(case, agency) or _is_handed_on(case, primero, agency):
            yield Withdrawn(KIND, case["id"], moment(case["last_updated_at"]))
            return
        reader.explain(forms.explaining(primero, account, lambda known: granted.strange(layout, known, case)))
        referrals = primero.hanging_on(case["id"], "referrals")
        yield reader.record(case, primero.hanging_on(case["id"], INCIDENTS), referrals)

    return read


def _answer(case: Case, primero: Primero) -> Iterator[Pulled]:
    """What is said of a referral that was sent; of all other cases nothing."""
    if row := refer.row(case):
        found = answers.answer(case, row, primero.hanging_on(case["id"], "referrals"))
        yield from [found] if found else []


def _is_handed_on(case: Case, primero: Primero, agency: str) -> bool:
    """Whether the last transfer that was accepted took it to another agency, where the role does not see whose it is."""
    if not agency or case.get("owned_by_agency_id"):
        return False
    taken = [one for one in primero.hanging_on(case["id"], "transfers") or () if one.get("status") == "accepted"]
    last = max(taken, key=lambda one: moment(one.get("responded_at") or one.get("created_at")), default={})
    return last.get("transitioned_to_user_agency") not in (None, "", agency)


def remembered(since: Watermark | None, terms: str) -> Seen:
    """What a watermark holds; nothing when it was written under other terms (another server, another mapping)."""
    said, _, rest = (since.value if since else "").partition(":")
    reached, _, marks = rest.partition(":")
    if said != terms or not reached.isdecimal():
        return Seen(terms)
    pairs = (mark.partition("@") for mark in marks.split())
    return Seen(terms, int(reached), {mark: int(at) for mark, _, at in pairs if at.isdecimal()})


def _terms(connection: Connection) -> str:
    """What the records depend on besides the cases. When it changes, all are read again."""
    columns: Mapping[str, Any] = {name: list(paths) for name, paths in connection.layout.columns.items()}
    settings = [str(connection.settings.get(name)) for name in ("url", "user", "module", "agency", "send")]
    asked = orjson.dumps([settings, columns, connection.layout.follow_up], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(asked).hexdigest()[:20]
