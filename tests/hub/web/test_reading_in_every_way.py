"""What holds of every read, whatever it reads: HEAD, conditional reads, and nothing done for who cannot be answered.

https://hl7.org/fhir/R4/http.html#head · https://hl7.org/fhir/R4/http.html#cread · https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2
"""

import json
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from hub.exchange import Hub
from hub.fhir import Resource
from hub.fhir.instants import span
from tests.support.parties import Party
from tests.support.shared_case import PATCH, SharedCase, share

Parties = Callable[..., Party]


@pytest.fixture
def case(party: Parties, survivor: Resource) -> SharedCase:
    return share(party, survivor)


# --- HEAD ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "{patient}",
        "{patient}/_history",
        "{patient}/_history/1",
        "{patient}/_history/99",
        "{patient}/Task",
        "{patient}/$meta",
        "{patient}/$validate",
        "Patient/$everything?_type=Patient",
        "Patient/$meta",
        "Patient?_count=1",
        "Patient?_count=x",
        "Patient/no-such",
        "Moon/1",
        "?_type=Patient,Task",
        "Patient/_history?_count=1",
        "Subscription",
        "ValueSet/milieu/$validate-code?code=urban&system=x",
        "$export",
        "metadata",
        "metadata?mode=terminology",
        ".well-known/smart-configuration",
    ],
)
def test_a_head_has_the_status_and_headers_of_the_get_and_no_body(case: SharedCase, path: str) -> None:
    address = "/fhir" + (path if path[0] == "?" else f"/{path}").format(patient=case.patient)
    get, head = case.keeper.get(address), case.keeper.send("HEAD", address)
    assert (head.status, head.data) == (get.status, b"")
    told = [
        {n: v for n, v in one.headers.items() if n not in {"X-Request-Id", "Content-Length"}} for one in (get, head)
    ]
    assert told[0] == told[1]
    assert "_page" in get.text or head.headers["Content-Length"] == get.headers["Content-Length"]


def test_the_instant_of_a_read_is_that_of_its_version(case: SharedCase) -> None:
    changed = case.amend(case.incident, status="amended")
    for path in (case.incident, f"{case.incident}/_history/1", f"{case.incident}/_history/2"):
        answer = case.keeper.get(f"/fhir/{path}")
        written = span((answer.json or {})["meta"]["lastUpdated"])[0]
        assert parsedate_to_datetime(answer.headers["Last-Modified"]) == written.replace(microsecond=0)
        assert answer.headers["ETag"] == f'W/"{(answer.json or {})["meta"]["versionId"]}"'
    again = case.keeper.send("PUT", f"/fhir/{case.incident}", changed | {"status": "final"})
    assert again.headers["Last-Modified"] == case.keeper.get(f"/fhir/{case.incident}").headers["Last-Modified"]


# --- conditional reads -----------------------------------------------------------------------------------------------

EARLY, LATE = "Mon, 01 Jan 2024 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT"


@pytest.mark.parametrize(
    ("conditions", "status"),
    [
        ({"If_None_Match": "*"}, 304),
        ({"If_None_Match": '"1"'}, 304),
        ({"If_None_Match": 'W/"9", W/"1"'}, 304),
        ({"If_None_Match": 'W/"9", W/"8"'}, 200),
        ({"If_None_Match": "nonsense"}, 200),
        ({"If_Modified_Since": LATE}, 304),
        ({"If_Modified_Since": EARLY}, 200),
        ({"If_Modified_Since": "yesterday"}, 200),
        ({"If_None_Match": 'W/"9"', "If_Modified_Since": LATE}, 200),  # the version says more than the instant
        ({"If_None_Match": 'W/"1"', "If_Modified_Since": EARLY}, 304),
    ],
)
@pytest.mark.parametrize("below", ["", "/_history/1"])
def test_a_version_that_is_known_is_not_sent_again(
    case: SharedCase, conditions: dict[str, str], status: int, below: str
) -> None:
    answer = case.keeper.get(f"/fhir/{case.patient}{below}", **conditions)
    assert (answer.status_code, bool(answer.data)) == (status, status == 200)
    assert answer.headers["ETag"] == 'W/"1"'


def test_a_condition_tells_nobody_what_it_may_not_see(case: SharedCase) -> None:
    for path in (case.patient, "Patient/no-such"):
        for asked in ({"If_None_Match": "*"}, {"If_Modified_Since": LATE}, {"If_Match": 'W/"7"'}):
            answer = case.stranger.get(f"/fhir/{path}", **asked)
            assert (answer.status_code, answer.data) == (404, case.stranger.get("/fhir/Patient/no-such").data)


# --- who cannot be answered, or is not understood, has changed nothing -----------------------------------------------

XML: dict[str, str] = {"Accept": "application/fhir+xml"}


def _entry(method: str, url: str, resource: Any = None) -> Resource:
    about = {} if resource is None else {"resource": resource}
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [{**about, "request": {"method": method, "url": url}}],
    }


def test_who_takes_no_json_changes_nothing(case: SharedCase, survivor: Resource, hub: Hub) -> None:
    before = hub.store.counts()
    steps = [{"op": "replace", "path": "/status", "value": "amended"}]
    incident = f"/fhir/{case.incident}"
    for method, path, body, media in (
        ("POST", "/fhir/Patient", survivor, "application/fhir+json"),
        ("PATCH", incident, steps, PATCH["Content_Type"]),
        ("DELETE", incident, None, "application/fhir+json"),
        ("POST", "/fhir", _entry("POST", "Patient", survivor), "application/fhir+json"),
        ("POST", f"/fhir/{case.consent}/$withdraw", {"resourceType": "Parameters"}, "application/fhir+json"),
    ):
        for address, headers in ((path, XML), (f"{path}?_format=xml", {})):
            answer = case.keeper.send(method, address, body, Content_Type=media, **headers)
            assert (answer.status_code, (answer.json or {})["resourceType"]) == (406, "OperationOutcome"), path
    assert hub.store.counts() == before


@pytest.mark.parametrize("media", ["text/plain", "application/fhir+xml", "application/x-www-form-urlencoded", ""])
def test_a_body_of_another_kind_is_not_taken(case: SharedCase, survivor: Resource, hub: Hub, media: str) -> None:
    before = hub.store.counts()
    for method, path, body in (
        ("POST", "/fhir/Patient", survivor),
        ("PUT", f"/fhir/{case.patient}", {**survivor, "id": case.patient.partition("/")[2], "active": False}),
        ("PATCH", f"/fhir/{case.patient}", {"active": False}),
        ("POST", "/fhir", _entry("POST", "Patient", survivor)),
        ("POST", "/fhir/Patient/$match", survivor),
    ):
        answer = case.keeper.send(method, path, json.dumps(body), Content_Type=media)
        assert (answer.status_code, (answer.json or {})["issue"][0]["code"]) == (415, "not-supported"), path
    assert hub.store.counts() == before
    assert case.keeper.get(f"/fhir/{case.patient}").headers["ETag"] == 'W/"1"'
