"""A hospital exports what it may see. The hub is killed in the middle and started again: nothing is missing, nothing is there
twice. Then a survivor withdraws: what was prepared with her in it is not given any more. Another export is cancelled."""

import json
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from pymongo import MongoClient

from tests.support import written_registers as registers
from tests.support.deployments import Deployment
from tests.support.patience import PATIENCE_S, until
from tests.support.personas import Heard, Persona, Resource, personas

WOMEN: Final = 14
TYPES: Final = ("Patient", "EpisodeOfCare", "Observation", "ServiceRequest", "Task")
ASYNC: Final = {"Prefer": "respond-async"}
LINES: Final = 2
ENDS_S: Final = (
    60 + 2 * PATIENCE_S
)  # a step that was under way when the hub was killed waits a minute for the next to take it up


@pytest.fixture(scope="module")
def database() -> str:
    return f"exported_{uuid.uuid4().hex[:16]}"


@pytest.fixture(scope="module")
def deployment(mongodb_uri: str, database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    made = Deployment.init(tmp_path_factory.mktemp("exported"), mongodb_uri=mongodb_uri, database=database)
    with (made.folder / "hub.toml").open("a", encoding="utf-8") as settings:
        settings.write(f"\n[export]\nlines = {LINES}\n")
    women = [registers.french_case(number) for number in range(1, WOMEN + 1)]
    registers.write_french(made.folder / "registers" / "arganier.csv", women)
    made.hub("pull", "arganier-register")
    yield made
    with MongoClient[Resource](mongodb_uri) as client:
        client.drop_database(database)


def local(url: str, by: Persona) -> str:
    return url.removeprefix(f"{by.base_url}/")


def status(by: Persona, begun: Heard) -> Heard:
    return by.ask("GET", local(begun.response.headers["Content-Location"], by))


def finished(by: Persona, begun: Heard) -> Any:
    ends = time.monotonic() + ENDS_S
    while time.monotonic() < ends:
        heard = status(by, begun)
        assert heard.status in {200, 202}, heard.body
        if heard.status == 200:
            return heard.body
        time.sleep(0.2)
    raise AssertionError("the export does not end")


def lines(by: Persona, output: Any) -> list[Resource]:
    heard = by.ask("GET", local(output["url"], by))
    assert heard.status == 200, heard.body
    return [json.loads(line) for line in heard.response.text.splitlines()]


def about(person: str, resource: Resource) -> bool:
    return f'"Patient/{person}"' in json.dumps(resource) or resource["id"] == person


def parts(database: str, mongodb_uri: str) -> tuple[str, int]:
    """Of the only export: its state, and how many files there are."""
    with MongoClient[Resource](mongodb_uri) as client:
        (one,) = client[database].exports.find()
        return one["state"], client[database].exported.count_documents({})


@pytest.mark.timeout(1500)
def test_an_export_outlives_the_hub_and_not_a_withdrawal(
    deployment: Deployment, mongodb_uri: str, database: str, tmp_path: Path
) -> None:
    with personas(mongodb_uri, database, deployment.base_url, "chu-atlas", "arganier-droit") as cast:
        hospital, association = cast["chu-atlas"], cast["arganier-droit"]
        with deployment.serving() as running:
            for task in hospital.find("Task", _count="500").resources:
                assert hospital.change(f"Task/{task['id']}", status="accepted").status == 200
            begun = hospital.ask("GET", f"Patient/$export?_type={','.join(TYPES)}", headers=ASYNC)
            assert begun.status == 202
            with MongoClient[Resource](mongodb_uri) as client:
                until(lambda: client[database].exported.find_one({}, {"_id": 1}), every=0.001)
                running.kill()
        state, ready = parts(database, mongodb_uri)
        assert state == "running" and 0 < ready < WOMEN * len(TYPES) / LINES, "it was not in the middle"

        with deployment.serving():
            manifest = finished(hospital, begun)
            exported = [one for output in manifest["output"] for one in lines(hospital, output)]
            counted = Counter(one["resourceType"] for one in exported)
            assert counted == {type_: hospital.find(type_).total for type_ in TYPES}
            assert len({(one["resourceType"], one["id"]) for one in exported}) == len(exported)

            (consent, *_) = association.find("Consent", status="active").resources
            person = consent["patient"]["reference"].removeprefix("Patient/")
            of_hers = [
                output["url"]
                for output in manifest["output"]
                if any(about(person, one) for one in lines(hospital, output))
            ]
            assert association.change(f"Consent/{consent['id']}", status="inactive").status == 200
            for output in manifest["output"]:
                heard = hospital.ask("GET", local(output["url"], hospital))
                expected = (410, "problems.export-void") if output["url"] in of_hers else (200, "")
                assert (heard.status, heard.problem if heard.status != 200 else "") == expected
                assert person not in heard.response.text
            assert of_hers

            anew = hospital.ask("GET", f"Patient/$export?_type={','.join(TYPES)}", headers=ASYNC)
            again = [one for output in finished(hospital, anew)["output"] for one in lines(hospital, output)]
            assert again and not any(one["resourceType"] != "Task" and about(person, one) for one in again)

            other = hospital.ask("GET", "$export", headers=ASYNC)
            where = local(other.response.headers["Content-Location"], hospital)
            assert association.ask("GET", where).status == 404
            assert hospital.ask("DELETE", where).status == 202
            assert hospital.ask("GET", where).status == 404
