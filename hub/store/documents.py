"""A resource as the database keeps it, and back. The shape is written in `schema.py`.

https://hl7.org/fhir/R4/resource.html#Meta
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from hub import search
from hub.fhir.definitions import load
from hub.fhir.instants import instant
from hub.fhir.serial import dumps
from hub.ports import Key, Save, Stored
from hub.search.parameters import PARAMETERS
from hub.store.schema import Document

SERVED: Final = {"x": False}
"""Projection of what is read back: everything but the search fields."""


def document(save: Save, at: datetime) -> Document:
    """The new current version. `meta.versionId` and `meta.lastUpdated` are the store's to say."""
    version = (save.replaces or 0) + 1
    stamp = {"versionId": str(version), "lastUpdated": instant(at)}
    resource = {**save.resource, "meta": {**save.resource.get("meta", {}), **stamp}}
    profile = load().profile_of(resource)
    return {
        "_id": resource["id"],
        "v": version,
        "at": at,
        "p": profile.name if profile else None,
        "json": dumps(resource),
        "person": save.person,
        "custodian": save.custodian,
        "k": keys_document(save.keys),
        "x": search.index(resource) if resource["resourceType"] in PARAMETERS else {},
    }


def keys_document(keys: Iterable[Key]) -> list[Document]:
    return [
        {"g": key.grant, "f": key.since, "u": key.until, **({"n": sorted(key.unless)} if key.unless else {})}
        for key in keys
    ]


def superseded(type_: str, document: Document) -> Document:
    """The history's entry for a version that is replaced.

    It has no keys of its own: who may see an old version is asked of the current one, so that a withdrawal covers both.
    """
    reference = f"{type_}/{document['_id']}"
    kept = {name: document[name] for name in ("v", "at", "json", "person", "custodian")}
    return {"_id": f"{reference}/{document['v']}", "r": reference, **kept}


def stored(type_: str, document: Document) -> Stored:
    return Stored(
        type=type_,
        id=document["_id"],
        version=document["v"],
        at=document["at"],
        text=document["json"],
        person=document["person"],
        custodian=document["custodian"],
        keys=tuple(Key(key["g"], key["f"], key["u"], frozenset(key.get("n", ()))) for key in document["k"]),
    )
