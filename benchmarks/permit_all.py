"""The same server with an all-permit policy: what it would be if nothing had to be hidden. For comparison in benchmarks alone.

Started as `granian benchmarks.permit_all:wsgi`, it serves the deployment of IHALA_HOME from the database IHALA_BENCH_DATABASE;
IHALA_BENCH says how: `permit` opens everything to everyone, `unrecorded` keeps no audit event of a look.
"""

import atexit
import os
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from flask import Flask

from hub.bootstrap import RandomIds, SystemClock, database_uri
from hub.directory.organizations import Names
from hub.exchange import Hub, disclose
from hub.fhir.query import Query
from hub.keyring import kek_text
from hub.ports import Caller, Changes, Found, Key, Stored, Visible
from hub.settings import read as settings_of
from hub.store import Keks, MongoRegistry, MongoStore, pages, queries
from hub.store.mongo import Also
from hub.store.schema import Document
from hub.web.app import create_app


class EveryKey(MongoStore):
    """A store without the predicate: each document carries every key, and no query asks for one."""

    def read(self, type_: str, id_: str, visible: Visible | None) -> Stored | None:
        found = super().read(type_, id_, None)
        return replace(found, keys=_own(visible)) if found and visible else found

    def search(self, query: Query, visible: Visible) -> Found:
        found = super().search(query, visible)
        return replace(found, page=tuple(replace(one, keys=_own(visible)) for one in found.page))


def _own(visible: Visible) -> tuple[Key, ...]:
    return tuple(Key(grant) for grant in visible.grants)


def permit_all() -> None:
    """Take the predicate out of this process: of what is asked, what may be seen is everything."""
    vars(disclose).update(_visible=_everything, _narrowed=lambda *_: ())
    vars(pages).update(matching=_asked_alone)


def _everything(_type: str, caller: Caller, now: datetime, _query: Query | None = None) -> Visible:
    return Visible(frozenset({f"{caller.organization}|*|*"}), now)


def _asked_alone(query: Query, visible: Visible) -> Document:
    asked = queries.matching(query, visible)["$and"][1:]
    return {"$and": asked} if asked else {}


def forget_looks(store: MongoStore) -> None:
    """Nothing but audit events is written by a read or a search: what they cost apart from the record of them."""
    commit = store.commit

    def silent(changes: Changes, also: Also | None = None, *, company: int = 1) -> datetime:
        if _only_events(changes.saves):
            return SystemClock().now()
        return commit(changes, also, company=company)

    store.commit = silent  # type: ignore[method-assign]


def _only_events(saves: Iterable[object]) -> bool:
    return all(save.resource["resourceType"] == "AuditEvent" for save in saves)  # type: ignore[attr-defined]


def wsgi() -> Flask:
    read, how = settings_of(Path(os.environ["IHALA_HOME"])), os.environ["IHALA_BENCH"].split("-")
    stack = ExitStack()
    atexit.register(stack.close)
    kind = EveryKey if "permit" in how else MongoStore
    uri = stack.enter_context(database_uri(read))
    store = stack.enter_context(
        kind.open(uri, os.environ["IHALA_BENCH_DATABASE"], keks=Keks(partial(kek_text, read.folder)))
    )
    if "permit" in how:
        permit_all()
    if "unrecorded" in how:
        forget_looks(store)
    hub = Hub(store, SystemClock(), RandomIds(), Names(read.organizations), read.pepper, read.policies)
    return create_app(hub, MongoRegistry(store), read)
