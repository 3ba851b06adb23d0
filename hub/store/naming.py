"""Lists of many: groups and lists that belong to no survivor, and name some of them or what is theirs.

https://hl7.org/fhir/R4/group.html · https://hl7.org/fhir/R4/list.html. Who is erased goes from them too, from the versions of
before as well: a version whose text names her is not kept.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pymongo.client_session import ClientSession

from hub.store import queries
from hub.store.documents import SERVED
from hub.store.schema import Document, Mongo

NAMED_BY: Final[Mapping[str, str]] = {"Group": "member", "List": "item"}
"""Type → the search parameter that finds whom it names."""


def naming(database: Mongo, references: Sequence[str]) -> Iterator[tuple[str, Document]]:
    """The present ones that name any of these, with their types."""
    for type_, parameter in NAMED_BY.items():
        wanted = {queries.field(type_, parameter): {"$in": list(references)}, "person": None}
        yield from ((type_, found) for found in database[type_].find(wanted, SERVED).sort("_id", 1))


def forget(database: Mongo, ids: Sequence[str], session: ClientSession) -> None:
    """Former versions that name any of these."""
    named = rf"/({'|'.join(map(re.escape, ids))})[\"/]"
    of_lists = [{"r": {"$regex": f"^{type_}/"}} for type_ in NAMED_BY]
    if ids:
        database.history.delete_many({"$or": of_lists, "person": None, "json": {"$regex": named}}, session=session)
