"""Search parameters, operations, topics, roles and the monthly report: each says what the hub does, and names what exists."""

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import fhirpathpy
import pytest
from fhirpathpy.models import models

from hub.conformance.roles import supporting
from hub.fhir import Resource
from hub.fhir.canonicals import BASE
from hub.fhir.definitions import load
from hub.fhir.r4 import tables
from hub.search import index
from hub.search.parameters import EVERYWHERE, PARAMETERS
from hub.web import subscriptions
from hub.web.interactions import INTERACTIONS, OPERATIONS
from hub.web.operations import OF_THE_SYSTEM
from tests.profiles.test_canonicals import R4

ROOT = Path(str(files("profiles")))
EXPECTATION = "http://hl7.org/fhir/StructureDefinition/capabilitystatement-expectation"
LANGUAGES = {"ar", "fr"}


def read(folder: str) -> dict[str, Resource]:
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted((ROOT / folder).glob("*.json"))}


EXAMPLES = read("examples/valid")
SEARCHED = read("search-parameters")
OPERATED = read("operation-definitions")
TOPICS = read("subscription-topics")
ROLES = {
    name: supporting(one, read("structure-definitions").values()) for name, one in read("capability-statements").items()
}
MEASURES = read("measures")


def translations(node: Any) -> Iterator[tuple[str, set[str]]]:
    """Every text beside which translations stand, with their languages."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key.startswith("_") and isinstance(value, dict):
                said = [e["extension"] for e in value["extension"] if e["url"].endswith("/translation")]
                yield key[1:], {part["valueCode"] for parts in said for part in parts if part["url"] == "lang"}
            yield from translations(value)
    for child in node if isinstance(node, list) else ():
        yield from translations(child)


@pytest.mark.parametrize(
    "one", [*SEARCHED.values(), *OPERATED.values(), *ROLES.values(), *MEASURES.values()], ids=lambda r: r["id"]
)
def test_what_people_read_is_there_in_the_three_languages(one: Resource) -> None:
    assert {key for key in ("title", "description") if key in one} <= {key for key, _ in translations(one)}
    assert all(languages == LANGUAGES for _, languages in translations(one))


@pytest.mark.parametrize("topic", TOPICS.values(), ids=lambda r: r["id"])
def test_a_topic_is_described_in_the_three_languages(topic: Resource) -> None:
    told = [languages for key, languages in translations(topic) if key.startswith("value")]
    assert len(told) >= 4 and all(languages == LANGUAGES for languages in told)


# --- search parameters -----------------------------------------------------------------------------------------------


def r4_defines(type_: str, name: str) -> bool:
    """HL7 calls a parameter after its type and name, or after one of the groups in which it shares a definition."""
    groups = (type_, "Resource", "clinical", "individual", "conformance", "medications")
    return any(f"http://hl7.org/fhir/SearchParameter/{group}-{name.removeprefix('_')}" in R4 for group in groups)


def test_every_parameter_that_r4_does_not_define_is_defined_here_and_no_other_is() -> None:
    beyond = {(type_, name) for type_, known in PARAMETERS.items() for name in known if not r4_defines(type_, name)}
    defined = {(type_, one["code"]) for one in SEARCHED.values() for type_ in one["base"]}
    assert defined == beyond
    for one in SEARCHED.values():
        assert {PARAMETERS[type_][one["code"]].type for type_ in one["base"]} == {one["type"]}


@pytest.mark.parametrize("name", SEARCHED)
def test_an_expression_finds_what_the_hub_indexes(name: str) -> None:
    one = SEARCHED[name]
    evaluate = fhirpathpy.compile(one["expression"], models["r4"])
    found = 0
    for example in EXAMPLES.values():
        if example["resourceType"] in one["base"]:
            said = {code for value in evaluate(example) for code in codes(value)}
            assert said == {code for code in index(example).get(name, ()) if "|" not in code}
            found += len(said)
    assert found


def codes(value: Any) -> list[str]:
    if isinstance(value, dict) and "reference" in value:
        return [value["reference"]]
    return [value] if isinstance(value, str) else [coding["code"] for coding in value["coding"]]


# --- roles -----------------------------------------------------------------------------------------------------------


def resources(role: str) -> list[Resource]:
    (rest,) = ROLES[role]["rest"]
    found: list[Resource] = rest["resource"]
    return found


def expected(one: Resource) -> str:
    return next(str(e["valueCode"]) for e in one["extension"] if e["url"] == EXPECTATION)


def test_there_are_the_three_roles() -> None:
    assert {name: one["rest"][0]["mode"] for name, one in ROLES.items()} == {
        "hub": "server", "initiator": "client", "recipient": "client",
    }  # fmt: skip
    assert all(one["kind"] == "requirements" for one in ROLES.values())


def test_the_hub_knows_every_profile() -> None:
    named = {url for one in resources("hub") for url in one.get("supportedProfile", ()) if url.startswith(BASE)}
    assert {p.url for p in load().profiles()} == named


@pytest.mark.parametrize("role", ROLES)
def test_a_role_names_each_type_and_each_of_its_parameters_once(role: str) -> None:
    types = [one["type"] for one in resources(role)]
    assert len(types) == len(set(types))
    for one in resources(role):
        names = [parameter["name"] for parameter in one.get("searchParam", ())]
        assert len(names) == len(set(names))
        known = {p.url for p in load().of_type(one["type"])}
        assert {url for url in one.get("supportedProfile", ()) if url.startswith(BASE)} <= known


@pytest.mark.parametrize("role", ROLES)
def test_the_definition_of_a_parameter_is_of_its_name_and_exists(role: str) -> None:
    ours = {f"{BASE}/SearchParameter/{name}" for name in SEARCHED}
    for one in resources(role):
        for parameter in one.get("searchParam", ()):
            assert parameter["definition"] in R4 | ours
            assert parameter["definition"].endswith(parameter["name"].removeprefix("_")), parameter


def test_what_the_hub_must_do_it_does() -> None:
    served = {
        (code, type_) for interaction in INTERACTIONS for code in [interaction.code] for type_ in interaction.types
    }
    operated = {(operation.name, operation.type) for operation in OPERATIONS}
    for one in resources("hub"):
        must = {(i["code"], one["type"]) for i in one.get("interaction", ()) if expected(i) == "SHALL"}
        assert must <= served
        assert {(o["name"], one["type"]) for o in one.get("operation", ()) if expected(o) == "SHALL"} <= operated


def test_what_the_hub_does_its_role_says() -> None:
    said = {one["type"]: one for one in resources("hub")}
    of_all = {one["code"] for rest in ROLES["hub"]["rest"] for one in rest["interaction"]}
    for interaction in INTERACTIONS:
        if interaction.code.endswith("-system"):
            assert interaction.code in of_all
            continue
        for type_ in interaction.types:
            assert interaction.code in {i["code"] for i in said[type_]["interaction"]}
    for type_, known in PARAMETERS.items():
        listed = {(p["name"], p["type"]) for p in said[type_]["searchParam"]}
        assert {(p.name, p.type) for p in (*EVERYWHERE.values(), *known.values())} <= listed


@pytest.mark.parametrize("role", ["initiator", "recipient"])
def test_a_client_needs_nothing_of_the_hub_that_its_role_does_not_offer(role: str) -> None:
    offered = {one["type"]: one for one in resources("hub")}
    for one in resources(role):
        hub = offered[one["type"]]
        assert {i["code"] for i in one.get("interaction", ())} <= {i["code"] for i in hub.get("interaction", ())}
        assert {p["name"] for p in one.get("searchParam", ())} <= {p["name"] for p in hub.get("searchParam", ())}
        assert {o["name"] for o in one.get("operation", ())} <= {o["name"] for o in hub.get("operation", ())}


def test_a_tool_that_knows_task_alone_can_receive_referrals() -> None:
    assert [one["type"] for one in resources("recipient") if expected(one) == "SHALL"] == [
        "HealthcareService",
        "Organization",
        "Task",
    ]


# --- operations, topics, reports -------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", OPERATED.values(), ids=lambda r: r["id"])
def test_an_operation_that_is_not_served_yet_is_a_draft(operation: Resource) -> None:
    served = {(one.name, one.type) for one in (*OPERATIONS, *subscriptions.OPERATIONS)}
    types = operation["resource"] if operation["type"] or operation["instance"] else [OF_THE_SYSTEM]
    is_served = all((operation["code"], type_) in served for type_ in types)
    assert operation["status"] == ("active" if is_served else "draft")
    for parameter in operation["parameter"]:
        assert ("type" in parameter) != ("part" in parameter)


def test_nothing_about_a_person_is_asked_where_services_are_looked_for() -> None:
    asked = [p for p in OPERATED["match-services"]["parameter"] if p["use"] == "in"]
    assert {p["type"] for p in asked} == {"Coding", "code", "instant", "boolean"}, "nothing that could hold a name"


@pytest.mark.parametrize("topic", TOPICS.values(), ids=lambda r: r["id"])
def test_a_topic_is_about_a_type_that_exists_and_filtered_by_parameters_that_the_hub_answers(topic: Resource) -> None:
    parts = [(e["url"].rpartition(".")[2], e.get("extension", ())) for e in topic["extension"]]
    told = [(name, {p["url"]: p.get("valueUri", p.get("valueString")) for p in inner}) for name, inner in parts]
    types = [str(inner["resource"]).rpartition("/")[2] for name, inner in told if name == "resourceTrigger"]
    assert types and set(types) <= tables().children.keys()
    filters = [(inner["resource"], inner["filterParameter"]) for name, inner in told if name == "canFilterBy"]
    assert {type_ for type_, _ in filters} == set(types) and len(filters) == len(set(filters))
    assert all(name in PARAMETERS[str(type_)].keys() | EVERYWHERE.keys() for type_, name in filters)
    assert f"{BASE}/SubscriptionTopic/{topic['id']}" in json.dumps(ROLES["hub"])


def test_the_monthly_report_counts_and_breaks_down_by_what_a_report_may_say() -> None:
    groups, dimensions = load().code_system("report-group").codes, load().code_system("report-dimension").codes
    for group in MEASURES["monthly-report"]["group"]:
        assert group["code"]["coding"][0]["code"] in groups
        assert {s["code"]["coding"][0]["code"] for s in group["stratifier"]} <= dimensions.keys()
        for stratifier in group["stratifier"]:
            fhirpathpy.compile(stratifier["criteria"]["expression"], models["r4"])


def test_an_example_of_a_report_counts_what_its_measure_counts() -> None:
    measured = {g["code"]["coding"][0]["code"]: g for g in MEASURES["monthly-report"]["group"]}
    for name in ("aggregate-report", "aggregate-report--all-suppressed"):
        for group in EXAMPLES[name]["group"]:
            known = measured[group["code"]["coding"][0]["code"]]
            by = {s["code"]["coding"][0]["code"] for s in known["stratifier"]}
            assert {s["code"][0]["coding"][0]["code"] for s in group.get("stratifier", ())} <= by
