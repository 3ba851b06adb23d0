"""Numbers, quantities and places against a naive reading of the rules: https://hl7.org/fhir/R4/search.html#prefix"""

import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import pytest
from bson import Decimal128
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo import MongoClient
from pymongo.collection import Collection

from hub.fhir.query import Match, ParameterType
from hub.search.asked import values
from hub.search.parameters import Parameter
from hub.store.conditions import any_of, conditions
from tests.support import naive
from tests.support.acts import NOW
from tests.support.budget import examples

Rows = Collection[dict[str, Any]]
ENDLESS: Final = Decimal("Infinity")
WRITTEN: Final = ("1", "5", "5.4", "5.40", "100", "99.5", "100.0", "1e2", "-3", "0", "0.005")
PREFIXES: Final = ("", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
UNITS: Final = {
    "": ("urn:s|mg", "|mg", "mg"),
    "|urn:s|mg": ("urn:s|mg",),
    "||mg": ("|mg", "mg"),
    "||g": ("|g", "g"),
    "|urn:s|": ("urn:s|mg",),
}
STORED: Final = [
    Decimal(one)
    for one in ("0", "-3", "1", "4.9", "5", "5.39", "5.4", "5.45", "95", "99.5", "99.96", "100", "100.5", "105")
]


@pytest.fixture(scope="module")
def rows(mongodb_uri: str) -> Iterator[Rows]:
    with MongoClient[dict[str, Any]](mongodb_uri) as client:
        name = f"amounts_{uuid.uuid4().hex[:12]}"
        yield client[name].rows
        client.drop_database(name)


def found(rows: Rows, kind: ParameterType, *written: str) -> set[int]:
    parameter = Parameter("value", kind, (), frozenset())
    match = Match("value", kind, tuple(one for text in written for one in values(parameter, "value", text, (), "")))
    return {row["_id"] for row in rows.find(any_of(list(conditions("x.value", match, NOW))))}


ENDS = st.sampled_from(STORED).map(lambda one: (one, one)) | st.sampled_from(STORED).flatmap(
    lambda one: st.sampled_from([(-ENDLESS, one), (one, ENDLESS), (one, one + 4)])
)


@settings(max_examples=examples(40, 1500), deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(
    stored=st.lists(st.lists(st.tuples(ENDS, st.sampled_from(["urn:s|mg", ""])), max_size=2), min_size=1, max_size=12),
    prefix=st.sampled_from(PREFIXES),
    text=st.sampled_from(WRITTEN),
    unit=st.sampled_from(list(UNITS)),
)
def test_quantities(
    rows: Rows, stored: list[list[tuple[tuple[Decimal, Decimal], str]]], prefix: str, text: str, unit: str
) -> None:
    rows.delete_many({})
    rows.insert_many(
        {
            "_id": number,
            "x": {
                "value": [
                    {"l": Decimal128(low), "h": Decimal128(high), "u": list(UNITS[""]) if of else []}
                    for (low, high), of in each
                ]
            },
        }
        for number, each in enumerate(stored)
    )
    holds = naive.is_amount(prefix or "eq", text)
    expected = {
        number
        for number, each in enumerate(stored)
        if any(holds(ends) and (not unit or (bool(of) and unit != "||g")) for ends, of in each)
    }
    assert found(rows, "quantity", f"{prefix}{text}{unit}") == expected


@settings(max_examples=examples(40, 1500), deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(
    stored=st.lists(st.lists(st.sampled_from(STORED), max_size=2), min_size=1, max_size=12),
    asked=st.lists(st.tuples(st.sampled_from(PREFIXES), st.sampled_from(WRITTEN)), min_size=1, max_size=2),
)
def test_numbers(rows: Rows, stored: list[list[Decimal]], asked: list[tuple[str, str]]) -> None:
    rows.delete_many({})
    rows.insert_many(
        {"_id": n, "x": {"value": [{"n": Decimal128(one)} for one in each]}} for n, each in enumerate(stored)
    )
    tests = [naive.is_amount(prefix or "eq", text) for prefix, text in asked]
    expected = {n for n, each in enumerate(stored) if any(test((one, one)) for test in tests for one in each)}
    assert found(rows, "number", *(f"{prefix}{text}" for prefix, text in asked)) == expected


@pytest.mark.parametrize(
    ("asked", "stored", "is_found"),
    [
        ("100", "99.5", True), ("100", "100.5", False), ("1e2", "95", True), ("1e2", "105", False), ("100.00", "99.99", False),
        ("gt70", "70", False), ("ge70", "70", True), ("ap100", "110", True), ("ap100", "110.1", False), ("ne100", "100.4", False),
    ],
)  # fmt: skip
def test_the_examples_of_the_standard(rows: Rows, asked: str, stored: str, is_found: bool) -> None:
    rows.delete_many({})
    rows.insert_one({"_id": 0, "x": {"value": [{"n": Decimal128(stored)}]}})
    assert bool(found(rows, "number", asked)) == is_found


def test_what_is_near_lies_in_the_circle(rows: Rows) -> None:
    rows.delete_many({})
    places = {0: [-7.61, 33.58], 1: [-6.84, 34.02], 2: [-5.0, 34.03]}  # Casablanca, Rabat, Fès
    rows.insert_many({"_id": n, "x": {"value": {"type": "Point", "coordinates": at}}} for n, at in places.items())
    rows.create_index([("x.value", "2dsphere")])
    assert found(rows, "special", "33.6|-7.6") == {0}
    assert found(rows, "special", "33.6|-7.6|100|km") == {0, 1}
    assert found(rows, "special", "33.6|-7.6|100000|m") == {0, 1}
    assert found(rows, "special", "33.6|-7.6|200|[mi_us]") == {0, 1, 2}
    assert found(rows, "special", "0|0|10|km") == set()
