"""Subscriptions and their numbered events: `hub.ports.Subscriptions` on MongoDB.

    subscriptions  {_id, organization, v, status, n: number of the last event, at, until, period, beat, error,
                    mailed, sealed: caller, resource, headers and code, encrypted}
    notified       {_id: of the dispatch, subscription, n, at, action, reference, v, until, arrived: only where it is}

An event gets its number in the transaction that makes its dispatch, so numbers have no gaps and no number is given twice.
https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/notifications.html#event-numbers
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

from pymongo.client_session import ClientSession

from hub.errors import Conflict
from hub.ports import FOREVER, LONG_AGO, Caller, Changes, Event, Kept, Standings, Subscription, SubscriptionStatus
from hub.store.failures import in_our_words
from hub.store.lanes import FRESH
from hub.store.records import WAITING, Box
from hub.store.schema import Document, Mongo

KEPT: Final = timedelta(days=60)
"""So long can a subscriber that was away ask for what it missed."""

LANE: Final = "subscription/"
OWN: Final = "subscription."
"""What these acts tell a subscriber is no event."""

LISTENING: Final = ("requested", "active", "error")
Commit = Callable[[Changes, Callable[[ClientSession], None]], datetime]


class MongoSubscriptions:
    def __init__(self, database: Mongo, box: Box, commit: Commit) -> None:
        self._database, self._box, self._commit = database, box, commit

    def __repr__(self) -> str:
        return "<MongoSubscriptions>"

    @in_our_words
    def add(self, subscription: Subscription, told: Changes) -> None:
        made = self._document(subscription) | {"_id": subscription.id, "n": 0}
        self._commit(told, lambda session: _insert(self._database, made, session))

    @in_our_words
    def replace(self, subscription: Subscription, told: Changes) -> None:
        changed = {"$set": self._document(subscription)}

        def write(session: ClientSession) -> None:
            before = {"_id": subscription.id, "v": subscription.version - 1}
            if not self._database.subscriptions.update_one(before, changed, session=session).matched_count:
                raise Conflict
            _forget_failures(self._database, subscription.id, session)

        self._commit(told, write)

    @in_our_words
    def remove(self, subscription: Subscription, told: Changes) -> None:
        def write(session: ClientSession) -> None:
            known = {"_id": subscription.id, "v": subscription.version}
            if not self._database.subscriptions.delete_one(known, session=session).deleted_count:
                raise Conflict
            self._database.notified.delete_many({"subscription": subscription.id}, session=session)
            self._database.dispatches.delete_many({"lane": LANE + subscription.id}, session=session)
            self._database.lanes.delete_one({"_id": LANE + subscription.id}, session=session)

        self._commit(told, write)

    @in_our_words
    def find(self, id_: str) -> Subscription | None:
        found = self._database.subscriptions.find_one({"_id": id_})
        return self._read(found) if found else None

    @in_our_words
    def of(self, organization: str) -> Sequence[Subscription]:
        found = self._database.subscriptions.find({"organization": organization}).sort([("at", -1), ("_id", 1)])
        return [self._read(one) for one in found]

    @in_our_words
    def listening(self, now: datetime) -> Sequence[Subscription]:
        wanted = {"status": {"$in": list(LISTENING)}, "until": {"$gt": now}}
        return [self._read(one) for one in self._database.subscriptions.find(wanted).sort("_id")]

    @in_our_words
    def stand(self, subscription: Subscription, status: SubscriptionStatus, error: str = "") -> bool:
        known = {"_id": subscription.id, "v": subscription.version}
        stands = {"$set": {"status": status, "error": error}}
        return bool(self._database.subscriptions.update_one(known, stands).matched_count)

    @in_our_words
    def beat(self, now: datetime) -> Sequence[str]:
        due = {"status": "active", "beat": {"$lte": now}}
        return [one["_id"] for one in self._database.subscriptions.find(due) if self._won(one, now)]

    def _won(self, found: Document, now: datetime) -> bool:
        seen = {"_id": found["_id"], "beat": found["beat"]}
        later = {"$set": {"beat": now + timedelta(seconds=found["period"])}}
        return bool(self._database.subscriptions.update_one(seen, later).modified_count)

    @in_our_words
    def heard(self, id_: str, now: datetime) -> None:
        found = self._database.subscriptions.find_one({"_id": id_, "period": {"$gt": 0}}, {"period": 1})
        if found:
            beat = now + timedelta(seconds=found["period"])
            self._database.subscriptions.update_one({"_id": id_, "period": found["period"]}, {"$set": {"beat": beat}})

    @in_our_words
    def mailed(self, id_: str, now: datetime) -> None:
        self._database.subscriptions.update_one({"_id": id_}, {"$set": {"mailed": now}})

    @in_our_words
    def arrived(self, dispatches: Collection[str]) -> None:
        self._database.notified.update_many({"_id": {"$in": list(dispatches)}}, {"$set": {"arrived": True}})

    @in_our_words
    def event(self, dispatch: str) -> Event | None:
        found = self._database.notified.find_one({"_id": dispatch})
        return _event(found) if found else None

    @in_our_words
    def standings(self) -> Standings:
        counts = {
            one["_id"]: one["n"]
            for one in self._database.subscriptions.aggregate([{"$group": {"_id": "$status", "n": {"$sum": 1}}}])
        }
        waiting = {"state": WAITING, "lane": {"$regex": f"^{LANE}"}}
        oldest = self._database.dispatches.find_one(waiting, {"at": 1}, sort=[("at", 1)])
        return Standings(**counts, oldest=oldest["at"] if oldest else None)

    @in_our_words
    def events(self, id_: str, since: int, until: int, limit: int) -> Sequence[Event]:
        wanted = {"subscription": id_, "n": {"$gte": since, "$lte": until}}
        return [_event(one) for one in self._database.notified.find(wanted).sort([("n", 1)]).limit(limit)]

    # --- documents ---------------------------------------------------------------------------------------------------

    def _document(self, one: Subscription) -> Document:
        caller = {**asdict(one.caller), "within": [], "scopes": sorted(one.caller.scopes)}
        caller |= {"roles": sorted(one.caller.roles), "bound": [list(each) for each in sorted(one.caller.bound)]}
        sealed = {
            "caller": caller,
            "resource": one.resource,
            "headers": [list(pair) for pair in one.headers],
            "code": one.code,
        }
        return {
            "organization": one.caller.organization,
            "v": one.version,
            "status": one.status,
            "at": one.at,
            "until": one.until or FOREVER,
            "period": one.heartbeat,
            "beat": one.at + timedelta(seconds=one.heartbeat) if one.heartbeat else FOREVER,
            "error": one.error,
            "sealed": self._box.dump(sealed),
        }

    def _read(self, found: Document) -> Subscription:
        inside: dict[str, Any] = self._box.load(found["sealed"])
        kept = inside["caller"]
        sets = {name: frozenset(kept[name]) for name in ("scopes", "roles")}
        bound = frozenset(Kept(*one) for one in kept["bound"])
        return Subscription(
            id=found["_id"],
            caller=Caller(**{**kept, **sets, "within": (), "bound": bound}),
            resource=inside["resource"],
            headers=tuple((name, value) for name, value in inside["headers"]),
            status=found["status"],
            at=found["at"],
            version=found["v"],
            number=found["n"],
            error=found["error"],
            heartbeat=found["period"],
            until=None if found["until"] == FOREVER else found["until"],
            code=inside.get("code", ""),
            mailed=found.get("mailed", LONG_AGO),
        )


def numbered(made: Iterable[Document], row: Document, database: Mongo, session: ClientSession) -> Iterator[Document]:
    """Of the dispatches of one row those that are to be made: each to a subscriber gets its number here. One that has changed so
    that nobody listens any more, or was told the same of this version, gets none."""
    for one in made:
        lane = one["lane"]
        if not lane.startswith(LANE) or one["action"].startswith(OWN) or _is_numbered(one, row, database, session):
            yield one


def _is_numbered(one: Document, row: Document, database: Mongo, session: ClientSession) -> bool:
    id_ = one["lane"].removeprefix(LANE)
    same = {"subscription": id_, "reference": one["reference"], "action": one["action"], "v": row.get("v")}
    if row.get("v") is not None and database.notified.find_one(same, {"_id": 1}, session=session):
        return False
    found = database.subscriptions.find_one_and_update(
        {"_id": id_, "status": {"$in": list(LISTENING)}}, {"$inc": {"n": 1}}, session=session
    )
    if found is None:
        return False
    event = same | {"_id": one["_id"], "n": found["n"] + 1, "at": row.get("written") or one["at"]}
    database.notified.insert_one(event | {"until": one["at"] + KEPT}, session=session)
    return True


def _insert(database: Mongo, made: Document, session: ClientSession) -> None:
    database.subscriptions.insert_one(made, session=session)


def _forget_failures(database: Mongo, id_: str, session: ClientSession) -> None:
    """What is waiting or dead there was told by its number, and can be asked for."""
    database.dispatches.delete_many({"lane": LANE + id_}, session=session)
    database.lanes.update_one({"_id": LANE + id_}, {"$set": FRESH}, session=session)


def _event(found: Document) -> Event:
    about = (found["action"], found["reference"], found["v"], found.get("arrived", False))
    return Event(found["_id"], found["n"], found["at"], *about)
