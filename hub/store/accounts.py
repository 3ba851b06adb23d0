"""People, their sign-ins, and what applications hold in their name: `hub.accounts.Accounts` on MongoDB.

What is over goes by itself (https://www.mongodb.com/docs/manual/core/index-ttl/); until then its end is asked at every use.
An exchange (a code for tokens, a refresh token for others) is one transaction: of two at once, one finds it used.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Final, TypeVar

from pymongo import DESCENDING
from pymongo.client_session import ClientSession

from hub.accounts import Account, Code, Family, Given, Invitation, Refresh, Session
from hub.errors import Conflict
from hub.ports import Changes, Save
from hub.store.failures import in_our_words
from hub.store.mongo import MongoStore
from hub.store.schema import Document
from hub.store.tokens import let_leases_end

Value = TypeVar("Value", Account, Invitation, Session, Code, Refresh)
_HELD: Final = ("tokens", "codes", "refreshes")


class MongoAccounts:
    def __init__(self, store: MongoStore) -> None:
        self._store = store
        self._database = store.database

    def __repr__(self) -> str:
        return "<MongoAccounts>"

    # --- people -------------------------------------------------------------------------------------------------------

    @in_our_words
    def account(self, id_: str) -> Account | None:
        return _read(Account, self._database.accounts.find_one({"_id": id_}))

    @in_our_words
    def accounts(self) -> Iterator[Account]:
        found = [_read(Account, one) for one in self._database.accounts.find().sort("_id")]
        return iter([one for one in found if one])

    def save_account(self, account: Account, replaces: Account | None, told: Sequence[Save] = ()) -> None:
        def write(session: ClientSession) -> None:
            new = _document(account)
            if replaces is None:
                self._database.accounts.insert_one(new, session=session)
                return
            changed = self._database.accounts.update_one(_document(replaces), {"$set": new}, session=session)
            if not changed.matched_count:
                raise Conflict
            if account.disabled or account.password != replaces.password:
                self._end(account.id, session)

        self._store.commit(Changes(saves=told), write)
        if replaces is not None:
            let_leases_end()

    @in_our_words
    def use_step(self, account: str, step: int) -> bool:
        """The step stands beside the account: `_read` does not see it, and a change of the account does not touch it."""
        unused = {"_id": account, "$or": [{"step": {"$lt": step}}, {"step": None}]}
        return bool(self._database.accounts.update_one(unused, {"$set": {"step": step}}).modified_count)

    @in_our_words
    def use_recovery(self, account: str, hash_: str) -> bool:
        left = {"_id": account, "recovery": hash_}
        return bool(self._database.accounts.update_one(left, {"$pull": {"recovery": hash_}}).modified_count)

    def invite(self, invitation: Invitation) -> None:
        def write(session: ClientSession) -> None:
            self._database.invitations.delete_many({"account": invitation.account}, session=session)
            self._database.invitations.insert_one(_document(invitation), session=session)

        self._store.commit(Changes(), write)

    @in_our_words
    def invitation(self, hash_: str, now: datetime) -> Invitation | None:
        return _read(Invitation, self._database.invitations.find_one({"_id": hash_, "until": {"$gt": now}}))

    @in_our_words
    def use_invitation(self, hash_: str) -> bool:
        return bool(self._database.invitations.delete_one({"_id": hash_}).deleted_count)

    # --- sessions -----------------------------------------------------------------------------------------------------

    def open_session(self, session: Session, told: Sequence[Save] = ()) -> None:
        kept = _document(session)
        self._store.commit(Changes(saves=told), lambda act: _insert(self._database.sessions, kept, act))

    @in_our_words
    def session(self, hash_: str, now: datetime) -> Session | None:
        return _read(Session, self._database.sessions.find_one({"_id": hash_, "until": {"$gt": now}}))

    @in_our_words
    def sessions(self, account: str, now: datetime) -> Iterator[Session]:
        alive = self._database.sessions.find({"account": account, "until": {"$gt": now}}).sort("since", DESCENDING)
        return iter([one for one in (_read(Session, found) for found in alive) if one])

    @in_our_words
    def prolong(self, hash_: str, until: datetime) -> None:
        self._database.sessions.update_one({"_id": hash_}, {"$set": {"until": until}})

    @in_our_words
    def end_session(self, hash_: str) -> None:
        self._database.sessions.delete_one({"_id": hash_})

    def sign_out(self, account: str, told: Sequence[Save] = ()) -> None:
        self._store.commit(Changes(saves=told), lambda session: self._end(account, session))
        let_leases_end()

    def _end(self, account: str, session: ClientSession) -> None:
        for name in ("sessions", *_HELD):
            self._database[name].delete_many({"account": account}, session=session)

    # --- codes and refresh tokens -------------------------------------------------------------------------------------

    def save_code(self, code: Code, told: Sequence[Save] = ()) -> None:
        kept = _document(code)
        self._store.commit(Changes(saves=told), lambda session: _insert(self._database.codes, kept, session))

    @in_our_words
    def code(self, hash_: str) -> Code | None:
        return _read(Code, self._database.codes.find_one({"_id": hash_}))

    def redeem(self, code: str, given: Given, told: Sequence[Save] = ()) -> bool:
        return self._exchange("codes", code, given, told)

    @in_our_words
    def refresh(self, hash_: str) -> Refresh | None:
        return _read(Refresh, self._database.refreshes.find_one({"_id": hash_}))

    def rotate(self, refresh: str, given: Given, told: Sequence[Save] = ()) -> bool:
        return self._exchange("refreshes", refresh, given, told)

    def _exchange(self, collection: str, hash_: str, given: Given, told: Sequence[Save]) -> bool:
        def write(session: ClientSession) -> None:
            first = {"_id": hash_, "used": False}
            if (
                not self._database[collection]
                .update_one(first, {"$set": {"used": True}}, session=session)
                .matched_count
            ):
                raise Conflict
            if given.refresh:
                self._database.refreshes.insert_one(_document(given.refresh), session=session)

        try:
            self._store.commit(Changes(saves=told, tokens=[given.token]), write)
        except Conflict:
            return False
        return True

    @in_our_words
    def families(self, account: str, now: datetime) -> Iterator[Family]:
        """By what is left of each: a refresh token not used yet, else an access token."""
        alive: Document = {"account": account, "until": {"$gt": now}}
        left = [*self._database.refreshes.find({**alive, "used": False, "good_until": {"$gt": now}})]
        left += self._database.tokens.find(alive)
        known: dict[str, Family] = {}
        for one in left:
            until = one.get("good_until", one["until"])
            known.setdefault(one["family"], Family(one["family"], one["client"], one["purpose"], one["since"], until))
        return iter(sorted(known.values(), key=lambda family: family.since, reverse=True))

    @in_our_words
    def end_family(self, family: str, account: str, told: Sequence[Save] = ()) -> None:
        def write(session: ClientSession) -> None:
            for name in _HELD:
                self._database[name].delete_many({"family": family, "account": account}, session=session)

        self._store.commit(Changes(saves=told), write)
        let_leases_end()


def _insert(collection: Any, kept: Document, session: ClientSession) -> None:
    collection.insert_one(kept, session=session)


def _document(value: Any) -> Document:
    """Sets in one order, so that a document is found again by what it says."""
    kept = {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    first = next(iter(kept))
    return {"_id": kept.pop(first), **kept}


def _plain(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(value)
    return list(value) if isinstance(value, tuple) else value


def _read(kind: Callable[..., Value], found: Document | None) -> Value | None:
    if found is None:
        return None
    known = fields(kind)  # type: ignore[arg-type]  # each is a dataclass
    first = known[0].name
    given = {first: found["_id"]} | {one.name: _of(one.type, found[one.name]) for one in known[1:] if one.name in found}
    return kind(**given)


def _of(type_: Any, value: Any) -> Any:
    if type_ == frozenset[str]:
        return frozenset(value)
    return tuple(value) if type_ == tuple[str, ...] else value
