"""Persons are found by keyed tokens: by name and its beginnings, by identifier, by date; never by what a copy could tell."""

from typing import Any

import pytest

from hub.errors import BAD_PARAMETER, SEALED_SEARCH, HubError
from hub.ports import Changes, Save
from hub.search import parse
from hub.store import MongoStore
from hub.texts import say
from tests.support.acts import opened, sees, survivor

CIN = "urn:cin"


@pytest.fixture
def known(store: MongoStore) -> MongoStore:
    women = {
        "souad": ("amal", [{"family": "El Idrissi", "given": ["Souad", "Chaïmae"]}], "1990-03-02", "AB1"),
        "suad": ("nour", [{"text": "سعاد الإدريسي"}], "1990-03", "AB2"),
        "same": ("nour", [{"family": "El Idrissi", "given": ["Souad"]}], "1990", "AB1"),
        "nobody": ("nour", [], "", ""),
    }
    for id_, (custodian, name, birth, cin) in women.items():
        more = {"name": name, "birthDate": birth, "identifier": [{"system": CIN, "value": cin}]} if name else {}
        save = Save(survivor(id_, **more), id_, custodian, opened("a"))
        store.commit(Changes(saves=[save], persons={id_: 0}))
    return store


def ask(store: MongoStore, *pairs: tuple[str, str]) -> set[str]:
    query, ignored = parse("Patient", pairs, strict=True)
    assert not ignored
    found = store.search(query, sees("a"))
    assert found.total == len(found.page)
    return {one.id for one in found.page}


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("name", "souad", {"souad", "same"}),
        ("name", "SOU", {"souad", "same"}),
        ("name", "chaim", {"souad"}),
        ("name", "idrissi souad", {"souad", "same"}),
        ("name", "idrissi fatima", set()),
        ("name", "إدريسي", set()),  # a word begins with its article
        ("name", "الادريسي", {"suad"}),
        ("name", "سعاد,chaimae", {"suad", "souad"}),
        ("family", "souad", set()),
        ("family", "idri", {"souad", "same"}),
        ("given", "souad", {"souad", "same"}),
        ("given", "idrissi", set()),
        ("name:exact", "El Idrissi", {"souad", "same"}),
        ("name:exact", "el idrissi", set()),
        ("name:exact", "El", set()),
        ("name:missing", "true", {"nobody"}),
        ("name:missing", "false", {"souad", "suad", "same"}),
        ("identifier", "AB1", {"souad", "same"}),
        ("identifier", f"{CIN}|AB2", {"suad"}),
        ("identifier", f"{CIN}|", {"souad", "suad", "same"}),
        ("identifier", "|AB1", set()),
        ("identifier", "AB", set()),
        ("identifier:not", "AB1", {"suad", "nobody"}),
        ("birthdate", "1990", {"souad", "suad", "same"}),
        ("birthdate", "eq1990-03", {"souad", "suad"}),
        ("birthdate", "1990-03-02", {"souad"}),
        ("birthdate", "1990-03-02T00:00:00Z", set()),
        ("birthdate:missing", "true", {"nobody"}),
    ],
)
def test_a_search_finds(known: MongoStore, name: str, value: str, found: set[str]) -> None:
    assert ask(known, (name, value)) == found


@pytest.mark.parametrize(
    ("name", "value"),
    [("name:contains", "idris"), ("family:contains", "x"), ("name", "s"), ("name", "souad e"), ("birthdate", "ge1990"), ("birthdate", "ne1990")],
)  # fmt: skip
def test_what_tokens_cannot_answer_is_refused_in_three_languages_without_repeating_it(name: str, value: str) -> None:
    with pytest.raises(HubError) as refused:
        parse("Patient", [(name, value)], strict=False)
    assert refused.value.problem == SEALED_SEARCH
    said = {say(refused.value.text, language, **refused.value.params) for language in ("ar", "fr", "en")}
    assert len(said) == 3
    assert not any("1990" in one or "souad" in one for one in said)


def test_nobody_is_sorted_by_what_is_encrypted() -> None:
    with pytest.raises(HubError) as refused:
        parse("Patient", [("_sort", "name")], strict=True)
    assert refused.value.problem == BAD_PARAMETER
    query, ignored = parse("Patient", [("_sort", "birthdate")], strict=False)
    assert (query.sort, ignored) == ((), ["_sort"])


def test_the_same_name_gives_other_tokens_elsewhere(known: MongoStore) -> None:
    def tokens(id_: str, name: str) -> set[bytes]:
        found: Any = known.database.Patient.find_one({"_id": id_})
        return set(found["t"][name])

    for name in ("name", "family", "identifier", "birthdate"):
        assert tokens("souad", name).isdisjoint(tokens("same", name))


def test_a_name_goes_and_its_tokens_with_it(known: MongoStore) -> None:
    person = known.compartments(["souad"])["souad"]
    save = Save(survivor("souad", name=[{"text": "Autre"}]), "souad", "amal", opened("a"), 1)
    known.commit(Changes(saves=[save], persons={"souad": person.revision}))
    assert ask(known, ("name", "souad")) == {"same"}
    assert ask(known, ("name", "autre")) == {"souad"}


def test_names_and_identifiers_have_indexes_of_their_tokens(known: MongoStore) -> None:
    indexes = {index["key"][0][0] for index in known.database.Patient.index_information().values()}
    assert {"t.name", "t.identifier"} <= indexes
    assert not indexes & {"x.name", "x.identifier"}
