"""The store: `hub.ports.Store` on MongoDB, a replica set in any case, since an act is one transaction.

https://www.mongodb.com/docs/manual/core/transactions-in-applications/
"""

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Final, Self

import pymongo
from pymongo import ReadPreference, WriteConcern
from pymongo.client_session import ClientSession
from pymongo.read_concern import ReadConcern

from hub.errors import Conflict
from hub.ports import (
    Changes,
    Compartment,
    Documents,
    KeyEncryption,
    KeyProof,
    Save,
    Stored,
    Visible,
)
from hub.store import (
    carrying_out,
    following,
    naming,
    queries,
    turns,
    writing,
)
from hub.store.chains import AUDIT, Act, Chains, insert
from hub.store.connecting import connect
from hub.store.dispatches import MongoDeliveries
from hub.store.documents import SERVED, stored_all
from hub.store.exports import MongoExports
from hub.store.failures import in_our_words, silence_driver
from hub.store.figures import MongoFigures, complete_courses
from hub.store.judgements import MongoJudgements
from hub.store.keks import Keks
from hub.store.looks import Looks, only_events
from hub.store.lookups import find_one
from hub.store.persons import FEW, compartments, unchanged
from hub.store.receipts import Receipts
from hub.store.records import DEAD, VOID, WAITING, Box
from hub.store.remembered import Remembered
from hub.store.schema import Document, Mongo, is_type, prepare, prepare_types
from hub.store.searches import Searches
from hub.store.subscriptions import MongoSubscriptions
from hub.store.together import Together, may_join
from hub.store.told import told
from hub.store.vault import Vault
from hub.store.wire import PLAIN, commit

DURABLE: Final = WriteConcern("majority", j=True)
PATIENCE_S: Final = 20.0  # a fail-over takes 3 s, or 11 with a replica set's defaults
THERE: Final[Document] = {"erased": {"$exists": False}, "gone": {"$exists": False}}
"""Neither destroyed with its person nor deleted."""

GROUNDS: Final = ("Consent", "Task", "Patient", "RelatedPerson", "ServiceRequest", "Observation")
"""Types that say why somebody may see something."""
Also = Callable[[ClientSession], None]


def _now() -> datetime:
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)  # the database keeps milliseconds


