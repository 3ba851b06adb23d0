"""`hub profiles`: the contract for those who have no hub."""

import gzip
import io
import json
import re
import tarfile
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result

from hub import texts
from hub.__main__ import main
from hub.conformance import validate
from hub.fhir.canonicals import BASE
from hub.fhir.definitions import load
from hub.fhir.serial import loads
from tests.support.other_fhir import accept


def run(*arguments: str, language: str = "en") -> Result:
    return CliRunner(catch_exceptions=False).invoke(main, ["--lang", language, *arguments], env={"COLUMNS": "200"})


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist") / "not-there-yet"
    assert run("profiles", "package", "--out", str(folder)).exit_code == 0
    (path,) = folder.glob("*.tgz")
    return path


@pytest.fixture(scope="module")
def content(archive: Path) -> dict[str, Any]:
    with tarfile.open(archive) as tar:
        return {entry.name: json.load(tar.extractfile(entry) or io.BytesIO()) for entry in tar}


def test_the_package_is_called_after_its_version(archive: Path, content: dict[str, Any]) -> None:
    manifest = content["package/package.json"]
    assert archive.name == f"ihala.fhir-{manifest['version']}.tgz"
    assert (manifest["name"], manifest["canonical"]) == ("ihala.fhir", BASE)
    assert manifest["fhirVersions"] == ["4.0.1"]
    assert manifest["dependencies"] == {"hl7.fhir.r4.core": "4.0.1"}
    assert manifest["directories"] == {"lib": "package", "example": "example"}
    assert re.fullmatch(r"\d{14}", manifest["date"]) and manifest["type"] == "IG" and manifest["tools-version"] == 3
    assert manifest["jurisdiction"] == "urn:iso:std:iso:3166#MA"
    assert manifest["author"] and manifest["maintainers"][0].keys() == {"name", "url"}
    assert manifest["url"] == BASE and manifest["license"] == "Apache-2.0" and manifest["description"]


def test_every_definition_says_which_version_it_is_who_publishes_it_and_where_it_holds(content: dict[str, Any]) -> None:
    shared = loads(files("profiles").joinpath("contract.json").read_bytes())
    for name, one in content.items():
        if name.count("/") == 1 and one.get("resourceType", "Basic") != "Basic":
            said = ("date", "publisher", "contact", "jurisdiction")
            assert {key: one[key] for key in said} == {key: shared[key] for key in said}, name
            assert one["resourceType"] == "NamingSystem" or one["version"] == shared["version"]
            assert one["status"] in {"active", "draft"}


def test_the_guide_lists_all_that_is_in_the_package(content: dict[str, Any]) -> None:
    guide = content["package/ImplementationGuide-ihala.fhir.json"]
    listed = {one["reference"]["reference"]: one for one in guide["definition"]["resource"]}
    held = {f"{one['resourceType']}/{one['id']}" for one in content.values() if "resourceType" in one}
    assert listed.keys() == held - {"ImplementationGuide/ihala.fhir"}
    assert len(listed) == len(guide["definition"]["resource"])


OTHER = "https://fhir.elsewhere.example/contract/ma"


@pytest.fixture(scope="module")
def rebased(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("other")
    assert run("profiles", "package", "--out", str(folder), "--base", OTHER).exit_code == 0
    (path,) = folder.glob("*.tgz")
    with tarfile.open(path) as tar:
        return {entry.name: json.load(tar.extractfile(entry) or io.BytesIO()) for entry in tar}


def test_under_another_base_nothing_is_left_of_the_contracts_own(
    content: dict[str, Any], rebased: dict[str, Any]
) -> None:
    assert BASE not in json.dumps(rebased)
    assert json.loads(json.dumps(content).replace(BASE, OTHER)) == rebased
    assert rebased["package/package.json"]["canonical"] == OTHER


def test_under_another_base_the_examples_still_conform_to_the_schemas(rebased: dict[str, Any]) -> None:
    for name, example in rebased.items():
        if name.startswith("package/example/") and "resourceType" in example:
            profile = example["meta"]["profile"][0].removeprefix(f"{OTHER}/StructureDefinition/")
            jsonschema.Draft202012Validator(rebased[f"package/schemas/{profile}.schema.json"]).validate(example)


@pytest.mark.parametrize(
    "wrong", ["", "fhir", "https://x.example/", "https://x.example/a b", "https://x.example?x=1", "ftp://x"]
)
@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_what_cannot_be_a_base_is_said(wrong: str, language: str, tmp_path: Path) -> None:
    result = run("profiles", "package", "--out", str(tmp_path), "--base", wrong, language=language)
    assert result.exit_code == 2
    said = texts.say("cli.profiles-package.no-base", language, base=wrong)
    assert " ".join(said.split()) in " ".join(result.stderr.split())
    assert list(tmp_path.iterdir()) == []


def test_the_same_contract_gives_the_same_bytes(archive: Path, tmp_path: Path) -> None:
    run("profiles", "package", "--out", str(tmp_path))
    assert (tmp_path / archive.name).read_bytes() == archive.read_bytes()


def test_nothing_in_the_archive_tells_when_or_by_whom_it_was_made(archive: Path) -> None:
    assert archive.read_bytes()[4:8] == bytes(4)  # RFC 1952: MTIME
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(archive.read_bytes()))) as tar:
        entries = list(tar)
    assert {(e.mtime, e.uid, e.gid, e.uname, e.gname, e.mode) for e in entries} == {(0, 0, 0, "", "", 0o644)}
    names = [e.name for e in entries]
    assert names[0] == "package/package.json"
    assert len(set(names)) == len(names) and all(name.startswith("package/") for name in names)


