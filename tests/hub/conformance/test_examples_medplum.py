"""Medplum's validator on all our examples. Skipped where node is not; see `tests/support/second_opinions.py`.

https://www.medplum.com/docs/sdk/core.validateresource
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import pytest

from hub.conformance import package as packages
from hub.conformance import validate
from hub.fhir.definitions import load
from hub.fhir.issues import Issue
from tests.support.second_opinions import NODE, run, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())

EXAMPLES = Path(str(files("profiles"))) / "examples"
CODES = "it looks no code up"
NOT_CHECKED: Final = {
    "in a slice": "it counts the items of a slice, and looks no further into them",
    "in an extension": "it does not open the definition of an extension",
    "pattern of a list": "it holds the whole list against the pattern, so that the pattern is withheld from it",
    "at a choice": "of a choice it looks at one type that is there, and the profile's rules below it are not found",
    "unknown-code": CODES,
    "wrong-code": CODES,
    "not-in-value-set": CODES,
    "no-slice": "it does not refuse what a closed list does not name",
    "target": "it only warns of a reference to another type",
    "id": "R4 says that an id is any string: only the text of the standard says more",
    "date": "it reads the shape of a date, not the calendar",
    "date-time": "it does not ask a time for its zone",
    "too-long": "it does not read maxLength",
    "out-of-range": "it does not read minValue and maxValue",
}
"""Kinds of rules that Medplum does not check, and why. A miss of any other kind is a disagreement."""
FALSE_ALARMS: Final = {
    "ras-2": "where there is no probability, it takes what R4 says of one for broken",
}
"""Invariants of R4 that Medplum finds broken where they are not, and why."""
OF_THE_INNER: Final = ("Composition.section", "expected 0..0")
"""What may hold others of its own name and holds none here: it takes the bound of the inner sections for that of the slices."""


@cache
def structures() -> dict[str, dict[str, Any]]:
    found = [json.loads(text) for path, text in packages.load().files.items() if "/StructureDefinition-" in path]
    return {one["url"]: one for one in found}


def examples(kind: str) -> Iterator[dict[str, Any]]:
    for path in sorted((EXAMPLES / kind).glob("*.json")):
        resource = json.loads(path.read_text("utf-8"))
        profile = load().profile_of(resource)
        assert profile is not None, path.stem
        yield {"name": f"{kind}/{path.stem}", "profile": profile.url, "resource": resource}


@cache
def errors() -> dict[str, list[Any]]:
    """Name of each example → the errors that Medplum finds in it. It is asked once, about all."""
    asked = [*examples("valid"), *examples("invalid")]
    found = json.loads(
        run(NODE / "medplum.mjs", given=json.dumps({"structures": [*structures().values()], "resources": asked}))
    )
    return {one["name"]: [i for i in found[one["name"]] if counts(i)] for one in asked}


def counts(issue: dict[str, str]) -> bool:
    false = any(f"Constraint {key} " in issue["text"] for key in FALSE_ALARMS)
    inner = issue.get("expression") == OF_THE_INNER[0] and OF_THE_INNER[1] in issue["text"]
    return issue["severity"] in {"error", "fatal"} and not (false or inner)


def kind(issue: Issue, profile: str) -> str:
    """The kind of rule that is broken: where it stands, if that decides, else which it is."""
    elements = structures()[profile]["snapshot"]["element"]
    path = re.sub(r"\[\d+\]", "", issue.path)
    sliced = {e["path"] for e in elements if "sliceName" in e}
    if "extension" in path.split("."):
        return "in an extension"
    if any(path.startswith(f"{one}.") for one in sliced):
        return "in a slice"
    choices = (e["path"].removesuffix("[x]") for e in elements if e["path"].endswith("[x]"))
    if any(re.match(rf"{re.escape(one)}[A-Z]", path) for one in choices):
        return "at a choice"
    key = issue.text.removeprefix("conformance.")
    lists = {e["path"] for e in elements if e["base"]["max"] == "*"}
    return "pattern of a list" if key == "pattern" and path in lists else key


def test_medplum_has_nothing_against_a_valid_example() -> None:
    valid = [one["name"] for one in examples("valid")]
    assert valid
    assert {name: errors()[name] for name in valid if errors()[name]} == {}


def test_medplum_finds_fault_with_every_invalid_example_whose_rule_it_checks() -> None:
    asked = [*examples("invalid")]
    missed = [
        (one["name"], kind(issue, one["profile"]))
        for one in asked
        if not errors()[one["name"]]
        for issue in validate(one["resource"])
    ]
    assert [(name, what) for name, what in missed if what not in NOT_CHECKED] == []
    assert len(missed) < len(asked) / 2


def test_medplum_does_not_stumble() -> None:
    assert [(name, i) for name, said in errors().items() for i in said if i["severity"] == "fatal"] == []
