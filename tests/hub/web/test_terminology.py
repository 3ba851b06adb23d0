"""The terminology operations over HTTP: https://hl7.org/fhir/R4/terminology-service.html"""

import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from fhir.resources.R4B.parameters import Parameters
from fhir.resources.R4B.valueset import ValueSet
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from hub.fhir import Resource
from hub.fhir.canonicals import TERMINOLOGY, code_system, concept_map, value_set
from hub.search.parameters import PARAMETERS
from hub.web.interactions import OPERATIONS as ALL
from hub.web.operations import ANY_TYPE, OF_THE_SYSTEM, Operation
from hub.web.terminology import OPERATIONS
from tests.support.parties import Party
from tests.support.terminology import values

Parties = Callable[..., Party]
MILIEU, GBV = code_system("milieu"), code_system("gbv-type")
REASON = f"{TERMINOLOGY}/v3-ActReason"


@pytest.fixture
def chu(party: Parties) -> Party:
    """A caller whose token allows nothing but reading tasks."""
    return party("chu", "system/Task.r")


def asked(chu: Party, path: str, **parameters: str) -> TestResponse:
    return chu.get(f"/fhir/{path}?{urlencode(parameters, quote_via=quote)}")


def posted(chu: Party, path: str, *entries: Resource) -> TestResponse:
    return chu.send("POST", f"/fhir/{path}", {"resourceType": "Parameters", "parameter": list(entries)})


def body(answer: TestResponse) -> Any:
    assert answer.status == "200 OK", answer.text
    assert answer.content_type == "application/fhir+json; charset=utf-8"
    assert answer.json is not None
    (ValueSet if answer.json["resourceType"] == "ValueSet" else Parameters).model_validate(answer.json)
    return answer.json


def issue(answer: TestResponse) -> Any:
    assert answer.json is not None
    assert answer.json["resourceType"] == "OperationOutcome"
    (found,) = answer.json["issue"]
    return found


# --- $expand ----------------------------------------------------------------------------------------------------------


def test_a_value_set_is_expanded_by_canonical_by_id_and_by_post(chu: Party) -> None:
    url = {"name": "url", "valueUri": value_set("milieu")}
    answers = [
        asked(chu, "ValueSet/$expand", url=value_set("milieu")),
        asked(chu, "ValueSet/milieu/$expand"),
        posted(chu, "ValueSet/$expand", url),
        posted(chu, "ValueSet/$expand", {"id": "p1", **url}),
        posted(chu, "ValueSet/milieu/$expand"),
        chu.send("POST", f"/fhir/ValueSet/$expand?url={value_set('milieu')}"),
    ]
    contains = [body(answer)["expansion"]["contains"] for answer in answers]
    assert all(one == contains[0] for one in contains)
    assert [one["code"] for one in contains[0]] == ["urban", "rural"]
    identifiers = {answer.json["expansion"]["identifier"] for answer in answers if answer.json}
    assert len(identifiers) == len(answers)
    assert all(identifier.startswith("urn:uuid:") for identifier in identifiers)


def test_an_expansion_is_filtered_and_paged(chu: Party) -> None:
    first = body(asked(chu, "ValueSet/province/$expand", filter="ال", count="2", displayLanguage="ar"))["expansion"]
    second = body(
        posted(
            chu,
            "ValueSet/province/$expand",
            {"name": "filter", "valueString": "ال"},
            {"name": "count", "valueInteger": 2},
            {"name": "offset", "valueInteger": 2},
            {"name": "displayLanguage", "valueCode": "ar"},
        )
    )["expansion"]
    assert first["total"] == second["total"] > 4
    assert (first["offset"], second["offset"]) == (0, 2)
    shown = [one["display"] for one in (*first["contains"], *second["contains"])]
    assert len(set(shown)) == 4
    assert all("ال" in one for one in shown)


