"""The different values of a few elements, over all that somebody may see of a type.

https://www.mongodb.com/docs/manual/reference/operator/aggregation/facet/. No index holds them apart: each document is read, once.
"""

from collections.abc import Sequence
from typing import Final

from pymongo.collection import Collection

from hub.fhir.query import Query
from hub.ports import Visible
from hub.store.queries import field, matching
from hub.store.schema import Document

MOST: Final = 100_000
"""Documents that are read for it: more take seconds."""


def find(
    collection: Collection[Document], query: Query, visible: Visible, names: Sequence[str], limit: int
) -> dict[str, tuple[str, ...]] | None:
    """The first `limit` of each, in order; None where there is too much to read."""
    wanted = matching(query, visible)
    if collection.count_documents(wanted, limit=MOST + 1) > MOST:
        return None
    places = {name: field(query.type, name) for name in names}
    each = {
        name: [{"$unwind": f"${at}"}, {"$group": {"_id": f"${at}"}}, {"$sort": {"_id": 1}}, {"$limit": limit}]
        for name, at in places.items()
    }
    steps: list[Document] = [{"$match": wanted}, {"$project": dict.fromkeys(places.values(), 1)}, {"$facet": each}]
    (found,) = collection.aggregate(steps)
    return {name: tuple(one["_id"] for one in found[name]) for name in names}
