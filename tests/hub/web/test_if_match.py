"""`If-Match: *`: only if there is one. What is hidden is not there: https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1"""

from collections.abc import Callable
from typing import Any

import pytest

from hub.fhir import Resource
from hub.texts import LANGUAGES, say
from tests.support.parties import Party
from tests.support.shared_case import PATCH, SharedCase, as_new, share, to

Parties = Callable[..., Party]
NOBODY = "00000000-0000-4000-8000-0000000000aa"
STEPS = [{"op": "replace", "path": "/status", "value": "amended"}]
MERGE = {"Content_Type": "application/merge-patch+json"}


@pytest.fixture
def case(party: Parties, survivor: Resource) -> SharedCase:
    return share(party, survivor)


def entry(method: str, url: str, resource: Resource | None = None, **request: str) -> Resource:
    about = {} if resource is None else {"resource": resource}
    return {**about, "request": {"method": method, "url": url, **request}}


def bundle(kind: str, *entries: Resource) -> Resource:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def incident(case: SharedCase, **more: Any) -> Resource:
    hers = {"subject": to(case.patient), "performer": [to("Organization/amal")]}
    return as_new("incident", **hers, **more)


def requests(case: SharedCase, id_: str) -> list[tuple[str, str, Any, dict[str, str]]]:
    """Every change of one resource, by its id and by what finds it."""
    by_id, found, whole = f"/fhir/Observation/{id_}", f"/fhir/Observation?_id={id_}", incident(case)
    return [
        ("PUT", by_id, {**whole, "id": id_}, {}),
        ("PATCH", by_id, STEPS, PATCH),
        ("DELETE", by_id, None, {}),
        ("PUT", found, whole, {}),
        ("PATCH", found, {"status": "amended"}, MERGE),
        ("DELETE", found, None, {}),
    ]


def answers(party: Party, case: SharedCase, id_: str) -> list[tuple[int, str]]:
    sent = [party.send(method, path, body, If_Match="*", **more) for method, path, body, more in requests(case, id_)]
    return [(one.status_code, one.text) for one in sent]


def test_what_is_not_there_is_neither_made_nor_changed(case: SharedCase) -> None:
    before = case.keeper.get("/fhir/Observation").json or {}
    got = answers(case.keeper, case, NOBODY)
    assert [status for status, _ in got] == [412] * 6
    assert all(say("web.nothing-to-match", "en") in text for _, text in got)
    assert (case.keeper.get("/fhir/Observation").json or {})["total"] == before["total"]


def test_what_is_hidden_is_not_there_to_the_byte(case: SharedCase) -> None:
    id_ = case.incident.partition("/")[2]
    assert answers(case.stranger, case, id_) == answers(case.stranger, case, NOBODY)
    assert case.keeper.get(f"/fhir/{case.incident}").headers["ETag"] == 'W/"1"'


def test_what_is_there_is_changed(case: SharedCase) -> None:
    id_ = case.incident.partition("/")[2]
    got = []
    for number, (method, path, body, more) in enumerate(requests(case, id_)):
        said = {**body, "status": ("amended", "final")[number % 2]} if method == "PUT" else body
        got.append(case.keeper.send(method, path, said, If_Match="*", **more).status_code)
        if method == "DELETE":
            whole = {**incident(case), "id": id_}
            assert case.keeper.send("PUT", f"/fhir/{case.incident}", whole).status_code == 201
    assert got == [200, 200, 204, 200, 200, 204]


def test_what_was_deleted_is_not_brought_back(case: SharedCase) -> None:
    path, whole = f"/fhir/{case.incident}", incident(case) | {"id": case.incident.partition("/")[2]}
    assert case.keeper.send("DELETE", path, If_Match="*").status_code == 204
    for method, body, more in (("PUT", whole, {}), ("PATCH", STEPS, PATCH), ("DELETE", None, {})):
        assert case.keeper.send(method, path, body, If_Match="*", **more).status_code == 412
    assert case.keeper.get(path).status_code == 410
    assert case.keeper.send("PUT", path, whole, If_Match='W/"2"').status_code == 201  # its deletion is a version


def test_a_deletion_of_a_version_of_nothing_is_refused(case: SharedCase) -> None:
    for path in (f"/fhir/Observation/{NOBODY}", f"/fhir/Observation?_id={NOBODY}"):
        assert case.keeper.send("DELETE", path, If_Match='W/"1"').status_code == 412
        assert case.keeper.send("DELETE", path).status_code == 204


def test_an_entry_of_a_bundle_expects_what_a_request_does(case: SharedCase) -> None:
    entries = [
        entry("PUT", f"Observation/{NOBODY}", incident(case, id=NOBODY), ifMatch="*"),
        entry("DELETE", f"Observation/{NOBODY}", ifMatch="*"),
        entry("PUT", f"Observation?_id={NOBODY}", incident(case), ifMatch="*"),
        entry("DELETE", f"Observation?_id={NOBODY}", ifMatch="*"),
    ]
    batch = case.keeper.send("POST", "/fhir", bundle("batch", *entries)).json or {}
    assert [one["response"]["status"][:3] for one in batch["entry"]] == ["412"] * 4
    total = (case.keeper.get("/fhir/Observation").json or {})["total"]
    new = entry("POST", "Observation", incident(case))
    for one in entries:
        whole = case.keeper.send("POST", "/fhir", bundle("transaction", new, one))
        assert (whole.status_code, (whole.json or {})["issue"][0]["code"]) == (412, "conflict")
        assert (whole.json or {})["issue"][0]["expression"][0].startswith("Bundle.entry[1]")
    assert (case.keeper.get("/fhir/Observation").json or {})["total"] == total
    there = entry("PUT", case.incident, incident(case, id=case.incident.partition("/")[2]), ifMatch="*")
    assert case.keeper.send("POST", "/fhir", bundle("transaction", there)).status_code == 200


def test_of_a_subscription_too(party: Parties) -> None:
    amal = party("amal")
    for method, body in (("PUT", {"resourceType": "Subscription", "id": NOBODY}), ("DELETE", None)):
        assert amal.send(method, f"/fhir/Subscription/{NOBODY}", body).status_code != 412
    assert amal.send("DELETE", f"/fhir/Subscription/{NOBODY}", If_Match="*").status_code == 412


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_refusal_says_what_to_do_instead(case: SharedCase, language: str) -> None:
    refused = case.keeper.send("DELETE", f"/fhir/Observation/{NOBODY}", If_Match="*", Accept_Language=language)
    issue = refused.get_json(force=True)["issue"][0]
    assert issue["diagnostics"] == say("web.nothing-to-match", language)
