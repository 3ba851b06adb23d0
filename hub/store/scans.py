"""A walk through all that somebody may see of a type, by id: no total is counted, and no page is missed or repeated while
documents change, since an id never does.

https://hl7.org/fhir/uv/bulkdata/export.html#query-parameters
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pymongo.collection import Collection

from hub.fhir.query import Query
from hub.ports import Past, Scan, Visible
from hub.store import history
from hub.store.documents import SERVED
from hub.store.queries import matching, whose
from hub.store.schema import Document


def find(collection: Collection[Document], asked: Sequence[tuple[Query, Visible]], scan: Scan) -> list[Document]:
    any_of = [matching(query, visible) for query, visible in asked]
    wanted = {"$and": [any_of[0] if len(any_of) == 1 else {"$or": any_of}, *_bounds(collection.name, scan)]}
    return list(collection.find(wanted, SERVED).sort("_id").limit(scan.limit))


def deleted(collection: Collection[Document], past: Past, scan: Scan) -> list[Document]:
    """What its keeper deleted, and has not brought back."""
    wanted: list[Document] = [history.deleted(past), *_bounds(collection.name, replace(scan, by=None))]
    wanted += [{"at": {"$lte": scan.by}}] if scan.by else []
    return list(collection.find({"$and": wanted}, SERVED).sort("_id").limit(scan.limit))


def _bounds(type_: str, scan: Scan) -> Iterator[Document]:
    yield {"erased": {"$exists": False}}
    if scan.after:
        yield {"_id": {"$gt": scan.after}}
    if scan.ids is not None:
        yield {"_id": {"$in": list(scan.ids)}}
    if scan.since is not None:
        yield {"at": {"$gt": scan.since}}
    if scan.by is not None:
        yield {"$or": [{"at": {"$lte": scan.by}}, {"v": {"$gt": 1}}]}
    if scan.of_people:
        yield {"person": {"$ne": None}}
    if scan.persons is not None:
        yield whose(type_, scan.persons)
