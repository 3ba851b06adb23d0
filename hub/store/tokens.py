"""Tokens as the database keeps them, with the Consents that they are bound to.

    {_id: hash, client, organization, scopes, purpose, since, until, kid,
     practitioner, roles, account, family,   of a person
     binding: {consents: [{id, v}], kept: [{person, custodian}], until, policies, residual: JSON}}

A token is good for as long as each of its Consents is in the version that was read. That is asked at every use: a withdrawal
writes a new version, in its own transaction, so the next look-up of any process finds the token ended.
"""

import time
from collections.abc import Sequence
from typing import Final

import orjson

from hub.errors import LOGIN, HubError
from hub.ports import LONG_AGO, Binding, Kept, Token
from hub.store.schema import Document, Mongo
from hub.store.wire import checked

LIFETIME_S: Final = 30.0
MOST: Final = 10_000


class Seen:
    """Tokens that were looked up here a moment ago, and were good. Threads share it."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, Token]] = {}

    def keep(self, token: Token) -> None:
        if len(self._kept) >= MOST:
            self._kept.clear()  # each is asked for once more
        self._kept[token.hash] = time.monotonic() + LIFETIME_S, token

    def of(self, hash_: str) -> Token | None:
        until, token = self._kept.get(hash_, (0.0, None))
        return token if time.monotonic() < until else None

    def forget(self, hash_: str) -> None:
        self._kept.pop(hash_, None)


def token_document(token: Token) -> Document:
    return {
        "_id": token.hash,
        "client": token.client,
        "organization": token.organization,
        "scopes": sorted(token.scopes),
        "purpose": token.purpose,
        "until": token.until,
        "since": token.since,
        "kid": token.kid,
        **({"practitioner": token.practitioner, "roles": sorted(token.roles)} if token.practitioner else {}),
        **({"account": token.account, "family": token.family} if token.family else {}),
        **({"binding": _binding_document(token.binding)} if token.binding else {}),
    }


def read_token(found: Document) -> Token:
    return Token(
        hash=found["_id"],
        client=found["client"],
        organization=found["organization"],
        scopes=frozenset(found["scopes"]),
        purpose=found["purpose"],
        until=found["until"],
        since=found.get("since", LONG_AGO),
        kid=found.get("kid", ""),
        practitioner=found.get("practitioner", ""),
        roles=frozenset(found.get("roles", ())),
        account=found.get("account", ""),
        family=found.get("family", ""),
        binding=_binding(found["binding"]) if "binding" in found else None,
    )


def stands(found: Document, database: Mongo) -> bool:
    """Whether every Consent that a token is bound to is still in the version that was read."""
    bound = {one["id"]: one["v"] for one in found.get("binding", {}).get("consents", ())}
    if not bound:
        return True
    now = database["Consent"].find({"_id": {"$in": list(bound)}}, {"v": 1})
    return {one["_id"]: one["v"] for one in now} == bound


def asking(hashes: Sequence[str]) -> list[Document]:
    """A command of a transaction by which it is asked whether these tokens are there; for none, none."""
    return [{"find": "tokens", "filter": {"_id": {"$in": hashes}}, "projection": {"_id": 1}}] if hashes else []


def require_there(hashes: Sequence[str], answers: Sequence[Document]) -> None:
    """`answers`: to `asking`. Raises HubError(LOGIN)."""
    there = {one["_id"] for answer in answers for one in checked(answer)["cursor"]["firstBatch"]}
    if not there.issuperset(hashes):
        raise HubError(LOGIN)


def _binding_document(binding: Binding) -> Document:
    return {
        "consents": [{"id": id_, "v": version} for id_, version in binding.consents],
        "kept": [kept._asdict() for kept in sorted(binding.kept)],
        "until": binding.until,
        "policies": list(binding.policies),
        "residual": orjson.dumps(binding.residual).decode(),
    }


def _binding(found: Document) -> Binding:
    return Binding(
        consents=tuple((one["id"], one["v"]) for one in found["consents"]),
        kept=frozenset(Kept(one["person"], one["custodian"]) for one in found["kept"]),
        until=found["until"],
        policies=tuple(found["policies"]),
        residual=tuple(orjson.loads(found["residual"])),
    )
