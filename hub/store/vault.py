"""The key vault: one data key a person, one for what belongs to nobody, one a custodian for its search tokens; all wrapped.

The collection is laid out as MongoDB's drivers want it, so that each of them can open what is here, given the key-encryption
key: https://www.mongodb.com/docs/manual/core/csfle/reference/encryption-schemas/. A person's key is made in the transaction of
her first commit and destroyed in that of her erasure. What is unwrapped stays in this process for a short while.
"""

import hashlib
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from bson.binary import UUID_SUBTYPE, Binary
from pymongo import ASCENDING, UpdateOne
from pymongo.errors import ConnectionFailure, DuplicateKeyError

from hub.errors import Conflict
from hub.ports import KeyEncryption, KeyProof
from hub.store import lookups
from hub.store.failures import in_our_words
from hub.store.schema import Document, Mongo
from hub.store.sealing import KEY_LENGTH, DataKey, Encryption, Unreadable, random_bytes, unwrap, wrap

COLLECTION: Final = "keyvault"
DEPLOYMENT: Final = "deployment"
SEARCH: Final = "search:"
PERSON: Final = "person:"
LIFETIME_S: Final = 30.0
MOST: Final = 20_000
LOCAL: Final = "local:"
BATCH: Final = 500


@dataclass(frozen=True)
class Wrapping:
    """The current key-encryption key, ready to wrap the new keys of one act."""

    provider: str
    encryption: Encryption


