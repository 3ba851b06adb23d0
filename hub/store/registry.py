"""Clients, tokens, used assertions and counted attempts: `hub.ports.Registry` on MongoDB.

Of a token only its hash is kept. Tokens, assertions and counts go by themselves once they are over
(https://www.mongodb.com/docs/manual/core/index-ttl/); until the sweep comes, their end is asked at every use.
"""

import hashlib
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from pymongo import WriteConcern
from pymongo.collection import ReturnDocument
from pymongo.errors import DuplicateKeyError

from hub.ports import Changes, Client, Save, Token
from hub.store.failures import in_our_words
from hub.store.lookups import find_one
from hub.store.mongo import MongoStore
from hub.store.registered import change, client_document, read_client
from hub.store.tokens import Seen, let_leases_end, read_token, stands


class MongoRegistry:
    def __init__(self, store: MongoStore) -> None:
        self._store = store
        self._database = store.database
        self._seen = Seen()

    def __repr__(self) -> str:
        return "<MongoRegistry>"

    @in_our_words
    def client(self, id_: str) -> Client | None:
        found = find_one(self._database, "clients", {"_id": id_})
        return read_client(found) if found else None

    @in_our_words
    def clients(self) -> Iterator[Client]:
        return iter([read_client(found) for found in self._database.clients.find().sort("_id")])

    @in_our_words
    def save_client(self, client: Client) -> None:
        self._database.clients.replace_one({"_id": client.id}, client_document(client), upsert=True)

    def change_client(self, client: Client, replaces: Client | None, told: Sequence[Save] = ()) -> None:
        self._store.commit(Changes(saves=told), lambda session: change(client, replaces, self._database, session))
        if replaces is not None:
            let_leases_end()

    @in_our_words
    def save_token(self, token: Token, *events: Save) -> None:
        self._store.commit(Changes(saves=events, tokens=[token]))

    @in_our_words
    def token(self, hash_: str, now: datetime) -> Token | None:
        leased = self._seen.leased(hash_)
        if leased is not None and now < leased.until:
            return leased
        asked = time.monotonic()
        found = find_one(self._database, "tokens", {"_id": hash_})  # by its id alone, which the database need not plan
        if found is None or found["until"] <= now:
            self._seen.forget(hash_)
            return None
        token = read_token(found)
        if token.binding is None:
            self._seen.keep(token, asked)
        return token if stands(found, self._database) else None

    def supposed(self, hash_: str) -> Token | None:
        return self._seen.of(hash_)

    @in_our_words
    def kept_token(self, hash_: str) -> Token | None:
        found = find_one(self._database, "tokens", {"_id": hash_})
        return read_token(found) if found else None

    @in_our_words
    def alive(self, hashes: Collection[str], now: datetime) -> frozenset[str]:
        wanted = {"_id": {"$in": list(hashes)}, "until": {"$gt": now}}
        found = self._database.tokens.find(wanted, {"binding.consents": 1})
        return frozenset(one["_id"] for one in found if stands(one, self._database))

    @in_our_words
    def end_token(self, hash_: str, client: str, *events: Save) -> None:
        self._store.commit(Changes(saves=events, ended=[(hash_, client)]))
        let_leases_end()

    @in_our_words
    def use_assertion(self, client: str, jti: str, until: datetime) -> bool:
        used = hashlib.sha256(f"{len(client)}|{client}|{jti}".encode()).hexdigest()
        try:
            self._database.assertions.insert_one({"_id": used, "until": until})
        except DuplicateKeyError:
            return False
        return True

    @in_our_words
    def count(self, key: str, until: datetime) -> int:
        """Lost in a fail-over, it costs nothing: it does not wait for the journal."""
        hasty = self._database.attempts.with_options(write_concern=WriteConcern(1))
        more = {"$inc": {"n": 1}, "$setOnInsert": {"until": until}}
        found = hasty.find_one_and_update({"_id": key}, more, upsert=True, return_document=ReturnDocument.AFTER)
        return int(found["n"]) if found else 0

    @in_our_words
    def counts(self, keys: Iterable[str]) -> Mapping[str, int]:
        return {row["_id"]: row["n"] for row in self._database.attempts.find({"_id": {"$in": list(keys)}})}
