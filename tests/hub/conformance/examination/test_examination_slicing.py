"""Slicing: every kind of discriminator, every path, every rule. The profiles are made up; two of R4's own are tried too."""

from copy import deepcopy
from typing import Any

import pytest

from hub.conformance import examine
from tests.support.made_up import BASE, R4, element, extension, found, profile, slicing

PATIENT: dict[str, Any] = {"resourceType": "Patient"}
OBSERVATION: dict[str, Any] = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}


def errors(resource: Any, *extra: Any) -> list[tuple[str, str]]:
    return [(key, path) for severity, key, path in found(resource, *extra) if severity == "error"]


def identifiers(rules: str = "open", ordered: bool = False) -> Any:
    """Patient.identifier by system: exactly one `file`, up to two `card`, in this order."""
    return profile(
        "Patient",
        element("Patient.identifier", slicing=slicing(("value", "system"), rules=rules, ordered=ordered)),
        element("Patient.identifier:file", min=1, max="1"),
        element("Patient.identifier:file.system", min=1, fixedUri="https://file.example"),
        element("Patient.identifier:file.value", min=1),
        element("Patient.identifier:card", max="2"),
        element("Patient.identifier:card.system", min=1, fixedUri="https://card.example"),
    )


FILE = {"system": "https://file.example", "value": "1"}
CARD = {"system": "https://card.example", "value": "2"}
OTHER = {"system": "https://other.example", "value": "3"}


@pytest.mark.parametrize(
    ("rules", "ordered", "given", "expected"),
    [
        ("open", False, [OTHER, CARD, FILE], []),
        ("open", False, [CARD], [("slice-required", "Patient.identifier")]),
        ("open", False, [FILE, FILE], [("slice-too-many", "Patient.identifier")]),
        ("open", False, [FILE, CARD, CARD, CARD], [("slice-too-many", "Patient.identifier")]),
        ("open", False, [{"system": FILE["system"]}], [("required", "Patient.identifier[0].value")]),
        ("closed", False, [FILE, OTHER], [("no-slice", "Patient.identifier[1]")]),
        ("closed", False, [CARD, FILE], []),
        ("openAtEnd", False, [FILE, CARD, OTHER], []),
        ("openAtEnd", False, [FILE, OTHER, CARD], [("slice-not-at-end", "Patient.identifier[1]")]),
        ("open", True, [FILE, OTHER, CARD], []),
        ("open", True, [CARD, FILE], [("slice-order", "Patient.identifier[1]")]),
    ],
    ids=str,
)
def test_slices_are_counted_ordered_and_closed(
    rules: str, ordered: bool, given: list[Any], expected: list[tuple[str, str]]
) -> None:
    assert errors(PATIENT | {"identifier": given}, identifiers(rules, ordered)) == expected


def test_a_slice_that_must_be_there_is_missed_where_nothing_is() -> None:
    assert errors(PATIENT, identifiers()) == [("slice-required", "Patient.identifier")]


def test_a_slice_is_told_by_a_pattern() -> None:
    code = {"coding": [{"system": "https://a.example", "code": "weight"}]}
    made_up = profile(
        "Observation",
        element("Observation.component", slicing=slicing(("pattern", "code"), rules="closed")),
        element("Observation.component:weight", max="1"),
        element("Observation.component:weight.code", patternCodeableConcept=code),
        element("Observation.component:weight.value[x]", min=1, type=[{"code": "Quantity"}]),
    )
    right = {"code": {**code, "text": "Weight"}, "valueQuantity": {"value": 1}}
    assert errors(OBSERVATION | {"component": [right]}, made_up) == []
    wrong = [{**right, "valueQuantity": None}, {"code": {"text": "Height"}}]
    wrong[0].pop("valueQuantity")
    assert errors(OBSERVATION | {"component": wrong}, made_up) == [
        ("no-slice", "Observation.component[1]"),
        ("required", "Observation.component[0].value"),
    ]


