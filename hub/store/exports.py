"""Exports and the lists of what they found: `hub.ports.Exports` on MongoDB. Whatever was asked, by whom, and what was found is
encrypted; nothing is kept of what stands in a document.

An export is worked on by who has leased it, and each lease has a number: what is saved under an older one is dropped
(https://martinfowler.com/articles/patterns-of-distributed-systems/generation.html). They go by the hub's clock, not by a TTL
index, so that what is over is over for everybody at the same instant.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

from pymongo import ReturnDocument

from hub.fhir.issues import Issue
from hub.ports import Caller, Export, Kept, Line, Part, Wanted
from hub.store.failures import in_our_words
from hub.store.records import Box
from hub.store.schema import Document, Mongo

ATTEMPTS: Final = 5
"""So often is a step begun and not finished, until the export has failed."""

LONGEST: Final = timedelta(days=1)


class MongoExports:
    def __init__(self, database: Mongo, box: Box) -> None:
        self._exports, self._exported, self._box = database.exports, database.exported, box

    def __repr__(self) -> str:
        return "<MongoExports>"

    @in_our_words
    def begin(self, export: Export) -> None:
        own = {"_id": export.id, "client": export.caller.client, "lease": export.at, "attempts": 0, "step": export.step}
        self._exports.insert_one(own | self._document(export))

    @in_our_words
    def running(self, client: str, now: datetime) -> int:
        return self._exports.count_documents({"client": client, "state": "running", "until": {"$gt": now}})

    @in_our_words
    def find(self, id_: str, now: datetime) -> Export | None:
        found = self._exports.find_one({"_id": id_, "until": {"$gt": now}})
        return self._read(found) if found else None

    @in_our_words
    def lease(self, now: datetime, until: datetime, id_: str = "") -> Export | None:
        due: Document = {"state": "running", "lease": {"$lte": now}, "until": {"$gt": now}}
        if id_:
            due["_id"] = id_
        found = self._exports.find_one_and_update(
            due,
            {"$set": {"lease": until}, "$inc": {"attempts": 1, "step": 1}},
            sort=[("lease", 1)],
            return_document=ReturnDocument.AFTER,
        )
        if found and found["attempts"] > ATTEMPTS:
            self._exports.update_one({"_id": found["_id"], "step": found["step"]}, {"$set": {"state": "failed"}})
            return None
        return self._read(found) if found else None

    @in_our_words
    def save(self, export: Export, lines: Sequence[Line], now: datetime) -> bool:
        """The list first: whoever is killed in between leaves one that no export names, and it goes with the old ones."""
        new = export.parts[-1].id if lines else ""
        if new:
            of = {"_id": new, "export": export.id, "until": now + LONGEST}
            self._exported.insert_one(of | {"lines": self._box.dump(_written(lines))})
        if export.state == "done":
            self._exported.update_many({"export": export.id}, {"$set": {"until": export.until}})
        mine = {"_id": export.id, "step": export.step, "state": "running"}
        saved = self._exports.update_one(
            mine, {"$set": {**self._document(export), "lease": now, "attempts": 0}}
        ).matched_count
        if new and not saved:
            self._exported.delete_one({"_id": new})
        return bool(saved)

    @in_our_words
    def lines(self, part: Part) -> tuple[Line, ...]:
        found = self._exported.find_one({"_id": part.id})
        return tuple(_lines(self._box.load(found["lines"]))) if found else ()

    @in_our_words
    def forget(self, id_: str) -> None:
        self._exports.delete_one({"_id": id_})
        self._exported.delete_many({"export": id_})

    @in_our_words
    def forget_old(self, now: datetime) -> None:
        for kept in (self._exports, self._exported):
            kept.delete_many({"until": {"$lte": now}})

    def _document(self, export: Export) -> Document:
        wanted, caller = export.wanted, export.caller
        sealed = {
            "caller": {**asdict(caller), "within": [], "scopes": sorted(caller.scopes), "roles": sorted(caller.roles)}
            | {"bound": [list(one) for one in sorted(caller.bound)]},
            "wanted": {**asdict(wanted), "persons": None if wanted.persons is None else sorted(wanted.persons)},
            "at": export.at,
            "place": export.place,
            "after": export.after,
            "parts": [[part.id, part.type, part.count, part.kind] for part in export.parts],
            "issues": [asdict(issue) for issue in export.issues],
        }
        return {"until": export.until, "state": export.state, "sealed": self._box.dump(sealed)}

    def _read(self, found: Document) -> Export:
        inside = self._box.load(found["sealed"])
        return Export(
            id=found["_id"],
            caller=_caller(inside["caller"]),
            wanted=_wanted(inside["wanted"]),
            at=inside["at"],
            until=found["until"],
            state=found["state"],
            place=inside["place"],
            after=inside["after"],
            parts=tuple(Part(*part) for part in inside["parts"]),
            step=found["step"],
            issues=tuple(Issue(**issue) for issue in inside.get("issues", ())),
        )


def _caller(kept: dict[str, Any]) -> Caller:
    sets = {name: frozenset(kept[name]) for name in ("scopes", "roles")}
    return Caller(**{**kept, **sets, "within": (), "bound": frozenset(Kept(*one) for one in kept["bound"])})


def _wanted(kept: dict[str, Any]) -> Wanted:
    filters = {type_: tuple(texts) for type_, texts in kept["filters"].items()}
    persons = None if kept["persons"] is None else frozenset(kept["persons"])
    lists = {name: tuple(kept.get(name, ())) for name in ("types", "patients", "elements")}
    return Wanted(**{**kept, **lists, "filters": filters, "persons": persons})


def _written(lines: Sequence[Line]) -> dict[str, Any]:
    """Most lines are of the same few sets of classes: each set is written once."""
    sets = list(dict.fromkeys(line.classes for line in lines))
    number = {classes: n for n, classes in enumerate(sets)}
    return {
        "classes": [sorted(classes) for classes in sets],
        "lines": [[line.id, line.version, number[line.classes]] for line in lines],
    }


def _lines(kept: dict[str, Any]) -> list[Line]:
    sets = [frozenset(classes) for classes in kept["classes"]]
    return [Line(id_, version, sets[number]) for id_, version, number in kept["lines"]]
