"""Each modifier, and a composite, by an example that a wrong rule would find otherwise: https://hl7.org/fhir/R4/search.html#modifiers"""

import uuid
from typing import Any

import pytest
from pymongo import MongoClient

from hub.fhir.query import Match, Together
from hub.ports import Changes, Save
from hub.search.asked import token
from hub.store import MongoStore
from hub.store.conditions import any_of, conditions
from tests.hub.store.test_store_search import ask
from tests.support.acts import NOW, opened, referral, saving

KIND = {"coding": [{"system": "urn:types", "code": "NI"}]}


@pytest.fixture
def known(store: MongoStore) -> MongoStore:
    organizations = {
        "amal": {"name": "Association Amal (Fès)", "identifier": [{"system": "urn:s", "value": "1", "type": KIND}]},
        "ibn": {"name": "مستشفى ابن زهر", "identifier": [{"system": "urn:s", "value": "2"}]},
        "bare": {"alias": ["AMAL"]},
    }
    for id_, said in organizations.items():
        one = {"resourceType": "Organization", "id": id_, **said}
        store.commit(Changes(saves=[Save(one, None, None, opened("a"))]))
    for id_, url in {
        "ab": "http://x.example/a/b",
        "abc": "http://x.example/a/b/c",
        "abd": "http://x.example/a/bd",
    }.items():
        one = {"resourceType": "Questionnaire", "id": id_, "url": url}
        store.commit(Changes(saves=[Save(one, None, None, opened("a"))]))
    coded = {"text": "Hébergement d'urgence", "coding": [{"system": "urn:s", "code": "m"}]}
    by_number = {"identifier": {"system": "urn:n", "value": "7"}, "display": "x"}
    store.commit(saving(referral("coded", code=coded), referral("by-number", requester=by_number)))
    return store


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("Organization?name=amal", {"bare"}),
        ("Organization?name:contains=amal", {"amal", "bare"}),
        ("Organization?name:contains=FES", {"amal"}),
        ("Organization?name:contains=ابن", {"ibn"}),
        ("Organization?name:contains=association fes", set()),
        ("Organization?name:exact=amal", set()),
        ("Organization?name:exact=AMAL", {"bare"}),
        ("Organization?name:missing=false", {"amal", "ibn", "bare"}),
        ("Organization?identifier:missing=true", {"bare"}),
        ("Organization?identifier:not=urn:s|1", {"ibn", "bare"}),
        ("Organization?identifier:of-type=urn:types|NI|1", {"amal"}),
        ("Organization?identifier:of-type=urn:types|NI|2", set()),
        ("Organization?identifier:of-type=urn:types|XX|1", set()),
        ("Questionnaire?url=http://x.example/a/b", {"ab"}),
        ("Questionnaire?url=http://x.example/A/b", set()),
        ("Questionnaire?url:below=http://x.example/a/b", {"ab", "abc"}),
        ("Questionnaire?url:below=http://x.example/a", {"ab", "abc", "abd"}),
        ("Questionnaire?url:above=http://x.example/a/b/c/d", {"ab", "abc"}),
        ("Questionnaire?url:above=http://x.example/a", set()),
        ("Task?code:text=hebergement", {"coded"}),
        ("Task?code:text=urgence", set()),  # from the beginning
        ("Task?code=hebergement", set()),
        ("Task?requester:identifier=urn:n|7", {"by-number"}),
        ("Task?requester:identifier=urn:m|7", set()),
        ("Task?requester:missing=false", {"by-number"}),
        ("Task?requester=7", set()),
    ],
)
def test_a_modifier_finds_what_it_means_and_nothing_else(known: MongoStore, search: str, found: set[str]) -> None:
    type_, _, asked = search.partition("?")
    assert ask(known, type_, asked) == found


def _said(id_: str, code: str, value: str) -> dict[str, Any]:
    """Of a profile whose values stand in clear."""
    concepts = [{"coding": [{"system": "urn:s", "code": one}]} for one in (code, value)]
    return {"resourceType": "Observation", "id": id_, "code": concepts[0], "valueCodeableConcept": concepts[1]}


def test_both_parts_of_a_composite_must_hold(store: MongoStore) -> None:
    store.commit(saving(_said("ab", "a", "b"), _said("ac", "a", "c"), _said("db", "d", "b")))
    for asked, found in {
        "a$b": {"ab"},
        "urn:s|a$b": {"ab"},
        "urn:t|a$b": set(),
        "a$d": set(),
        "b$a": set(),
        "a$b,d$b": {"ab", "db"},
    }.items():
        assert ask(store, "Observation", f"code-value-concept={asked}") == found, asked


def test_parts_of_two_repetitions_are_no_composite(mongodb_uri: str) -> None:
    def found(first: str, second: str) -> bool:
        parts = (Match("a", "token", (token("a", first),)), Match("b", "token", (token("b", second),)))
        match = Match("both", "composite", (Together(parts),))
        return rows.count_documents(any_of(list(conditions("x.both", match, NOW)))) == 1

    with MongoClient[dict[str, Any]](mongodb_uri) as client:
        name = f"composites_{uuid.uuid4().hex[:12]}"
        rows = client[name].rows
        rows.insert_one({"x": {"both": [{"a": ["|x", "x"], "b": ["|1", "1"]}, {"a": ["|y", "y"], "b": ["|2", "2"]}]}})
        told = {pair: found(*pair) for pair in [("x", "1"), ("y", "2"), ("x", "2"), ("y", "1")]}
        client.drop_database(name)
    assert told == {("x", "1"): True, ("y", "2"): True, ("x", "2"): False, ("y", "1"): False}
