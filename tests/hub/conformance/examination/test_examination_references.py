"""References, contained resources and bundles: what leads where, and whether it may."""

from typing import Any

import pytest

from tests.support.made_up import BASE, R4, element, found, profile

OBSERVATION: dict[str, Any] = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
NAMED = {"resourceType": "Patient", "id": "p", "name": [{"text": "x"}]}


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ({"reference": "Patient/1"}, []),
        ({"reference": "https://a.example/fhir/Patient/1/_history/2"}, []),
        ({"reference": "https://a.example/anything"}, []),
        ({"reference": "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"}, []),
        ({"identifier": {"value": "1"}}, []),
        ({"display": "x"}, []),
        ({"type": "Patient", "identifier": {"value": "1"}}, []),
        ({"reference": "Task/1"}, [("error", "target-type", "Observation.subject.reference")]),
        ({"reference": "https://a.example/fhir/Task/1"}, [("error", "target-type", "Observation.subject.reference")]),
        ({"type": "Task", "display": "x"}, [("error", "target-type", "Observation.subject.type")]),
        (
            {"reference": "Patient/1", "type": "Group"},
            [("error", "reference-type-differs", "Observation.subject.type")],
        ),
        ({"reference": "#p"}, [("error", "invariant ref-1", "Observation.subject")]),
    ],
    ids=str,
)
def test_a_reference_leads_to_a_type_that_is_allowed(subject: Any, expected: list[Any]) -> None:
    assert found(OBSERVATION | {"subject": subject}) == expected


def test_the_targets_of_a_profile_are_those_that_hold() -> None:
    named = profile("Patient", element("Patient.name", min=1), name="named")
    types = [{"code": "Reference", "targetProfile": [BASE + "named"]}]
    made_up = profile("Observation", element("Observation.subject", type=types))
    assert found(OBSERVATION | {"subject": {"reference": "Patient/1"}}, made_up, named) == []
    assert found(OBSERVATION | {"subject": {"reference": "Group/1"}}, made_up, named) == [
        ("error", "target-type", "Observation.subject.reference")
    ]
    assert (
        found(OBSERVATION | {"subject": {"reference": "Group/1"}}, made_up) == []
    )  # unknown profile: nothing is known


ABOUT_ITS_CONTAINER = {
    "resourceType": "Task",
    "id": "t",
    "status": "draft",
    "intent": "order",
    "focus": {"reference": "#"},
}


def within(*contained: Any, subject: str = "#p", **more: Any) -> Any:
    return OBSERVATION | {"contained": list(contained), "subject": {"reference": subject}} | more


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (within(NAMED), []),
        (within({**NAMED, "resourceType": "Task"}), ["target-type"]),
        (within(NAMED, subject="Patient/1"), ["invariant dom-3"]),
        (within({**NAMED, "contained": [{"resourceType": "Patient", "id": "q"}]}), ["invariant dom-2"]),
        (within({**NAMED, "meta": {"versionId": "1"}}), ["invariant dom-4"]),
        (within({**NAMED, "meta": {"security": [{"code": "R"}]}}), ["invariant dom-5"]),
        (within({k: v for k, v in NAMED.items() if k != "id"}), ["required", "invariant ref-1"]),
        (within(NAMED, NAMED), ["contained-twice"]),
        (within({**NAMED, "gender": "x"}), ["wrong-code"]),
        (within(ABOUT_ITS_CONTAINER, subject="Patient/1"), []),
        (within({"id": "p"}), ["resource-unknown"]),
        (OBSERVATION | {"contained": []}, ["empty"]),
    ],
    ids=str,
)
def test_contained_resources(resource: Any, expected: Any) -> None:
    keys = {key for severity, key, _ in found(resource) if severity == "error"}
    assert keys >= set(expected) and bool(keys) == bool(expected)


def test_a_contained_resource_is_examined_at_its_place() -> None:
    spoilt = {**NAMED, "name": [{"family": 1}]}
    assert ("error", "text", "Observation.contained[0].name[0].family") in found(within(spoilt))


def bundle(*entries: Any, type_: str = "collection", **more: Any) -> Any:
    return {"resourceType": "Bundle", "type": type_, "entry": list(entries)} | more