@pytest.mark.parametrize(
    ("header", "parameter", "display"),
    [("fr", "", "Urbain"), ("ar-MA", "", "حضري"), ("fr", "ar", "حضري"), ("de", "", "Urban")],
)
def test_displays_are_in_the_callers_language(chu: Party, header: str, parameter: str, display: str) -> None:
    answer = chu.get(f"/fhir/ValueSet/milieu/$expand?displayLanguage={parameter}", Accept_Language=header)
    assert body(answer)["expansion"]["contains"][0]["display"] == display


# --- $validate-code ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "given_"),
    [
        (
            "ValueSet/$validate-code",
            {"url": value_set("milieu"), "system": MILIEU, "code": "urban", "display": "Urbain"},
        ),
        ("ValueSet/milieu/$validate-code", {"system": MILIEU, "code": "urban"}),
        ("CodeSystem/$validate-code", {"url": f"{MILIEU}|1.0.0", "code": "urban"}),
        ("CodeSystem/milieu/$validate-code", {"code": "urban", "display": "حضري"}),
    ],
)
def test_a_right_code_is_valid(chu: Party, path: str, given_: dict[str, str]) -> None:
    answer = body(asked(chu, path, **given_))
    assert (values(answer, "result"), values(answer, "display")) == ([True], ["Urban"])


def test_a_coding_and_a_concept_are_checked(chu: Party) -> None:
    right, local = {"system": MILIEU, "code": "rural"}, {"system": "https://example.org/local", "code": "r"}
    for path in ("ValueSet/milieu/$validate-code", "CodeSystem/milieu/$validate-code"):
        for value, result in [
            ({"name": "coding", "valueCoding": right}, True),
            ({"name": "coding", "valueCoding": right | {"display": "Lunar"}}, False),
            ({"name": "coding", "valueCoding": local}, False),
            ({"name": "codeableConcept", "valueCodeableConcept": {"coding": [local, right]}}, True),
            ({"name": "codeableConcept", "valueCodeableConcept": {"coding": [{"display": "Rural"}]}}, False),
            ({"name": "codeableConcept", "valueCodeableConcept": {"text": "Rural"}}, False),
        ]:
            answer = body(posted(chu, path, value))
            assert values(answer, "result") == [result]
            assert bool(values(answer, "message")) != result


def test_a_wrong_display_is_told_in_the_callers_language(chu: Party) -> None:
    path = f"/fhir/CodeSystem/milieu/$validate-code?code=urban&display={quote('Ville')}"
    answer = body(chu.get(path, Accept_Language="fr"))
    assert values(answer, "result") == [False]
    assert "libellé" in values(answer, "message")[0]


# --- $lookup, $subsumes, $translate -----------------------------------------------------------------------------------


def test_a_code_is_looked_up(chu: Party) -> None:
    by_code = body(asked(chu, "CodeSystem/$lookup", system=code_system("province"), code="MA-HOC"))
    coding = {"system": code_system("province"), "code": "MA-HOC"}
    assert body(posted(chu, "CodeSystem/$lookup", {"name": "coding", "valueCoding": coding})) == by_code
    assert values(by_code, "property") == [{"code": "region", "value": "MA-01"}]
    several = chu.get(f"/fhir/CodeSystem/$lookup?system={REASON}&code=COC&property=parent&property=lang.ar")
    assert [p["code"] for p in values(body(several), "property")] == ["parent"]
    assert [d["language"] for d in values(body(several), "designation")] == ["ar"]


def test_all_outcomes_of_subsumption(chu: Party) -> None:
    (parent,) = values(body(asked(chu, "CodeSystem/$lookup", system=REASON, code="COC", property="parent")), "property")
    above = parent["value"]
    for a, b, outcome in [
        ("COC", "COC", "equivalent"),
        (above, "COC", "subsumes"),
        ("COC", above, "subsumed-by"),
        ("COC", "HRESCH", "not-subsumed"),
    ]:
        by_code = body(asked(chu, "CodeSystem/$subsumes", system=REASON, codeA=a, codeB=b))
        by_id = body(asked(chu, "CodeSystem/v3-ActReason/$subsumes", codeA=a, codeB=b))
        codings = [
            {"name": f"coding{n}", "valueCoding": {"system": REASON, "code": c}} for n, c in (("A", a), ("B", b))
        ]
        by_coding = body(posted(chu, "CodeSystem/$subsumes", *codings))
        assert values(by_code, "outcome") == [outcome]
        assert by_code == by_id == by_coding


