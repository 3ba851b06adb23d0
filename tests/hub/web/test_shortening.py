"""`_summary` and `_elements` over HTTP: https://hl7.org/fhir/R4/search.html#elements"""

from collections.abc import Callable

import pytest

from hub.fhir import Resource
from tests.support.parties import Party
from tests.support.shared_case import SharedCase, share, stored


@pytest.fixture
def case(party: Callable[..., Party], survivor: Resource) -> SharedCase:
    return share(party, survivor)


@pytest.mark.parametrize(
    "path",
    ["/fhir/{}?", "/fhir/{}/_history/1?", "/fhir/{}/_history?", "/fhir/Observation?", "/fhir/Observation/_history?"],
)
def test_only_what_is_named_comes_and_it_says_so(case: SharedCase, path: str) -> None:
    whole = case.keeper.get(path.format(case.incident)).json or {}
    found = case.keeper.get(f"{path.format(case.incident)}_elements=subject").json or {}
    (before,), (after,) = ([one["resource"] for one in b.get("entry", [{"resource": b}])] for b in (whole, found))
    assert "performer" in before
    assert set(after) == {"resourceType", "id", "meta", "status", "code", "subject"}
    assert after["meta"]["tag"][0]["code"] == "SUBSETTED"
    for link in found.get("link", ()):
        assert link["url"].endswith("_elements=subject")


def test_pages_keep_to_what_was_asked(case: SharedCase) -> None:
    first = case.keeper.get("/fhir/AuditEvent?_count=1&_elements=recorded").json or {}
    (following,) = [one["url"] for one in first["link"] if one["relation"] == "next"]
    second = case.keeper.get(following.removeprefix("https://hub.example")).json or {}
    assert set(first["entry"][0]["resource"]) == set(second["entry"][0]["resource"])
    assert "entity" not in second["entry"][0]["resource"]


def test_a_part_is_a_part_of_what_the_caller_may_see(case: SharedCase) -> None:
    for asked in ("_summary=true", "_summary=data", "_elements=identifier"):
        assert "CAS-0042" not in case.reader.get(f"/fhir/{case.patient}?{asked}").text
        assert "CAS-0042" in case.keeper.get(f"/fhir/{case.patient}?{asked}").text


@pytest.mark.parametrize(
    ("asked", "there", "left_out"),
    [
        ("_summary=true", {"identifier", "active", "gender", "managingOrganization"}, {"communication"}),
        ("_summary=text", set(), {"identifier", "gender", "communication", "managingOrganization"}),
        ("_summary=data", {"identifier", "active", "gender", "communication"}, set()),
        ("_summary=false", {"identifier", "active", "gender", "communication"}, set()),
        ("_elements=gender,identifier", {"gender", "identifier"}, {"managingOrganization", "communication"}),
        ("_elements=gender&_elements=identifier", {"gender", "identifier"}, {"managingOrganization"}),
        ("_elements=Patient.gender", {"gender"}, {"managingOrganization"}),
        ("_summary=true&_elements=gender", {"gender"}, {"identifier"}),
    ],
)
@pytest.mark.parametrize("path", ["Patient/{}?", "Patient?_id={}&", "Patient/{}/_history?", "?_type=Patient&_id={}&"])
def test_how_much_is_wanted_is_how_much_comes(
    party: Callable[..., Party], survivor: Resource, path: str, asked: str, there: set[str], left_out: set[str]
) -> None:
    """https://hl7.org/fhir/R4/search.html#summary"""
    amal = party("amal")
    spoken = [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "ar"}]}}]
    id_ = stored(amal, survivor | {"communication": spoken})["id"]
    address = path.format(id_) + asked
    found = amal.get("/fhir" + (address if address[0] == "?" else f"/{address}")).json or {}
    shown = found["entry"][0]["resource"] if "entry" in found else found
    assert there <= shown.keys() and not left_out & shown.keys()
    tagged = any(tag["code"] == "SUBSETTED" for tag in shown["meta"].get("tag", ()))
    assert tagged == (asked != "_summary=false")
    back = amal.send("PUT", f"/fhir/Patient/{id_}", shown)
    assert back.status_code == (422 if tagged else 200)
    assert amal.get(f"/fhir/Patient/{id_}").headers["ETag"] == 'W/"1"'


def test_a_count_alone_is_asked_of_searches(case: SharedCase) -> None:
    found = case.keeper.get("/fhir/Observation?_summary=count&_include=Observation:patient&_count=5").json or {}
    assert (found["total"], "entry" in found, [one["relation"] for one in found["link"]]) == (1, False, ["self"])


def test_a_part_is_not_taken_back(case: SharedCase) -> None:
    cut = case.keeper.get(f"/fhir/{case.incident}?_summary=data").json
    assert case.keeper.send("PUT", f"/fhir/{case.incident}", cut).status == "422 Unprocessable Entity"


@pytest.mark.parametrize(
    ("path", "status"), [("/fhir/Observation?_summary=short", 400), ("/fhir/Observation?_summary=count", 200)]
)
def test_how_much_is_wanted_must_be_understood(case: SharedCase, path: str, status: int) -> None:
    assert case.keeper.get(path).status_code == status
    assert case.keeper.get(f"/fhir/{case.incident}?_summary=count").status_code == 400
