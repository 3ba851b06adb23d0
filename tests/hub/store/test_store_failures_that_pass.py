"""What may pass of itself is told as a database that is away for a moment; what never will, as a mistake of ours."""

import logging
from collections.abc import Callable
from dataclasses import replace

import pytest
from bson import Int64
from pymongo.errors import OperationFailure, PyMongoError

from hub.errors import BROKEN, UNAVAILABLE, HubError
from hub.fhir.query import Match, Query, Sort, Word
from hub.store import MongoStore
from hub.store.failures import each_in_our_words, in_our_words, passes
from tests.support.acts import replacing, saving, sees, stored, survivor

MARK = "Ibtissam-Marquée-0612345678"


def failure_of(store: MongoStore, command: dict[str, object]) -> PyMongoError:
    with pytest.raises(PyMongoError) as failed:
        store.database.command(command)
    return failed.value


def test_a_cursor_that_was_lost_passes(store: MongoStore) -> None:
    store.commit(saving(survivor("p")))
    failure = failure_of(store, {"getMore": 2**40, "collection": "Patient"})
    assert passes(failure)


def test_a_transaction_that_is_not_known_any_more_passes(store: MongoStore) -> None:
    with store.database.client.start_session() as session:
        session.start_transaction()
        store.database.persons.find_one({}, session=session)
        ended = {"lsid": session.session_id, "txnNumber": Int64(99), "autocommit": False}
        with pytest.raises(PyMongoError) as failed:
            store.database.client.admin.command({"abortTransaction": 1, **ended})
        assert passes(failed.value)


def test_a_database_that_has_just_begun_and_cannot_judge_our_time_yet_passes() -> None:
    """KeyNotFound: for a moment after a restart it has no keys to verify the cluster's time with."""
    assert passes(OperationFailure("Cache Reader No keys found for HMAC", 211))


def test_who_still_answers_while_its_process_ends_says_to_ask_again(database: str, mongodb_uri: str) -> None:
    with MongoStore.open(mongodb_uri, database) as store:
        store.commit(saving(survivor("p")))
    asked: list[Callable[[], object]] = [
        lambda: store.read("Patient", "p", sees("a")),
        lambda: store.search(Query("Patient"), sees("a")),
        lambda: store.compartments(["p"]),
        lambda: store.commit(saving(survivor("q"))),
    ]
    for ask in asked:
        with pytest.raises(HubError) as failed:
            ask()
        assert failed.value.problem is UNAVAILABLE


@pytest.mark.parametrize(
    "command",
    [
        {"find": "Patient", "filter": {"$colour": MARK}},
        {"find": "Patient", "filter": {"at": {"$regex": "("}}},
        {"aggregate": "Patient", "pipeline": [{"$sort": {f"a{n}": 1 for n in range(40)}}], "cursor": {}},
        {"colour": MARK},
    ],
)
def test_a_question_that_the_database_never_takes_does_not_pass(store: MongoStore, command: dict[str, object]) -> None:
    assert not passes(failure_of(store, command))


def test_an_act_that_loses_to_others_for_too_long_may_be_repeated(database: str, mongodb_uri: str) -> None:
    with MongoStore.open(mongodb_uri, database, patience=1.0) as store:
        store.commit(saving(survivor("p")))
        act = replacing(stored(store, "Patient", "p"), survivor("p", gender="female"), store.compartments(["p"])["p"])
        with store.database.client.start_session() as session, session.start_transaction():
            store.database.persons.update_one({"_id": "p"}, {"$set": {"z": 1}}, session=session)
            with pytest.raises(HubError) as refused:
                store.commit(act)
        assert refused.value.problem is UNAVAILABLE
        store.commit(act)
        assert stored(store, "Patient", "p").version == 2


def test_a_wrong_question_is_a_mistake_of_ours_and_is_logged_without_what_was_asked(
    store: MongoStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    orders = tuple(Sort("name", bool(n)) for n in range(40))
    query = Query("Organization", (Match("name", "string", (Word(MARK),)),), orders)
    with pytest.raises(HubError) as refused:
        store.search(query, sees("a"))
    assert refused.value.problem is BROKEN
    told = [record.__dict__["problem"] for record in caplog.records if record.name == "hub.store"]
    assert len(told) == 1
    assert told[0].startswith("OperationFailure 13103 at find:")
    assert MARK not in told[0]
    assert store.search(replace(query, sort=orders[:1]), sees("a")).total == 0


def test_what_does_not_fit_into_the_database_is_a_mistake_of_ours(store: MongoStore) -> None:
    ask = in_our_words(lambda number: store.database.persons.find_one({"_id": number}))
    with pytest.raises(HubError) as refused:
        ask(2**70)
    assert refused.value.problem is BROKEN


def test_what_is_read_bit_by_bit_fails_in_the_same_words(store: MongoStore) -> None:
    read = each_in_our_words(lambda: store.database.persons.find({"$colour": MARK}))
    with pytest.raises(HubError) as refused:
        list(read())
    assert refused.value.problem is BROKEN
    assert refused.value.__context__ is None
