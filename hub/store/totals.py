"""How many documents a query finds: exact, or not told.

https://hl7.org/fhir/R4/search.html#total: a total is optional. To count takes as long as there is much to count, so what was not
asked for is told as far as it costs little. Only what the caller may see is counted, also for the question whether there are few.
"""

from collections.abc import Iterable
from typing import Final

from pymongo.collection import Collection

from hub.fhir.query import Query
from hub.store.lookups import count
from hub.store.schema import Document

FEW: Final = 200
"""So many are counted in a few milliseconds, whatever is stored; of a history, the versions of so many documents."""


def total(query: Query, wanted: Iterable[tuple[Collection[Document], Document]]) -> int | None:
    """Of all these together. None where nobody wants it, or where it is much and was not asked for."""
    alone = query.count == 0  # then nothing else is asked for
    if not (query.counted or alone):
        return None
    limit = None if query.accurate or alone else FEW
    found = 0
    for collection, filter_ in wanted:
        left = None if limit is None else limit - found + 1
        found += count(collection.database, collection.name, filter_, left)
        if limit is not None and found > limit:
            return None
    return found
