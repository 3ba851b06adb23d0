"""Collections and indexes. All are made when the database is opened: none can be made inside a transaction as it should be.

One collection per resource type holds the current versions:

    {_id: id, v: version, at: instant, p: name of the profile, json: text served, but for what is encrypted,
     s: {data class: the part of the text, encrypted}, person, custodian,
     k: [{g: grant, f: since, u: until, n: [marks that it is closed to], b: [what it follows from]}],
     x: {search parameter: [values]; `status:only`, where it is polled by: the one value},
     t: {search parameter: [tokens]},
     q: {what is kept for counting, see `figures.py`}  (Tasks alone)
     gone: true, where this version says that the resource is deleted: then it has no keys, and of the text type and id alone
     c: {s: chain, n: place, h: hash}}  (audit events alone)

A compound index cannot cover two arrays (https://www.mongodb.com/docs/manual/core/indexes/index-types/index-multikey/), so
disclosure keys and search fields have indexes of their own, each followed by the order in which pages come. A document
without `p` was stored before the name was kept, and counts as one of the profile that is meant where a resource names none.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final

from pymongo import ASCENDING, DESCENDING, GEOSPHERE, IndexModel, WriteConcern
from pymongo.database import Database
from pymongo.errors import CollectionInvalid, OperationFailure

from hub.ports import LONG_AGO
from hub.search import is_sealed
from hub.search.parameters import PARAMETERS

Document = dict[str, Any]
Mongo = Database[Document]

SEARCHED: Final[Mapping[str, tuple[str, ...]]] = {
    "Patient": ("identifier", "name"),
    "EpisodeOfCare": ("patient", "identifier"),
    "Observation": ("patient",),
    "ServiceRequest": ("patient", "identifier", "requester", "performer"),
    "Task": ("patient", "identifier", "owner", "requester", "focus"),
    "Consent": ("patient", "actor"),
    "Organization": ("identifier", "name"),
    "HealthcareService": ("organization", "service-type", "area"),
    "Location": ("organization",),
    "PractitionerRole": ("organization",),
    "Endpoint": ("organization",),
    "MeasureReport": ("reporter",),
    "Provenance": ("target",),
    "AuditEvent": ("entity",),
    "Communication": ("recipient", "about"),
    "Practitioner": ("identifier",),
    "RelatedPerson": ("patient",),
}
"""Resource type → search parameters with an index of their own: the selective ones; of a type that is not listed, whom it is
about. The others ride on the keys' index, as every query asks for keys. Each costs at every write."""

IMPLIED: Final[Mapping[str, Mapping[str, str]]] = {"AuditEvent": {"patient": "entity"}}
"""Resource type → parameter → another that has each of its values, too, so that the index of that one serves both: the person of
an event is one of its entities (`hub/audit`). Each index of events costs two keys for each entry that somebody writes."""

POLLED: Final[Mapping[str, str]] = {"Task": "status"}
"""Resource type → a parameter with one value in each document, which can therefore share an index with the keys: what recipients
ask for again and again is found however many they see of other values."""

NOT_COMPARTMENT: Final = frozenset({"Provenance", "AuditEvent"})
"""Types that carry a person but are never read back with her compartment: they are only ever added to."""

BY_ENTITY: Final = frozenset({"AuditEvent"})
"""Types of which there are so many that one index serves for all that a document names and whose it is: `queries.whose`."""

DROPPED: Final = ("person_1", "x.patient_1_at_-1__id_-1")
"""Indexes that such a type had before."""

CHAINED: Final[Document] = {"c.n": {"$gt": 0}}
"""What has a place in a chain of audit events, and so is in the index that keeps one event a place."""

GONE: Final[Document] = {"gone": True}
"""What was deleted: its keeper alone finds it, in the history."""

COURSE: Final = "q"
"""Where a referral's course is: see `figures.py`."""

COUNTED: Final[Document] = {"s.o": {"$type": "string"}}
"""Persons who may be counted by somebody."""

NAMED: Final[Document] = {"keyAltNames": {"$exists": True}}
"""Two data keys never go by one name: https://www.mongodb.com/docs/manual/core/csfle/fundamentals/keys-key-vaults/"""

PUT_OFF: Final[Document] = {"next_try": {"$gt": LONG_AGO}}
"""What was tried and waits: few, among rows that are new."""

_PAGE: Final = (("at", DESCENDING), ("_id", DESCENDING))
_TYPE: Final = re.compile(r"[A-Z][A-Za-z]{1,63}")
_EXISTS: Final = 48


def _resource_indexes(type_: str) -> list[IndexModel]:
    searched = [IndexModel([(_place(type_, name), ASCENDING), *_PAGE]) for name in _searched(type_)]
    near = [IndexModel([("x.near", GEOSPHERE)])] if "near" in PARAMETERS.get(type_, ()) else []
    gone = IndexModel([("custodian", ASCENDING), *_PAGE], partialFilterExpression=GONE)
    polled = [IndexModel([("k.g", ASCENDING), (only(type_), ASCENDING), *_PAGE])] if type_ in POLLED else []
    counted = [IndexModel([("k.g", ASCENDING), (f"{COURSE}.s", ASCENDING)])] if type_ == "Task" else []
    of_person = [] if type_ in BY_ENTITY else [IndexModel([("person", ASCENDING)])]
    always = [*polled, *counted, IndexModel([("k.g", ASCENDING), *_PAGE]), *of_person, gone]
    return [*always, *searched, *near, *_places(type_)]


def only(type_: str) -> str:
    """Where the one value is."""
    return f"x.{POLLED[type_]}:only"


def _searched(type_: str) -> Iterator[str]:
    known = PARAMETERS.get(type_, {})
    return (name for name in SEARCHED.get(type_, ("patient",)) if name in known)


