"""`_summary` and `_elements`, case by case: https://hl7.org/fhir/R4/search.html#summary"""

import pytest

from hub.fhir import Resource
from hub.fhir.masking import SUBSETTED
from hub.fhir.summary import Wanted, part, shortened

HEAD: Resource = {"resourceType": "Observation", "id": "o", "meta": {"versionId": "1", "tag": [SUBSETTED]}}
OBSERVATION: Resource = HEAD | {
    "meta": {"versionId": "1"},
    "text": {"status": "generated", "div": "<div xmlns='http://www.w3.org/1999/xhtml'>x</div>"},
    "modifierExtension": [{"url": "http://example.org/m", "valueCode": "m"}],
    "status": "final",
    "code": {"text": "c"},
    "effectiveDateTime": "2026",
    "_effectiveDateTime": {"extension": [{"url": "http://example.org/e", "valueCode": "e"}]},
    "valueString": "a value",
    "method": {"text": "not in the summary"},
    "note": [{"text": "not in the summary"}],
    "component": [{"code": {"text": "cc"}, "valueString": "v", "interpretation": [{"text": "no"}]}],
}


def names(wanted: Wanted) -> set[str]:
    return set(part(OBSERVATION, wanted)) - {"resourceType", "id", "meta"}


def test_a_summary_has_what_the_definitions_say_also_inside_of_elements() -> None:
    cut = part(OBSERVATION, Wanted("true"))
    assert set(cut) == set(OBSERVATION) - {"text", "method", "note"}
    assert cut["component"] == [{"code": {"text": "cc"}, "valueString": "v"}]


def test_the_text_comes_with_what_must_be_there() -> None:
    assert names(Wanted("text")) == {"text", "modifierExtension", "status", "code"}


def test_data_are_all_but_the_text() -> None:
    assert names(Wanted("data")) == set(OBSERVATION) - {"resourceType", "id", "meta", "text"}


@pytest.mark.parametrize(
    ("name", "more"),
    [("value", {"valueString"}), ("effective", {"effectiveDateTime", "_effectiveDateTime"}), ("nothing", set())],
)
def test_named_elements_come_with_modifiers_and_what_must_be_there(name: str, more: set[str]) -> None:
    assert names(Wanted(elements=frozenset({name}))) == {"modifierExtension", "status", "code"} | more


def test_a_part_is_marked_once_and_the_whole_is_not_touched() -> None:
    assert part(OBSERVATION, Wanted("true"))["meta"] == HEAD["meta"]
    assert part(HEAD, Wanted("true"))["meta"] == HEAD["meta"]
    assert "tag" not in OBSERVATION["meta"]
    assert shortened("as it is written", Wanted()) == "as it is written"
