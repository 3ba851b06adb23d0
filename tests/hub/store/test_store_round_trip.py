"""What is stored is what was sent: every official R4 example and all of our own, read as a body, written as a document, read again.

`tests/data/r4-examples.ndjson.gz`: HL7's official examples of FHIR R4 (hl7.fhir.r4.examples 4.0.1, CC0).
"""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.fhir import strict
from hub.fhir.serial import dumps, loads
from hub.ports import Changes, Key, Save
from hub.search.parameters import PARAMETERS
from hub.store import MongoStore
from tests.support.one_key import kept

ROOT = Path(__file__).parents[3]
AT = datetime(2026, 3, 1, tzinfo=UTC)
OFFICIAL = gzip.decompress((ROOT / "tests" / "data" / "r4-examples.ndjson.gz").read_bytes()).splitlines()
OURS = [path.read_bytes() for path in sorted((ROOT / "profiles" / "examples" / "valid").glob("*.json"))]


def as_written(text: str | bytes) -> Any:
    """JSON with every number as its text, without what the store itself says."""
    resource = json.loads(
        text, parse_float=lambda number: ("number", number), parse_int=lambda number: ("number", number)
    )
    meta = {key: value for key, value in resource.pop("meta", {}).items() if key not in {"versionId", "lastUpdated"}}
    return resource | ({"meta": meta} if meta else {})


@pytest.mark.parametrize(("name", "texts"), [("official", OFFICIAL), ("ours", OURS)])
def test_every_example_comes_back_as_it_was_written(name: str, texts: list[bytes]) -> None:
    assert texts, name
    for text in texts:
        stored = kept({"id": "x", **strict.read(text)}, AT)
        written = {"id": "x"} | as_written(text)
        assert as_written(stored) == written, written["id"]
        assert dumps(loads(stored)) == stored


def test_the_official_examples_have_numbers_that_a_program_would_write_otherwise() -> None:
    """Else the test above would say nothing of precision."""
    assert sum(json.dumps(json.loads(text)) != json.dumps(as_floats(text)) for text in OFFICIAL) > 10


def as_floats(text: bytes) -> Any:
    return json.loads(text, parse_float=lambda number: number if repr(float(number)) != number else float(number))


def test_the_official_examples_of_the_types_that_are_served_come_back_from_the_database(store: MongoStore) -> None:
    sent = [strict.read(text) for text in OFFICIAL]
    mine = {f"{one['resourceType']}/{one['id']}": one for one in sent if one["resourceType"] in PARAMETERS}
    assert {one["resourceType"] for one in mine.values()} == PARAMETERS.keys()
    saves = {reference: Save(one, None, None, (Key("*|*|*"),)) for reference, one in mine.items()}
    at = store.commit(Changes(saves=list(saves.values())))
    for reference, one in mine.items():
        found = store.read(*reference.split("/"), None)
        assert found is not None, reference
        assert as_written(found.text) == as_written(dumps(one)), reference
        told = saves[reference].stored(at)  # what an act answers with is what will be read
        assert told.text == found.text
        assert (told.at, told.version, told.keys, told.custodian) == (found.at, 1, found.keys, found.custodian)
