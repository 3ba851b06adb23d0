"""`fhir-kit-client`, unmodified, in node: https://github.com/Vermonster/fhir-kit-client. `tests/node/fhir_kit.mjs` has its journeys.

Where node or the package is not here, they are skipped and say so (`make opinions`).
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.fhir.canonicals import identifier_system
from tests.scenarios.conftest import Stage
from tests.support.real_clients import Registered, case, consent, need, survivor
from tests.support.second_opinions import NODE, run, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())

Journey = Callable[..., Any]


@pytest.fixture
def journey(registered: dict[str, Registered], tmp_path: Path) -> Journey:
    """`journey("keeping")`: the association's client, and the hospital's beside it; `by="hospital"`: the other way round."""
    tokens = {name: party.token() for name, party in registered.items()}

    def told(name: str, *, by: str = "association", **given: Any) -> Any:
        (other,) = tokens.keys() - {by}
        base = registered[by].base_url
        asked = {"journey": name, "base": base, "token": tokens[by], "other": tokens[other], **given}
        return json.loads(run(NODE / "fhir_kit.mjs", given=json.dumps(asked), home=tmp_path))

    return told


def test_it_finds_the_token_endpoint(journey: Journey) -> None:
    found = journey("discovery")
    assert found["tokenUrl"].endswith("/oauth/token")
    assert found["fhirVersion"] == "4.0.1"


def test_it_records_reads_and_changes_a_survivor(journey: Journey, registered: dict[str, Registered]) -> None:
    done = journey("keeping", survivor=survivor(registered["association"], "FK-0001"))
    assert [done[name]["meta"]["versionId"] for name in ("made", "changed", "patched")] == ["1", "2", "3"]
    assert done["patched"]["birthDate"] == "1992-02-02"
    assert done["stale"] == {"status": 412, "type": "OperationOutcome"}
    assert done["hidden"] == {"status": 404, "type": "OperationOutcome"}


def test_it_searches_by_url_and_by_form_and_follows_the_pages(stage: Stage, journey: Journey) -> None:
    found = journey("searching", identifier=f"{identifier_system('survivor-code')}|{stage.next_code()}")
    assert len(set(found["ids"])) == len(found["ids"]) == found["total"] > 40
    assert found["posted"] == 1


def test_it_answers_a_referral_as_the_other_party(stage: Stage, journey: Journey) -> None:
    done = journey("answering", by="hospital", task=stage.next_referral()["id"])
    assert done["before"]["status"] == 404
    assert done["unsaid"] == {"status": 400, "type": "OperationOutcome"}
    assert done["accepted"]["status"] == "accepted"
    assert done["her"]["address"] == [{"state": "MA-SAL", "country": "MA"}]
    assert "name" not in done["her"]


def test_it_records_her_consent_and_the_referral_reaches_the_hospital(
    stage: Stage, journey: Journey, registered: dict[str, Registered]
) -> None:
    draft = stage.next_undecided()
    agreed = consent(draft["for"]["reference"], keeper=registered["association"], to=registered["hospital"])
    assert journey("consenting", task=draft["id"], consent=agreed) == {
        "before": {"status": 404, "type": "OperationOutcome"}, "status": "requested",
    }  # fmt: skip


def test_it_understands_what_it_is_refused(journey: Journey, registered: dict[str, Registered]) -> None:
    done = journey("refusals", survivor=survivor(registered["association"], "FK-0002"))
    assert {one["type"] for one in done.values()} == {"OperationOutcome"}
    assert {name: one["status"] for name, one in done.items()} == {
        "absent": 404, "invalid": 422, "notTheirs": 403, "stranger": 401,
    }  # fmt: skip


def test_it_asks_an_operation(journey: Journey, registered: dict[str, Registered]) -> None:
    said = journey("operation", survivor=survivor(registered["association"], "FK-0003"))
    assert said["resourceType"] == "OperationOutcome"
    assert {one["severity"] for one in said["issue"]} == {"information"}


def test_it_reads_earlier_versions(journey: Journey, registered: dict[str, Registered]) -> None:
    for code in ("vread", "history-instance"):
        need(registered["association"].base_url, code, "Patient")
    done = journey("versions", survivor=survivor(registered["association"], "FK-0004"))
    assert done["first"]["birthDate"] == "1990-05-02"
    assert done["versions"] == ["2", "1"]


def test_it_deletes(journey: Journey, registered: dict[str, Registered]) -> None:
    association = registered["association"]
    need(association.base_url, "delete", "EpisodeOfCare")
    hers = case("Patient/of-hers", association, "FK-C-0005")
    done = journey("deleting", survivor=survivor(association, "FK-0005"), case=hers)
    assert done["type"] == "OperationOutcome"
    assert done["status"] in {404, 410}


def test_it_sends_a_transaction(journey: Journey, registered: dict[str, Registered]) -> None:
    need(registered["association"].base_url, "transaction")
    survivors = [survivor(registered["association"], number) for number in ("FK-0006", "FK-0007")]
    assert [status[:3] for status in journey("transaction", survivors=survivors)] == ["201", "201"]
