"""Erasure: what goes and what stays when a person is erased, inside the transaction of the act.

Her data key goes, and with it every ciphertext that any copy of the database still holds; so do the ciphertexts, the tokens,
what was in clear, the history, what waited in quarantine or in the outbox, the identities that a tool knew her by, and her
place in groups and lists of others. What stays says that something was there: empty documents that nobody may see, ledger
entries that keep a register from bringing her back, the audit trail and Provenance.
https://eur-lex.europa.eu/eli/reg/2016/679/oj#art_17 for what the word means.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pymongo.client_session import ClientSession

from hub.errors import Conflict
from hub.fhir.references import split
from hub.store import judgements
from hub.store.naming import forget
from hub.store.schema import COURSE, Document, Mongo
from hub.store.vault import COLLECTION, PERSON


def erased_revision(person: str, known: int, at: datetime) -> Document:
    """Whoever computed from her last state comes too late: the revision moved on."""
    return {
        "q": {"_id": person, "r": known},
        "u": {"$inc": {"r": 1}, "$set": {"t": [], "erased": at}, "$unset": {"s": ""}},
    }


@dataclass(frozen=True)
class Erasure:
    """`documents`: resource type → ids of her compartment."""

    person: str
    documents: Mapping[str, Sequence[str]]
    at: datetime

    @classmethod
    def of(cls, person: str, references: Sequence[str], at: datetime) -> "Erasure":
        found: dict[str, list[str]] = defaultdict(list)
        for type_, id_ in map(split, references):
            found[type_].append(id_)
        return cls(person, found, at)

    @property
    def references(self) -> list[str]:
        return [f"{type_}/{id_}" for type_, ids in self.documents.items() for id_ in ids]

    def write(self, database: Mongo, session: ClientSession) -> None:
        for type_, ids in self.documents.items():
            emptied = database[type_].update_many({"_id": {"$in": ids}}, self._tombstone(type_), session=session)
            if emptied.matched_count != len(ids):
                raise Conflict
        database.history.delete_many({"person": self.person}, session=session)
        database[COLLECTION].delete_one({"keyAltNames": f"{PERSON}{self.person}"}, session=session)
        judgements.forget(database, self.person, session)
        self._write_records(database, session)

    def write_lists(self, database: Mongo, session: ClientSession) -> None:
        """Once the present ones have their new versions."""
        forget(database, [id_ for ids in self.documents.values() for id_ in ids], session)

    def _tombstone(self, type_: str) -> list[Document]:
        text = {"$concat": [f'{{"resourceType":"{type_}","id":"', "$_id", '"}']}
        kept = {"v": {"$add": ["$v", 1]}, "at": self.at, "json": text, "k": [], "erased": self.at}
        return [{"$set": kept}, {"$unset": ["s", "t", "x", "p", "gone", COURSE]}]

    def _write_records(self, database: Mongo, session: ClientSession) -> None:
        hers = {"$in": self.references}
        keys = [row["_id"] for row in database.ledger.find({"resources.r": hers}, {"_id": 1}, session=session)]
        database.quarantine.delete_many({"_id": {"$in": keys}}, session=session)
        erased = {"$set": {"state": "erased", "handle": "{}", "version": ""}}
        database.ledger.update_many({"_id": {"$in": keys}}, erased, session=session)
        database.identities.delete_many({"r": hers}, session=session)
        database.outbox.delete_many({"reference": hers}, session=session)
        database.dispatches.delete_many({"reference": hers}, session=session)
        database.notified.delete_many({"reference": hers}, session=session)
