"""The search fields of a document: decimals as decimals, places in their index, encrypted elements as tokens alone."""

import json
from importlib.resources import files
from typing import Any

import pytest
from bson.decimal128 import Decimal128

from hub.fhir import Resource
from hub.fhir.canonicals import profile
from hub.fhir.query import Match, Query, Word
from hub.ports import Changes, Key, Save
from hub.search.parameters import EVERYWHERE, KEPT_BESIDE, PARAMETERS
from hub.store import MongoStore
from tests.support.acts import sees


def example(name: str) -> Resource:
    found: Resource = json.loads(files("profiles").joinpath("examples", "valid", f"{name}.json").read_bytes())
    return found


def put(store: MongoStore, *resources: Resource) -> None:
    store.commit(Changes(saves=[Save(one, None, "amal", (Key("a"),)) for one in resources]))


def kept(store: MongoStore, resource: Resource) -> Any:
    return store.database[resource["resourceType"]].find_one({"_id": resource["id"]})


def told(profile_name: str, **component: Any) -> Resource:
    coded = {"coding": [{"system": "s", "code": "c"}]}
    return {
        "resourceType": "Observation",
        "id": profile_name,
        "meta": {"profile": [profile(profile_name)]},
        "code": coded,
        "component": [{"code": coded, **component}],
    }


def test_decimals_are_kept_as_they_were_written(store: MongoStore) -> None:
    outcome = told("outcome", valueQuantity={"value": 1.5, "comparator": "<", "unit": "h"})
    put(store, outcome)
    low, high = Decimal128("-Infinity"), Decimal128("1.5")
    found = kept(store, outcome)["x"]
    assert found["combo-value-quantity"] == [{"l": low, "h": high, "u": ["h"]}]
    assert found["combo-code-value-quantity"] == [{"a": ["s|c", "c"], "b": [{"l": low, "h": high, "u": ["h"]}]}]


def test_of_encrypted_quantities_and_composites_is_only_told_that_there_is_one(store: MongoStore) -> None:
    incident = told("incident", valueQuantity={"value": 31, "unit": "a"})
    put(store, incident)
    document = kept(store, incident)
    for name in ("combo-value-quantity", "component-value-quantity", "combo-code-value-quantity"):
        assert len(document["t"][name]) == 1 and name not in document["x"]
        for asked, total in (("true", 0), ("false", 1)):
            query = Query(
                "Observation", (Match(name, PARAMETERS["Observation"][name].type, (Word(asked),), "missing"),)
            )
            assert store.search(query, sees("a")).total == total, (name, asked)
    assert "31" not in str({key: value for key, value in document.items() if key in {"x", "t"}})


def test_a_place_is_found_through_its_index_and_a_withheld_one_is_not_there(store: MongoStore) -> None:
    open_, hidden = (
        example("location"),
        example("location") | {"id": "hidden", "meta": {"profile": [profile("shelter-location")]}},
    )
    for one in (open_, hidden):
        one["position"] = {"longitude": -5.0, "latitude": 34.03}
    put(store, open_, hidden)
    near = {"$near": {"$geometry": {"type": "Point", "coordinates": [-5.0, 34.0]}, "$maxDistance": 10_000}}
    assert [one["_id"] for one in store.database.Location.find({"x.near": near})] == [open_["id"]]
    assert not {"near"} & {*kept(store, hidden)["x"], *kept(store, hidden).get("t", {})}


def test_a_position_that_is_not_on_earth_is_stored_all_the_same(store: MongoStore) -> None:
    nowhere = example("location") | {"position": {"longitude": 500, "latitude": 0}}
    put(store, nowhere)
    assert "near" not in kept(store, nowhere)["x"]


@pytest.mark.parametrize("type_", PARAMETERS)
def test_no_parameter_has_the_whole_collection_read(store: MongoStore, type_: str) -> None:
    for one in (*EVERYWHERE.values(), *PARAMETERS[type_].values()):
        if one.name not in KEPT_BESIDE:
            query = Query(type_, (Match(one.name, one.type, (Word("false"),), "missing"),))
            assert "COLLSCAN" not in store.explain(query, sees("a"))["stages"], one.name


def test_a_type_has_few_indexes_since_each_costs_at_every_write(store: MongoStore) -> None:
    for type_ in PARAMETERS:
        own = [name for name in store.database[type_].index_information() if name.startswith(("x.", "t."))]
        assert len(own) <= 5, (type_, own)
