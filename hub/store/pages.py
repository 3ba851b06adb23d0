"""One page of a query, and the cursor to the next: by the place of the last document in the order, never by counting.

A cursor is encrypted and bound to its query: nothing can be read from it, and one that was changed, or is used with another
query, is refused. The order always ends with the id, so that no two documents have the same place.
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pymongo.collection import Collection

from hub.errors import BAD_PARAMETER, HubError
from hub.fhir.query import Query, Sort
from hub.ports import Found, Visible
from hub.search.parameters import parameter
from hub.store import cells
from hub.store.documents import SERVED, Keyring, aware, stored_all
from hub.store.lookups import find_page
from hub.store.queries import field, matching
from hub.store.schema import Document
from hub.store.sealing import DataKey
from hub.store.totals import total

PAGE: Final = 50
MOST: Final = 500
NEWEST_FIRST: Final = (Sort("_lastUpdated", descending=True),)

_NONCE: Final = 12
_KEPT: Final = {"_id": "_id", "_lastUpdated": "at"}
_INSIDE: Final = {"date": ".l", "quantity": ".l", "number": ".n"}


def cursor_key(deployment: DataKey) -> bytes:
    """The key that all processes of a deployment share. It is not in the database: what was sorted by is not to be read there."""
    return hmac.digest(deployment.material, b"cursor", "sha256")


def find(collection: Collection[Document], query: Query, visible: Visible, key: bytes, keyring: Keyring) -> Found:
    """A page and the total, with the same predicate."""
    wanted = matching(query, visible)
    count = PAGE if query.count is None else min(query.count, MOST)
    if count == 0:
        return Found(total(query, [(collection, wanted)]), (), None)
    order = _order(query)
    last = opened(query.after, query, key) if query.after else None
    if _is_kept(order):
        documents = _in_kept_order(collection, wanted, order, last, count + 1)
    else:
        documents = list(collection.aggregate(_sorted_after(query.type, wanted, order, last, count + 1)))
    page, more = documents[:count], len(documents) > count
    whole = not more and last is None
    after = seal(_place(page[-1], order), query, key) if more else None
    found = len(page) if whole and query.counted else total(query, [(collection, wanted)])
    return Found(found, tuple(stored_all(query.type, page, keyring)), after)


def ids(
    collection: Collection[Document], query: Query, visible: Visible, limit: int, through: tuple[str, str] | None
) -> Iterator[str]:
    """The ids of what a query finds, or of what it refers to: the first step of a chain."""
    wanted = matching(query, visible)
    if through is None:
        yield from (one["_id"] for one in collection.find(wanted, {"_id": True}).limit(limit))
        return
    at, begins = field(query.type, through[0]), f"{through[1]}/"
    steps: list[Document] = [{"$match": wanted}, {"$unwind": f"${at}"}, {"$match": {at: {"$regex": f"^{begins}"}}}]
    for one in collection.aggregate([*steps, {"$group": {"_id": f"${at}"}}, {"$limit": limit}]):
        yield one["_id"].removeprefix(begins)


def _order(query: Query) -> tuple[Sort, ...]:
    asked = query.sort or NEWEST_FIRST
    if any(sort.parameter == "_id" for sort in asked):
        return asked
    return (*asked, Sort("_id", asked[-1].descending))


def _in_kept_order(
    collection: Collection[Document], wanted: Document, order: Sequence[Sort], last: list[Any] | None, limit: int
) -> list[Document]:
    """By what the store keeps beside the document: an index's order."""
    places = [_KEPT[sort.parameter] for sort in order]
    beyond = wanted if last is None else {"$and": [wanted, _beyond_kept(places, order, last)]}
    ways = [(place, -1 if one.descending else 1) for place, one in zip(places, order, strict=True)]
    return find_page(collection.database, collection.name, beyond, SERVED, ways=ways, limit=limit)