def test_a_code_is_translated_there_and_back(chu: Party) -> None:
    there = body(asked(chu, "ConceptMap/gbv-type-to-law-103-13/$translate", system=GBV, code="physical-assault"))
    (match,) = values(there, "match")
    assert match["concept"]["code"] == "physical"
    entries = [{"name": "coding", "valueCoding": match["concept"]}, {"name": "reverse", "valueBoolean": True}]
    url = {"name": "url", "valueUri": concept_map("gbv-type-to-law-103-13")}
    (back,) = values(body(posted(chu, "ConceptMap/$translate", url, *entries)), "match")
    assert back["concept"]["code"] == "physical-assault"


def test_without_a_concept_map_all_are_asked(chu: Party) -> None:
    answer = asked(
        chu, "ConceptMap/$translate", system=code_system("register-violence-fr"), code="viol", targetsystem=GBV
    )
    assert [match["concept"]["code"] for match in values(body(answer), "match")] == ["rape"]
    (source,) = [match["source"] for match in values(body(answer), "match")]
    assert source == concept_map("violence-types")


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        f"ValueSet/$expand?url={value_set('moon')}",
        "ValueSet/moon/$expand",
        "ValueSet/milieu/$expand?valueSetVersion=9",
        "ValueSet/moon/$validate-code?system=x&code=y",
        "CodeSystem/moon/$validate-code?code=y",
        f"CodeSystem/$lookup?system={MILIEU}&code=urban&version=9",
        "CodeSystem/$lookup?system=https://example.org&code=y",
        "CodeSystem/$subsumes?system=https://example.org&codeA=a&codeB=b",
        "CodeSystem/milieu/$validate-code?code=urban&version=9",
        "ConceptMap/moon/$translate?system=x&code=y",
        "ConceptMap/milieu/$translate?system=x&code=y&conceptMapVersion=9",
        "ConceptMap/$translate?system=x&code=y&target=https://example.org",
    ],
)
def test_what_is_not_known_here_is_not_found(chu: Party, path: str) -> None:
    answer = chu.get(f"/fhir/{path}")
    assert (answer.status_code, issue(answer)["code"]) == (404, "not-found")


def test_an_unknown_code_is_told_with_codes_that_exist(chu: Party) -> None:
    answer = asked(chu, "CodeSystem/$lookup", system=MILIEU, code="lunar")
    assert (answer.status_code, issue(answer)["code"]) == (404, "code-invalid")
    assert "urban, rural" in issue(answer)["diagnostics"]


@pytest.mark.parametrize(
    "path",
    [
        "ValueSet/$expand",
        f"ValueSet/milieu/$expand?url={value_set('milieu')}",
        "ValueSet/milieu/$expand?count=-1",
        "ValueSet/milieu/$expand?count=1&count=2",
        "ValueSet/milieu/$expand?offset=٣",
        "ValueSet/milieu/$expand?activeOnly=yes",
        "ValueSet/milieu/$expand?displayLanguage=*",
        "ValueSet/milieu/$expand?colour=red",
        "ValueSet/milieu/$expand?filter=" + "a" * 1025,
        "ValueSet/milieu/$validate-code",
        "ValueSet/milieu/$validate-code?code=urban",
        "ValueSet/milieu/$validate-code?coding=urban",
        "CodeSystem/$validate-code?code=urban",
        f"CodeSystem/$lookup?system={MILIEU}",
        f"CodeSystem/$subsumes?system={MILIEU}&codeA=urban",
        f"CodeSystem/milieu/$subsumes?system={MILIEU}&codeA=urban&codeB=rural",
        f"ConceptMap/$translate?system={GBV}",
        f"ConceptMap/milieu/$translate?url={concept_map('milieu')}&system=a&code=b",
    ],
)
def test_a_wrong_question_is_told_what_is_wrong(chu: Party, path: str) -> None:
    answer = chu.get(f"/fhir/{path}")
    assert answer.status == "400 Bad Request"
    assert issue(answer)["code"] in {"value", "required", "not-supported"}
    assert "{" not in issue(answer)["diagnostics"]
    assert ": -." not in issue(answer)["diagnostics"]


