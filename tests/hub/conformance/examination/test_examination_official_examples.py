"""HL7's own examples of R4: no error is told of them but those that they truly have, which are listed with the reason.

`tests/data/r4-examples.ndjson.gz` is made by `scripts/derive_r4_examples.py`.
"""

import gzip
import json
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub import texts
from hub.conformance import examine
from hub.fhir.definitions import load
from hub.fhir.issues import Issue

DATA = Path(__file__).parents[3] / "data"
EXPLAINED = yaml.safe_load((DATA / "r4-examples.yaml").read_text("utf-8"))
EXPECTED = {(one["example"], one["path"], one["text"]): one["times"] for one in EXPLAINED}


@cache
def examples() -> tuple[Any, ...]:
    return tuple(
        json.loads(line) for line in gzip.decompress((DATA / "r4-examples.ndjson.gz").read_bytes()).splitlines()
    )


@cache
def examined(part: int) -> tuple[tuple[str, Issue], ...]:
    """The issues of a tenth of the examples."""
    return tuple((name(one), issue) for one in examples()[part::10] for issue in examine(one))


def name(resource: Any) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def test_the_examples_are_of_all_types_that_the_hub_supports_and_of_most_others() -> None:
    types = Counter(one["resourceType"] for one in examples())
    supported = {profile.type for profile in load().profiles()}
    assert supported <= types.keys()
    assert types["Bundle"] >= 30 and types["StructureDefinition"] >= 40
    assert len(types) >= 130


@pytest.mark.parametrize("part", range(10))
def test_no_error_is_told_that_is_not_explained(part: int) -> None:
    names = {name(one) for one in examples()[part::10]}
    errors = Counter((who, re.sub(r"\[\d+\]", "", i.path), i.text) for who, i in examined(part) if i.blocks)
    assert errors == {key: times for key, times in EXPECTED.items() if key[0] in names}


@pytest.mark.parametrize("part", range(10))
def test_every_invariant_of_r4_that_an_example_meets_can_be_asked(part: int) -> None:
    assert [who for who, issue in examined(part) if issue.text == "conformance.invariant-unchecked"] == []


@pytest.mark.parametrize("part", range(10))
def test_every_finding_has_a_sentence_in_three_languages(part: int) -> None:
    for _, issue in examined(part):
        assert len({texts.say(issue.text, language, **issue.params) for language in texts.LANGUAGES}) == 3


def test_every_explained_error_is_of_an_example_that_is_there() -> None:
    assert {key[0] for key in EXPECTED} <= {name(one) for one in examples()}
    assert all(one["why"] for one in EXPLAINED)
