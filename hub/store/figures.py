"""What is kept for counting: `hub.ports.Figures` on MongoDB.

A Task's document holds its course beside the text:

    q: {s: when it was sent, f: {status: when first}, n: status now, d: {dimension: code}}

It is carried on in the transaction that writes the next version. Only what the document holds in clear is in it: of a Task with
encrypted elements none is kept, nor of one whose earlier versions had none. A person's row holds when she may be counted, where
that is known:

    s: [{o: organisation, f: since, u: until, v: main type of violence, or ""}]
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from pymongo import ASCENDING

from hub.fhir import Resource
from hub.fhir.serial import loads
from hub.ports import LONG_AGO, Counted, Course, Uncounted, Visible
from hub.referral import courses
from hub.store import queries
from hub.store.failures import in_our_words
from hub.store.schema import COURSE, Document, Mongo

TYPE: Final = "Task"
COMPLETED: Final = "courses"
AT_ONCE: Final = 10_000
UNSETTLED: Final = {"$or": [{"s": {"$exists": False}}, {"s": {"$elemMatch": {"v": {"$exists": False}}}}]}
"""Not settled since the rules changed, or before the type of violence was kept."""
BY_TIME: Final = [("k.g", ASCENDING), (f"{COURSE}.s", ASCENDING)]


def begun(resource: Resource, at: datetime) -> Document:
    """The course of what is written now, as if it were the first version."""
    if resource["resourceType"] != TYPE or "status" not in resource:
        return {}
    found = courses.step(resource, at)
    return {COURSE: _document(found) if found else {"s": LONG_AGO}}


def carried(before: Document, now: Document) -> Document:
    """The new document with the course that goes on from the one that it replaces."""
    if COURSE not in now:
        return now
    known, step = before.get(COURSE), now[COURSE]
    if known is None:
        return {name: value for name, value in now.items() if name != COURSE}
    if "f" not in known or "f" not in step:
        return now
    return {**now, COURSE: _document(courses.carried(_course(known), _course(step)))}


def complete_courses(database: Mongo) -> None:
    """Once: of courses that were written before each dimension was kept, what is missing."""
    if database.settings.find_one({"_id": COMPLETED}):
        return
    lacking = {f"{COURSE}.f": {"$exists": True}, f"{COURSE}.d.age-band": {"$exists": False}}
    for one in database[TYPE].find(lacking, {COURSE: 1, "json": 1, "v": 1}):
        whole = courses.completed(_course(one[COURSE]), loads(one["json"]))
        database[TYPE].update_one({"_id": one["_id"], "v": one["v"]}, {"$set": {f"{COURSE}.d": dict(whole.said)}})
    database.settings.replace_one({"_id": COMPLETED}, {"with": "age-band"}, upsert=True)


def counted_document(spans: Iterable[Counted]) -> list[Document]:
    return [{"o": one.keeper, "f": one.since, "u": one.until, "v": one.violence} for one in spans]


class MongoFigures:
    def __init__(self, database: Mongo) -> None:
        self._database = database

    @in_our_words
    def courses(self, visible: Visible, since: datetime, before: datetime) -> list[Course]:
        wanted = {"$and": [{f"{COURSE}.s": {"$gte": since, "$lt": before}}, *queries.seen(TYPE, visible)]}
        found = self._database[TYPE].find(wanted, {COURSE: 1, "person": 1, "_id": 0}, batch_size=AT_ONCE).hint(BY_TIME)
        return [_course(one[COURSE], one["person"] or "") for one in found]

    @in_our_words
    def without_course(self, visible: Visible) -> list[Uncounted]:
        wanted = {"$and": [{f"{COURSE}.s": None}, *queries.seen(TYPE, visible)]}
        found = self._database[TYPE].find(wanted, {"person": 1}, batch_size=AT_ONCE).hint(BY_TIME)
        return [Uncounted(one["_id"], one["person"]) for one in found if one["person"]]

    @in_our_words
    def counted(self, keeper: str, at: datetime) -> dict[str, str]:
        now = {"s": {"$elemMatch": {"o": keeper, "f": {"$lte": at}, "u": {"$gt": at}, "v": {"$exists": True}}}}
        found = self._database.persons.find({"s.o": keeper, **now}, {"_id": 1, **now}, batch_size=AT_ONCE)
        return {one["_id"]: one["s"][0]["v"] for one in found}

    @in_our_words
    def unsettled(self, persons: Iterable[str]) -> frozenset[str]:
        asked = sorted(persons)
        return frozenset(
            one["_id"]
            for start in range(0, len(asked), AT_ONCE)
            for one in self._database.persons.find(
                {"_id": {"$in": asked[start : start + AT_ONCE]}, **UNSETTLED}, {"_id": 1}
            )
        )


def _document(course: Course) -> Document:
    return {"s": courses.sent(course), "f": dict(course.first), "n": course.status, "d": dict(course.said)}


def _course(kept: Document, person: str = "") -> Course:
    return Course(kept["f"], kept["n"], kept["d"], person)
