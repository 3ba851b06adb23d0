"""The keys of clients: those that the hub was given, and those that are at a URL.

https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html#signature-verification: a set is kept for no
longer than its Cache-Control says, and here for a few minutes at most. A URL that does not answer opens nothing. Whoever only
claims to be a client can make the hub ask for its keys: once a minute, by naming a key that is not there.
"""

import logging
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from hub.outbound.fetch import Fetched, Fetcher, NotFetched
from hub.ports import LONG_AGO, Client

log = logging.getLogger("hub.outbound")

LONGEST: Final = timedelta(minutes=5)
AGAIN: Final = timedelta(minutes=1)
MOST_IN_A_MINUTE: Final = 10  # of a set that may not be kept at all
_MAX_AGE: Final = re.compile(r"max-age=\"?(\d{1,9})\"?", re.ASCII)


@dataclass
class _Known:
    """What is known of one URL. `fresh`: until when the set may be used; `asked`: the instants of the last minute."""

    jwks: Mapping[str, Any]
    fresh: datetime
    asked: list[datetime]

    def names(self, kid: str) -> bool:
        keys = self.jwks.get("keys")
        return isinstance(keys, list) and any(isinstance(key, dict) and key.get("kid") == kid for key in keys)

    def may_be_asked(self, kid: str, now: datetime) -> bool:
        """A key that was there is asked for as often as caching forbids to keep it; any other once a minute."""
        recent = [at for at in self.asked if now < at + AGAIN]
        return len(recent) < (MOST_IN_A_MINUTE if self.names(kid) else 1)


class FetchedKeys:
    """`hub.ports.KeySource`, one for each process."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._known: dict[str, _Known] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def of(self, client: Client, kid: str, now: datetime) -> Mapping[str, Any]:
        if not client.jwks_url:
            return client.jwks
        with self._lock:
            mine = self._locks.setdefault(client.jwks_url, threading.Lock())
        with mine:  # a slow server holds up its own clients alone
            return self._of(client, kid, now)

    def _of(self, client: Client, kid: str, now: datetime) -> Mapping[str, Any]:
        known = self._known.setdefault(client.jwks_url, _Known({}, LONG_AGO, []))
        if now < known.fresh and known.names(kid):
            return known.jwks
        if not known.may_be_asked(kid, now):
            raise NotFetched("too-often")
        known.asked = [at for at in known.asked if now < at + AGAIN] + [now]
        try:
            fetched = self._fetcher.fetch_json(client.jwks_url)
        except NotFetched as problem:
            known.jwks, known.fresh = {}, LONG_AGO
            log.warning("keys.not-fetched", extra={"client": client.id, "problem": problem.why})
            raise
        known.jwks, known.fresh = fetched.content, now + lifetime(fetched)
        return known.jwks


def lifetime(fetched: Fetched) -> timedelta:
    """RFC 9111 §4.2, §5.2.2"""
    said = fetched.cache_control.lower()
    if "no-store" in said or "no-cache" in said:
        return timedelta()
    match = _MAX_AGE.search(said)
    age = int(fetched.age) if fetched.age.isascii() and fetched.age.isdigit() and len(fetched.age) < 10 else 0
    left = timedelta(seconds=max(0, int(match[1]) - age)) if match else LONGEST
    return min(left, LONGEST)
