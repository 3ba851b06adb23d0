"""What is kept of each FHIR type, as `hub/search/indexing.py` says."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from hub.fhir.canonicals import profile
from hub.fhir.decimals import Written
from hub.search import index
from hub.search.dates import LATEST
from hub.search.values import reader

UCUM = "http://unitsofmeasure.org"
LEAST, MOST = Decimal("-Infinity"), Decimal("Infinity")


def kept(kind: str, type_: str, *nodes: Any, target: str = "", beside: bool = True) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    read = reader(kind, type_, target, beside=beside)
    assert read
    read(list(nodes), "it", found)
    return found


def utc(year: int, month: int, day: int, hour: int = 0) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


def test_a_concept_is_found_by_code_and_by_its_wordings_folded() -> None:
    concept = {"text": "Hébergement", "coding": [{"system": "s", "code": "a", "display": "إيواء"}, {"code": "b"}]}
    assert kept("token", "CodeableConcept", concept) == {
        "it": ["s|a", "a", "|b", "b"],
        "it:text": ["hebergement", "ايواء"],
    }


def test_an_identifier_is_found_by_its_type_too() -> None:
    kind = {"text": "Carte d'identité", "coding": [{"system": "types", "code": "NI"}]}
    assert kept("token", "Identifier", {"system": "s", "value": "1", "type": kind}) == {
        "it": ["s|1", "1"],
        "it:of-type": ["types|NI|1"],
        "it:text": ["carte d'identite"],
    }


def test_nothing_stands_beside_what_is_encrypted() -> None:
    kind = {"text": "CIN", "coding": [{"code": "NI"}]}
    assert kept("token", "Identifier", {"value": "1", "type": kind}, beside=False) == {"it": ["|1", "1"]}
    assert kept("token", "Coding", {"code": "a", "display": "A"}, beside=False) == {"it": ["|a", "a"]}
    named = {"reference": "Patient/p", "identifier": {"value": "1"}}
    assert kept("reference", "Reference", named, beside=False) == {"it": ["Patient/p"]}


def test_a_telephone_number_is_found_with_and_without_its_kind() -> None:
    assert kept("token", "ContactPoint", {"system": "phone", "value": "0600"}) == {"it": ["phone|0600", "0600"]}


def test_a_reference_by_identifier_is_found_by_that_and_to_one_type_only_where_it_says_so() -> None:
    named = {"identifier": {"system": "s", "value": "1"}}
    assert kept("reference", "Reference", named) == {"it:identifier": ["s|1", "1"]}
    assert kept("reference", "Reference", named, target="Patient") == {}
    assert kept("reference", "Reference", named | {"type": "Patient"}, target="Patient") == {
        "it:identifier": ["s|1", "1"]
    }
    assert kept("reference", "Reference", {"reference": "Task/t"}, {"reference": "Patient/p"}, target="Patient") == {
        "it": ["Patient/p"]
    }


def test_a_canonical_is_found_with_its_version_and_without() -> None:
    for kind in ("uri", "reference"):
        assert kept(kind, "canonical", "http://x|1", "http://y") == {"it": ["http://x|1", "http://x", "http://y"]}


def test_a_timing_reaches_from_its_first_date_to_its_last() -> None:
    timing = {"event": ["2026-03-02", "2026-01-05"], "repeat": {"boundsPeriod": {"start": "2026-02-01"}}}
    assert kept("date", "Timing", timing, {"code": {"text": "daily"}}) == {
        "it": [{"l": utc(2026, 1, 4, 23), "h": LATEST}]
    }


def test_a_number_is_kept_as_it_was_written_and_no_longer_than_the_database_keeps_it() -> None:
    assert [str(one["n"]) for one in kept("number", "decimal", 2, 0.1, Written("1.00"))["it"]] == ["2", "0.1", "1.00"]
    (long,) = kept("number", "decimal", Written("0." + "3" * 60))["it"]
    assert len(long["n"].as_tuple().digits) == 34


@pytest.mark.parametrize(
    ("comparator", "low", "high"),
    [("", Decimal(5), Decimal(5)), ("<", LEAST, Decimal(5)), ("<=", LEAST, Decimal(5)), (">", Decimal(5), MOST), (">=", Decimal(5), MOST)],
)  # fmt: skip
def test_a_quantity_is_a_range_that_its_comparator_opens(comparator: str, low: Decimal, high: Decimal) -> None:
    quantity = {"value": 5, "system": UCUM, "code": "mg", "unit": "milligram"}
    if comparator:
        quantity["comparator"] = comparator
    assert kept("quantity", "Quantity", quantity) == {
        "it": [{"l": low, "h": high, "u": [f"{UCUM}|mg", "|mg", "milligram"]}]
    }


def test_a_range_is_open_where_it_says_no_end_and_money_is_told_by_its_currency() -> None:
    assert kept("quantity", "Range", {"low": {"value": 3, "unit": "h"}}, {}) == {
        "it": [{"l": Decimal(3), "h": MOST, "u": ["h"]}]
    }
    (money,) = kept("quantity", "Money", {"value": 10, "currency": "MAD"})["it"]
    assert money["u"] == ["urn:iso:std:iso:4217|MAD", "|MAD"]


def test_a_place_is_found_where_it_is_and_nowhere_if_it_is_not_on_earth() -> None:
    on_earth = {"longitude": -5.0, "latitude": 34.03}
    assert kept("special", "BackboneElement", on_earth, {"longitude": 181, "latitude": 0}, {"latitude": 1}) == {
        "it": [{"type": "Point", "coordinates": [-5.0, 34.03]}]
    }


def test_a_null_that_keeps_a_place_in_a_list_is_no_value() -> None:
    name = {"family": "Example", "given": [None, "Souad"], "_given": [{"id": "x"}, None]}
    assert index({"resourceType": "Patient", "name": [name]})["given:exact"] == ["Souad"]


def test_two_components_are_found_together_where_both_are_there() -> None:
    parts: list[dict[str, Any]] = [
        {"code": {"coding": [{"code": "age"}]}, "valueQuantity": {"value": 30, "unit": "a"}},
        {"code": {"coding": [{"code": "sex"}]}, "valueCodeableConcept": {"coding": [{"code": "male"}]}},
        {"code": {"coding": [{"code": "nothing"}]}},
    ]
    found = index({"resourceType": "Observation", "code": {"coding": [{"code": "x"}]}, "component": parts})
    assert found["component-code-value-concept"] == [{"a": ["|sex", "sex"], "b": ["|male", "male"]}]
    thirty = {"l": Decimal(30), "h": Decimal(30), "u": ["a"]}
    assert found["combo-code-value-quantity"] == [{"a": ["|age", "age"], "b": [thirty]}]
    assert "code-value-concept" not in found


def test_a_resource_is_found_by_what_its_meta_says() -> None:
    meta = {
        "profile": ["http://x|2"],
        "tag": [{"system": "s", "code": "a"}],
        "security": [{"code": "R"}],
        "source": "urn:y",
    }
    assert index({"resourceType": "Task", "meta": meta}) == {
        "_profile": ["http://x|2", "http://x"],
        "_tag": ["s|a", "a"],
        "_security": ["|R", "R"],
        "_source": ["urn:y"],
    }


def test_a_withheld_place_is_found_by_no_nearness_and_a_stranger_s_number_not_in_clear() -> None:
    place = {"resourceType": "Location", "position": {"longitude": -5, "latitude": 34}}
    assert "near" in index(place, "location") and "near" not in index(place, "shelter-location")
    number = [{"reference": "Patient/p", "identifier": {"value": "1"}}]
    told = {"resourceType": "Communication", "meta": {"profile": [profile("message")]}, "recipient": number}
    assert index(told, "message")["recipient"] == ["Patient/p"]
    assert "recipient:identifier" not in index(told, "message")
