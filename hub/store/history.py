"""Reading the history: the versions of what a caller may see now, newest first, in full pages; a total that is told is exact.

https://hl7.org/fhir/R4/http.html#history. The history's own documents have no keys: who may see a version is asked of the present
document, so a withdrawal covers all versions at once; and of the profile that the version itself had. All is read in one
snapshot, since a version that is replaced meanwhile would be told twice.

No version is newer than the present document. So the next versions are those of the next documents in the order of the last
change, or of documents that changed since: a page reads what was on the pages before it and itself, however much is stored.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from pymongo.client_session import ClientSession

from hub.ports import Found, Past, Versions
from hub.store import cells, queries
from hub.store.documents import SERVED, Keyring, stored_all
from hub.store.pages import MOST, PAGE
from hub.store.schema import Document, Mongo
from hub.store.totals import FEW

ORDER: Final = ("at", "r", "v")
_KNOWN: Final = {"v": 1, "at": 1, "p": 1, "_id": 0}


def find(database: Mongo, pasts: Sequence[Past], asked: Versions, keyring: Keyring, session: ClientSession) -> Found:
    """A page of the histories of several types as one, and how many versions there are."""
    count = PAGE if asked.count is None else min(asked.count, MOST)
    rows = [row for past in pasts for row in _next(database, past, asked, count, session)] if count else []
    rows.sort(key=_place, reverse=True)
    page, more = rows[:count], len(rows) > count
    total = _total(database, pasts, asked, session) if more or asked.after or not count else len(page)
    stored = tuple(_stored(database, page, keyring, session))
    return Found(total, stored, cells.dump(_place(page[-1])) if more else None)


def present(past: Past) -> Document:
    """The present documents whose versions count: those that are visible, and those that their keeper deleted."""
    visible: Document = {"$and": list(queries.seen(past.type, past.visible))}
    return {"$or": [visible, deleted(past)]} if past.keeper else visible


def deleted(past: Past) -> Document:
    bound = [{"person": kept.person, "custodian": kept.custodian} for kept in sorted(past.visible.bound)]
    return {"gone": True, "custodian": past.keeper, **({"$or": bound} if bound else {})}


def _place(row: Document) -> list[Any]:
    return [row[name] for name in ORDER]


def _sorted() -> Document:
    return {"$sort": dict.fromkeys(ORDER, -1)}


def _next(database: Mongo, past: Past, asked: Versions, count: int, session: ClientSession) -> Iterator[Document]:
    """The next rows of one type."""
    for documents in _documents(past, asked, count + 1):
        steps = [*documents, *_versions(past, asked), *_beyond(asked.after), _sorted(), {"$limit": count + 1}]
        yield from database[past.type].aggregate(steps, session=session)


def _documents(past: Past, asked: Versions, limit: int) -> Iterator[list[Document]]:
    """Of what documents the next rows are. What was current at a moment may have changed any time since."""
    wanted = [_wanted(past, asked)]
    if asked.id or asked.ids or asked.at:
        yield [{"$match": wanted[0]}]
        return
    if asked.after:
        at, name, _ = cells.load(asked.after)
        follows = _follows(past.type, at, name)
        yield [{"$match": {"$and": [*wanted, {"at": {"$gte": at}}, {"$nor": [follows]}]}}]
        wanted.append(follows)
    yield [{"$match": {"$and": wanted}}, {"$sort": {"at": -1, "_id": -1}}, {"$limit": limit}]


def _follows(type_: str, at: datetime, name: str) -> Document:
    """Documents of a type whose last change comes after this place in the order, so that nothing of them was told yet."""
    last, _, id_ = name.partition("/")
    if type_ > last:
        return {"at": {"$lt": at}}
    if type_ < last:
        return {"at": {"$lte": at}}
    return {"$or": [{"at": {"$lt": at}}, {"at": at, "_id": {"$lt": id_}}]}


def _total(database: Mongo, pasts: Sequence[Past], asked: Versions, session: ClientSession) -> int | None:
    """None where it is much and was not asked for: each document costs a look into the history."""
    found, left = 0, FEW
    for past in pasts:
        if asked.count != 0:
            left -= database[past.type].count_documents(_wanted(past, asked), limit=left + 1, session=session)
            if left < 0:
                return None
        found += _count(database, past, asked, session)
    return found


def _count(database: Mongo, past: Past, asked: Versions, session: ClientSession) -> int:
    steps = [{"$match": _wanted(past, asked)}, *_versions(past, asked), {"$count": "n"}]
    return next((int(found["n"]) for found in database[past.type].aggregate(steps, session=session)), 0)


def _wanted(past: Past, asked: Versions) -> Document:
    wanted: list[Document] = [present(past)]
    wanted += [{"_id": asked.id}] if asked.id else []
    wanted += [{"_id": {"$in": sorted(asked.ids)}}] if asked.ids else []
    wanted += [{"at": {"$gte": asked.since}}] if asked.since else []  # what is older has no version that is newer
    return {"$and": wanted}


def _versions(past: Past, asked: Versions) -> Iterator[Document]:
    """Of documents a row for each version: `r`, `v`, `at`, and of the present document what its keys are."""
    kept = {"v": 1, "at": 1, "p": 1, "k": 1, "gone": 1, "r": {"$concat": [f"{past.type}/", "$_id"]}}
    yield {"$project": kept}
    yield {
        "$lookup": {
            "from": "history", "localField": "r", "foreignField": "r", "as": "old", "pipeline": [{"$project": _KNOWN}],
        }
    }  # fmt: skip
    yield {"$set": {"all": {"$concatArrays": [[{"v": "$v", "at": "$at", "p": "$p", "now": True}], "$old"]}}}
    if asked.at:
        yield {"$set": {"first": _current_at(asked.at[0])}}
    yield {"$unwind": "$all"}
    row = {name: f"$all.{name}" for name in ("v", "at", "p", "now")}
    yield {"$project": {"r": 1, "k": 1, "gone": 1, "first": 1, **row}}
    yield {"$match": {"$and": [_of_its_profile(past), *_in_time(asked)]}}


def _of_its_profile(past: Past) -> Document:
    """The present keys open a version only as far as the profile that it had itself goes; an earlier one, those alone that a
    consent gives to whatever stands in it."""
    keys = replace(past.visible, narrowed=(), bound=frozenset())
    present = [{"now": True}, *queries.seen(past.type, keys)]
    return {
        "$or": [{"gone": True}, {"$and": present}, {"$and": list(queries.seen(past.type, keys.of_every_version()))}]
    }


def _current_at(moment: Any) -> Document:
    """The version that was current at a moment: the last of those that were not later."""
    earlier = {"$filter": {"input": "$all", "cond": {"$lte": ["$$this.at", moment]}}}
    return {"$max": {"$map": {"input": earlier, "in": "$$this.v"}}}


def _in_time(asked: Versions) -> Iterator[Document]:
    if asked.version is not None:
        yield {"v": asked.version}
    if asked.since:
        yield {"at": {"$gte": asked.since}}
    if asked.at:
        yield {"at": {"$lt": asked.at[1]}}
        yield {
            "$expr": {"$gte": ["$v", "$first"]}
        }  # nothing was current then: null, and every version is more than that


def _beyond(after: str | None) -> Iterator[Document]:
    if after is None:
        return
    last = dict(zip(ORDER, cells.load(after), strict=True))
    yield {
        "$match": {
            "$or": [
                {**{name: last[name] for name in ORDER[:depth]}, ORDER[depth]: {"$lt": last[ORDER[depth]]}}
                for depth in range(len(ORDER))
            ]
        }
    }


def _stored(database: Mongo, page: Sequence[Document], keyring: Keyring, session: ClientSession) -> Iterator[Any]:
    """The texts of a page, each with the keys of the present document."""
    now = {name: found for type_ in _types(page) for name, found in _now(database, type_, page, session)}
    names = [f"{row['r']}/{row['v']}" for row in page]
    old = {found["_id"]: found for found in database.history.find({"_id": {"$in": names}}, session=session)}
    for row, name in zip(page, names, strict=True):
        type_, _, id_ = row["r"].partition("/")
        found, keys = now[row["r"]], now[row["r"]]["k"]
        if name in old:
            found, keys = old[name], [key for key in keys if not key.get("z")]
        yield from stored_all(type_, [{**found, "_id": id_, "k": keys}], keyring)


def _types(page: Sequence[Document]) -> list[str]:
    return list(dict.fromkeys(row["r"].partition("/")[0] for row in page))


def _now(
    database: Mongo, type_: str, page: Sequence[Document], session: ClientSession
) -> Iterator[tuple[str, Document]]:
    ids = [row["r"].partition("/")[2] for row in page if row["r"].startswith(f"{type_}/")]
    for found in database[type_].find({"_id": {"$in": ids}}, SERVED, session=session):
        yield f"{type_}/{found['_id']}", found