@pytest.mark.parametrize(
    "sent",
    [
        [],
        {"resourceType": "ValueSet"},
        {"resourceType": "Parameters", "parameter": {}},
        {"resourceType": "Parameters", "parameter": ["url"]},
        {"resourceType": "Parameters", "parameter": [{"name": 1, "valueUri": "x"}]},
        {"resourceType": "Parameters", "parameter": [{"name": "url"}]},
        {"resourceType": "Parameters", "parameter": [{"name": "url", "valueUri": ["x"]}]},
        {"resourceType": "Parameters", "parameter": [{"name": "url", "valueUri": "x", "valueString": "y"}]},
        {
            "resourceType": "Parameters",
            "parameter": [{"name": "url", "valueUri": value_set("milieu"), "valueInteger": 1}],
        },
        {"resourceType": "Parameters", "parameter": [{"name": "url", "valueUri": value_set("milieu"), "part": []}]},
        {"resourceType": "Parameters", "parameter": [{"name": "count", "valueInteger": True}]},
        {"resourceType": "Parameters", "parameter": [{"name": "count", "valueString": "1"}]},
        {"resourceType": "Parameters", "parameter": [{"name": "valueSet", "resource": {"resourceType": "ValueSet"}}]},
    ],
    ids=lambda sent: str(sent)[:70],
)
def test_a_body_that_is_not_such_parameters_is_refused(chu: Party, sent: Any) -> None:
    answer = chu.send("POST", "/fhir/ValueSet/$expand", sent)
    assert answer.status == "400 Bad Request"
    assert issue(answer)["severity"] == "error"


def test_codes_of_two_systems_are_not_compared(chu: Party) -> None:
    entries = [
        {"name": "codingA", "valueCoding": {"system": MILIEU, "code": "urban"}},
        {"name": "codingB", "valueCoding": {"system": GBV, "code": "rape"}},
    ]
    assert posted(chu, "CodeSystem/$subsumes", *entries).status_code == 400
    assert posted(chu, "CodeSystem/milieu/$subsumes", *entries).status_code == 400


def test_a_form_is_not_a_parameters_resource(chu: Party) -> None:
    answer = chu.send("POST", "/fhir/ValueSet/$expand", "url=x", Content_Type="application/x-www-form-urlencoded")
    assert answer.status_code == 415


@pytest.mark.parametrize("operation", ALL, ids=lambda operation: f"{operation.type} ${operation.name}")
def test_without_a_token_nothing_is_answered(app: Flask, operation: Operation) -> None:
    with app.test_client() as http:
        for rule in operation.rules:
            path = rule.replace("<id_>", "milieu").replace("<type_>", "Patient")
            assert http.get(path).status_code in ({401, 405} if operation.changes else {401})
            assert http.post(path, json={}).status_code == 401


def test_a_lookup_of_one_instance_does_not_exist(chu: Party) -> None:
    assert chu.get("/fhir/CodeSystem/milieu/$lookup?code=urban").status_code == 404
    assert chu.send("PUT", "/fhir/ValueSet/$expand", {}).status_code == 405


# --- what is said of them ---------------------------------------------------------------------------------------------