def _is_kept(order: Sequence[Sort]) -> bool:
    return all(sort.parameter in _KEPT for sort in order)


def _place(document: Document, order: Sequence[Sort]) -> list[Any]:
    """Where a document stands in the order."""
    if _is_kept(order):
        kept = (document[_KEPT[sort.parameter]] for sort in order)
        return [aware(one) if isinstance(one, datetime) else one for one in kept]
    return list(document["_s"].values())


def _sorted_after(
    type_: str, wanted: Document, order: Sequence[Sort], last: list[Any] | None, limit: int
) -> list[Document]:
    """What has no value comes last in either direction: each value is preceded by whether it is missing."""
    values: Document = {}
    ways: list[bool] = []
    for number, sort in enumerate(order):
        value = _value(type_, sort)
        values |= {f"m{number}": {"$eq": [value, None]}, f"s{number}": value}
        ways += [False, sort.descending]
    places = [f"_s.{name}" for name in values]
    steps: list[Document] = [{"$match": wanted}, {"$addFields": {"_s": values}}]
    if last is not None:
        steps.append({"$match": _beyond(places, ways, last)})
    steps.append({"$sort": {place: -1 if way else 1 for place, way in zip(places, ways, strict=True)}})
    return [*steps, {"$limit": limit}, {"$project": SERVED}]


def _value(type_: str, sort: Sort) -> Any:
    """What a document is ordered by: of several values the first in that direction; of dates and quantities the beginning, of
    tokens the code."""
    if sort.parameter in _KEPT:
        return f"${_KEPT[sort.parameter]}"
    end, at = "$max" if sort.descending else "$min", f"${field(type_, sort.parameter)}"
    known = parameter(type_, sort.parameter)
    inside = _INSIDE.get(known.type if known else "", "")
    values: Any = f"{at}{inside}"
    if known and known.type == "token":
        code = {"$arrayElemAt": [{"$split": ["$$one", "|"]}, -1]}
        values = {"$map": {"input": at, "as": "one", "in": code}}
    return {"$ifNull": [{end: values}, None]}


def _beyond_kept(places: Sequence[str], order: Sequence[Sort], last: list[Any]) -> Document:
    """After `last` in the order, as a filter that an index can begin at: the instant and the id are never missing."""
    return {
        "$or": [
            {
                **{places[n]: last[n] for n in range(depth)},
                places[depth]: {"$lt" if order[depth].descending else "$gt": last[depth]},
            }
            for depth in range(len(order))
        ]
    }


def _beyond(places: Sequence[str], descending: Sequence[bool], last: list[Any]) -> Document:
    """The same where values may be missing: only `$expr` compares nothing with something."""
    alternatives = []
    for depth, down in enumerate(descending):
        equal = [{"$eq": [f"${places[n]}", {"$literal": last[n]}]} for n in range(depth)]
        further = {"$lt" if down else "$gt": [f"${places[depth]}", {"$literal": last[depth]}]}
        alternatives.append({"$and": [*equal, further]})
    return {"$expr": {"$or": alternatives}}


# --- cursors ---------------------------------------------------------------------------------------------------------


def seal(last: list[Any], query: Query, key: bytes) -> str:
    nonce = os.urandom(_NONCE)
    sealed = AESGCM(key).encrypt(nonce, cells.dump(last).encode(), _fingerprint(query))
    return base64.urlsafe_b64encode(nonce + sealed).decode("ascii").rstrip("=")


def opened(cursor: str, query: Query, key: bytes) -> list[Any]:
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        last: list[Any] = cells.load(AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], _fingerprint(query)).decode())
    except (ValueError, InvalidTag):
        problem = HubError(BAD_PARAMETER, path="http._page", parameter="_page", expected="Bundle.link[next]")
    else:
        return last
    raise problem


def _fingerprint(query: Query) -> bytes:
    return hashlib.sha256(repr((query.type, query.matches, query.any_of, query.sort)).encode()).digest()
