"""What the store finds, and how: every method takes what its caller may see, and asks both together.

A part of `hub.store.MongoStore`; `mongo.py` writes and reads by id.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from pymongo.client_session import ClientSession
from pymongo.errors import OperationFailure

from hub.errors import UNKNOWN_TYPE, HubError
from hub.fhir.query import Match, Query
from hub.ports import Found, Gathered, Past, Scan, Stored, Versions, Visible
from hub.search import is_sealed
from hub.store import compartment, explaining, history, merged, pages, scans, search_tokens, values
from hub.store.documents import stored_all
from hub.store.failures import in_our_words
from hub.store.looks import Looks
from hub.store.schema import Document, Mongo, is_type
from hub.store.sealing import DataKey
from hub.store.vault import Vault

SNAPSHOT_UNAVAILABLE: Final = 246
SNAPSHOT_PAUSES_S: Final = (0.01, 0.05, 0.2, 1.0)
Read = TypeVar("Read")


class Searches:
    """Searches, pages, histories and explanations."""

    database: Mongo
    vault: Vault
    looks: Looks
    _types: set[str]

    @in_our_words
    def search(self, query: Query, visible: Visible) -> Found:
        """Ordered as asked, else newest first; the total and the page obey the same predicate."""
        if not is_type(query.type):
            raise HubError(UNKNOWN_TYPE, known=", ".join(sorted(self._types)))
        self.looks.expect()
        keyed, seen = self._keyed(query), self._with_tokens(query.type, visible)
        return pages.find(self.database[query.type], keyed, seen, pages.cursor_key(self.vault.deployment), self.vault)

    @in_our_words
    def search_all(self, asked: Sequence[tuple[Query, Visible]]) -> Found:
        prepared = [(self._keyed(query), self._with_tokens(query.type, visible)) for query, visible in asked]
        return merged.find(self.database, prepared, pages.cursor_key(self.vault.deployment), self.vault)

    @in_our_words
    def ids(
        self, query: Query, visible: Visible, limit: int, through: tuple[str, str] | None = None
    ) -> tuple[str, ...]:
        seen = self._with_tokens(query.type, visible)
        return tuple(pages.ids(self.database[query.type], self._keyed(query), seen, limit, through))

    @in_our_words
    def gather(self, asked: compartment.Asked, count: int, after: str = "", *, person: str) -> Gathered:
        wanted = [(self._keyed(query), self._with_tokens(query.type, visible)) for query, visible in asked]
        return compartment.of_person(self.database, person, wanted, self.vault, count=count, after=after)

    @in_our_words
    def gather_all(self, asked: compartment.Asked, count: int, after: str = "", *, patients: Visible) -> Gathered:
        wanted = [(self._keyed(query), self._with_tokens(query.type, visible)) for query, visible in asked]
        patients = self._with_tokens("Patient", patients)
        return compartment.of_persons(self.database, patients, wanted, self.vault, count=count, after=after)

    @in_our_words
    def scan(self, asked: Sequence[tuple[Query, Visible]], scan: Scan) -> tuple[Stored, ...]:
        type_ = asked[0][0].type
        if not is_type(type_):
            return ()
        keyed = [(self._keyed(query), self._with_tokens(type_, visible)) for query, visible in asked]
        return tuple(stored_all(type_, scans.find(self.database[type_], keyed, scan), self.vault))

    @in_our_words
    def values(
        self, query: Query, visible: Visible, names: Sequence[str], limit: int
    ) -> dict[str, tuple[str, ...]] | None:
        seen = self._with_tokens(query.type, visible)
        return values.find(self.database[query.type], self._keyed(query), seen, names, limit)

    @in_our_words
    def deletions(self, past: Past, scan: Scan) -> tuple[Stored, ...]:
        return tuple(stored_all(past.type, scans.deleted(self.database[past.type], past, scan), self.vault))

    @in_our_words
    def history(self, pasts: Sequence[Past], asked: Versions) -> Found:
        seen = [replace(past, visible=self._with_tokens(past.type, past.visible)) for past in pasts]
        return self._in_snapshot(lambda session: history.find(self.database, seen, asked, self.vault, session))

    def _keyed(self, query: Query) -> Query:
        return search_tokens.keyed(query, self._search_keys(query.type, query.matches))

    def _with_tokens(self, type_: str, visible: Visible) -> Visible:
        """What a token is narrowed to may speak of encrypted elements too."""
        keys = self._search_keys(type_, [match for one in visible.narrowed for match in one.matches])
        narrowed = (
            replace(one, matches=tuple(search_tokens.match(type_, match, keys) for match in one.matches))
            for one in visible.narrowed
        )
        return replace(visible, narrowed=tuple(narrowed)) if visible.narrowed else visible

    def _search_keys(self, type_: str, matches: Iterable[Match]) -> Sequence[DataKey]:
        """Every custodian's, since the caller may see documents of several."""
        return self.vault.search_keys() if any(is_sealed(type_, match.parameter) for match in matches) else ()

    @in_our_words
    def explain(self, query: Query, visible: Visible) -> Document:
        """How the database answers a query: for benchmarks and tests, never for callers."""
        return explaining.explain(self.database, self._keyed(query), self._with_tokens(query.type, visible))

    def _in_snapshot(self, read: Callable[[ClientSession], Read]) -> Read:
        for patience in (*SNAPSHOT_PAUSES_S, None):
            try:
                with self.database.client.start_session(snapshot=True) as session:
                    return read(session)
            except OperationFailure as failure:
                if failure.code != SNAPSHOT_UNAVAILABLE or patience is None:
                    raise
            time.sleep(patience)  # a collection was made a moment ago: the next snapshot has it
        raise AssertionError
