"""transaction over HTTP: https://hl7.org/fhir/R4/http.html#trules"""

from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import pytest

from hub.exchange import Hub
from hub.fhir import Resource
from hub.fhir.references import split
from hub.fhir.serial import dumps
from tests.support.parties import BASE, Party
from tests.support.written import example

Parties = Callable[..., Party]
URN = "urn:uuid:11111111-0000-4000-8000-000000000001"
AMAL = {"reference": "Organization/amal"}


def bundle(*entries: Resource, kind: str = "transaction") -> Resource:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def entry(method: str, url: str, resource: Resource | None = None, **request: Any) -> Resource:
    about = {"resource": resource} if resource is not None else {}
    return {**about, "request": {"method": method, "url": url, **request}}


def named(full_url: str, one: Resource) -> Resource:
    return {"fullUrl": full_url, **one}


def incident(person: str) -> Resource:
    return {**example("incident"), "subject": {"reference": person}, "performer": [AMAL]}


def need(person: str) -> Resource:
    hospital = {"reference": "Organization/chu"}
    return {**example("need"), "subject": {"reference": person}, "requester": AMAL, "performer": [hospital]}


def new_case(survivor: Resource) -> Resource:
    """What is hers stands before she does."""
    return bundle(
        entry("POST", "Observation", incident(URN)),
        named(URN, entry("POST", "Patient", survivor)),
        entry("POST", "ServiceRequest", need(URN)),
    )


def references(answer: Any) -> list[str]:
    return [one["response"]["location"].removeprefix(f"{BASE}/").partition("/_history")[0] for one in answer["entry"]]


def count(hub: Hub) -> dict[str, int]:
    return {name: n for name, n in hub.store.counts().items() if name not in {"AuditEvent"}}


def test_a_survivor_and_what_is_hers_are_created_together_and_refer_to_each_other(
    party: Parties, survivor: Resource
) -> None:
    amal = party("amal")
    answer = amal.send("POST", "/fhir", new_case(survivor))
    assert answer.status == "200 OK", answer.text
    assert answer.json is not None
    assert answer.json["type"] == "transaction-response"
    assert [one["response"]["status"] for one in answer.json["entry"]] == ["201 Created"] * 3
    seen, patient, asked = references(answer.json)
    assert (amal.get(f"/fhir/{seen}").json or {})["subject"] == {"reference": patient}
    assert (amal.get(f"/fhir/{asked}").json or {})["subject"] == {"reference": patient}


def test_the_base_is_answered_with_and_without_a_slash_at_its_end(party: Parties, survivor: Resource) -> None:
    answer = party("amal").send("POST", "/fhir/", new_case(survivor))
    assert answer.status_code == 200, answer.text


def test_one_entry_that_is_wrong_undoes_all_and_is_named(party: Parties, survivor: Resource, hub: Hub) -> None:
    amal, wrong = party("amal"), new_case(survivor)
    before = count(hub)
    wrong["entry"][2]["resource"]["intent"] = "hope"
    answer = amal.send("POST", "/fhir", wrong)
    assert answer.status_code == 422
    (issue, *_) = (answer.json or {})["issue"]
    assert issue["expression"] == ["Bundle.entry[2].resource.intent"]
    assert count(hub) == before


def test_a_stale_version_undoes_all(party: Parties, survivor: Resource, hub: Hub) -> None:
    amal = party("amal")
    kept = amal.send("POST", "/fhir/Patient", survivor).json or {}
    before = count(hub)
    changed = entry("PUT", f"Patient/{kept['id']}", {**kept, "gender": "unknown"}, ifMatch='W/"7"')
    answer = amal.send("POST", "/fhir", bundle(entry("POST", "Patient", survivor), changed))
    assert answer.status_code == 412
    assert count(hub) == before
    assert (amal.get(f"/fhir/Patient/{kept['id']}").json or {})["gender"] == kept["gender"]


