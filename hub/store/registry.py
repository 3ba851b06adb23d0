"""Clients, tokens, used assertions and counted attempts: `hub.ports.Registry` on MongoDB.

Of a token only its hash is kept. Tokens, assertions and counts go by themselves once they are over
(https://www.mongodb.com/docs/manual/core/index-ttl/); until the sweep comes, their end is asked at every use.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import orjson
from pymongo import WriteConcern
from pymongo.errors import DuplicateKeyError

from hub.ports import LONG_AGO, Client, Token
from hub.store.failures import in_our_words
from hub.store.mongo import MongoStore
from hub.store.schema import Document


class MongoRegistry:
    def __init__(self, store: MongoStore) -> None:
        self._database = store.database

    def __repr__(self) -> str:
        return "<MongoRegistry>"

    @in_our_words
    def client(self, id_: str) -> Client | None:
        found = self._database.clients.find_one({"_id": id_})
        return _client(found) if found else None

    @in_our_words
    def clients(self) -> Iterator[Client]:
        return iter([_client(found) for found in self._database.clients.find().sort("_id")])

    @in_our_words
    def save_client(self, client: Client) -> None:
        kept = {
            "_id": client.id,
            "organization": client.organization,
            "jwks": orjson.dumps(client.jwks).decode(),
            "scopes": sorted(client.scopes),
            "purposes": list(client.purposes),
            "title": client.title,
            "introspects": client.introspects,
        }
        self._database.clients.replace_one({"_id": client.id}, kept, upsert=True)

    @in_our_words
    def save_token(self, token: Token) -> None:
        self._database.tokens.insert_one(
            {
                "_id": token.hash,
                "client": token.client,
                "organization": token.organization,
                "scopes": sorted(token.scopes),
                "purpose": token.purpose,
                "until": token.until,
                "since": token.since,
                "kid": token.kid,
            }
        )

    @in_our_words
    def token(self, hash_: str, now: datetime) -> Token | None:
        found = self._database.tokens.find_one({"_id": hash_, "until": {"$gt": now}})
        return _token(found) if found else None

    @in_our_words
    def end_token(self, hash_: str, client: str) -> None:
        self._database.tokens.delete_one({"_id": hash_, "client": client})

    @in_our_words
    def end_tokens(self, client: str, kid: str) -> int:
        return self._database.tokens.delete_many({"client": client, "kid": kid}).deleted_count

    @in_our_words
    def use_assertion(self, client: str, jti: str, until: datetime) -> bool:
        used = hashlib.sha256(f"{len(client)}|{client}|{jti}".encode()).hexdigest()
        try:
            self._database.assertions.insert_one({"_id": used, "until": until})
        except DuplicateKeyError:
            return False
        return True

    @in_our_words
    def count(self, key: str, until: datetime) -> None:
        """Lost in a fail-over, it costs nothing: it does not wait for the journal."""
        hasty = self._database.attempts.with_options(write_concern=WriteConcern(1))
        hasty.update_one({"_id": key}, {"$inc": {"n": 1}, "$setOnInsert": {"until": until}}, upsert=True)

    @in_our_words
    def counts(self, keys: Iterable[str]) -> Mapping[str, int]:
        return {row["_id"]: row["n"] for row in self._database.attempts.find({"_id": {"$in": list(keys)}})}


def _client(found: Document) -> Client:
    return Client(
        id=found["_id"],
        organization=found["organization"],
        jwks=orjson.loads(found["jwks"]),
        scopes=frozenset(found["scopes"]),
        purposes=tuple(found["purposes"]),
        title=found["title"],
        introspects=found.get("introspects", False),
    )


def _token(found: Document) -> Token:
    return Token(
        hash=found["_id"],
        client=found["client"],
        organization=found["organization"],
        scopes=frozenset(found["scopes"]),
        purpose=found["purpose"],
        until=found["until"],
        since=found.get("since", LONG_AGO),
        kid=found.get("kid", ""),
    )
