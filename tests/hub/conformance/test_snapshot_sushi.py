"""Snapshots against SUSHI's, where node is: IHALA_SUSHI (npm folder) and IHALA_R4_PACKAGE, see scripts/compare_with_sushi.py."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.compare_with_sushi import Sushi, differences, vendor_profiles

MODULES, R4 = (os.environ.get(name, "") for name in ("IHALA_SUSHI", "IHALA_R4_PACKAGE"))
pytestmark = pytest.mark.skipif(
    not (MODULES and R4), reason="IHALA_SUSHI and IHALA_R4_PACKAGE are not set: SUSHI is not asked for its opinion"
)


@pytest.fixture
def sushi(tmp_path: Path) -> Iterator[Sushi]:
    yield Sushi(Path(MODULES), Path(R4), tmp_path)


def test_our_snapshots_are_those_of_sushi(sushi: Sushi) -> None:
    assert list(differences(sushi)) == []


def test_a_profile_written_against_our_package_compiles(sushi: Sushi) -> None:
    written = vendor_profiles(sushi)
    assert written.keys() == {"vendor-survivor", "vendor-consent"}
    survivor = {element["id"]: element for element in written["vendor-survivor"]}
    assert survivor["Patient.identifier:cin"]["max"] == "0"
    assert survivor["Patient.identifier:survivor-code"]["min"] == 1
    assert survivor["Patient.extension:reported-age.extension:low"]["min"] == 1
