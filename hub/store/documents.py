"""A resource as the database keeps it, and back. The shape is written in `schema.py`.

https://hl7.org/fhir/R4/resource.html#Meta
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Final, Protocol

from hub import search
from hub.fhir import Resource
from hub.fhir.definitions import load
from hub.fhir.instants import instant
from hub.fhir.parts import Parted, join, part
from hub.ports import Key, Save, Stored
from hub.search.parameters import PARAMETERS
from hub.store import search_tokens
from hub.store.schema import Document
from hub.store.sealing import DataKey, Seal, key_of

_OF_A_VERSION: Final = ("v", "at", "p", "json", "s", "person", "custodian", "gone")
SERVED: Final = {"x": False, "t": False}
"""Projection of what is read back: everything but the search fields."""


class Sealer(Protocol):
    """The keys that a document is encrypted with."""

    def seal(self, person: str | None) -> Seal: ...

    def search_key(self, custodian: str) -> DataKey: ...


class Keyring(Protocol):
    """The keys that documents are read with."""

    def by_id(self, ids: Iterable[bytes]) -> Mapping[bytes, DataKey]: ...


def stamped(save: Save, at: datetime) -> Resource:
    """`meta.versionId` and `meta.lastUpdated` are the store's to say."""
    stamp = {"versionId": str(_version(save)), "lastUpdated": instant(at)}
    return {**save.resource, "meta": {**save.resource.get("meta", {}), **stamp}}


def _version(save: Save) -> int:
    return (save.replaces or 0) + 1


def document(save: Save, at: datetime, sealer: Sealer) -> Document:
    """The new current version."""
    resource = stamped(save, at)
    profile = load().profile_of(resource)
    parted = part(resource, profile)
    return {
        "_id": resource["id"],
        "v": _version(save),
        "at": at,
        "p": profile.name if profile else None,
        "json": parted.open,
        **_sealed(parted, save.person, sealer),
        "person": save.person,
        "custodian": save.custodian,
        "k": keys_document(save.keys),
        **({"gone": True} if save.gone else {}),
        **_found_by(resource, profile.name if profile else "", save.custodian or "", sealer),
    }


def _sealed(parted: Parted, person: str | None, sealer: Sealer) -> Document:
    if not parted.parts:
        return {}
    seal = sealer.seal(person).seal
    return {"s": {name: seal(text) for name, text in parted.parts.items()}}


def _found_by(resource: Resource, profile: str, custodian: str, sealer: Sealer) -> Document:
    """Search fields in clear, and tokens in place of those that read what is encrypted."""
    type_ = resource["resourceType"]
    found = search.index(resource) if type_ in PARAMETERS else {}
    sealed = search.sealed_in(type_, profile) & found.keys() if found else ()
    if not sealed:
        return {"x": found}
    key = sealer.search_key(custodian)
    return {
        "x": {name: values for name, values in found.items() if name.partition(":")[0] not in sealed},
        "t": {name: search_tokens.stored(key, type_, name, found) for name in sorted(sealed)},
    }


def keys_document(keys: Iterable[Key]) -> list[Document]:
    return [_key_document(key) for key in keys]


def _key_document(key: Key) -> Document:
    written: Document = {"g": key.grant, "f": key.since, "u": key.until}
    if key.unless:
        written["n"] = sorted(key.unless)
    if key.because:
        written["b"] = list(key.because)
    return written


def superseded(type_: str, document: Document) -> Document:
    """The history's entry for a version that is replaced.

    It has no keys of its own: who may see an old version is asked of the current one, so that a withdrawal covers both.
    """
    reference = f"{type_}/{document['_id']}"
    kept: Document = {name: document[name] for name in _OF_A_VERSION if name in document}
    return {"_id": f"{reference}/{document['v']}", "r": reference, **kept}


def stored_all(type_: str, documents: Sequence[Document], keyring: Keyring) -> Iterator[Stored]:
    """The keys of all of them are looked up together, by whoever first opens one."""

    @cache
    def keys() -> Mapping[bytes, DataKey]:
        return keyring.by_id(key_of(value) for one in documents for value in one.get("s", {}).values())

    return (_stored(type_, document, keys) for document in documents)


def _stored(type_: str, document: Document, keys: Callable[[], Mapping[bytes, DataKey]]) -> Stored:
    text: str = document["json"]
    sealed: Mapping[str, bytes] = document.get("s", {})

    def opener(classes: frozenset[str] | None) -> str:
        wanted = {name: value for name, value in sealed.items() if classes is None or name in classes}
        return join(text, {name: keys()[key_of(value)].open(value) for name, value in wanted.items()} if wanted else {})

    return Stored(
        type=type_,
        id=document["_id"],
        version=document["v"],
        at=document["at"],
        kept=text,
        person=document["person"],
        custodian=document["custodian"],
        keys=tuple(
            Key(key["g"], key["f"], key["u"], frozenset(key.get("n", ())), tuple(key.get("b", ())))
            for key in document["k"]
        ),
        opener=opener if sealed else None,
        gone=document.get("gone", False),
    )
