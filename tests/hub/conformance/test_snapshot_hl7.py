"""HL7's own profiles and extensions of R4: our snapshots of their differentials beside those that HL7 published.

Skipped where HL7's definitions are not; see `tests/support/second_opinions.py`.
"""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import pytest

from hub.conformance.snapshot import SnapshotError, Snapshots
from tests.support.second_opinions import R4, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())

OTHERWISE: Final = {
    "`valueQuantity` narrows the choice to that type: HL7 has since decided that it does not (FHIR-12259), as SUSHI has": {
        "bmi", "bodyheight", "bodytemp", "bodyweight", "bp", "cdshooksguidanceresponse", "cholesterol",
        "devicemetricobservation", "hdlcholesterol", "headcircum", "heartrate", "ldlcholesterol", "oxygensat", "resprate",
        "triglyceride",
    },
    "an extension is unfolded of which nothing is said": {"elementdefinition-de"},
    "a slice does not have the binding of all items": {"provenance-relevant-history"},
}  # fmt: skip
"""What HL7's tool of 2019 did otherwise, and where."""
REFUSED: Final = {
    "catalog": "snapshot.slicing-missing",
    "familymemberhistory-genetic": "snapshot.slicing-missing",
    "codesystem-history": "snapshot.max-above",  # it rules an element out, and asks for four slices of it
}


@cache
def definitions() -> dict[str, dict[str, Any]]:
    found = [json.loads(path.read_text("utf-8")) for path in sorted(R4.glob("StructureDefinition-*.json"))]
    return {one["url"]: one for one in found}


def derived() -> Iterator[dict[str, Any]]:
    for one in definitions().values():
        if one.get("derivation") == "constraint" and "snapshot" in one:
            yield one


@cache
def known() -> Snapshots:
    """HL7's types with their snapshots, HL7's profiles and extensions without."""
    made = {one["url"] for one in derived()}
    left_out = {url: "snapshot" if url in made else "differential" for url in definitions()}
    return Snapshots({k: v for k, v in one.items() if k != left_out[url]} for url, one in definitions().items())


def compared(structure: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [
        (
            e["id"],
            e["path"],
            e["min"],
            e["max"],
            types(e),
            binding(e),
            sorted(c["key"] for c in e.get("constraint", ())),
        )
        for e in structure["snapshot"]["element"]
    ]


def types(element: dict[str, Any]) -> list[tuple[str, list[str], list[str]]]:
    return sorted((t["code"], t.get("profile", []), t.get("targetProfile", [])) for t in element.get("type", ()))


def binding(element: dict[str, Any]) -> tuple[Any, Any]:
    return element.get("binding", {}).get("strength"), element.get("binding", {}).get("valueSet")


def test_our_snapshots_of_hl7s_definitions_are_those_that_hl7_published() -> None:
    asked = [one for one in derived() if one["id"] not in REFUSED]
    differing = {one["id"] for one in asked if compared(known().complete(one["url"])) != compared(one)}
    assert differing == set().union(*OTHERWISE.values())
    assert len(asked) > 400


@pytest.mark.parametrize("name", REFUSED)
def test_what_hl7_published_against_its_own_rules_is_refused(name: str) -> None:
    (url,) = (one["url"] for one in derived() if one["id"] == name)
    with pytest.raises(SnapshotError) as caught:
        known().complete(url)
    assert caught.value.issue.text == REFUSED[name]
