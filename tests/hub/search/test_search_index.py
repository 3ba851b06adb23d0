"""What a resource can be found by."""

from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from hub.fhir.canonicals import code_system, identifier_system
from hub.fhir.query import ParameterType
from hub.search import index
from hub.search.dates import EARLIEST, LATEST
from hub.search.parameters import PARAMETERS

SERVICE = code_system("service-type")


def concept(code: str, system: str = SERVICE) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def utc(year: int, month: int, day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def test_a_task_is_found_by_who_asks_who_acts_whom_it_is_for_and_where_it_stands() -> None:
    found = index(
        {
            "resourceType": "Task",
            "id": "t",
            "status": "requested",
            "intent": "order",
            "priority": "urgent",
            "focus": {"reference": "ServiceRequest/s"},
            "for": {"reference": "Patient/p"},
            "requester": {"reference": "Organization/a"},
            "owner": {"reference": "Organization/b"},
            "authoredOn": "2025-06-09T10:00:00Z",
        }
    )
    assert found == {
        "status": ["requested"],
        "intent": ["order"],
        "priority": ["urgent"],
        "focus": ["ServiceRequest/s"],
        "patient": ["Patient/p"],
        "requester": ["Organization/a"],
        "owner": ["Organization/b"],
        "authored-on": [{"l": utc(2025, 6, 9, 10), "h": utc(2025, 6, 9, 10, 0, 1)}],
    }


def test_a_coded_value_is_found_with_and_without_its_system() -> None:
    found = index(
        {"resourceType": "ServiceRequest", "code": concept("shelter"), "category": [concept("need"), concept("x")]}
    )
    assert found["code"] == [f"{SERVICE}|shelter", "shelter"]
    assert found["category"] == [f"{SERVICE}|need", "need", f"{SERVICE}|x", "x"]


def test_a_coding_without_system_is_found_as_having_none() -> None:
    assert index({"resourceType": "ServiceRequest", "code": {"coding": [{"code": "shelter"}]}})["code"] == [
        "|shelter",
        "shelter",
    ]


def test_text_without_a_code_is_not_a_token() -> None:
    assert "code" not in index({"resourceType": "ServiceRequest", "code": {"text": "somewhere to stay"}})


def test_identifiers_and_booleans_are_tokens() -> None:
    system = identifier_system("survivor-code")
    found = index(
        {
            "resourceType": "Patient",
            "active": False,
            "identifier": [{"system": system, "value": "CAS-1"}, {"system": "x"}],
        }
    )
    assert found == {"identifier": [f"{system}|CAS-1", "CAS-1"], "active": ["false"]}


def test_a_reference_is_found_without_its_version_and_only_when_it_points_to_the_right_type() -> None:
    found = index(
        {
            "resourceType": "AuditEvent",
            "agent": [{"who": {"reference": "Organization/a"}}, {"who": {"display": "somebody"}}],
            "entity": [{"what": {"reference": "Patient/p/_history/3"}}, {"what": {"reference": "Task/t"}}],
        }
    )
    assert found == {
        "agent": ["Organization/a"],
        "entity": ["Patient/p", "Task/t"],
        "patient": ["Patient/p"],
    }


def test_the_actors_and_purposes_of_nested_provisions_are_found() -> None:
    reason = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
    found = index(
        {
            "resourceType": "Consent",
            "provision": {
                "period": {"start": "2025-06-09"},
                "provision": [
                    {
                        "actor": [{"reference": {"reference": "Organization/a"}}],
                        "purpose": [{"system": reason, "code": "COC"}],
                    },
                    {"actor": [{"reference": {"reference": "Organization/b"}}]},
                ],
            },
        }
    )
    assert found["actor"] == ["Organization/a", "Organization/b"]
    assert found["purpose"] == [f"{reason}|COC", "COC"]
    assert found["period"] == [{"l": utc(2025, 6, 8, 23), "h": LATEST}]


def test_a_period_without_start_begins_with_the_calendar() -> None:
    found = index({"resourceType": "EpisodeOfCare", "period": {"end": "2025-06-09"}})
    assert found["date"] == [{"l": EARLIEST, "h": utc(2025, 6, 9, 23)}]


def test_names_are_found_folded_in_every_language_and_exactly_as_written() -> None:
    translation = {
        "url": "http://hl7.org/fhir/StructureDefinition/translation",
        "extension": [{"url": "lang", "valueCode": "ar"}, {"url": "content", "valueString": "جمعيّة الأمل"}],
    }
    found = index(
        {
            "resourceType": "Organization",
            "name": "Association Al-Amal",
            "alias": ["Élan"],
            "_name": {"extension": [translation]},
        }
    )
    assert found["name"] == ["association al-amal", "elan", "جمعيه الامل"]
    assert found["name:exact"] == ["Association Al-Amal", "Élan", "جمعيّة الأمل"]


def test_id_and_last_updated_are_left_to_the_store() -> None:
    assert index({"resourceType": "Task", "id": "t", "meta": {"lastUpdated": "2025-06-09T10:00:00Z"}}) == {}


def test_indexing_leaves_the_resource_as_it_was() -> None:
    resource = {
        "resourceType": "Observation",
        "subject": {"reference": "Patient/p"},
        "valueCodeableConcept": concept("rape"),
    }
    before = repr(resource)
    index(resource)
    assert repr(resource) == before


@pytest.mark.parametrize("type_", PARAMETERS)
def test_every_parameter_names_a_type_a_path_and_a_data_class(type_: str) -> None:
    for name, parameter in PARAMETERS[type_].items():
        assert parameter.name == name
        assert parameter.type in get_args(ParameterType)
        assert (len(parameter.components) == 2) == (parameter.type == "composite")
        assert parameter.definition.startswith("http") and parameter.kept_as in PARAMETERS[type_]
        assert parameter.paths
        assert parameter.data_classes
        assert not parameter.targets or parameter.type == "reference"
