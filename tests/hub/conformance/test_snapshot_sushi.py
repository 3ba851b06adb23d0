"""Our snapshots and our package, as SUSHI sees them. Skipped where node is not; see `tests/support/second_opinions.py`."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.conformance import package as packages
from hub.conformance.snapshot import Snapshots
from hub.fhir.definitions import load
from tests.support.second_opinions import NODE, why_not
from tests.support.sushi import Sushi, differences

pytestmark = [pytest.mark.skipif(bool(why_not()), reason=why_not())]

PACKAGE = packages.load()
STRUCTURES = [
    json.loads(text) for path, text in PACKAGE.files.items() if path.startswith("package/StructureDefinition-")
]

VENDOR = (NODE / "vendor.fsh").read_text("utf-8")


@pytest.fixture
def sushi(tmp_path: Path) -> Iterator[Sushi]:
    yield Sushi(tmp_path)


def test_our_snapshots_are_those_of_sushi(sushi: Sushi) -> None:
    theirs = sushi.snapshots(STRUCTURES)
    assert theirs.keys() == {one["id"] for one in STRUCTURES}
    assert [found for one in STRUCTURES for found in differences(one, theirs[one["id"]])] == []


def test_profiles_written_against_our_package_compile_and_have_the_same_snapshots_here(sushi: Sushi) -> None:
    every = {f"vendor-of-{profile.name}": profile.url for profile in load().profiles()}
    plain = [f"Profile: {id_}\nParent: {url}\nId: {id_}\n* id 1..1\n" for id_, url in every.items()]
    written = sushi.compile("\n".join([VENDOR, *plain]), PACKAGE)
    assert written.keys() == {*re.findall(r"^Id: (\S+)$", VENDOR, re.MULTILINE), *every}
    assert {written[id_]["baseDefinition"] for id_ in every} == {*every.values()}
    survivor = {element["id"]: element for element in written["vendor-survivor"]["snapshot"]["element"]}
    assert survivor["Patient.identifier:cin"]["max"] == "0"
    assert survivor["Patient.identifier:survivor-code.value"]["min"] == 1
    assert survivor["Patient.extension:reported-age.extension:low"]["min"] == 1
    bare = [{key: value for key, value in one.items() if key != "snapshot"} for one in written.values()]
    known = Snapshots([*STRUCTURES, *bare])
    assert [found for one in written.values() for found in differences(known.complete(one["url"]), one)] == []
