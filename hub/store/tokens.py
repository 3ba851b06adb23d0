"""Tokens as the database keeps them, with the Consents that they are bound to.

    {_id: hash, client, organization, scopes, purpose, since, until, kid,
     practitioner, roles, account, family,   of a person
     binding: {consents: [{id, v}], kept: [{person, custodian}], until, policies, residual: JSON}}

A token is good for as long as each of its Consents is in the version that was read. That is asked at every use: a withdrawal
writes a new version, in its own transaction, so the next look-up of any process finds the token ended.

One that is bound to none is looked up again after a tenth of a second at most, and whoever ends tokens answers only when that
is over (docs/adr/0081): then no process takes it for good any more.
"""

import time
from collections.abc import Sequence
from typing import Final

import orjson

from hub.errors import LOGIN, HubError
from hub.ports import LONG_AGO, Binding, Kept, Token
from hub.store.schema import Document, Mongo
from hub.store.wire import checked

LEASE_S: Final = 0.1
"""For so long after a look-up was begun, its process does not ask again."""
LIFETIME_S: Final = 30.0
MOST: Final = 10_000


class Seen:
    """Tokens that were looked up here a moment ago, and were good. Threads share it."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, Token]] = {}

    def keep(self, token: Token, asked: float) -> None:
        """`asked`: by `time.monotonic`, before it was looked up."""
        if len(self._kept) >= MOST:
            self._kept.clear()  # each is asked for once more
        self._kept[token.hash] = asked, token

    def of(self, hash_: str) -> Token | None:
        return self._within(LIFETIME_S, hash_)

    def leased(self, hash_: str) -> Token | None:
        """One that cannot have been ended before now: who ends tokens waits for longer (`let_leases_end`)."""
        return self._within(LEASE_S, hash_)

    def _within(self, seconds: float, hash_: str) -> Token | None:
        asked, token = self._kept.get(hash_, (-LIFETIME_S, None))
        return token if time.monotonic() < asked + seconds else None

    def forget(self, hash_: str) -> None:
        self._kept.pop(hash_, None)


def let_leases_end() -> None:
    """After tokens were ended, and before anybody is told so: any process may have looked them up just before."""
    time.sleep(LEASE_S * 1.1)  # two clocks of machines do not run at quite the same speed


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