class Vault:
    """Data keys by id and by name. Threads share it."""

    def __init__(self, database: Mongo, keks: KeyEncryption) -> None:
        self._rows = database[COLLECTION]
        self.keks = keks
        self._open: OrderedDict[bytes, tuple[float, DataKey]] = OrderedDict()
        self._named: dict[str, DataKey] = {}
        self._ids: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return "<Vault>"

    # --- the hub's own keys --------------------------------------------------------------------------------------------

    @property
    def deployment(self) -> DataKey:
        """For what belongs to no person that is known: quarantine, handles, payloads, places of shelters."""
        return self.named(DEPLOYMENT)

    @in_our_words
    def check(self) -> None:
        """Raises HubError when the key-encryption key is missing, or is another one: better at the beginning than at a read."""
        _ = self.deployment

    def search_key(self, custodian: str) -> DataKey:
        return self.named(f"{SEARCH}{custodian}")

    def search_keys(self) -> Sequence[DataKey]:
        """Of every custodian that has something to be found by tokens."""
        found = self._rows.find({"keyAltNames": {"$gte": SEARCH, "$lt": f"{SEARCH[:-1]};"}}).sort("_id", ASCENDING)
        return [self._opened(row) for row in found]

    def named(self, name: str) -> DataKey:
        """The key of this name, made by whoever needs it first."""
        if name not in self._named:
            self._named[name] = self._opened(self._rows.find_one({"keyAltNames": name}) or self._made(name))
        return self._named[name]

    def _made(self, name: str) -> Document:
        _, row = self.new(name, datetime.now(UTC))
        with suppress(DuplicateKeyError):
            self._rows.insert_one(row)
        return self._rows.find_one({"keyAltNames": name}) or row

    # --- keys of persons -----------------------------------------------------------------------------------------------

    def of_persons(self, persons: Collection[str]) -> Mapping[str, DataKey]:
        """Those that have a key. Read anew each time: it may have been destroyed."""
        if not persons:
            return {}
        rows = self._found({"keyAltNames": {"$in": [f"{PERSON}{person}" for person in persons]}})
        return {row["keyAltNames"][0].removeprefix(PERSON): self._opened(row) for row in rows}

    def of_revised(self, persons: Collection[str]) -> Mapping[str, DataKey]:
        """The same, perhaps from memory: for commits with these persons' revisions, which are refused where one was erased."""
        ids = {person: self._ids[person] for person in persons if person in self._ids}
        still = self._remembered(ids.values())
        known = {person: still[id_] for person, id_ in ids.items() if id_ in still}
        found = self.of_persons([person for person in persons if person not in known])
        return {**known, **found}

    def proof(self, person: str) -> KeyProof | None:
        key = self.of_persons([person]).get(person)
        return KeyProof(str(uuid.UUID(bytes=key.id)), hashlib.sha256(key.material).hexdigest()) if key else None

    def wrapping(self) -> Wrapping:
        """Asked once an act: to ask is to look at a file."""
        kek = self.keks.current()
        return Wrapping(f"{LOCAL}{kek.id}", Encryption(kek.secret))

    def new(self, name: str, at: datetime, wrapping: Wrapping | None = None) -> tuple[DataKey, Document]:
        """A fresh data key and the row to insert."""
        raw = bytearray(random_bytes(16))
        raw[6], raw[8] = raw[6] & 0x0F | 0x40, raw[8] & 0x3F | 0x80  # a UUID of version 4
        key, wrapping = DataKey(bytes(raw), random_bytes(KEY_LENGTH)), wrapping or self.wrapping()
        return key, {
            "_id": Binary(key.id, UUID_SUBTYPE),
            "keyMaterial": wrapping.encryption.of(key.material),
            "creationDate": at,
            "updateDate": at,
            "status": 0,
            "masterKey": {"provider": wrapping.provider},
            "keyAltNames": [name],
        }

    @in_our_words
    def by_id(self, ids: Iterable[bytes]) -> Mapping[bytes, DataKey]:
        """Raises Conflict when one is not there (any more)."""
        wanted = set(ids)
        found = self._remembered(wanted)
        if missing := [Binary(id_, UUID_SUBTYPE) for id_ in wanted - found.keys()]:
            opened = map(self._opened, self._found({"_id": {"$in": missing}}))
            found |= {key.id: key for key in opened}
        if len(found) < len(wanted):
            raise Conflict
        return found

    def _found(self, wanted: Document) -> list[Document]:
        """A command by wire is not repeated after a fail-over: the driver's is."""
        try:
            return list(lookups.rows(self._rows.database, {"find": COLLECTION, "filter": wanted}))
        except ConnectionFailure:
            return list(self._rows.find(wanted))

    # --- what is open --------------------------------------------------------------------------------------------------

    def _remembered(self, wanted: Iterable[bytes]) -> dict[bytes, DataKey]:
        now = time.monotonic()
        with self._lock:
            kept = {id_: self._open[id_] for id_ in wanted if id_ in self._open}
        return {id_: key for id_, (until, key) in kept.items() if now < until}

    def _opened(self, row: Document) -> DataKey:
        id_ = _id(row)
        known = self._remembered((id_,))
        if id_ in known:
            return known[id_]
        key = DataKey(id_, self.material(row))
        with self._lock:
            if len(self._ids) > MOST:
                self._ids = {}
            self._ids |= {name.removeprefix(PERSON): id_ for name in row["keyAltNames"] if name.startswith(PERSON)}
            self._open[id_] = (time.monotonic() + LIFETIME_S, key)
            self._open.move_to_end(id_)
            while len(self._open) > MOST:
                self._open.popitem(last=False)
        return key

    def material(self, row: Document) -> bytes:
        """Raises Unreadable when the key-encryption key is not at hand."""
        kek = self.keks.find(row["masterKey"]["provider"].removeprefix(LOCAL))
        if kek is not None:
            return unwrap(kek.secret, row["keyMaterial"])
        raise Unreadable

    # --- rotation ------------------------------------------------------------------------------------------------------

    @in_our_words
    def wrapped(self) -> Mapping[str, int]:
        counted = self._rows.aggregate([{"$group": {"_id": "$masterKey.provider", "count": {"$sum": 1}}}])
        return {row["_id"].removeprefix(LOCAL): row["count"] for row in counted}

    @in_our_words
    def rewrap(self) -> int:
        """Each row by itself, as it was found: what was destroyed meanwhile stays so, and a kill loses nothing."""
        kek, at = self.keks.current(), datetime.now(UTC)
        provider = f"{LOCAL}{kek.id}"
        rows = list(self._rows.find({"masterKey.provider": {"$ne": provider}}, limit=BATCH))
        updates = [
            UpdateOne(
                {"_id": row["_id"], "keyMaterial": row["keyMaterial"]},
                {"$set": {
                    "keyMaterial": wrap(kek.secret, self.material(row)), "masterKey.provider": provider, "updateDate": at,
                }},
            )
            for row in rows
        ]  # fmt: skip
        if updates:
            self._rows.bulk_write(updates, ordered=False)
        return len(updates)


def _id(row: Document) -> bytes:
    return row["_id"].bytes if isinstance(row["_id"], uuid.UUID) else bytes(row["_id"])
