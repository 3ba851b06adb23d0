"""Parting by data class: nothing is lost, nothing is told that should not be, and a partial view is the same either way."""

import gzip
from pathlib import Path
from random import Random
from typing import Any

import pytest

from hub.fhir import Resource, strict
from hub.fhir.canonicals import profile
from hub.fhir.data_classes import data_classes, encrypted
from hub.fhir.definitions import load
from hub.fhir.masking import redact
from hub.fhir.parts import CUSTODIAN, Parted, join, part
from hub.fhir.serial import dumps, loads

ROOT = Path(__file__).parents[3]
OURS = {path.stem: strict.read(path.read_bytes()) for path in sorted((ROOT / "profiles/examples/valid").glob("*.json"))}
OFFICIAL = gzip.decompress((ROOT / "tests" / "data" / "r4-examples.ndjson.gz").read_bytes()).splitlines()


def parted(resource: Resource) -> Parted:
    return part(resource, load().profile_of(resource))


def opened(one: Parted, classes: frozenset[str]) -> Any:
    return loads(join(one.open, {name: text for name, text in one.parts.items() if name in classes}))


def test_every_example_is_put_together_again_to_the_byte() -> None:
    for resource in (*OURS.values(), *(strict.read(text) for text in OFFICIAL)):
        one = parted(resource)
        assert join(one.open, one.parts) == dumps(resource), resource.get("id")


def test_in_any_order_of_elements() -> None:
    random = Random(7)
    for resource in OURS.values():
        shuffled = dict(random.sample(list(resource.items()), len(resource)))
        one = parted(shuffled)
        assert join(one.open, one.parts) == dumps(shuffled)
        assert opened(one, frozenset())["resourceType"] == resource["resourceType"]


@pytest.mark.parametrize("seed", range(10))
def test_a_view_cut_from_its_own_parts_is_the_view_cut_from_the_whole(seed: int) -> None:
    random = Random(seed)
    codes = sorted(set(data_classes()) - {CUSTODIAN})
    for name, resource in OURS.items():
        allowed = frozenset(random.sample(codes, random.randrange(len(codes) + 1)))
        whole, part_ = redact(resource, allowed), redact(opened(parted(resource), allowed), allowed)
        assert part_ == whole, name
        assert dumps(part_[0]) == dumps(whole[0]), name


def test_what_is_left_holds_nothing_of_an_encrypted_class() -> None:
    """As masking sees it: without those classes nothing more is taken out."""
    others = frozenset(data_classes()) - encrypted() - {CUSTODIAN}
    for name, resource in OURS.items():
        left = opened(parted(resource), frozenset())
        assert drop_nulls(redact(left, others)[0]) == drop_nulls(redact(resource, others)[0]), name


def drop_nulls(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: drop_nulls(value) for key, value in node.items() if value is not None}
    return [drop_nulls(item) for item in node] if isinstance(node, list) else node


def test_what_is_left_does_not_tell_what_there_is() -> None:
    bare: Resource = {
        "resourceType": "Patient",
        "id": "p",
        "meta": {"profile": [profile("survivor")]},
        "gender": "female",
    }
    more = {
        **bare,
        "birthDate": "1990-03-02",
        "telecom": [{"system": "phone", "value": "0612345678"}],
        "name": [{"text": "Z"}],
    }
    for element in ("birthDate", "telecom", "name", "0612345678", "1990"):
        assert element not in parted(more).open
    assert parted(bare).parts == {}


def test_what_no_profile_describes_is_for_the_custodian_alone() -> None:
    one = parted({"resourceType": "Basic", "id": "b", "subject": {"display": "Yasmine"}})
    assert one.parts.keys() == {CUSTODIAN}
    assert "Yasmine" not in one.open


def test_marks_cannot_be_forged() -> None:
    forged = "\x01identity\x03\x02identity\x03\x04"
    one = parted({"resourceType": "Patient", "id": "p", "gender": forged, "name": [{"text": forged}]})
    assert loads(join(one.open, one.parts))["gender"] == forged
    assert loads(join(one.open, one.parts))["name"] == [{"text": forged}]
