"""What a pull remembers for the next: each service in the version that was read, and until when it knows of changes.

A directory is small, so that the whole list is kept. `until` is the newest `last_modified` that was met; empty where a service
has none, for then no question after changes can be trusted, and every pull reads all.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from hub.ports import Watermark

FIRST: Final = "0001-01-02T00:00:00Z"
"""Before every change."""
OVERLAP: Final = timedelta(days=1)
"""Servers differ in whether the instant itself is after it, and in how finely they keep it."""


@dataclass
class Seen:
    """`terms`: what the records depend on besides the services; when they change, all are read again."""

    terms: str
    until: str = ""
    versions: dict[str, str] = field(default_factory=dict)

    def watermark(self) -> Watermark:
        return Watermark(json.dumps([self.terms, self.until, sorted(self.versions.items())], separators=(",", ":")))


def remembered(since: Watermark | None, terms: str) -> Seen:
    """What the watermark says; nothing where it was written under other terms, or not by this door."""
    try:
        said, until, versions = json.loads(since.value if since else "null")
        known = {str(id_): str(version) for id_, version in versions}
    except (ValueError, TypeError):
        return Seen(terms)
    return Seen(terms, str(until), known) if said == terms else Seen(terms)


def newest(services: Iterable[Mapping[str, Any]], until: str) -> str:
    """The newest of these changes and of `until`; empty, and so for good, where one does not say when it was."""
    for service in services:
        at = _instant(service.get("last_modified"))
        if not until or at is None:
            return ""
        until = max(until, at.strftime("%Y-%m-%dT%H:%M:%SZ"))
    return until


def asked_from(until: str) -> str:
    """From when on to ask for changes."""
    at = _instant(until)
    return (at - OVERLAP).strftime("%Y-%m-%dT%H:%M:%SZ") if at else FIRST


def _instant(said: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(said))
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
