"""One guarded POST to an address that somebody else named, and what its answer means for the one who sends.

https://www.rfc-editor.org/rfc/rfc9110#section-15. Of the answer its status and Retry-After are read, and not one byte of its
body: what was taken is taken, and nothing that is said besides is believed.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final

from hub.errors import Fatal, Retriable
from hub.outbound.allowed import Allowed
from hub.outbound.guard import Guard, Line, NotFetched

PATIENCE_S: Final = 10.0
AT_ONCE: Final = 16

TAKEN: Final = range(200, 300)
LATER: Final = frozenset({408, 409, 421, 423, 425, 429})
"""Statuses below 500 that pass by themselves: https://www.iana.org/assignments/http-status-codes/. Of the others it is for a
person to see to it."""

BUSY: Final = frozenset({429, 503})
GONE: Final = 410

_SECONDS: Final = re.compile(r"\d{1,9}", re.ASCII)


class Poster(Guard):
    """Threads may share it."""

    def post(self, url: str, body: bytes, headers: Mapping[str, str], now: datetime) -> None:
        """Returns when the other side has said that it took it. Raises Retriable or Fatal; `now`: for a Retry-After that is a
        date."""
        try:
            status, after = self.ask(url, lambda line: _posted(line, body, headers))
        except NotFetched as problem:
            raise _not_asked(problem.why) from None
        if status not in TAKEN:
            raise _refused(status, seconds(after, now))


class Posting:
    """Posters that wait for as many seconds as each receiver wants, and never for longer than `PATIENCE_S`."""

    def __init__(self, allowed: Iterable[Allowed], now: Callable[[], datetime]) -> None:
        hosts = tuple(allowed)
        self._now = now
        self._posters = {
            seconds: Poster(hosts, patience=float(seconds), at_once=AT_ONCE)
            for seconds in range(1, int(PATIENCE_S) + 1)
        }

    def post(self, url: str, body: bytes, headers: Mapping[str, str], seconds: int) -> None:
        self._posters[min(max(seconds, 1), int(PATIENCE_S))].post(url, body, headers, self._now())


def _posted(line: Line, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
    with line.request("POST", headers, body) as answer:
        return answer.status_code, answer.headers.get("Retry-After", "")


def _not_asked(why: str) -> Fatal | Retriable:
    known = {"not-allowed": Fatal("outbound.not-allowed"), "not-public": Fatal("outbound.not-public")}
    return known.get(why) or Retriable("outbound.slow" if why == "slow" else "outbound.unreachable")


def _refused(status: int, after: float | None) -> Fatal | Retriable:
    if status in BUSY:
        return Retriable("outbound.busy", after)
    if status in LATER or status >= 500:
        return Retriable("outbound.failed", after)
    if status < 400:
        return Fatal("outbound.elsewhere")
    return Fatal("outbound.gone" if status == GONE else "outbound.refused")


def seconds(retry_after: str, now: datetime) -> float | None:
    """https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3: seconds, or a date; None for what is neither, or past."""
    text = retry_after.strip()
    if _SECONDS.fullmatch(text):
        return float(text) or None
    try:
        left = (parsedate_to_datetime(text) - now).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return float(math.ceil(left)) if left > 0 else None
