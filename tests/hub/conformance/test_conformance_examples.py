"""Every example of the contract: the valid ones conform, the invalid ones have the one issue that they are named after."""

import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
import yaml
from fhir.resources.R4B import get_fhir_model_class

from hub import texts
from hub.conformance import schema, validate
from hub.fhir.definitions import load

ROOT = Path(str(files("profiles"))) / "examples"
VALID = {path.stem: path for path in sorted((ROOT / "valid").glob("*.json"))}
INVALID = {path.stem: path for path in sorted((ROOT / "invalid").glob("*.json"))}
EXPECTED: dict[str, dict[str, str]] = yaml.safe_load((ROOT / "invalid" / "issues.yaml").read_text("utf-8"))


def read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


@cache
def validators(name: str) -> tuple[Any, Any]:
    published = schema(name)
    jsonschema.Draft202012Validator.check_schema(published)
    return jsonschema_rs.Draft202012Validator(published), jsonschema.Draft202012Validator(published)


def profile_of(resource: Any) -> str:
    return load().profile(resource["meta"]["profile"][0]).name


def test_every_profile_has_a_valid_and_an_invalid_example() -> None:
    names = {profile.name for profile in load().profiles()}
    assert {stem.partition("--")[0] for stem in VALID} == names
    assert {stem.partition("--")[0] for stem in INVALID} == names
    assert EXPECTED.keys() == INVALID.keys()


@pytest.mark.parametrize("name", VALID)
def test_a_valid_example_conforms(name: str) -> None:
    assert validate(read(VALID[name])) == ()


@pytest.mark.parametrize("name", VALID)
def test_a_valid_example_is_valid_r4_for_another_implementation(name: str) -> None:
    resource = read(VALID[name])
    get_fhir_model_class(resource["resourceType"]).model_validate(resource)


@pytest.mark.parametrize("name", INVALID)
def test_an_invalid_example_has_the_issue_it_is_named_after_and_no_other(name: str) -> None:
    found = [{"code": i.code, "path": i.path, "text": i.text} for i in validate(read(INVALID[name]))]
    assert found == [EXPECTED[name]]


@pytest.mark.parametrize("name", INVALID)
def test_every_issue_has_a_sentence_in_three_languages(name: str) -> None:
    for issue in validate(read(INVALID[name])):
        said = {texts.say(issue.text, language, **issue.params) for language in texts.LANGUAGES}
        assert len(said) == 3
        assert issue.blocks


@pytest.mark.parametrize("path", [*VALID.values(), *INVALID.values()], ids=lambda path: path.stem)
def test_the_published_schema_gives_the_same_verdict_in_two_implementations(path: Path) -> None:
    resource = read(path)
    fast, reference = validators(profile_of(resource))
    assert fast.is_valid(resource) == reference.is_valid(resource)


@pytest.mark.parametrize("path", list(INVALID.values()), ids=lambda path: path.stem)
def test_the_published_schema_refuses_all_but_what_only_an_invariant_can_say(path: Path) -> None:
    resource = read(path)
    assert validators(profile_of(resource))[0].is_valid(resource) == (EXPECTED[path.stem]["code"] == "invariant")
