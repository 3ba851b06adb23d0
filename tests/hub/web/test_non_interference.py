"""Hidden equals absent, for every request: two worlds that differ only in what a caller may not see answer it alike.

The requests are made from the CapabilityStatement: what it declares and they do not cover fails the test, so that whatever is
added there later is covered from its first day. The second half shows that the walk can fail: with the predicate disabled at
any one exit it finds a difference.
"""

import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from random import Random
from typing import Any

import pytest

from hub.consent.keys import own
from hub.errors import NOT_YOURS, HubError
from hub.exchange import View, disclose
from hub.fhir import Resource, excerpt, masking
from hub.ports import Found, Visible
from hub.store import MongoStore, compartment, history, merged, pages
from tests.support.asking import Asking
from tests.support.declared import declared
from tests.support.walks import statement, walk
from tests.support.worlds import Builder, Pair, pairs
from tests.support.written import ORGANIZATIONS

LONG = 20_000
"""Requests, two of three of them searches: every form of every parameter comes up."""


@pytest.fixture(scope="module")
def builder(mongodb_uri: str) -> Iterator[Builder]:
    run = uuid.uuid4().hex[:12]
    with pairs(mongodb_uri, (f"worlds_{run}_a", f"worlds_{run}_b")) as opened:
        yield opened


@pytest.mark.parametrize("seed", range(2))
def test_a_caller_cannot_tell_apart_worlds_that_differ_in_what_it_may_not_see(builder: Builder, seed: int) -> None:
    walked = walk(builder.build(seed), 200, seed)
    assert walked.difference == ""
    assert walked.asked >= 200
    assert len(walked.matched) > 40, "a walk that finds nothing shows nothing"


@pytest.mark.parametrize("seed", range(2))
def test_nor_with_a_token_that_stands_on_a_consent_what_is_beyond_it(builder: Builder, seed: int) -> None:
    walked = walk(builder.build_bound(seed), 200, seed)
    assert walked.difference == ""
    assert walked.asked >= 200
    assert len(walked.matched) > 5, "a walk that finds nothing shows nothing"


@pytest.mark.deep
@pytest.mark.skipif(not os.environ.get("IHALA_DEEP"), reason="thousands of requests: make deep")
@pytest.mark.parametrize("seed", range(8))
def test_nor_can_it_in_thousands_of_requests_that_cover_everything(builder: Builder, seed: int) -> None:
    pair = builder.build(seed)
    walked = walk(pair, LONG, seed)
    assert walked.difference == ""
    assert declared(statement(pair)) <= walked.covered


def test_what_is_hidden_holds_consents_for_one_person_of_the_caller_and_against_another(builder: Builder) -> None:
    """Else the walk would show nothing of them."""
    pair = builder.build(0)
    database = pair.full.store.database
    assert database.Patient.count_documents({"k.g": {"$regex": "^chu~Practitioner/amal\\|"}})
    assert database.Patient.count_documents(
        {"k": {"$elemMatch": {"g": {"$regex": "^chu\\|"}, "n": "Practitioner/nadia"}}}
    )
    assert not pair.other.store.database.Patient.count_documents({"k.g": {"$regex": "~"}})


# --- coverage ---------------------------------------------------------------------------------------------------------


def lacking(pair: Pair, described: Resource) -> frozenset[str]:
    """What is declared and not asked in as many requests as a long walk takes."""
    asking = Asking(described, pair.things, Random(0))
    covered = {one for ask in islice(asking.requests(), LONG) for one in ask.covers}
    return declared(described) - covered


def test_every_interaction_operation_and_parameter_that_is_declared_is_asked_in_all_its_forms(builder: Builder) -> None:
    pair = builder.build(0)
    assert len(declared(statement(pair))) > 3000
    assert lacking(pair, statement(pair)) == frozenset()


def test_what_is_declared_later_and_not_asked_is_noticed(builder: Builder) -> None:
    pair = builder.build(0)
    described = statement(pair)
    task = next(one for one in described["rest"][0]["resource"] if one["type"] == "Task")
    task["interaction"].append({"code": "history-of-a-kind"})
    task["searchParam"].append({"name": "weight", "type": "heaviness"})
    assert lacking(pair, described) == {"Task history-of-a-kind", "Task?weightof an unknown type"}


def test_every_route_below_the_base_is_one_of_the_statement(builder: Builder) -> None:
    """A route that the statement does not declare would not be covered."""
    pair = builder.build(0)
    described = declared(statement(pair))
    codes = {
        "GET <id_>": "read",
        "GET <id_>/_history/<version_>": "vread",
        "GET <id_>/_history": "history-instance",
        "GET _history": "history-type",
        "GET": "search-type",
        "POST": "create",
        "PUT <id_>": "update",
        "PUT": "update",
        "PATCH": "patch",
        "DELETE": "delete",
        "PATCH <id_>": "patch",
        "DELETE <id_>": "delete",
    }
    for rule in pair.full.app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"} if rule.rule.startswith("/fhir/<type_>") else ():
            rest = rule.rule.removeprefix("/fhir/<type_>").strip("/")
            if "$" in rest:
                assert f"Resource${rest.partition('$')[2]}" in described
            elif rest.split("/")[-1] != "_search":
                assert any(one.endswith(f" {codes[f'{method} {rest}'.strip()]}") for one in described), rule.rule


# --- the power of the walk: each exit with its predicate disabled -----------------------------------------------------


def every_key(monkeypatch: pytest.MonkeyPatch) -> None:
    grants = frozenset(own(organization) for organization in ORGANIZATIONS)
    monkeypatch.setattr(disclose, "_visible", lambda _type, _caller, now, _query=None: Visible(grants, now))


