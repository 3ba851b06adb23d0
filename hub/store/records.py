"""Ledger entries, quarantined records and outbox rows as documents, and back.

Names that come from outside (columns, handles, payloads) are never field names of a document: they are kept as pairs or text.
"""

from dataclasses import asdict
from typing import Any, Final

from hub.fhir.issues import Issue
from hub.ports import Due, LedgerEntry, Quarantined
from hub.store import cells
from hub.store.schema import Document

WAITING: Final = "waiting"
DEAD: Final = "dead"
VOID: Final = "void"


def ledger_document(entry: LedgerEntry) -> Document:
    return {
        "_id": entry.key,
        "connection": entry.connection,
        "version": entry.version,
        "mapping": entry.mapping,
        "resources": [{"n": name, "r": reference} for name, reference in entry.resources.items()],
        "handle": cells.dump(entry.handle),
        "consents": [list(pair) for pair in sorted(entry.consents.items())],
        "at": entry.at,
        "state": entry.state,
    }


def ledger_entry(document: Document) -> LedgerEntry:
    return LedgerEntry(
        key=document["_id"],
        connection=document["connection"],
        version=document["version"],
        mapping=document["mapping"],
        resources={pair["n"]: pair["r"] for pair in document["resources"]},
        handle=cells.load(document["handle"]),
        consents={str(name): int(version) for name, version in document.get("consents", ())},
        at=document["at"],
        state=document["state"],
    )


def quarantine_document(entry: Quarantined) -> Document:
    return {
        "_id": entry.key,
        "connection": entry.connection,
        "mapping": entry.mapping,
        "place": entry.place,
        "issues": cells.dump([asdict(issue) for issue in entry.issues]),
        "content": cells.dump(entry.content),
        "record": cells.dump(entry.record),
        "at": entry.at,
    }


def quarantined(document: Document) -> Quarantined:
    issues: list[dict[str, Any]] = cells.load(document["issues"])
    return Quarantined(
        key=document["_id"],
        connection=document["connection"],
        mapping=document["mapping"],
        place=document["place"],
        issues=tuple(Issue(**issue) for issue in issues),
        content=cells.load(document["content"]),
        at=document["at"],
        record=cells.load(document["record"]),
    )


def outbox_document(due: Due, id_: str, order: int) -> Document:
    return {
        "_id": id_,
        "kind": due.kind,
        "connection": due.connection,
        "reference": due.reference,
        "payload": cells.dump(due.payload),
        "attempts": due.attempts,
        "next_try": due.next_try,
        "order": order,
        "recipient": due.recipient,
        "state": WAITING,
        "error": "",
    }


def due(document: Document) -> Due:
    return Due(
        kind=document["kind"],
        connection=document["connection"],
        reference=document["reference"],
        id=document["_id"],
        attempts=document["attempts"],
        next_try=document["next_try"],
        payload=cells.load(document["payload"]),
        recipient=document.get("recipient", ""),
    )