class MongoStore(Searches, Receipts):
    """Documents, history, ledger, quarantine and outbox of one deployment. Threads may share it; processes may not."""

    def __init__(self, database: Mongo, now: Callable[[], datetime], patience: float, keks: KeyEncryption) -> None:
        self.database = database
        self.vault = Vault(database, keks)
        self._box = Box(self.vault)
        self._now = now
        self._patience = patience
        self.chains = Chains(database, patience)
        self.looks = Looks(self._add_events)
        self.together = Together(self._commit)
        self.remembered = Remembered(self._read_supposed)
        self.exports = MongoExports(database, self._box)
        self.deliveries = MongoDeliveries(database, self._box)
        self.figures = MongoFigures(database)
        self.subscriptions = MongoSubscriptions(database, self._box, self.commit)
        self.judgements = MongoJudgements(database, self._box, self.commit)
        self._types = set(filter(is_type, database.list_collection_names()))

    def __repr__(self) -> str:
        return "<MongoStore>"

    @classmethod
    @contextmanager
    def open(
        cls,
        uri: str,
        database: str,
        *,
        now: Callable[[], datetime] = _now,
        patience: float = PATIENCE_S,
        keks: KeyEncryption | None = None,
    ) -> Iterator[Self]:
        """A store with all its collections and indexes. Raises HubError(MISCONFIGURED) when the database is not to be used.

        `now` gives `meta.lastUpdated`; `patience`: seconds until a commit is given up while there is no primary; `keks`: by
        default those of the environment.
        """
        silence_driver()
        with connect(uri) as client:
            known = client.get_database(database, write_concern=DURABLE)
            yield cls._prepared(known, now, patience, keks or Keks.of_environment())

    @classmethod
    @in_our_words
    def _prepared(cls, database: Mongo, now: Callable[[], datetime], patience: float, keks: KeyEncryption) -> Self:
        prepare(database)
        complete_courses(database)
        return cls(database, now, patience, keks)

    # --- writing -----------------------------------------------------------------------------------------------------

    @in_our_words
    def commit(self, changes: Changes, also: Also | None = None, *, company: int = 1) -> datetime:
        """All of it or nothing, on disk when this returns; the instant of its versions. A fail-over or a colliding transaction
        is retried here.

        `also`: what else is written in the transaction, to collections that are not documents of FHIR.
        """
        at = self._now()
        if also is None and only_events(changes):
            self.looks.commit(changes.saves)
        elif also or any(vars(changes).values()):
            self._commit_all(changes, at, also, company)
        return at

    def _commit_all(self, changes: Changes, at: datetime, also: Also | None, company: int) -> None:
        """What is remembered of a person is what was committed, or nothing."""
        try:
            plan = writing.Plan(changes, at, self.vault, self._box)
            if also is None and may_join(plan):
                self.together.commit(plan, company)
            else:
                self._write(plan, also)
        except BaseException:
            self.remembered.forget(changes.persons)
            raise
        self.remembered.follow(changes, at)

    @in_our_words
    def ready(self, changes: Changes) -> Callable[[], None]:
        """Everything but the transaction is done now: what is given back is the rest of the commit."""
        if not any(vars(changes).values()):
            return lambda: None
        return partial(self._commit, writing.Plan(changes, self._now(), self.vault, self._box))

    @in_our_words
    def _commit(self, plan: writing.Plan) -> None:
        self._write(plan, None)

    def _write(self, plan: writing.Plan, also: Also | None) -> None:
        self._carry_out(plan, lambda _: self._transact(plan, also))

    def _carry_out(self, plan: writing.Plan, act: Act) -> None:
        self._make_types(plan.types)
        with pymongo.timeout(self._patience):
            if plan.events:
                self.chains.commit(plan.events, plan.contents, act)
            else:
                act(())

    def _add_events(self, saves: Sequence[Save]) -> None:
        """Each is whole without a transaction. Of those that a failure leaves unwritten, no answer has left."""
        at = self._now()
        if known := told(saves, at):
            self._make_types({AUDIT})
            self._in_a_chain(*known)
            return
        plan = writing.Plan(Changes(saves=saves), at, self.vault, self._box)
        if plan.keys:
            self._write(plan, None)
        else:
            self._make_types(plan.types)
            self._in_a_chain(plan.events, plan.contents)

    def _in_a_chain(self, events: Sequence[Document], contents: Sequence[str]) -> None:
        with pymongo.timeout(self._patience):
            self.chains.commit(events, contents, lambda placed: insert(placed, self.database, None))

    def _transact(self, plan: writing.Plan, also: Also | None = None) -> None:
        def write(session: ClientSession) -> None:
            carrying_out.write(plan, self.database, session)
            if also is not None:
                also(session)
            commit(self.database, session)

        with self.database.client.start_session() as session:
            session.with_transaction(
                write,
                read_concern=ReadConcern("snapshot"),
                write_concern=DURABLE,
                read_preference=ReadPreference.PRIMARY,
            )

    def _make_types(self, types: set[str]) -> None:
        if new := types - self._types:
            prepare_types(self.database, new)
            self._types |= new

    # --- reading -----------------------------------------------------------------------------------------------------

    @in_our_words
    def read(self, type_: str, id_: str, visible: Visible | None) -> Stored | None:
        if not is_type(type_):
            return None
        wanted: Document = {"_id": id_, **THERE}
        if visible is not None:
            self.looks.expect()
            wanted["$and"] = list(queries.seen(type_, self._with_tokens(type_, visible)))
        found = find_one(self.database, type_, wanted, SERVED, PLAIN)
        return next(stored_all(type_, [found], self.vault)) if found else None

    @in_our_words
    def gone(self, type_: str, id_: str, custodian: str) -> Stored | None:
        wanted = {"_id": id_, "gone": True, "custodian": custodian}
        found = find_one(self.database, type_, wanted, SERVED) if is_type(type_) else None
        return next(stored_all(type_, [found], self.vault)) if found else None

    @in_our_words
    def naming(self, references: Sequence[str]) -> tuple[Stored, ...]:
        return tuple(
            stored
            for type_, document in naming.naming(self.database, references)
            for stored in stored_all(type_, [document], self.vault)
        )

    @in_our_words
    def key_proof(self, person: str) -> KeyProof | None:
        return self.vault.proof(person)

    @in_our_words
    def compartments(self, persons: Iterable[str]) -> dict[str, Compartment]:
        """The current documents of each person at one revision: all is read in one snapshot.

        Provenance and AuditEvents carry a person too, but are only ever added to: they are not part of what comes back.
        """
        wanted = set(persons)
        if len(wanted) > FEW:
            return self._read_compartments(wanted)
        found = unchanged(self.database, filter(None, map(self.remembered.whole, wanted)))
        if missing := wanted - found.keys():
            read = self._read_compartments(missing)
            for one in read.values():
                self.remembered.keep(one)
            found |= read
        return found

    def _read_compartments(self, persons: Iterable[str]) -> dict[str, Compartment]:
        wanted = list(persons)
        return self._in_snapshot(lambda session: compartments(self.database, wanted, self.vault, session))

    @in_our_words
    def _read_supposed(self, person: str, revision: int) -> Documents:
        """All of a person who was supposed to be at this revision. Raises Conflict where she is not."""
        found = self._read_compartments([person]).get(person)
        if found is None or found.revision != revision:
            self.remembered.forget([person])
            self.doubt()
            raise Conflict
        return found.documents

    def supposed(self, person: str) -> Compartment | None:
        return self.remembered.supposed(person)

    def doubt(self) -> None:
        self.remembered.doubt()

    def remembers(self, person: str, custodian: str) -> bool:
        known = self.remembered.of(person)
        hers = known.documents.of_type("Patient") if known else ()
        return any(one.custodian == custodian for one in hers)

    @in_our_words
    def due_persons(self, now: datetime, limit: int) -> list[str]:
        return turns.due_persons(self.database, now, limit)

    @in_our_words
    def followers(self, references: Iterable[str]) -> frozenset[str]:
        return following.followers(self.database, references)

    @in_our_words
    def follow_rules(self, signature: str) -> bool:
        return turns.follow_rules(self.database, signature)

    @in_our_words
    def follow_directory(self) -> bool:
        return turns.follow_directory(self.database)

    @in_our_words
    def take_turn(self, name: str, holder: str, now: datetime, until: datetime) -> bool:
        return turns.take(self.database, name, holder, now, until)

    @in_our_words
    def end_turn(self, name: str, holder: str) -> None:
        turns.end(self.database, name, holder)

    @in_our_words
    def grounds(self, person: str | None) -> tuple[Stored, ...]:
        """The same commands for whoever it is, and for nobody."""
        there = {"_id": {"$gte": str(uuid.uuid4())}, "erased": {"$exists": False}}
        drawn = self.database.persons.find_one(there, {"_id": 1}, sort=[("_id", 1)])
        whose = person or (drawn["_id"] if drawn else "")
        self.vault.of_persons([whose])  # asked for now in any case, or whether something was to be opened would show
        hers = {"person": whose, **THERE}
        found = {type_: list(self.database[type_].find(hers, SERVED)) for type_ in GROUNDS}
        return tuple(one for type_, documents in found.items() for one in stored_all(type_, documents, self.vault))

    # --- numbers -------------------------------------------------------------------------------------------------------

    @in_our_words
    def counts(self) -> dict[str, int]:
        """By resource type; `history`, `persons`, `ledger`, `quarantine`, and `outbox.waiting`, `outbox.dead`, `outbox.void`: of
        the outbox and of what became of it."""
        kept = (*sorted(self._types), "history", "persons", "ledger", "quarantine")
        counted = {name: self.database[name].estimated_document_count() for name in kept}
        both = (self.database.outbox, self.database.dispatches)
        rows = {state: sum(one.count_documents({"state": state}) for one in both) for state in (WAITING, DEAD, VOID)}
        return counted | {f"outbox.{state}": count for state, count in rows.items()}