def _place(type_: str, name: str) -> str:
    return f"t.{name}" if is_sealed(type_, name) else f"x.{PARAMETERS[type_][name].kept_as}"


def _places(type_: str) -> list[IndexModel]:
    """Events from before there were chains have no place."""
    place = [("c.s", ASCENDING), ("c.n", ASCENDING)]
    return [IndexModel(place, unique=True, partialFilterExpression=CHAINED)] if type_ == "AuditEvent" else []


def _expiring() -> IndexModel:
    return IndexModel([("until", ASCENDING)], expireAfterSeconds=0)


def _by(*names: str) -> list[IndexModel]:
    return [IndexModel([(name, ASCENDING) for name in names])]


def _of_people() -> list[IndexModel]:
    """What is held in the name of a person who signed in: hers, and of one sign-in. A system's own is in neither index."""
    named = {name: {"$type": "string"} for name in ("account", "family")}
    return [IndexModel([(name, ASCENDING)], partialFilterExpression={name: kind}) for name, kind in named.items()]


def _housekeeping() -> dict[str, list[IndexModel]]:
    """`watermarks`, `clients`, `settings` and `checkpoints` are only ever found by their id."""
    return {
        "history": [IndexModel([("r", ASCENDING), ("v", DESCENDING)]), IndexModel([("person", ASCENDING)])],
        "persons": [
            IndexModel([("n", ASCENDING)]),
            IndexModel([("m", ASCENDING)], partialFilterExpression={"m": {"$type": "string"}}),
            IndexModel([("s.o", ASCENDING)], partialFilterExpression=COUNTED),
        ],
        "ledger": [
            IndexModel([("resources.r", ASCENDING)]),
            IndexModel([("connection", ASCENDING), ("kind", ASCENDING)]),
        ],
        "identities": [IndexModel([("r", ASCENDING)])],
        "quarantine": [*_by("connection", "at", "_id"), _expiring()],
        "outbox": [
            *_by("state", "order"),
            *_by("reference"),
            IndexModel([("state", ASCENDING), ("next_try", ASCENDING)], partialFilterExpression=PUT_OFF),
        ],
        "dispatches": [
            *_by("state", "lane", "order"),
            *_by("reference"),
            IndexModel([("at", ASCENDING)], partialFilterExpression={"state": "void"}),
        ],
        "lanes": [],
        "guards": [_expiring()],
        "turns": [],
        "watermarks": [],
        "clients": [],
        "tokens": [_expiring(), *_of_people(), *_by("client", "kid")],
        "accounts": _by("organization"),
        "invitations": [_expiring(), *_by("account")],
        "sessions": [_expiring(), *_by("account")],
        "codes": [_expiring(), *_of_people()],
        "refreshes": [_expiring(), *_of_people()],
        "assertions": [_expiring()],
        "attempts": [_expiring()],
        "exports": [*_by("client"), *_by("state", "lease"), *_by("until")],
        "exported": [*_by("export"), *_by("until")],
        "subscriptions": [*_by("organization"), *_by("status", "beat")],
        "notified": [_expiring(), *_by("subscription", "n"), *_by("reference", "subscription")],
        "judgements": [*_by("organization"), *_by("persons")],
        "settings": [],
        "checkpoints": [],
        "keyvault": [IndexModel([("keyAltNames", ASCENDING)], unique=True, partialFilterExpression=NAMED)],
    }


def is_type(name: str) -> bool:
    """Whether `name` can be a resource type: the names of other collections begin with a small letter."""
    return _TYPE.fullmatch(name) is not None


@cache
def _wanted() -> tuple[Mapping[str, list[IndexModel]], str]:
    """Every collection with its indexes, and what tells this shape from others."""
    wanted = {**{type_: _resource_indexes(type_) for type_ in PARAMETERS}, **_housekeeping()}
    shape = repr({name: [index.document for index in indexes] for name, indexes in wanted.items()})
    return wanted, hashlib.sha256(shape.encode()).hexdigest()


def prepare(database: Mongo) -> None:
    """Make what is missing. A database that this version has prepared before costs one look."""
    wanted, version = _wanted()
    found = database.settings.find_one({"_id": "schema"})
    if found and found["version"] == version:
        return
    hasty = database.with_options(write_concern=WriteConcern(1))  # the last write is durable, and so is all before it
    for name, indexes in wanted.items():
        _create(hasty, name, indexes)
    for type_ in POLLED:
        _keep_only(hasty, type_)
    for type_ in BY_ENTITY:
        _drop(hasty, type_, DROPPED)
    database.settings.replace_one({"_id": "schema"}, {"version": version}, upsert=True)


def _keep_only(database: Mongo, type_: str) -> None:
    """Of documents from before the one value was kept beside the list."""
    without = {f"x.{POLLED[type_]}": {"$exists": True}, only(type_): {"$exists": False}}
    database[type_].update_many(without, [{"$set": {only(type_): {"$first": f"$x.{POLLED[type_]}"}}}])


def _drop(database: Mongo, name: str, indexes: Iterable[str]) -> None:
    """Of a database that was prepared when they were still of use."""
    for index in database[name].index_information().keys() & {*indexes}:
        database[name].drop_index(index)


def prepare_types(database: Mongo, types: Iterable[str]) -> None:
    """Make the collections of further resource types, before the transaction that first writes to them."""
    for type_ in types:
        if not is_type(type_):
            raise ValueError("not a resource type")
        _create(database, type_, _resource_indexes(type_))


def _create(database: Mongo, name: str, indexes: list[IndexModel]) -> None:
    if indexes:
        database[name].create_indexes(indexes)
        return
    try:
        database.create_collection(name, check_exists=False)
    except CollectionInvalid:
        return
    except OperationFailure as failure:
        if failure.code != _EXISTS:
            raise
