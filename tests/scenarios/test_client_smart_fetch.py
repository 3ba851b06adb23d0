"""`smart-fetch`, unmodified: a partner's nightly copy of its own cases. https://github.com/smart-on-fhir/smart-fetch

It finds the token endpoint, signs its assertion (SMART Backend Services) and asks for scopes of the first version. Its key is
a JWK Set in a file called `….jwks`, whose keys say what they are for (`key_ops`).
"""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from hub.fhir.canonicals import identifier_system
from tests.scenarios.conftest import Stage
from tests.support.real_clients import Registered, need

SMART_FETCH: Final = Path(sys.prefix) / "smart-fetch" / "bin" / "smart-fetch"
SECONDS: Final = 120

pytestmark = pytest.mark.skipif(
    not SMART_FETCH.is_file(), reason="`make opinions` has not installed smart-fetch: its journeys are not tried"
)


def told(party: Registered, folder: Path, *arguments: str, code: int = 0) -> str:
    """What smart-fetch says, run as its users run it."""
    keys = folder / "keys.jwks"
    keys.write_text(json.dumps({"keys": [party.key | {"key_ops": ["sign"]}]}), "utf-8")
    signing = ("--fhir-url", party.base_url, "--smart-client-id", party.client_id, "--smart-key", str(keys))
    done = subprocess.run(
        [str(SMART_FETCH), *arguments, *signing],
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == code, (done.stdout + done.stderr)[-3000:]
    return done.stdout + done.stderr


def fetched(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Type → the resources in its files."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(folder.glob("*.ndjson.gz")):
        if path.name != "log.ndjson.gz":
            lines = gzip.decompress(path.read_bytes()).decode().splitlines()
            found.setdefault(path.name.partition(".")[0], []).extend(json.loads(line) for line in lines)
    return found


def test_it_signs_in_by_itself_and_reads_a_survivor(
    stage: Stage, registered: dict[str, Registered], tmp_path: Path
) -> None:
    (referral,) = stage.association.referrals(stage.next_code())
    said = told(registered["association"], tmp_path, "single", referral["for"]["reference"], "--compact")
    assert f'"id": "{referral["for"]["reference"][8:]}"'.replace(" ", "") in said.replace(" ", "")


def test_it_copies_the_cases_of_the_women_that_it_is_told(
    stage: Stage, registered: dict[str, Registered], tmp_path: Path
) -> None:
    codes = [stage.next_code(), stage.next_code()]
    women = ("--id-list", ",".join(codes), "--id-system", identifier_system("survivor-code"))
    types = ("--type", "Patient,EpisodeOfCare,Observation,ServiceRequest", "--no-default-filters")
    told(registered["association"], tmp_path, "crawl", str(tmp_path / "copy"), *women, *types)
    copied = fetched(tmp_path / "copy")
    assert {one["identifier"][0]["value"] for one in copied["Patient"]} == set(codes)
    ids = {f"Patient/{one['id']}" for one in copied["Patient"]}
    for type_, element in (("EpisodeOfCare", "patient"), ("Observation", "subject"), ("ServiceRequest", "subject")):
        assert {one[element]["reference"] for one in copied[type_]} == ids, type_


def test_it_copies_nothing_that_the_other_party_may_not_see(
    stage: Stage, registered: dict[str, Registered], tmp_path: Path
) -> None:
    referral = stage.next_referral()
    her = referral["for"]["reference"][8:]
    chosen = ("--id-list", her, "--type", "Patient,Observation", "--no-default-filters")
    said = told(registered["hospital"], tmp_path, "crawl", str(tmp_path / "before"), *chosen, code=1)
    assert "No cohort patients found" in said
    assert not fetched(tmp_path / "before").get("Patient")
    stage.hospital.change(f"Task/{referral['id']}", status="accepted")
    told(registered["hospital"], tmp_path, "crawl", str(tmp_path / "after"), *chosen)
    [seen] = fetched(tmp_path / "after")["Patient"]
    assert seen["id"] == her
    assert "name" not in seen


def test_it_exports_in_bulk(registered: dict[str, Registered], tmp_path: Path) -> None:
    need(registered["association"].base_url, "$export")
    out = tmp_path / "bulk"
    told(registered["association"], tmp_path, "bulk", str(out), "--type", "Patient,ServiceRequest")
    copied = fetched(out)
    assert len(copied["Patient"]) > 40
    kept_by = {one["managingOrganization"]["reference"] for one in copied["Patient"]}
    assert kept_by == {f"Organization/{registered['association'].organization}"}
    assert copied["ServiceRequest"]