URN = "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"
POST = {"method": "POST", "url": "Patient"}


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (bundle({"fullUrl": URN, "resource": NAMED}), []),
        (bundle({"fullUrl": URN, "resource": NAMED, "request": POST}, type_="transaction"), []),
        (bundle({"fullUrl": "https://a.example/Patient/p", "resource": NAMED}), []),
        (
            bundle({"fullUrl": "https://a.example/Patient/q", "resource": NAMED}),
            [("full-url-and-id", "Bundle.entry[0].fullUrl")],
        ),
        (
            bundle({"fullUrl": URN, "resource": NAMED}, {"fullUrl": URN, "resource": NAMED}),
            [("invariant bdl-7", "Bundle")],
        ),
        (bundle({"fullUrl": URN, "resource": NAMED}, type_="transaction"), [("invariant bdl-3", "Bundle")]),
        (bundle({"resource": NAMED, "request": POST}), [("invariant bdl-3", "Bundle")]),
        (bundle({"resource": NAMED}, total=1), [("invariant bdl-1", "Bundle")]),
        (
            bundle(
                {"resource": NAMED},
                type_="document",
                timestamp="2026-03-12T10:00:00Z",
                identifier={"system": "a:b", "value": "1"},
            ),
            [("invariant bdl-11", "Bundle")],
        ),
        (bundle({"link": [{"relation": "self", "url": "a:b"}]}), [("invariant bdl-5", "Bundle.entry[0]")]),
        (bundle({"resource": {**NAMED, "gender": "x"}}), [("wrong-code", "Bundle.entry[0].resource.gender")]),
        (
            bundle({"resource": bundle({"resource": {**NAMED, "gender": "x"}})}),
            [("wrong-code", "Bundle.entry[0].resource.entry[0].resource.gender")],
        ),
        (bundle({"resource": {}}), [("empty", "Bundle.entry[0].resource")]),
        (bundle({"resource": {"resourceType": "Nothing"}}), [("resource-unknown", "Bundle.entry[0].resource")]),
        (bundle("x"), [("object-expected", "Bundle.entry[0]")]),
    ],
    ids=str,
)
def test_bundles(resource: Any, expected: list[tuple[str, str]]) -> None:
    assert [(key, path) for severity, key, path in found(resource) if severity == "error"] == expected


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        (URN, []),
        ("Patient/p", []),
        (
            "urn:uuid:00000000-0000-4000-8000-000000000000",
            [("warning", "entry-not-found", "Bundle.entry[1].resource.subject.reference")],
        ),
    ],
)
def test_references_between_entries_are_followed(reference: str, expected: list[Any]) -> None:
    entries = {"fullUrl": URN, "resource": NAMED}, {"resource": OBSERVATION | {"subject": {"reference": reference}}}
    assert found(bundle(*entries)) == expected


def test_an_entry_of_the_wrong_type_is_no_target() -> None:
    entries = (
        {"fullUrl": URN, "resource": {**OBSERVATION, "id": "o"}},
        {"resource": OBSERVATION | {"subject": {"reference": URN}}},
    )
    assert found(bundle(*entries)) == [("error", "target-type", "Bundle.entry[1].resource.subject.reference")]


def test_each_entry_is_held_to_its_own_profile() -> None:
    named = profile("Patient", element("Patient.name", min=1), name="named")
    entry = {"resource": {"resourceType": "Patient", "meta": {"profile": [BASE + "named"]}}}
    assert found(bundle(entry), named, asked=()) == [("error", "required", "Bundle.entry[0].resource.name")]


def test_parameters_hold_resources_too() -> None:
    spoilt = {"resourceType": "Parameters", "parameter": [{"name": "p", "resource": {**NAMED, "gender": "x"}}]}
    assert found(spoilt) == [("error", "wrong-code", "Parameters.parameter[0].resource.gender")]


# --- which definitions hold --------------------------------------------------------------------------------------------


def test_a_profile_that_is_named_and_not_known_is_a_warning_and_one_that_is_asked_for_an_error() -> None:
    named = NAMED | {"meta": {"profile": [BASE + "unknown"]}}
    assert found(named) == [("warning", "profile-unknown", "Patient.meta.profile[0]")]
    assert found(NAMED, asked=(BASE + "unknown",)) == [("error", "profile-not-found", "Patient")]


def test_a_definition_that_cannot_be_read_is_said_to_be_so() -> None:
    wider = profile("Patient", element("Patient.gender", max="5"))
    for broken in (wider, {**wider, "differential": {"element": 3}}, {**wider, "snapshot": {"element": [{}]}}):
        assert found(NAMED, broken) == [("error", "profile-unreadable", "Patient")]


def test_a_profile_of_another_type_is_not_the_one() -> None:
    assert found(NAMED, profile("Observation")) == [("error", "resource-type", "Patient")]


def test_r4s_own_definition_may_be_asked_for_where_a_profile_is_named() -> None:
    survivor = "https://ihala.example/fhir/StructureDefinition/survivor"
    assert found(NAMED, asked=(R4 + "Patient",)) == []
    assert [key for severity, key, _ in found(NAMED, asked=(survivor,)) if severity == "error"] != []


def test_a_version_in_a_canonical_does_not_hide_the_definition() -> None:
    made_up = profile("Patient", element("Patient.gender", min=1))
    assert found(NAMED, made_up, asked=(made_up["url"] + "|1.0",)) == [("error", "required", "Patient.gender")]


def test_a_profile_over_a_profile_holds_both() -> None:
    first = profile("Patient", element("Patient.gender", min=1), name="first")
    second = profile("Patient", element("Patient.birthDate", min=1), name="second", base=BASE + "first")
    assert {path for _, _, path in found(NAMED, second, first)} == {"Patient.gender", "Patient.birthDate"}


def test_a_profile_that_is_its_own_base_is_unreadable() -> None:
    circle = profile("Patient", base=BASE + "made-up")
    assert found(NAMED, circle) == [("error", "profile-unreadable", "Patient")]


def test_a_type_may_have_several_profiles_of_which_one_will_do() -> None:
    one = profile("Quantity", element("Quantity.code", min=1, fixedCode="kg"), name="kilos")
    two = profile("Quantity", element("Quantity.code", min=1, fixedCode="g"), name="grams")
    types = [{"code": "Quantity", "profile": [BASE + "kilos", BASE + "grams"]}]
    made_up = profile("Observation", element("Observation.value[x]", type=types))

    def observation(code: str) -> Any:
        return OBSERVATION | {"valueQuantity": {"value": 1, "code": code, "system": "http://unitsofmeasure.org"}}

    assert found(observation("kg"), made_up, one, two) == found(observation("g"), made_up, one, two) == []
    assert found(observation("t"), made_up, one, two) == [("error", "pattern", "Observation.valueQuantity.code")]