def test_the_capability_statement_lists_every_operation_that_runs(app: Flask) -> None:
    with app.test_client() as http:
        statement = http.get("/fhir/metadata").json
    assert statement is not None
    told = {
        (resource["type"], one["name"], one["definition"])
        for resource in statement["rest"][0]["resource"]
        for one in resource.get("operation", ())
    }
    of_every_type = {(one.name, one.definition) for one in ALL if one.type == ANY_TYPE}
    assert {name for name, _ in of_every_type} == {"validate", "meta", "meta-add", "meta-delete"}
    of_all = {(one["name"], one["definition"]) for one in statement["rest"][0]["operation"]}
    of_the_system = {(one.name, one.definition) for one in ALL if one.type == OF_THE_SYSTEM}
    assert {name for name, _ in of_the_system} == {"import-register"}
    bulk = {("export", "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/export")}
    assert of_all - of_every_type == of_the_system | bulk
    assert of_every_type <= of_all
    types = {resource["type"] for resource in statement["rest"][0]["resource"]}
    exports = {one for one in told if one[1] == "export"}
    assert {type_ for type_, *_ in exports} == {"Patient", "Group"}
    subscriptions = {
        one for one in told if one[0] == "Subscription"
    }  # no records: what can be done with them is their own
    assert {name for _, name, _ in subscriptions} == {"confirm", "status", "events"}
    types -= {"Subscription"}
    told -= subscriptions
    assert told - exports == {
        (one.type, one.name, one.definition) for one in ALL if one.type not in {ANY_TYPE, OF_THE_SYSTEM}
    } | {(type_, *one) for type_ in types for one in of_every_type if type_ in PARAMETERS or one[0] == "validate"}
    assert {"Patient", "Task", "ValueSet", "StructureDefinition"} <= types
    assert ("ValueSet", "expand", "http://hl7.org/fhir/OperationDefinition/ValueSet-expand") in told
    routes = {rule.rule: rule.methods or set() for rule in app.url_map.iter_rules()}
    assert all({*operation.methods} <= routes[rule] for operation in ALL for rule in operation.rules)
    assert not any("GET" in routes[rule] for operation in ALL if operation.changes for rule in operation.rules)


def test_what_was_asked_stands_in_no_log(chu: Party, access_log: pytest.LogCaptureFixture) -> None:
    asked(chu, "ValueSet/milieu/$expand", filter="Fatima Zohra")
    asked(chu, "CodeSystem/milieu/$validate-code", code="urban", display="Fatima Zohra")
    asked(chu, "CodeSystem/$lookup", system=MILIEU, code="Fatima Zohra")
    assert access_log.records
    written = "".join(
        f"{record.getMessage()} {vars(record)}" for record in access_log.records if record.name.startswith("hub")
    )
    assert "Fatima" not in written
    assert logging.getLogger("hub.access").name in {record.name for record in access_log.records}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from([MILIEU, "urban"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["system", "code", "coding", "x"]), inner)
    ),
    max_leaves=5,
)
NAMES = st.sampled_from(sorted({name for operation in OPERATIONS for name in operation.parameters}))
KEYS = st.sampled_from(["valueUri", "valueCode", "valueBoolean", "valueInteger", "valueCoding", "valueCodeableConcept"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.data())
def test_whatever_is_sent_is_answered_or_refused(chu: Party, data: st.DataObject) -> None:
    operation = data.draw(st.sampled_from(OPERATIONS))
    rule = data.draw(st.sampled_from(operation.rules)).replace("<id_>", "milieu")
    entries = data.draw(
        st.lists(st.builds(lambda name, key, value: {"name": name, key: value}, NAMES, KEYS, JSON), max_size=3)
    )
    answer = posted(chu, rule.removeprefix("/fhir/"), *entries)
    assert answer.status_code in {200, 400, 404}
    assert answer.json is not None
    assert answer.json["resourceType"] in {"Parameters", "ValueSet", "OperationOutcome"}
