"""One page over several resource types, the last change first: https://hl7.org/fhir/R4/http.html#search (search-system).

Each type gives its own next documents in the order of its index; they are merged here. The place in the order is the instant, the
id and the type, so that no two documents have the same one.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple

from hub.fhir.query import Query
from hub.ports import Found, Stored, Visible
from hub.store.documents import SERVED, Keyring, stored_all
from hub.store.pages import MOST, PAGE, opened, seal
from hub.store.queries import matching
from hub.store.schema import Document, Mongo
from hub.store.totals import total


class _Place(NamedTuple):
    at: datetime
    id: str
    type: str


def find(database: Mongo, asked: Sequence[tuple[Query, Visible]], key: bytes, keyring: Keyring) -> Found:
    first = asked[0][0]
    count = PAGE if first.count is None else min(first.count, MOST)
    wanted = {query.type: matching(query, visible) for query, visible in asked}
    last = _Place(*opened(first.after, first, key)) if first.after else None
    ranked = sorted(
        (
            (_Place(one["at"], one["_id"], type_), one)
            for type_, filter_ in wanted.items()
            for one in (_next(database, type_, filter_, last, count + 1) if count else ())
        ),
        key=itemgetter(0),
        reverse=True,
    )
    more = len(ranked) > count > 0
    found = total(first, ((database[type_], filter_) for type_, filter_ in wanted.items()))
    after = seal(list(ranked[count - 1][0]), first, key) if more else None
    return Found(found, _stored(ranked[:count], keyring), after)


def _next(database: Mongo, type_: str, wanted: Document, last: _Place | None, limit: int) -> list[Document]:
    found = database[type_].find({"$and": [wanted, _beyond(type_, last)]} if last else wanted, SERVED)
    return list(found.sort([("at", -1), ("_id", -1)]).limit(limit))


def _beyond(type_: str, last: _Place) -> Document:
    """Of one instant the later ids come first, of one id the later types."""
    return {
        "$or": [{"at": {"$lt": last.at}}, {"at": last.at, "_id": {"$lte" if type_ < last.type else "$lt": last.id}}]
    }


def _stored(ranked: Sequence[tuple[_Place, Mapping[str, Any]]], keyring: Keyring) -> tuple[Stored, ...]:
    by_type: dict[str, list[Document]] = {}
    for place, document in ranked:
        by_type.setdefault(place.type, []).append(dict(document))
    found = {(t, one.id): one for t, documents in by_type.items() for one in stored_all(t, documents, keyring)}
    return tuple(found[place.type, place.id] for place, _ in ranked)
