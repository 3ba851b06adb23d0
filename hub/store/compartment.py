"""Everything of one person, or of several one after the other, in an order that has no gaps: person, type, id.

https://hl7.org/fhir/R4/patient-operation-everything.html. Each type carries its own predicate; a page begins after the place
of the last document, so that nothing repeats or is skipped while documents come in.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from typing import Final, NamedTuple

from hub.errors import BAD_PARAMETER, HubError
from hub.fhir.query import Query
from hub.ports import Gathered, Stored, Visible
from hub.store.documents import SERVED, Keyring, stored_all
from hub.store.queries import matching, seen, whose
from hub.store.schema import Document, Mongo

Asked = Sequence[tuple[Query, Visible]]
"""The types in their order, with what of each is asked for and what the caller may see."""

PERSONS_AT_ONCE: Final = 100


class _At(NamedTuple):
    """A place in the order; of nothing, before everything."""

    person: str = ""
    type: str = ""
    id: str = ""


def of_person(database: Mongo, person: str, asked: Asked, keyring: Keyring, *, count: int, after: str) -> Gathered:
    """A page of what the caller may see of her, and the exact total; of none (`count` 0), the total alone."""
    if not count:
        return Gathered(sum(_count(database, person, *one) for one in asked), (), None)
    place = _place(after, asked)
    page, following = _page(_walk(database, [person], asked, place, count), count)
    whole = not after and following is None
    total = len(page) if whole else sum(_count(database, person, *one) for one in asked)
    return Gathered(total, _stored(page, keyring), following)


def of_persons(
    database: Mongo, patients: Visible, asked: Asked, keyring: Keyring, *, count: int, after: str
) -> Gathered:
    """The same of each whose own record the caller may see. How much it is in all is not counted."""
    place = _place(after, asked)
    persons = _persons(database, patients, place.person)
    page, following = _page(_walk(database, persons, asked, place, count), count)
    return Gathered(None, _stored(page, keyring), following)


def _place(after: str, asked: Asked) -> _At:
    place = _At(*after.split(" ")) if after.count(" ") == 2 else _At()
    if after and place.type not in {query.type for query, _ in asked}:
        raise HubError(BAD_PARAMETER, path="http._page", parameter="_page", expected="Bundle.link[next]")
    return place


def _persons(database: Mongo, patients: Visible, first: str) -> Iterator[str]:
    wanted = {"$and": [*seen("Patient", patients), {"_id": {"$gte": first}}]}
    found = database["Patient"].find(wanted, {"_id": 1}, batch_size=PERSONS_AT_ONCE).sort("_id", 1)
    return (one["_id"] for one in found)


def _walk(
    database: Mongo, persons: Iterator[str] | list[str], asked: Asked, place: _At, count: int
) -> Iterator[tuple[_At, Document]]:
    for person in persons:
        begun = place if person == place.person else _At()
        names = [query.type for query, _ in asked]
        for query, visible in asked[names.index(begun.type) if begun.type else 0 :]:
            wanted = _wanted(person, query, visible, begun.id if query.type == begun.type else "")
            found = database[query.type].find(wanted, SERVED, limit=count + 1).sort("_id", 1)
            yield from ((_At(person, query.type, one["_id"]), one) for one in found)


def _wanted(person: str, query: Query, visible: Visible, after: str = "") -> Document:
    beyond = {"_id": {"$gt": after}} if after else {}
    return {**whose(query.type, [person]), **beyond, **matching(query, visible)}


def _count(database: Mongo, person: str, query: Query, visible: Visible) -> int:
    return database[query.type].count_documents(_wanted(person, query, visible))


def _page(walk: Iterator[tuple[_At, Document]], count: int) -> tuple[list[tuple[_At, Document]], str | None]:
    found = list(islice(walk, count + 1))
    return found[:count], " ".join(found[count - 1][0]) if len(found) > count else None


def _stored(page: list[tuple[_At, Document]], keyring: Keyring) -> tuple[Stored, ...]:
    """Neighbours of one type are opened together."""
    return tuple(
        one
        for type_, group in groupby(page, key=lambda pair: pair[0].type)
        for one in stored_all(type_, [document for _, document in group], keyring)
    )
