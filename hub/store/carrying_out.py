"""A plan carried out, inside the transaction that it is given: in one go where nothing of it waits for an answer.

https://www.mongodb.com/docs/manual/core/transactions-in-applications/
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pymongo.client_session import ClientSession

from hub.errors import Conflict
from hub.store import chains, figures, following, tokens
from hub.store.chains import AUDIT
from hub.store.documents import superseded
from hub.store.lookups import rows
from hub.store.schema import Document, Mongo
from hub.store.statements import insert, inserting, require, send, update, updating, upserts
from hub.store.wire import ask
from hub.store.writing import Plan, Writes


def write(plan: Plan, database: Mongo, session: ClientSession) -> None:
    """Raises Conflict when a version, a revision, an identity or a ledger entry is not what the change was computed from;
    Outrun when the events' places in their chain are taken; HubError(LOGIN) when a token that must be there is not."""
    if plan.is_plain:
        _write_plainly(plan, database, session)
    else:
        _write_one_by_one(plan, database, session)


def _write_plainly(plan: Plan, database: Mongo, session: ClientSession) -> None:
    """In one go: nothing of it depends on what the database says to what stands before it."""
    events = inserting(AUDIT, plan.events)
    rest = [*inserting("persons", plan.begun), *updating("persons", plan.revised), *inserting("keyvault", plan.keys)]
    rest += (one for type_, documents in plan.inserted.items() for one in inserting(type_, documents))
    rest += (one for type_, updates in plan.rekeyed.items() for one in updating(type_, updates))
    asked = tokens.asking(plan.alive)
    sent = send(database, [*asked, *events, *rest, *inserting("outbox", plan.outbox)], session)
    tokens.require_there(plan.alive, [answer for _, answer in sent[: len(asked)]])
    told = sent[len(asked) :]
    with chains.outrun_is_told(0, session):
        require(told[: len(events)])
    require(told[len(events) :])


def _write_one_by_one(plan: Plan, database: Mongo, session: ClientSession) -> None:
    tokens.require_there(plan.alive, [ask(database, one, session) for one in tokens.asking(plan.alive)])
    if plan.events:
        chains.insert(plan.events, database, session)
    following.touch(database, plan.entries, session)
    insert(database, "persons", plan.begun, session)
    update(database, "persons", plan.revised, session)
    following.require_followers(database, plan.followed, session)
    insert(database, "keyvault", plan.keys, session)
    for erasure in plan.erasures:
        erasure.write(database, session)
    for type_, documents in plan.replaced.items():
        _supersede(database, type_, documents, session)
    for erasure in plan.erasures:
        erasure.write_lists(database, session)
    for type_, documents in plan.inserted.items():
        insert(database, type_, documents, session)
    for type_, updates in plan.rekeyed.items():
        update(database, type_, updates, session)
    _write_ledger(database, plan.ledger, session)
    _write_identities(database, plan.identities, session)
    insert(database, "guards", plan.guarded, session)
    update(database, "guards", plan.guards, session)
    _apply(database, "quarantine", plan.released, session)
    update(database, "quarantine", plan.quarantine, session)
    update(database, "quarantine", plan.discards, session)
    update(database, "ledger", plan.discarded, session)
    _apply(database, "outbox", plan.voids, session)
    _apply(database, "dispatches", plan.voids, session)
    insert(database, "outbox", plan.outbox, session)
    update(database, "watermarks", plan.watermark, session)
    insert(database, "tokens", plan.tokens, session)
    _apply(database, "tokens", plan.ended, session)


def _apply(database: Mongo, name: str, writes: Writes, session: ClientSession) -> None:
    """Of as many documents as there are."""
    if writes:
        database[name].bulk_write(list(writes), session=session)


def _supersede(database: Mongo, type_: str, documents: Sequence[Document], session: ClientSession) -> None:
    """Move the current versions into the history and put the new ones in their place."""
    replaced = {"_id": {"$in": [document["_id"] for document in documents]}}
    asked = {"find": type_, "filter": replaced, "projection": {"x": 0, "t": 0, "k": 0}}
    current = {old["_id"]: old for old in rows(database, asked, session)}
    if {new["_id"]: new["v"] - 1 for new in documents} != {id_: old["v"] for id_, old in current.items()}:
        raise Conflict
    insert(database, "history", [superseded(type_, old) for old in current.values()], session)
    changed = (figures.carried(current[new["_id"]], new) for new in documents)
    update(database, type_, [{"q": {"_id": new["_id"], "v": new["v"] - 1}, "u": new} for new in changed], session)


def _write_ledger(database: Mongo, documents: Mapping[str, Document], session: ClientSession) -> None:
    """A source record may come to stand for more resources, never for others: two readers of one source cannot both store it."""
    if not documents:
        return
    asked = {"find": "ledger", "filter": {"_id": {"$in": list(documents)}}, "projection": {"resources": 1}}
    for known in rows(database, asked, session):
        now = {pair["n"]: pair["r"] for pair in documents[known["_id"]]["resources"]}
        if any(now.get(pair["n"], pair["r"]) != pair["r"] for pair in known["resources"]):
            raise Conflict
    update(database, "ledger", upserts(documents.values()), session)


def _write_identities(database: Mongo, identities: Mapping[str, str], session: ClientSession) -> None:
    """An identity that is already known may be said again, of the same resource."""
    if not identities:
        return
    asked = {"find": "identities", "filter": {"_id": {"$in": list(identities)}}}
    found: dict[str, Any] = {known["_id"]: known["r"] for known in rows(database, asked, session)}
    if any(identities[key] != known for key, known in found.items()):
        raise Conflict
    insert(
        database, "identities", [{"_id": key, "r": to} for key, to in identities.items() if key not in found], session
    )
