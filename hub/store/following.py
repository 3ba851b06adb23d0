"""Which persons' keys follow from a group or a post, so that its change and theirs are one act.

A person's row names (`m`) what her Consents name. Who settles a person touches these entries in the version that was read;
who changes an entry settles all whose rows name it. Whichever comes second finds the other's trace and is computed anew.
"""

import uuid
from collections.abc import Iterable, Mapping

from pymongo.client_session import ClientSession

from hub.errors import Conflict
from hub.fhir.references import split
from hub.store.schema import Mongo


def followers(database: Mongo, references: Iterable[str], session: ClientSession | None = None) -> frozenset[str]:
    """The persons whose Consents name any of these."""
    found = database.persons.find({"m": {"$in": sorted(references)}}, {"_id": 1}, session=session)
    return frozenset(one["_id"] for one in found)


def touch(database: Mongo, entries: Mapping[str, int], session: ClientSession) -> None:
    """Raises Conflict when an entry is not any more as it was read. What was not there then is nobody's to touch."""
    for reference, version in sorted(entries.items()):
        type_, id_ = split(reference)
        as_read = {"_id": id_, "v": version}
        mark = {"$set": {"f": uuid.uuid4().hex}}  # a write, so that two acts on it meet
        if version and not database[type_].update_one(as_read, mark, session=session).matched_count:
            raise Conflict


def require_followers(database: Mongo, followed: Mapping[str, frozenset[str]], session: ClientSession) -> None:
    """Raises Conflict when somebody names an entry by now who is not settled with its change."""
    for reference, persons in followed.items():
        if not followers(database, [reference], session) <= persons:
            raise Conflict