def test_a_change_and_a_read_of_it_stand_in_the_order_of_the_request(party: Parties, survivor: Resource) -> None:
    amal = party("amal")
    kept = amal.send("POST", "/fhir/Patient", survivor).json or {}
    steps = b64encode(b'[{"op":"replace","path":"/gender","value":"unknown"}]').decode()
    patch = {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": steps}
    answer = amal.send(
        "POST",
        "/fhir",
        bundle(entry("GET", f"Patient/{kept['id']}"), entry("PATCH", f"Patient/{kept['id']}", patch, ifMatch='W/"1"')),
    )
    assert answer.status_code == 200, answer.text
    read, patched = (answer.json or {})["entry"]
    assert read["resource"]["gender"] == "unknown"
    assert read["response"]["etag"] == patched["response"]["etag"] == 'W/"2"'


@pytest.mark.parametrize(("wish", "has"), [("", False), ("return=representation", True), ("return=minimal", False)])
def test_the_resources_come_back_only_where_they_are_asked_for(
    wish: str, has: bool, party: Parties, survivor: Resource
) -> None:
    answer = party("amal").send("POST", "/fhir", bundle(entry("POST", "Patient", survivor)), Prefer=wish)
    assert ("resource" in (answer.json or {})["entry"][0]) is has


@pytest.mark.parametrize(
    ("method", "body"), [("PUT", None), ("PATCH", [{"op": "replace", "path": "/gender", "value": "unknown"}]), ("DELETE", None)]
)  # fmt: skip
def test_each_entry_that_names_a_version_is_held_to_it(
    party: Parties, survivor: Resource, hub: Hub, method: str, body: Any
) -> None:
    amal = party("amal")
    seen, patient, _ = references(amal.send("POST", "/fhir", new_case(survivor)).json)
    about = patient if method != "DELETE" else seen
    sent: Resource | None = None
    if method == "PUT":
        sent = {**(amal.get(f"/fhir/{about}").json or {}), "gender": "unknown"}
    elif method == "PATCH":
        steps = b64encode(dumps(body).encode()).decode()
        sent = {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": steps}
    before = count(hub)
    for version, status in (("2", 412), ("1", 200)):
        change = entry(method, about, sent, ifMatch=f'W/"{version}"')
        answer = amal.send("POST", "/fhir", bundle(entry("POST", "Patient", survivor), change))
        assert answer.status_code == status, answer.text
        assert (count(hub) == before) == (status == 412)


def test_a_scope_holds_for_each_entry(party: Parties, survivor: Resource, hub: Hub) -> None:
    before = count(hub)
    amal = party("amal", "system/Patient.cruds")
    answer = amal.send("POST", "/fhir", new_case(survivor))
    assert answer.status_code == 403
    assert count(hub) == before


@pytest.mark.parametrize(
    ("wrong", "status", "place"),
    [
        ({"resourceType": "Patient"}, 400, "Bundle"),
        (bundle(kind="collection"), 400, "Bundle.type"),
        (bundle({"request": {"method": "POST"}}), 400, "Bundle.entry[0].request.url"),
        (bundle({"request": {"method": "STEAL", "url": "Patient"}}), 400, "Bundle.entry[0].request.method"),
        (bundle(entry("POST", "Patient")), 400, "Bundle.entry[0].resource"),
        (bundle(entry("POST", "Patient", {"resourceType": "Task"})), 400, "Bundle.entry[0].resource.resourceType"),
        (bundle(entry("POST", "Nothing", {"resourceType": "Nothing"})), 404, "Bundle.entry[0].request"),
        (bundle({**entry("GET", "Patient"), "colour": "red"}), 400, "Bundle.entry[0]"),
        (bundle(named(URN, entry("GET", "Task")), named(URN, entry("GET", "Task"))), 400, "Bundle.entry[1].fullUrl"),
    ],
)  # fmt: skip
def test_what_is_no_transaction_is_refused_with_its_place(
    wrong: Resource, status: int, place: str, party: Parties
) -> None:
    answer = party("amal").send("POST", "/fhir", wrong)
    assert answer.status_code == status, answer.text
    assert (answer.json or {})["issue"][0]["expression"] == [place]


def test_two_entries_on_one_resource_are_refused(party: Parties, survivor: Resource) -> None:
    amal = party("amal")
    kept = amal.send("POST", "/fhir/Patient", survivor).json or {}
    twice = entry("PUT", f"Patient/{kept['id']}", kept, ifMatch='W/"1"')
    answer = amal.send("POST", "/fhir", bundle(twice, twice))
    assert answer.status_code == 400
    assert (answer.json or {})["issue"][0]["expression"] == ["Bundle.entry[1].request.url"]


def test_a_batch_answers_each_entry_as_if_it_had_come_alone(party: Parties, survivor: Resource) -> None:
    amal = party("amal")
    kept = amal.send("POST", "/fhir/Patient", survivor).json or {}
    answer = amal.send(
        "POST",
        "/fhir",
        bundle(
            entry("GET", f"Patient/{kept['id']}"),
            entry("GET", "Patient/no-such"),
            entry("POST", "Patient", {"resourceType": "Patient"}),
            entry("GET", "Patient?gender=female"),
            entry("POST", "Patient", survivor),
            kind="batch",
        ),
    )
    assert answer.status_code == 200
    read, absent, wrong, found, made = (answer.json or {})["entry"]
    assert read["resource"] == amal.get(f"/fhir/Patient/{kept['id']}").json
    assert absent["response"]["status"] == "404 Not Found"
    assert absent["response"]["outcome"] == amal.get("/fhir/Patient/no-such").json
    assert wrong["response"]["status"] == "422 Unprocessable Entity"
    assert found["resource"]["type"] == "searchset"
    assert made["response"]["status"] == "201 Created"
    assert dumps(made["resource"]["meta"]["versionId"]) == '"1"'


def test_a_batch_needs_a_token(app: Any) -> None:
    answer = app.test_client().post("/fhir", json=bundle(kind="batch"), content_type="application/fhir+json")
    assert answer.status_code == 401


def test_of_two_that_change_the_same_version_one_wins_and_the_other_leaves_nothing(
    party: Parties, survivor: Resource, hub: Hub
) -> None:
    amal = party("amal")
    kept = amal.send("POST", "/fhir/Patient", survivor).json or {}
    before = count(hub)

    def change(gender: str) -> int:
        changed = entry("PUT", f"Patient/{kept['id']}", {**kept, "gender": gender}, ifMatch='W/"1"')
        return int(amal.send("POST", "/fhir", bundle(entry("POST", "Patient", survivor), changed)).status_code)

    with ThreadPoolExecutor(2) as both:
        assert sorted(both.map(change, ["unknown", "other"])) == [200, 412]
    assert count(hub)["Patient"] == before["Patient"] + 1


@pytest.mark.parametrize("seed", range(3))
def test_together_is_the_same_as_one_by_one(party: Parties, survivor: Resource, hub: Hub, seed: int) -> None:
    chance, amal = Random(seed), party("amal")
    kinds = [chance.choice(["incident", "need", "update"]) for _ in range(6)]

    def steps(person: str) -> list[Resource]:
        made = {"incident": incident(person), "need": need(person)}
        return [entry("POST", made[kind]["resourceType"], made[kind]) for kind in kinds if kind in made]

    together = amal.send("POST", "/fhir", bundle(named(URN, entry("POST", "Patient", survivor)), *steps(URN)))
    assert together.status_code == 200, together.text
    hers = references(together.json)
    first = amal.send("POST", "/fhir/Patient", survivor).json or {}
    alone = [f"Patient/{first['id']}"]
    for step in steps(alone[0]):
        made = amal.send("POST", f"/fhir/{step['request']['url']}", step["resource"]).json or {}
        alone.append(f"{made['resourceType']}/{made['id']}")
    assert written(hub, hers) == written(hub, alone)


def written(hub: Hub, references: list[str]) -> list[str]:
    """What is stored, with each id as its place."""
    texts = []
    for one in references:
        stored = hub.store.read(*split(one), None)
        assert stored is not None
        text = dumps({**stored.resource(), "meta": {}})
        for place, reference in enumerate(references):
            text = text.replace(split(reference)[1], str(place))
        texts.append(f"{stored.version} {stored.custodian} {text}")
    return texts


def condition(survivor: Resource) -> str:
    code = survivor["identifier"][0]
    return f"identifier={code['system']}|{code['value']}"


def test_what_is_there_already_is_not_created_again_and_is_what_the_others_refer_to(
    party: Parties, survivor: Resource
) -> None:
    amal = party("amal")
    case = new_case(survivor)
    case["entry"][1]["request"]["ifNoneExist"] = condition(survivor)
    first, again = (amal.send("POST", "/fhir", case) for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200), again.text
    assert [one["response"]["status"] for one in (again.json or {})["entry"]] == [
        "201 Created",
        "200 OK",
        "201 Created",
    ]
    assert references(first.json)[1] == references(again.json)[1]
    seen = references(again.json)[0]
    assert (amal.get(f"/fhir/{seen}").json or {})["subject"] == {"reference": references(first.json)[1]}


def test_a_conditional_update_creates_what_it_does_not_find_and_changes_what_it_does(
    party: Parties, survivor: Resource
) -> None:
    amal = party("amal")
    put = entry("PUT", f"Patient?{condition(survivor)}", survivor)
    made = amal.send("POST", "/fhir", bundle(put)).json or {}
    changed = amal.send("POST", "/fhir", bundle({**put, "resource": {**survivor, "gender": "unknown"}})).json or {}
    assert [one["entry"][0]["response"]["status"] for one in (made, changed)] == ["201 Created", "200 OK"]
    assert references(made) == references(changed)


def test_what_is_deleted_goes_with_the_rest_or_not_at_all(party: Parties, survivor: Resource) -> None:
    amal = party("amal")
    seen, patient, _ = references(amal.send("POST", "/fhir", new_case(survivor)).json)
    wrong = entry("POST", "Observation", {**incident(patient), "status": "hope"})
    assert amal.send("POST", "/fhir", bundle(wrong, entry("DELETE", seen))).status_code == 422
    assert amal.get(f"/fhir/{seen}").status_code == 200
    right = entry("POST", "Observation", incident(patient))
    answer = amal.send("POST", "/fhir", bundle(right, entry("DELETE", seen)))
    assert [one["response"]["status"] for one in (answer.json or {})["entry"]] == ["201 Created", "204 No Content"]
    assert amal.get(f"/fhir/{seen}").status_code == 410
