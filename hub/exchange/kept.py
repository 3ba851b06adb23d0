"""A record beside its content, as the quarantine keeps it, and as it is tried again."""

from typing import Any

from hub.ports import Place, Quarantined, SourceRecord


def kept(record: SourceRecord) -> dict[str, Any]:
    return {
        "kind": record.kind, "id": record.id, "version": record.version, "handle": dict(record.handle),
        "headers": dict(record.headers), "sheet": record.place.sheet, "row": record.place.row,
        "record": record.place.record, "silent": record.silent, "cleared": list(record.cleared),
        "unsaid": list(record.unsaid), "revision": record.revision,
    }  # fmt: skip


def restored(entry: Quarantined) -> SourceRecord:
    said = entry.record
    return SourceRecord(
        kind=said["kind"],
        id=said["id"],
        version=said["version"],
        content=entry.content,
        place=Place(said.get("sheet"), said.get("row"), said.get("record")),
        handle=said["handle"],
        headers=said["headers"],
        silent=said.get("silent", False),
        cleared=tuple(said.get("cleared", ())),
        unsaid=tuple(said.get("unsaid", ())),
        revision=said.get("revision"),
    )
