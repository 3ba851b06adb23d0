"""Records in quarantine that are discarded: marked, and deleted by the database itself once that cannot be undone any more.

The mark is set where the record still stands as it was seen; where it was mended or tried again meanwhile, nothing is written.
"""

from collections.abc import Iterable
from typing import Any, Final

from hub.ports import Discard, Discarded
from hub.store.schema import Document

DISCARDED: Final = "discarded"


def marking(discards: Iterable[Discard]) -> list[Document]:
    """Updates of the quarantine."""
    return [
        {
            "q": {"_id": one.key, "at": one.seen, DISCARDED: {"$exists": one.discarded is None}},
            "u": {"$set": _mark(one.discarded)} if one.discarded else {"$unset": {DISCARDED: "", "until": ""}},
        }
        for one in discards
    ]


def listing(discards: Iterable[Discard]) -> list[Document]:
    """Updates of the ledger, by which a record that comes again unchanged is not tried."""
    states = ("quarantined", "discarded")
    return [
        {
            "q": {"_id": one.key, "state": states[one.discarded is None]},
            "u": {"$set": {"state": states[one.discarded is not None]}},
        }
        for one in discards
        if one.listed
    ]


def discarded(document: Document) -> Discarded | None:
    mark = document.get(DISCARDED)
    return Discarded(mark["at"], mark["reason"], document["until"]) if mark else None


def _mark(one: Discarded) -> dict[str, Any]:
    return {DISCARDED: {"at": one.at, "reason": one.reason}, "until": one.until}