def no_class_of_a_parameter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disclose, "classes_read", lambda *_: frozenset())


def no_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disclose, "_allowed", lambda *_: disclose.ALL)


def no_cut_of_the_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disclose, "IN_THE_DIRECTORY", disclose.ALL)


def no_predicate_of_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read = MongoStore.read
    monkeypatch.setattr(MongoStore, "read", lambda store, type_, id_, _visible: read(store, type_, id_, None))


def no_predicate_of_search(monkeypatch: pytest.MonkeyPatch) -> None:
    matching = pages.matching
    monkeypatch.setattr(
        pages, "matching", lambda query, visible: {"$and": matching(query, visible)["$and"][1:] or [{}]}
    )


def no_predicate_of_chains(monkeypatch: pytest.MonkeyPatch) -> None:
    def ids(store: MongoStore, query: Any, visible: Visible, limit: int, through: Any = None) -> tuple[str, ...]:
        everybody = Visible(frozenset(own(organization) for organization in ORGANIZATIONS), visible.at)
        return asked(store, query, everybody, limit, through)

    asked = MongoStore.ids
    monkeypatch.setattr(MongoStore, "ids", ids)


def no_predicate_of_includes(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(asking: Any, query: Any) -> Found:
        if not query.counted and query.count == 500:
            return asking.hub.store.search(query, Visible(frozenset(own(one) for one in ORGANIZATIONS), asking.now))
        return search(asking, query)

    search = disclose.Asking.found
    monkeypatch.setattr(disclose.Asking, "found", found)


def no_predicate_over_types(monkeypatch: pytest.MonkeyPatch) -> None:
    matching = merged.matching
    monkeypatch.setattr(
        merged, "matching", lambda query, visible: {"$and": matching(query, visible)["$and"][1:] or [{}]}
    )


def no_predicate_of_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    matching = compartment.matching
    monkeypatch.setattr(
        compartment, "matching", lambda query, visible: {"$and": matching(query, visible)["$and"][1:] or [{}]}
    )


def totals_of_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    find = pages.find

    def counted(collection: Any, query: Any, visible: Visible, *keys: Any) -> Found:
        return replace(find(collection, query, visible, *keys), total=collection.count_documents({}))

    monkeypatch.setattr(pages, "find", counted)


def no_predicate_of_history(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "present", lambda _: {})


def deletions_of_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "deleted", lambda _: {"gone": True})


def histories_counted_for_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_count", lambda database, past, *_: database[past.type].count_documents({}))


def gone_for_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(store: MongoStore, type_: str, id_: str, _custodian: str) -> Any:
        found = store.database[type_].find_one({"_id": id_, "gone": True})
        return known(store, type_, id_, found["custodian"]) if found else None

    known = MongoStore.gone
    monkeypatch.setattr(MongoStore, "gone", gone)


def another_refusal_of_what_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    read = disclose.read

    def told(type_: str, id_: str, caller: Any, *, hub: Any) -> View:
        try:
            return read(type_, id_, caller, hub=hub)
        except HubError:
            raise (
                HubError(NOT_YOURS) if hub.store.read(type_, id_, None) else HubError(disclose.errors.NOT_FOUND)
            ) from None

    monkeypatch.setattr(disclose, "read", told)


def a_mark_that_tells_whether_something_was_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def redact(resource: Resource, allowed: frozenset[str]) -> tuple[Resource, bool]:
        cut, marked = masking.redact(resource, allowed)
        return (cut, marked) if cut.keys() != resource.keys() else (resource, False)

    monkeypatch.setattr(excerpt, "redact", redact)


def unbound_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    read = MongoStore.read
    monkeypatch.setattr(
        MongoStore, "read", lambda s, type_, id_, v: read(s, type_, id_, v and replace(v, bound=frozenset()))
    )


def unbound_searches(monkeypatch: pytest.MonkeyPatch) -> None:
    matching = pages.matching
    monkeypatch.setattr(pages, "matching", lambda query, visible: matching(query, replace(visible, bound=frozenset())))


def unbound_histories(monkeypatch: pytest.MonkeyPatch) -> None:
    present = history.present
    monkeypatch.setattr(
        history, "present", lambda past: present(replace(past, visible=replace(past.visible, bound=frozenset())))
    )


@pytest.mark.parametrize(
    "disable", [unbound_reads, unbound_searches, unbound_histories], ids=lambda exit_: exit_.__name__
)
def test_the_walk_finds_a_reach_beyond_the_consent(
    builder: Builder, disable: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    disable(monkeypatch)
    assert any(walk(builder.build_bound(seed), 600, seed).difference for seed in range(4))


EXITS: list[Callable[[pytest.MonkeyPatch], None]] = [
    no_predicate_of_everything,
    every_key, no_class_of_a_parameter, no_cut, no_cut_of_the_directory, no_predicate_of_read, no_predicate_of_search,
    no_predicate_of_chains, no_predicate_of_includes, no_predicate_over_types,
    totals_of_everybody, another_refusal_of_what_is_hidden, no_predicate_of_history, deletions_of_everybody,
    histories_counted_for_everybody, gone_for_everybody, a_mark_that_tells_whether_something_was_there,
]  # fmt: skip


@pytest.mark.parametrize("disable", EXITS, ids=lambda exit_: exit_.__name__)
def test_the_walk_finds_a_leak_at_any_one_exit(
    builder: Builder, disable: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    disable(monkeypatch)
    found = (walk(builder.build(seed), 1500, seed).difference for seed in range(8))
    assert any(found)