def test_a_slice_is_told_by_the_type_of_a_choice() -> None:
    made_up = profile(
        "Observation",
        element("Observation.value[x]", slicing=slicing(("type", "$this"))),
        element("Observation.value[x]:valueQuantity", type=[{"code": "Quantity"}]),
        element("Observation.value[x]:valueQuantity.code", min=1),
    )
    assert errors(OBSERVATION | {"valueString": "x"}, made_up) == []
    assert errors(OBSERVATION | {"valueQuantity": {"value": 1}}, made_up) == [
        ("required", "Observation.valueQuantity.code")
    ]


def test_a_slice_is_told_by_whether_something_exists() -> None:
    made_up = profile(
        "Patient",
        element("Patient.contact", slicing=slicing(("exists", "organization"), rules="closed")),
        element("Patient.contact:office", max="1"),
        element("Patient.contact:office.organization", min=1),
        element("Patient.contact:person", max="1"),
        element("Patient.contact:person.organization", max="0"),
        element("Patient.contact:person.name", min=1),
    )
    office = {"organization": {"display": "x"}}
    person = {"name": {"text": "x"}}
    assert errors(PATIENT | {"contact": [office, person]}, made_up) == []
    nameless = {"telecom": [{"value": "1", "system": "phone"}]}
    assert errors(PATIENT | {"contact": [nameless]}, made_up) == [("required", "Patient.contact[0].name")]
    assert errors(PATIENT | {"contact": [office, office]}, made_up) == [("slice-too-many", "Patient.contact")]


def test_a_slice_is_told_by_an_extension() -> None:
    kind = extension("kind", element("Extension.value[x]", min=1, type=[{"code": "code"}]), at="Identifier")
    made_up = profile(
        "Patient",
        element("Patient.identifier", slicing=slicing(("value", f"extension('{BASE}kind').value"), rules="closed")),
        element("Patient.identifier:file", max="1"),
        element("Patient.identifier:file.extension", slicing=slicing(("value", "url"))),
        element(
            "Patient.identifier:file.extension:kind", min=1, type=[{"code": "Extension", "profile": [BASE + "kind"]}]
        ),
        element("Patient.identifier:file.extension:kind.value[x]", patternCode="file"),
    )

    def identifier(code: str) -> Any:
        return {"value": "1", "extension": [{"url": BASE + "kind", "valueCode": code}]}

    assert errors(PATIENT | {"identifier": [identifier("file")]}, made_up, kind) == []
    assert errors(PATIENT | {"identifier": [identifier("card")]}, made_up, kind) == [
        ("no-slice", "Patient.identifier[0]")
    ]


def test_a_slice_is_told_by_a_code_within_one_type_of_a_choice() -> None:
    path = "value.ofType(Quantity).unit"
    made_up = profile(
        "Observation",
        element("Observation.component", slicing=slicing(("value", path), rules="closed")),
        element("Observation.component:kilos", max="1"),
        element("Observation.component:kilos.value[x]", type=[{"code": "Quantity"}]),
        element("Observation.component:kilos.value[x].unit", min=1, fixedString="kg"),
    )
    code = {"text": "x"}
    assert errors(OBSERVATION | {"component": [{"code": code, "valueQuantity": {"unit": "kg"}}]}, made_up) == []
    for other in ({"valueQuantity": {"unit": "g"}}, {"valueString": "kg"}):
        assert errors(OBSERVATION | {"component": [{"code": code, **other}]}, made_up) == [
            ("no-slice", "Observation.component[0]")
        ]


def performers() -> Any:
    types = [{"code": "Reference", "targetProfile": [R4 + "Organization"]}]
    return profile(
        "Observation",
        element("Observation.performer", slicing=slicing(("type", "resolve()"), rules="closed")),
        element("Observation.performer:office", min=1, max="1", type=types),
        element("Observation.performer:office.display", min=1),
    )


