"""What organisations say of pairs of persons: `hub.ports.Judgements` on MongoDB.

    judgements  {_id: organization and persons, organization, persons: [both], v, sealed: the rest, encrypted}

A person's row in `persons` counts the judgements about her (`j`), so that she is not erased while one is written: the one that
comes second begins again, and finds the other's work. Her erasure takes them all.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from hub.errors import Conflict
from hub.ports import Changes, Judgement
from hub.store.failures import in_our_words
from hub.store.records import Box
from hub.store.schema import Document, Mongo

Commit = Callable[[Changes, Callable[[ClientSession], None]], datetime]


class MongoJudgements:
    def __init__(self, database: Mongo, box: Box, commit: Commit) -> None:
        self._database, self._box, self._commit = database, box, commit

    def __repr__(self) -> str:
        return "<MongoJudgements>"

    @in_our_words
    def put(self, judgement: Judgement, told: Changes) -> None:
        document = self._document(judgement)

        def write(session: ClientSession) -> None:
            there = {"_id": {"$in": list(judgement.persons)}, "erased": {"$exists": False}}
            counted = self._database.persons.update_many(there, {"$inc": {"j": 1}}, session=session)
            if counted.matched_count != len(judgement.persons) or not self._write(document, session):
                raise Conflict

        self._commit(told, write)

    def _write(self, document: Document, session: ClientSession) -> bool:
        if document["v"] == 1:
            try:
                self._database.judgements.insert_one(document, session=session)
            except DuplicateKeyError:
                return False
            return True
        before = {"_id": document["_id"], "v": document["v"] - 1}
        return bool(self._database.judgements.replace_one(before, document, session=session).matched_count)

    @in_our_words
    def remove(self, judgement: Judgement, told: Changes) -> None:
        known = {"_id": _id(judgement), "v": judgement.version}

        def write(session: ClientSession) -> None:
            if not self._database.judgements.delete_one(known, session=session).deleted_count:
                raise Conflict

        self._commit(told, write)

    @in_our_words
    def of(self, organization: str, person: str = "") -> Sequence[Judgement]:
        wanted: Document = {"organization": organization} | ({"persons": person} if person else {})
        return [self._read(one) for one in self._database.judgements.find(wanted).sort("_id")]

    def _document(self, judgement: Judgement) -> Document:
        said = {"said": judgement.said, "at": judgement.at, "by": judgement.by, "seen": judgement.seen}
        return {
            "_id": _id(judgement),
            "organization": judgement.organization,
            "persons": list(judgement.persons),
            "v": judgement.version,
            "sealed": self._box.dump(said),
        }

    def _read(self, document: Document) -> Judgement:
        one, other = document["persons"]
        said = self._box.load(document["sealed"])
        return Judgement(document["organization"], (one, other), **said, version=document["v"])


def _id(judgement: Judgement) -> str:
    return "|".join((judgement.organization, *judgement.persons))


def forget(database: Mongo, person: str, session: ClientSession) -> None:
    """Whoever said it: she is erased."""
    database.judgements.delete_many({"persons": person}, session=session)
