"""The whole compartments of persons, all of one revision: a snapshot of what is kept of each of them.

Of few persons everything is asked for at once: a command for each type costs more than what it brings.
https://www.mongodb.com/docs/manual/reference/operator/aggregation/unionWith/
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from pymongo.client_session import ClientSession

from hub.ports import Compartment, Documents, Stored
from hub.store.documents import SERVED, Keyring, stored_all
from hub.store.lookups import rows
from hub.store.schema import Document, Mongo
from hub.store.wire import PLAIN

FEW: Final = 8
BATCH: Final = 10_000
OF_TYPE: Final = "_t"


def compartments(
    database: Mongo, persons: Sequence[str], keyring: Keyring, session: ClientSession
) -> dict[str, Compartment]:
    """Of those that are known and not erased."""
    known = {"_id": {"$in": persons}, "erased": {"$exists": False}}
    asked = {"find": "persons", "filter": known, "batchSize": BATCH}
    found = {row["_id"]: row for row in rows(database, asked, session)}
    documents: dict[str, list[Stored]] = {person: [] for person in found}
    gone: dict[str, list[Stored]] = {person: [] for person in found}
    read = _at_once if len(found) <= FEW else _one_by_one
    for type_, kept in read(database, found, session).items():
        for stored in stored_all(type_, kept, keyring):
            (gone if stored.gone else documents)[stored.person or ""].append(stored)
    return {
        id_: Compartment(id_, row["r"], Documents.of(documents[id_]), row.get("n"), tuple(gone[id_]))
        for id_, row in found.items()
    }


def unchanged(database: Mongo, remembered: Iterable[Compartment]) -> dict[str, Compartment]:
    """Those of which the revision is still the one that is remembered. When something is due is said by the row."""
    known = {one.person: one for one in remembered}
    if not known:
        return {}
    asked = {"find": "persons", "filter": {"_id": {"$in": list(known)}, "erased": {"$exists": False}}}
    found = ((known[row["_id"]], row) for row in rows(database, asked))
    return {one.person: replace(one, due=row.get("n")) for one, row in found if one.revision == row["r"]}


def _types(found: Mapping[str, Document]) -> Iterator[tuple[str, Document]]:
    """Each type that there is, and the filter of who has some of it."""
    for type_ in sorted({type_ for row in found.values() for type_ in row["t"]}):
        yield type_, {"person": {"$in": [id_ for id_, row in found.items() if type_ in row["t"]]}}


def _one_by_one(database: Mongo, found: Mapping[str, Document], session: ClientSession) -> dict[str, list[Document]]:
    return {
        type_: list(
            rows(database, {"find": type_, "filter": theirs, "projection": SERVED, "batchSize": BATCH}, session, PLAIN)
        )
        for type_, theirs in _types(found)
    }


def _at_once(database: Mongo, found: Mapping[str, Document], session: ClientSession) -> dict[str, list[Document]]:
    steps: dict[str, list[Document]] = {
        type_: [{"$match": theirs}, {"$project": SERVED}, {"$addFields": {OF_TYPE: type_}}]
        for type_, theirs in _types(found)
    }
    read: dict[str, list[Document]] = {type_: [] for type_ in steps}
    if not steps:
        return read
    first, *others = steps
    unions = [{"$unionWith": {"coll": type_, "pipeline": steps[type_]}} for type_ in others]
    asked = {"aggregate": first, "pipeline": [*steps[first], *unions], "cursor": {"batchSize": BATCH}}
    for row in rows(database, asked, session, PLAIN):
        read[row.pop(OF_TYPE)].append(row)
    return read