def test_every_definition_is_there_under_its_type_and_id_with_its_snapshot(content: dict[str, Any]) -> None:
    definitions = {name: one for name, one in content.items() if name.count("/") == 1 and "resourceType" in one}
    for name, one in definitions.items():
        assert name == f"package/{one['resourceType']}-{one['id']}.json"
        accept(one)
        if one["resourceType"] == "StructureDefinition":
            assert one["snapshot"]["element"][0]["id"] == one["type"]
    urls = [one["url"] for one in definitions.values() if "url" in one]
    assert len(set(urls)) == len(urls)
    assert {p.url for p in load().profiles()} <= set(urls)
    assert {s.url for s in load().code_systems() if s.url.startswith(BASE)} <= set(urls)


def test_each_index_lists_exactly_the_files_of_its_folder(content: dict[str, Any]) -> None:
    for folder in ("package", "package/example"):
        index = content[f"{folder}/.index.json"]
        assert index["index-version"] == 2
        listed = {f"{folder}/{one['filename']}": one for one in index["files"]}
        held = {name for name in content if name.rpartition("/")[0] == folder and "resourceType" in content[name]}
        assert listed.keys() == held
        for name, one in listed.items():
            assert all(content[name][key] == value for key, value in one.items() if key != "filename")


def test_every_profile_has_an_example_that_conforms_and_a_schema_that_accepts_it(content: dict[str, Any]) -> None:
    examples = [one for name, one in content.items() if name.startswith("package/example/") and "resourceType" in one]
    assert {one["resourceType"] for one in examples} == {p.type for p in load().profiles()}
    schemas = {name for name in content if name.startswith("package/schemas/")}
    names = {p.name for p in load().profiles()}
    assert schemas == {f"package/schemas/{part}{name}.schema.json" for part in ("", "fr/", "ar/") for name in names}
    for example in examples:
        profile = load().profile(example["meta"]["profile"][0])
        jsonschema.Draft202012Validator(content[f"package/schemas/{profile.name}.schema.json"]).validate(example)
        assert validate(example) == ()


def test_the_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("x", "utf-8")
    result = run("profiles", "package", "--out", str(tmp_path / "taken" / "below"))
    assert result.exit_code == 1
    assert "taken" in result.stderr and "Traceback" not in result.stderr


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_all_profiles_are_listed_with_their_data_class_in_words(language: str) -> None:
    shown = run("profiles", "list", language=language).stdout
    for profile in load().profiles():
        assert profile.name in shown
        assert (load().display("data-class", profile.base_class, language) or "?") in shown


def test_a_program_reads_the_list_as_json() -> None:
    listed = json.loads(run("profiles", "list", "--json").stdout)
    assert [one["name"] for one in listed] == [p.name for p in load().profiles()]
    survivor = next(one for one in listed if one["name"] == "survivor")
    assert (survivor["resource"], survivor["dataClass"]) == ("Patient", "core")


def test_a_schema_can_be_printed_and_used_by_itself() -> None:
    schema = json.loads(run("profiles", "schema", "survivor").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    refused = {e.validator for e in jsonschema.Draft202012Validator(schema).iter_errors({"resourceType": "Patient"})}
    assert "required" in refused


@pytest.mark.parametrize(("language", "title"), [("ar", "الناجية"), ("fr", "Survivante"), ("en", "Survivor")])
def test_a_schema_is_printed_in_the_language_asked_for(language: str, title: str) -> None:
    assert json.loads(run("profiles", "schema", "survivor", language=language).stdout)["title"] == title


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_mistyped_profile_is_answered_with_the_nearest_one(language: str) -> None:
    result = run("profiles", "schema", "surviver", language=language)
    assert result.exit_code == 2
    assert texts.say("cli.wrong.near", language, name="survivor") in result.stderr


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_the_pages_for_people_are_written_beside_the_package_with_its_own_base(tmp_path: Path, language: str) -> None:
    result = run("profiles", "package", "--out", str(tmp_path), "--base", "https://fork.example/r4", language=language)
    (start,) = tmp_path.glob("*/index.html")
    assert str(start) in result.stdout.replace("\n", "")
    survivor = (start.parent / language / "profiles" / "survivor.html").read_text("utf-8")
    assert "https://fork.example/r4/StructureDefinition/survivor" in survivor
    assert not any(BASE in path.read_text("utf-8") for path in start.parent.rglob("*.html"))
