"""Ledger entries, quarantined records and outbox rows as documents, and back.

What a tool gave is encrypted. Names that come from outside (columns, handles, payloads) are never field names of a document:
they are kept as pairs or text.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Any, Final, Self

from hub.fhir.issues import Issue
from hub.ports import Due, LedgerEntry, Quarantined
from hub.store import cells
from hub.store.discarding import discarded
from hub.store.schema import Document
from hub.store.sealing import Seal
from hub.store.vault import Vault

WAITING: Final = "waiting"
DEAD: Final = "dead"
VOID: Final = "void"
SINCE: Final = "since"
"""When a record of the quarantine was first set aside."""


class Box:
    """Values that belong to no person that is known yet, or to a tool: encrypted with the deployment's data key."""

    def __init__(self, vault: Vault, *, of_one_act: bool = False) -> None:
        self._vault = vault
        self._of_one_act = of_one_act
        self._ready: Seal | None = None

    def of_one_act(self) -> Self:
        """For the many values of one act: the key is made ready once, by the first of them. Of one thread only."""
        return type(self)(self._vault, of_one_act=True)

    def dump(self, value: Any) -> Any:
        """What is empty tells nothing, and stays as it is."""
        text = cells.dump(value)
        return self.seal(text) if value else text

    def load(self, kept: Any) -> Any:
        return cells.load(self.open(kept))

    def seal(self, text: str) -> Any:
        if not self._of_one_act:
            return self._vault.deployment.seal(text)
        self._ready = self._ready or Seal(self._vault.deployment)
        return self._ready.seal(text)

    def open(self, kept: Any) -> str:
        return kept if isinstance(kept, str) else self._vault.deployment.open(kept)


def ledger_document(entry: LedgerEntry, box: Box) -> Document:
    return {
        "_id": entry.key,
        "connection": entry.connection,
        "version": entry.version,
        "mapping": entry.mapping,
        "resources": [{"n": name, "r": reference} for name, reference in entry.resources.items()],
        "handle": box.dump(entry.handle),
        "consents": [list(pair) for pair in sorted(entry.consents.items())],
        "at": entry.at,
        "state": entry.state,
        "kind": entry.kind,
        **({"revision": entry.revision} if entry.revision is not None else {}),
    }


def ledger_entry(document: Document, box: Box) -> LedgerEntry:
    return LedgerEntry(
        key=document["_id"],
        connection=document["connection"],
        version=document["version"],
        mapping=document["mapping"],
        resources={pair["n"]: pair["r"] for pair in document["resources"]},
        handle=box.load(document["handle"]),
        consents={str(name): int(version) for name, version in document.get("consents", ())},
        at=document["at"],
        state=document["state"],
        kind=document.get("kind", ""),
        revision=document.get("revision"),
    )


def quarantine_document(entry: Quarantined, box: Box) -> Document:
    return {
        "_id": entry.key,
        "connection": entry.connection,
        "mapping": entry.mapping,
        "place": entry.place,
        "issues": box.dump([asdict(issue) for issue in entry.issues]),
        "content": box.dump(entry.content),
        "record": box.dump(entry.record),
        "at": entry.at,
    }


def quarantined(document: Document, box: Box) -> Quarantined:
    return Quarantined(
        key=document["_id"],
        connection=document["connection"],
        mapping=document["mapping"],
        place=document["place"],
        issues=issues(document, box),
        content=box.load(document["content"]),
        at=document["at"],
        record=box.load(document["record"]),
        discarded=discarded(document),
        since=since(document),
    )


def issues(document: Document, box: Box) -> tuple[Issue, ...]:
    said: list[dict[str, Any]] = box.load(document["issues"])
    return tuple(Issue(**issue) for issue in said)


def since(document: Document) -> datetime:
    """What was set aside before this was kept has been for as long as is known."""
    first: datetime = document[SINCE if SINCE in document else "at"]
    return first


def outbox_document(due: Due, id_: str, order: int, box: Box) -> Document:
    return {
        "_id": id_,
        "kind": due.kind,
        "connection": due.connection,
        "reference": due.reference,
        "payload": box.dump(due.payload),
        "attempts": due.attempts,
        "next_try": due.next_try,
        "order": order,
        "recipient": due.recipient,
        "state": WAITING,
        "error": "",
    }


def due(document: Document, box: Box) -> Due:
    return Due(
        kind=document["kind"],
        connection=document["connection"],
        reference=document["reference"],
        id=document["_id"],
        attempts=document["attempts"],
        next_try=document["next_try"],
        payload=box.load(document["payload"]),
        recipient=document.get("recipient", ""),
    )
