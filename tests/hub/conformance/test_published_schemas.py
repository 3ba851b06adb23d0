"""The JSON Schemas as they are published: read by people and editors, and of the same verdict as the bare ones that decide."""

import json
from collections.abc import Iterator
from copy import deepcopy
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from hub.conformance import json_schema, schema
from hub.conformance.plan import Planner
from hub.fhir.data_classes import data_classes
from hub.fhir.definitions import Profile, load
from hub.fhir.words import LANGUAGES

ANNOTATIONS = {"title", "description", "examples", "enumDescriptions", "$comment"}
NAMES_BELOW = {"properties", "$defs"}
PLANNER = Planner(load())
EXAMPLES = {
    path.name.removesuffix(".json"): json.loads(path.read_bytes())
    for path in files("profiles").joinpath("examples", "valid").iterdir()
    if path.name.endswith(".json")
}

each_profile = pytest.mark.parametrize("profile", load().profiles(), ids=lambda profile: profile.name)
each_language = pytest.mark.parametrize("language", LANGUAGES)


def bare(node: Any, *, holds_names: bool = False) -> Any:
    """The schema without its annotations: what a validator reads."""
    if isinstance(node, list):
        return [bare(one) for one in node]
    if not isinstance(node, dict):
        return node
    kept = {k: v for k, v in node.items() if holds_names or not (k in ANNOTATIONS or k.startswith("x-"))}
    literal = {"const", "enum"} - ({*kept} if holds_names else set())
    return {
        k: v if k in literal else bare(v, holds_names=not holds_names and k in NAMES_BELOW) for k, v in kept.items()
    }


def schemas_in(node: Any, *, holds_names: bool = False) -> Iterator[dict[str, Any]]:
    """Every schema within a schema."""
    if isinstance(node, list):
        for one in node:
            yield from schemas_in(one)
    elif isinstance(node, dict):
        if not holds_names:
            yield node
        for key, value in node.items():
            if holds_names or key not in {"const", "enum", "examples"}:
                yield from schemas_in(value, holds_names=not holds_names and key in NAMES_BELOW)


@each_profile
@each_language
def test_without_its_words_it_is_the_schema_that_decides(profile: Profile, language: str) -> None:
    decides = json_schema.schema(PLANNER.profile(profile), profile.title, profile.url)
    assert bare(schema(profile.name, language)) == bare(decides)
    assert not [node for node in schemas_in(decides["$defs"], holds_names=True) if ANNOTATIONS & node.keys()]


@each_profile
@each_language
def test_everything_in_it_has_a_title(profile: Profile, language: str) -> None:
    published = schema(profile.name, language)
    assert published["title"] and published["$comment"]
    for name, defined in published["$defs"].items():
        assert defined["title"], name
        for key, value in defined["properties"].items():
            assert value["title"].strip(), (name, key)
            assert value.get("description", "x.").endswith((".", "!", "?", "…", "؟")), (name, key)


@each_profile
def test_every_element_of_the_profile_says_its_data_class(profile: Profile) -> None:
    published = schema(profile.name)
    assert published["x-data-classes"].keys() <= data_classes().keys()
    root = published["$defs"][profile.name]
    for key, value in root["properties"].items():
        if key != "resourceType":
            assert value["x-data-class"] in published["x-data-classes"], key
            assert value["x-confidentiality"] == data_classes()[value["x-data-class"]].confidentiality


@each_profile
@each_language
def test_codes_stand_beside_their_labels(profile: Profile, language: str) -> None:
    for node in schemas_in(schema(profile.name, language)):
        if "enum" in node:
            assert len(node["enumDescriptions"]) == len(node["enum"])
            assert all(node["enumDescriptions"])


@each_profile
def test_every_example_conforms_where_it_stands(profile: Profile) -> None:
    published = schema(profile.name)
    jsonschema.Draft202012Validator.check_schema(published)
    for node in schemas_in(published):
        for example in node.get("examples", ()):
            within = {**node, "$schema": published["$schema"], "$defs": published["$defs"]}
            jsonschema.Draft202012Validator(within).validate(example)


def test_the_class_of_a_narrative_is_not_that_of_the_incident_around_it() -> None:
    incident = schema("incident")["$defs"]["incident"]["properties"]
    assert (incident["note"]["x-data-class"], incident["note"]["x-confidentiality"]) == ("incident-narrative", "V")
    assert incident["status"]["x-data-class"] == "incident-summary"


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("ar", ("الجنس", "أنثى", "رمز الناجية")),
        ("fr", ("Sexe", "féminin", "Code de la survivante")),
        ("en", ("Sex", "Female", "Survivor code")),
    ],
)
def test_it_is_read_in_the_language_asked_for(language: str, said: tuple[str, str, str]) -> None:
    survivor = schema("survivor", language)
    gender = survivor["$defs"]["survivor"]["properties"]["gender"]
    labels = dict(zip(gender["enum"], gender["enumDescriptions"], strict=True))
    kind = survivor["$defs"]["survivor.Patient.identifier.survivor-code"]["title"]
    assert (gender["title"], labels["female"], kind) == said
    assert f"female = {said[1]}" in gender["description"]


def test_a_code_that_is_fixed_is_the_only_one_spoken_of() -> None:
    intent = schema("referral-task")["$defs"]["referral-task"]["properties"]["intent"]
    assert intent["const"] == "order"
    assert intent["description"] == "Codes: order = Order."


def test_an_integrator_with_jsonschema_alone_learns_what_is_wrong_and_what_is_meant() -> None:
    """As in a program of an association that has never heard of FHIR."""
    published = schema("survivor", "fr")
    validator = jsonschema.Draft202012Validator(published)
    record = deepcopy(EXAMPLES["survivor"])
    validator.validate(record)
    record["gender"] = "femme"
    (error,) = validator.iter_errors(record)
    assert list(error.path) == ["gender"]
    assert error.schema["title"] == "Sexe"
    assert "female = féminin" in error.schema["description"]
    assert error.schema["x-confidentiality"] == "R"


def test_the_whole_example_is_one_of_the_profile_s_own() -> None:
    for profile in load().profiles():
        (example,) = schema(profile.name)["examples"]
        assert example in EXAMPLES.values()
        assert example["resourceType"] == profile.type