@pytest.mark.parametrize(
    ("performer", "expected"),
    [
        ({"reference": "Organization/1", "display": "x"}, []),
        ({"reference": "#o", "display": "x"}, []),
        ({"type": "Organization", "identifier": {"value": "1"}, "display": "x"}, []),
        ({"reference": "Organization/1"}, [("required", "Observation.performer[0].display")]),
        (
            {"reference": "Practitioner/1", "display": "x"},
            [("slice-required", "Observation.performer"), ("no-slice", "Observation.performer[0]")],
        ),
    ],
    ids=str,
)
def test_a_slice_is_told_by_what_a_reference_leads_to(performer: Any, expected: list[tuple[str, str]]) -> None:
    contained = [{"resourceType": "Organization", "id": "o", "name": "x"}]
    within = {"contained": contained} if performer.get("reference") == "#o" else {}
    assert errors(OBSERVATION | within | {"performer": [performer]}, performers()) == expected


def test_a_slice_is_told_by_the_profile_that_an_entry_conforms_to() -> None:
    named = profile("Patient", element("Patient.name", min=1), name="named")
    made_up = profile(
        "Bundle",
        element("Bundle.entry", slicing=slicing(("profile", "resource"))),
        element("Bundle.entry:named", min=1, max="1"),
        element("Bundle.entry:named.resource", min=1, type=[{"code": "Resource", "profile": [BASE + "named"]}]),
    )

    def bundle(*resources: Any) -> Any:
        entries = [{"fullUrl": f"urn:uuid:{n}", "resource": one} for n, one in enumerate(resources)]
        return {"resourceType": "Bundle", "type": "collection", "entry": entries}

    one = PATIENT | {"name": [{"text": "x"}]}
    nameless = PATIENT | {"active": True}
    assert errors(bundle(nameless, one), made_up, named) == []
    assert errors(bundle(nameless), made_up, named) == [("slice-required", "Bundle.entry")]
    assert errors(bundle(one, one), made_up, named) == [("slice-too-many", "Bundle.entry")]


def test_slices_may_be_sliced_again() -> None:
    made_up = identifiers()
    made_up["differential"]["element"] += [
        element("Patient.identifier:card.use", min=1),
    ]
    assert errors(PATIENT | {"identifier": [FILE, CARD]}, made_up) == [("required", "Patient.identifier[1].use")]


def test_a_slicing_that_does_not_say_how_to_tell_slices_apart_is_let_alone() -> None:
    made_up = identifiers()
    made_up["differential"]["element"][0]["slicing"] = {"rules": "open", "description": "by hand"}
    assert errors(PATIENT | {"identifier": [OTHER]}, made_up) == []


PRESSURE: dict[str, Any] = {
    "resourceType": "Observation",
    "meta": {"profile": [R4 + "bp"]},
    "status": "final",
    "category": [
        {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}]}
    ],
    "code": {"coding": [{"system": "http://loinc.org", "code": "85354-9"}]},
    "subject": {"reference": "Patient/1"},
    "effectiveDateTime": "2026-03-12",
    "component": [
        {
            "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
            "valueQuantity": {"value": 1, "unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"},
        }
        for code in ("8480-6", "8462-4")
    ],
}


def test_r4s_profile_of_blood_pressure_is_kept() -> None:
    assert [i for i in examine(PRESSURE) if i.blocks] == []


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda o: o["component"].pop(), ("error", "slice-required", "Observation.component")),
        (lambda o: o.pop("category"), ("error", "required", "Observation.category")),
        (lambda o: o.pop("effectiveDateTime"), ("error", "required", "Observation.effective")),
        (
            lambda o: o["component"][0]["valueQuantity"].update(code="kPa"),
            ("error", "pattern", "Observation.component[0].valueQuantity.code"),
        ),
        (
            lambda o: o["code"].update(coding=[{"system": "http://loinc.org", "code": "1-8"}]),
            ("error", "slice-required", "Observation.code.coding"),
        ),
    ],
)
def test_r4s_profile_of_blood_pressure_is_not_kept(spoil: Any, expected: tuple[str, str, str]) -> None:
    spoilt = deepcopy(PRESSURE)
    spoil(spoilt)
    assert expected in found(spoilt)
