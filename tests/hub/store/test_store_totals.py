"""Totals: exact, or not told; and hidden documents play no part in which.

https://hl7.org/fhir/R4/search.html#total
"""

from dataclasses import replace

import pytest

from hub.fhir.query import Match, Query, Target, Token
from hub.ports import Found, Past, Versions
from hub.store import MongoStore, history, totals
from hub.store.schema import only, prepare
from tests.support.acts import referral, saving, sees

FEW = 3
ASKED = Query("Task", count=2)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (totals, history):
        monkeypatch.setattr(module, "FEW", FEW)


def put(store: MongoStore, seen: int, hidden: int = 0) -> None:
    for grant, names in (("a", [f"s{n}" for n in range(seen)]), ("b", [f"h{n}" for n in range(hidden)])):
        for name in names:
            store.commit(saving(referral(name, "p", "o"), person=name, grants=(grant,)))


def over_types(store: MongoStore, query: Query) -> Found:
    return store.search_all([(query, sees("a")), (replace(query, type="Location"), sees("a"))])


def told(store: MongoStore, query: Query) -> set[int | None]:
    """By a search of the type, and by one over types."""
    return {store.search(query, sees("a")).total, over_types(store, query).total}


def test_of_few_the_total_is_told_and_what_is_hidden_does_not_make_them_many(store: MongoStore) -> None:
    put(store, FEW, hidden=5)
    assert told(store, ASKED) == {FEW}
    first = store.search(ASKED, sees("a"))
    assert store.search(replace(ASKED, after=first.after), sees("a")).total == FEW


def test_of_many_the_total_is_told_when_it_is_asked_for(store: MongoStore) -> None:
    put(store, FEW + 1, hidden=5)
    assert told(store, ASKED) == {None}
    for asked in (replace(ASKED, accurate=True), replace(ASKED, count=0)):
        assert told(store, asked) == {FEW + 1}
    assert told(store, replace(ASKED, counted=False)) == {None}


def test_what_stands_on_one_page_is_counted_by_it(store: MongoStore) -> None:
    put(store, FEW + 1)
    assert store.search(Query("Task"), sees("a")).total == FEW + 1


def test_of_a_history_of_many_documents_the_total_is_told_when_it_is_asked_for(store: MongoStore) -> None:
    past = [Past("Task", sees("a"))]
    put(store, FEW, hidden=5)
    assert store.history(past, Versions(count=1)).total == FEW
    put(store, 0)
    store.commit(saving(referral("more", "p", "o"), person="more", grants=("a",)))
    assert store.history(past, Versions(count=1)).total is None
    assert store.history(past, Versions(count=0)).total == FEW + 1


def test_what_was_stored_without_the_one_value_is_found_by_it_once_the_database_is_opened(store: MongoStore) -> None:
    put(store, 1)
    store.database.Task.update_many({}, {"$unset": {only("Task"): ""}})
    store.database.settings.delete_one({"_id": "schema"})
    asked = Query(
        "Task",
        (
            Match("owner", "reference", (Target("Organization", "o"),)),
            Match("status", "token", (Token(None, "requested"),)),
        ),
    )
    assert store.search(asked, sees("a")).total == 0
    prepare(store.database)
    assert store.search(asked, sees("a")).total == 1
