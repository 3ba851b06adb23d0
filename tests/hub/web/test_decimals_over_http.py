"""`1.00` stays `1.00` on every way out: https://hl7.org/fhir/R4/datatypes.html#decimal"""

import re
from collections.abc import Callable

import pytest

from hub.exchange import Hub
from hub.exchange.person import Person
from hub.exchange.publish import publish
from hub.fhir import strict
from hub.fhir.labels import labelled
from hub.fhir.serial import dumps
from hub.ports import Changes, Save
from tests.support.parties import Party
from tests.support.written import example

Parties = Callable[..., Party]
PERSON = "7f0c3c1e-0000-4000-8000-000000000001"
NUMBERS = ["1.00", "1.0", "1", "1e2", "-0", "0.10", "9" * 30, "3.14159265358979323846264338327950288419716939937510"]


def numbers(text: str) -> list[str]:
    return re.findall(r'"valueDecimal":\s*([^\s,}]+)', text)


@pytest.fixture
def counted(hub: Hub, tasks: list[str]) -> str:
    """The id of a referral whose next version carries numbers, as a partner's profile may allow."""
    stored = hub.store.read("Task", tasks[0], None)
    assert stored is not None
    outputs = ",".join(f'{{"type":{{"text":"counted"}},"valueDecimal":{number}}}' for number in NUMBERS)
    changed = strict.read(f'{stored.text[:-1]},"output":[{outputs}]}}'.encode())
    save = Save(labelled(changed), PERSON, "amal", stored.keys, replaces=stored.version)
    hub.store.commit(Changes(saves=[save], persons={PERSON: len(tasks)}))
    return tasks[0]


@pytest.mark.parametrize("organization", ["amal", "chu"])
def test_numbers_are_read_searched_and_printed_as_they_were_written(
    party: Parties, counted: str, organization: str
) -> None:
    caller = party(organization)
    for query in (
        f"Task/{counted}",
        f"Task/{counted}?_pretty=true",
        f"Task?_id={counted}",
        f"Task?_id={counted}&_pretty=true",
    ):
        assert numbers(caller.get(f"/fhir/{query}").text) == NUMBERS, query


LONGITUDES = ["-5.00", "-5.0", "-5", "-5.10", "-0.5e1", "-5.0330000000000000000000000000000001"]


@pytest.fixture
def place(hub: Hub) -> str:
    """A place that chu may change, with a position."""
    keeper = {"managingOrganization": {"reference": "Organization/chu"}}
    publish(
        [{**example("location"), **keeper, "id": "numbered", "position": {"longitude": -7.6, "latitude": 33.5}}],
        hub=hub,
    )
    return "/fhir/Location/numbered"


@pytest.mark.parametrize("number", LONGITUDES)
@pytest.mark.parametrize("way", ["update", "json-patch", "merge-patch", "fhirpath-patch", "transaction"])
def test_a_number_that_is_sent_is_kept_as_it_was_written(party: Parties, place: str, way: str, number: str) -> None:
    """In any valid resource, by each way of sending one; and it stands so on every way out."""
    chu, position = party("chu"), f'{{"longitude":{number},"latitude":33.50}}'
    whole = re.sub(r'"position":\{[^}]*\}', f'"position":{position}', chu.get(place).text)
    steps = f'[{{"op":"replace","path":"/position","value":{position}}}]'
    by_path = dumps(
        {
            "resourceType": "Parameters",
            "parameter": [
                {
                    "name": "operation",
                    "part": [
                        {"name": "type", "valueCode": "replace"},
                        {"name": "path", "valueString": f"Location.position.{name}"},
                        {"name": "value", "valueDecimal": f"<{name}>"},
                    ],
                }
                for name in ("longitude", "latitude")
            ],
        }
    )
    by_path = by_path.replace('"<longitude>"', number).replace('"<latitude>"', "33.50")
    request = f'{{"resource":{whole},"request":{{"method":"PUT","url":"Location/numbered"}}}}'
    bundle = f'{{"resourceType":"Bundle","type":"transaction","entry":[{request}]}}'
    method, path, body, media = {
        "update": ("PUT", place, whole, "application/fhir+json"),
        "json-patch": ("PATCH", place, steps, "application/json-patch+json"),
        "merge-patch": ("PATCH", place, f'{{"position":{position}}}', "application/merge-patch+json"),
        "fhirpath-patch": ("PATCH", place, by_path, "application/fhir+json"),
        "transaction": ("POST", "/fhir", bundle, "application/fhir+json"),
    }[way]
    assert chu.send(method, path, body, Content_Type=media).status_code == 200
    for out in (
        place,
        f"{place}/_history/2",
        f"{place}/_history",
        "/fhir/Location?_id=numbered",
        f"{place}?_summary=data",
    ):
        text = party("amal").get(out).text
        assert [*re.findall(r'"(?:longitude|latitude)":([^,}]+)', text)][:2] == [number, "33.50"], out


def test_the_next_version_keeps_them_too(hub: Hub, counted: str) -> None:
    person = Person.of(hub.store.compartments([PERSON])[PERSON], hub.rules)
    task = person.get(f"Task/{counted}")
    assert task is not None
    assert person.put({**task, "priority": "asap"}, "amal")
    (saved,) = [save for save in person.settle(hub.clock.now(), hub.ids.new).saves if save.resource["id"] == counted]
    assert numbers(dumps(saved.resource)) == NUMBERS


def test_another_precision_is_a_new_version_and_the_same_is_not(hub: Hub, counted: str) -> None:
    person = Person.of(hub.store.compartments([PERSON])[PERSON], hub.rules)
    task = dumps(person.get(f"Task/{counted}") or {})
    assert not person.put(strict.read(task.encode()), "amal")
    for before, after in (("1.00", "1.0"), ("1.0", "1"), ("1e2", "100")):
        other = task.replace(f'"valueDecimal":{before}}}', f'"valueDecimal":{after}}}')
        assert person.put(strict.read(other.encode()), "amal")


@pytest.mark.parametrize("number", ["1e400", "9" * 400, "NaN"])
def test_a_number_that_nobody_could_compute_with_is_refused(party: Parties, tasks: list[str], number: str) -> None:
    step = f'[{{"op":"add","path":"/output","value":[{{"valueDecimal":{number}}}]}}]'
    answer = party("chu").send(
        "PATCH", f"/fhir/Task/{tasks[0]}", step, Content_Type="application/json-patch+json", If_Match='W/"1"'
    )
    assert answer.status_code == 400
    assert number not in answer.text
