"""A resource as the database keeps it, and back. The shape is written in `schema.py`.

https://hl7.org/fhir/R4/resource.html#Meta
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, lru_cache, partial
from typing import Any, Final, Protocol

from bson.decimal128 import Decimal128

from hub import search
from hub.fhir import Resource
from hub.fhir.definitions import load
from hub.fhir.parts import Parted, join, part
from hub.ports import Key, Save, Stored
from hub.search.parameters import PARAMETERS, Parameter
from hub.store import figures, search_tokens
from hub.store.forms import Formed
from hub.store.schema import COURSE, POLLED, Document
from hub.store.sealing import DataKey, Seal, key_of

_OF_A_VERSION: Final = ("v", "at", "p", "json", "s", "person", "custodian", "gone")
_SIMPLE: Final = ("g", "f", "u")
SERVED: Final = {"x": False, "t": False, COURSE: False}
"""Projection of what is read back: everything but the search fields, and what is kept for counting."""


class Sealer(Protocol):
    """The keys that a document is encrypted with."""

    def seal(self, person: str | None) -> Seal: ...

    def search_key(self, custodian: str) -> DataKey: ...


class Keyring(Protocol):
    """The keys that documents are read with."""

    def by_id(self, ids: Iterable[bytes]) -> Mapping[bytes, DataKey]: ...


def document(save: Save, at: datetime, sealer: Sealer) -> Document:
    """The new current version."""
    resource = save.stamped(at)
    profile = load().profile_of(resource)
    parted = part(resource, profile, partial(save.text, at))
    return {
        "_id": resource["id"],
        "v": save.version,
        "at": at,
        "p": profile.name if profile else None,
        "json": parted.open,
        **_sealed(parted, save.person, sealer),
        "person": save.person,
        "custodian": save.custodian,
        "k": keys_document(save.keys),
        **({"gone": True} if save.gone else {}),
        **_found_by(resource, profile.name if profile else "", save.custodian or "", sealer),
        **({} if parted.parts else figures.begun(resource, at)),
    }


def event_document(save: Save, at: datetime, formed: Formed) -> Document:
    """The same of an audit event whose form is known."""
    return {
        "_id": save.id,
        "v": save.version,
        "at": at,
        "p": formed.profile,
        "json": formed.text,
        "person": save.person,
        "custodian": save.custodian,
        "k": keys_document(save.keys),
        "x": formed.found,
    }


def _sealed(parted: Parted, person: str | None, sealer: Sealer) -> Document:
    if not parted.parts:
        return {}
    seal = sealer.seal(person).seal
    return {"s": {name: seal(text) for name, text in parted.parts.items()}}


def _found_by(resource: Resource, profile: str, custodian: str, sealer: Sealer) -> Document:
    """Search fields in clear, and tokens in place of those that read what is encrypted."""
    type_ = resource["resourceType"]
    found = _kept(type_, search.index(resource, profile)) if type_ in PARAMETERS else {}
    sealed = [one for one in _sealed_parameters(type_, profile) if one.kept_as in found] if found else ()
    if not sealed:
        return {"x": found}
    key, hidden = sealer.search_key(custodian), {one.kept_as for one in sealed}
    return {
        "x": {name: values for name, values in found.items() if name.partition(":")[0] not in hidden},
        "t": {one.name: search_tokens.stored(key, type_, one, found) for one in sealed},
    }


def _kept(type_: str, found: dict[str, Any]) -> dict[str, Any]:
    """What `index` found, as the database keeps it: a place is one, or its index refuses it."""
    if "near" in found:
        found["near"] = found["near"][0]
    if type_ in POLLED and POLLED[type_] in found:
        found[f"{POLLED[type_]}:only"] = found[POLLED[type_]][0]
    for name in _with_numbers(type_) & found.keys():
        found[name] = _binary(found[name])
    return found


@cache
def _with_numbers(type_: str) -> frozenset[str]:
    numeric = {"number", "quantity", "composite"}
    return frozenset(one.kept_as for one in PARAMETERS[type_].values() if one.type in numeric)


def _binary(value: Any) -> Any:
    """https://www.mongodb.com/docs/manual/tutorial/model-monetary-data/: a decimal is kept as one."""
    match value:
        case Decimal():
            return Decimal128(value)
        case list():
            return [_binary(one) for one in value]
        case dict():
            return {key: _binary(one) for key, one in value.items()}
    return value


@cache
def _sealed_parameters(type_: str, profile: str) -> tuple[Parameter, ...]:
    return tuple(PARAMETERS[type_][name] for name in sorted(search.sealed_in(type_, profile)))


def keys_document(keys: Iterable[Key]) -> list[Document]:
    return [_key_document(key) for key in keys]


def _key_document(key: Key) -> Document:
    written: Document = {"g": key.grant, "f": key.since, "u": key.until}
    if key.unless:
        written["n"] = sorted(key.unless)
    if key.passing:
        written["z"] = True
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


def aware(instant: datetime) -> datetime:
    """The zone that every instant of the database has, where it was read without it."""
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _key(kept: Document) -> Key:
    if len(kept) == len(_SIMPLE):
        return _simple_key(kept["g"], kept["f"], kept["u"])
    unless, because = frozenset(kept.get("n", ())), tuple(kept.get("b", ()))
    return Key(kept["g"], aware(kept["f"]), aware(kept["u"]), unless, because, kept.get("z", False))


@lru_cache(maxsize=4096)
def _simple_key(grant: str, since: datetime, until: datetime) -> Key:
    """As an organisation's own, which every document has that it keeps."""
    return Key(grant, aware(since), aware(until))


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
        at=aware(document["at"]),
        kept=text,
        person=document["person"],
        custodian=document["custodian"],
        keys=tuple(map(_key, document["k"])),
        opener=opener if sealed else None,
        gone=document.get("gone", False),
    )
