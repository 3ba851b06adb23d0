"""The base of the canonicals is written in one place: changed there, everything that reads the contract follows."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.fhir.contract import contract, is_base, rebased

ROOT = Path(__file__).parents[2]
OTHER = "https://fhir.elsewhere.example/contract"
ASK = """
import json, tarfile, io
from pathlib import Path
from hub import mapping
from hub.conformance import package, validate
from hub.conformance.terminology import concept_maps
from hub.fhir.canonicals import BASE
from hub.fhir.contract import resolved
from hub.fhir.definitions import load
from hub.mapping.library import Library
from hub.search import index

examples = [json.loads(resolved(p.read_text("utf-8"))) for p in sorted(Path("profiles/examples/valid").glob("*.json"))]
archive = b"".join(package.load().files.values())
written = Library().document("spreadsheet/register-fr")[0].data
mapping.load("spreadsheet/register-fr")
print(json.dumps({
    "base": BASE,
    "profiles": sorted(p.url for p in load().profiles()),
    "issues": [str(issue) for one in examples for issue in validate(one)],
    "left": archive.count(b"https://ihala.example/fhir"),
    "maps": sorted(concept_maps.packaged()),
    "mapping": [str(written).count(base) for base in ("https://ihala.example/fhir", BASE)],
    "capacity": [index(one)["capacity"] for one in examples if one["id"] == "chu-atlas-medical"],
}))
"""


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What a copy of the sources says in which that one line differs."""
    folder = tmp_path_factory.mktemp("fork")
    for name in ("hub", "profiles", "mappings"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "invalid"))
    declared = folder / "profiles" / "contract.json"
    said = json.loads(declared.read_text("utf-8"))
    declared.write_text(json.dumps(said | {"base": OTHER}), "utf-8")
    run = subprocess.run([sys.executable, "-c", ASK], cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    found: dict[str, object] = json.loads(run.stdout)
    return found


def test_one_line_moves_the_whole_contract(elsewhere: dict[str, object]) -> None:
    assert elsewhere["base"] == OTHER
    urls = [*elsewhere["profiles"], *elsewhere["maps"]]  # type: ignore[misc]  # lists of text
    assert urls and all(str(url).startswith(f"{OTHER}/") for url in urls)


def test_nothing_of_the_old_base_is_left(elsewhere: dict[str, object]) -> None:
    assert elsewhere["left"] == 0
    left, moved = elsewhere["mapping"]  # type: ignore[misc]  # a pair of numbers
    assert left == 0 and moved >= 2


def test_what_conformed_before_conforms_and_is_found_as_before(elsewhere: dict[str, object]) -> None:
    assert elsewhere["issues"] == []
    assert elsewhere["capacity"] == [["capacity"]]


def test_no_source_file_but_the_contract_decides_the_base() -> None:
    literal = contract().written
    code = [path for folder in ("hub", "adapters") for path in (ROOT / folder).rglob("*.py")]
    assert [path.name for path in code if literal in path.read_text("utf-8")] == []


@given(st.text(alphabet="abcxyz/-.:#|\"' ", max_size=30), st.sampled_from(["", "/", '"', "|1.0.0", "#x"]))
def test_only_the_base_itself_is_replaced(around: str, after: str) -> None:
    old, new = contract().written, f"{contract().written}/deeper"
    text = f"{around}{old}{after}"
    assert rebased(text, old, new) == f"{around}{new}{after}"
    assert rebased(rebased(text, old, OTHER), OTHER, old) == text
    assert rebased(f"{old}-docs/{around}", old, new) == f"{old}-docs/{around}"


def test_a_base_is_a_whole_address_or_urn() -> None:
    for good in ("https://a.example", "http://a.example:8080/x/y", "https://a.example/~team/ig", "urn:oid:2.999.1"):
        assert is_base(good)
    for bad in ("", "a", "https://", "https://a.example/", "https://a.example/x#y", "https://a.example/x y", "urn:"):
        assert not is_base(bad)
