"""A granular scope in every other way to a record: its versions, what comes with it, what it is found through, what changes it.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#finer-grained-resource-constraints-using-search-parameters
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from hub.fhir import Resource
from tests.support.parties import Party
from tests.support.shared_case import PATCH, SharedCase, as_new, share, stored, to
from tests.support.token_requests import ask_token

NOBODY = "00000000-0000-4000-8000-00000000aaaa"
WHERE = "status=final"


@dataclass(frozen=True)
class Two:
    """Incidents of one survivor: one that the scope reaches and one that it does not."""

    case: SharedCase
    near: str
    far: str
    narrow: Party

    def absent(self, method: str, path: str, body: Any = None, **headers: str) -> bool:
        """Whether the far one is answered as one that never was, but for the id that the caller wrote itself."""
        told = []
        for id_ in (self.far, NOBODY):
            sent = {**body, "id": id_} if isinstance(body, dict) and body.get("id") else body
            answer = self.narrow.send(method, path.format(id_), sent, **headers)
            told.append((answer.status_code, answer.text.replace(id_, "")))
        return told[0] == told[1]


@pytest.fixture
def two(party: Callable[..., Party], survivor: Resource) -> Two:
    case = share(party, survivor)
    whole = party("amal", "system/Observation.cruds system/Patient.rs system/EpisodeOfCare.rs")
    case.amend(case.incident, status="amended")
    hers = {"subject": to(case.patient), "performer": [to("Organization/amal")]}
    near = stored(case.keeper, as_new("incident", **hers))["id"]
    answer = ask_token(whole.app, whole.client, f"system/Observation.rus?{WHERE} system/Patient.rs")
    assert answer.status_code == 200, answer.text
    narrow = Party(whole.app, whole.client, (answer.json or {})["access_token"])
    return Two(case, near, case.incident.partition("/")[2], narrow)


def delete(path: str) -> Resource:
    parts = [{"name": "type", "valueCode": "delete"}, {"name": "path", "valueString": path}]
    return {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]}


def found(party: Party, path: str) -> set[str]:
    bundle = party.get(f"/fhir/{path}").json or {}
    assert bundle["resourceType"] == "Bundle", bundle
    return {f"{one['resource']['resourceType']}/{one['resource']['id']}" for one in bundle.get("entry", ())}


def test_its_versions_and_its_history_are_absent(two: Two) -> None:
    for path in ("/fhir/Observation/{}/_history", "/fhir/Observation/{}/_history/1", "/fhir/Observation/{}/$meta"):
        assert two.narrow.get(path.format(two.near)).status_code == 200
        assert two.absent("GET", path) and two.narrow.get(path.format(two.far)).status_code == 404
    for path in ("Observation/_history", "_history?_type=Observation"):
        assert {one for one in found(two.narrow, path) if one.startswith("Observation/")} == {f"Observation/{two.near}"}


def test_it_does_not_come_along_with_what_is_found(two: Two) -> None:
    her = two.case.patient.partition("/")[2]
    asked = f"Patient?_id={her}&_revinclude=Observation:patient"
    assert found(two.case.keeper, asked) == {two.case.patient, f"Observation/{two.near}", f"Observation/{two.far}"}
    assert found(two.narrow, asked) == {two.case.patient, f"Observation/{two.near}"}
    assert found(two.narrow, f"Patient/{her}/Observation") == {f"Observation/{two.near}"}
    assert found(two.narrow, f"Patient/{her}/$everything") == {two.case.patient, f"Observation/{two.near}"}


def test_nobody_is_found_through_it(two: Two) -> None:
    """`_has` asks with the eyes of the scope: what it does not reach is no way to try values."""
    for id_, seen in ((two.near, {two.case.patient}), (two.far, set())):
        assert found(two.narrow, f"Patient?_has:Observation:patient:_id={id_}") == seen
        assert found(two.case.keeper, f"Patient?_has:Observation:patient:_id={id_}") == {two.case.patient}


def test_what_the_search_of_a_condition_does_not_reach_is_no_match(two: Two) -> None:
    steps = [{"op": "replace", "path": "/status", "value": "preliminary"}]
    assert two.absent("PATCH", "/fhir/Observation?_id={}", steps, **PATCH)
    assert two.absent("PATCH", "/fhir/Observation?_id={}", steps, **PATCH, If_Match="*")
    whole = two.case.keeper.get(f"/fhir/Observation/{two.far}").json or {}
    body = {name: value for name, value in whole.items() if name != "id"}
    assert two.narrow.send("PUT", f"/fhir/Observation?_id={two.far}", body, If_Match="*").status_code == 412
    assert (two.case.keeper.get(f"/fhir/Observation/{two.far}").json or {}) == whole


def test_what_cannot_be_narrowed_is_not_given_with_it(two: Two) -> None:
    """Of what is new there is nothing yet that could match; what is deleted is asked for by itself."""
    for id_ in (two.near, two.far):
        assert two.narrow.send("DELETE", f"/fhir/Observation/{id_}").status_code == 403
    assert (
        two.narrow.send("POST", "/fhir/Observation", as_new("incident", subject=to(two.case.patient))).status_code
        == 403
    )


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_an_entry_of_a_bundle_reaches_no_further(two: Two, kind: str) -> None:
    def asked(id_: str) -> tuple[int, str]:
        entries: list[Resource] = [
            {"request": {"method": "GET", "url": f"Observation/{id_}"}},
            {"resource": delete("Observation.note"), "request": {"method": "PATCH", "url": f"Observation/{id_}"}},
        ]
        answer = two.narrow.send("POST", "/fhir", {"resourceType": "Bundle", "type": kind, "entry": entries})
        return answer.status_code, answer.text.replace(id_, "")

    assert asked(two.far) == asked(NOBODY)
    assert two.case.keeper.get(f"/fhir/Observation/{two.far}").headers["ETag"] == 'W/"2"'
    status, text = asked(two.near)
    assert (status, two.case.keeper.get(f"/fhir/Observation/{two.near}").headers["ETag"]) == (200, 'W/"2"'), text


def test_nothing_new_is_made_by_a_scope_that_is_narrowed(two: Two) -> None:
    """An update that finds nothing would create, and what is new nothing has narrowed: `c` is asked for by itself."""
    whole = two.case.keeper.get(f"/fhir/Observation/{two.far}").json or {}
    body = {name: value for name, value in whole.items() if name != "id"}
    before = found(two.case.keeper, "Observation")

    def asked(party: Party, id_: str) -> list[int]:
        entry = {"resource": body, "request": {"method": "PUT", "url": f"Observation?_id={id_}"}}
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
        alone = party.send("PUT", f"/fhir/Observation?_id={id_}", body)
        return [alone.status_code, party.send("POST", "/fhir", bundle).status_code]

    assert asked(two.narrow, two.far) == asked(two.narrow, NOBODY) == [403, 403]
    assert found(two.case.keeper, "Observation") == before
    answer = ask_token(two.narrow.app, two.narrow.client, f"system/Observation.rus?{WHERE} system/Observation.c")
    assert asked(Party(two.narrow.app, two.narrow.client, (answer.json or {})["access_token"]), NOBODY) == [201, 200]


def test_what_was_deleted_is_not_brought_back_by_a_scope_that_did_not_reach_it(two: Two) -> None:
    whole = two.case.keeper.get(f"/fhir/Observation/{two.far}").json or {}
    assert two.case.keeper.send("DELETE", f"/fhir/Observation/{two.far}").status_code == 204
    assert two.narrow.send("PUT", f"/fhir/Observation/{two.far}", whole).status_code == 404
    assert two.case.keeper.get(f"/fhir/Observation/{two.far}").status_code == 410
