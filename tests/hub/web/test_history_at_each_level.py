"""`_since`, `_at` and `_count` of a history that knows a deletion and a return, of the resource, its type and the whole server.

https://hl7.org/fhir/R4/http.html#history
"""

from collections.abc import Callable
from urllib.parse import quote

import pytest

from hub.fhir import Resource
from tests.hub.web.test_history import all_pages, bundle
from tests.support.parties import BASE, Party
from tests.support.shared_case import SharedCase, as_new, share, stored, to

LEVELS = ("{}/_history", "Observation/_history", "_history")
PUT, DELETE, POST = "PUT", "DELETE", "POST"


@pytest.fixture
def case(party: Callable[..., Party], survivor: Resource) -> SharedCase:
    return share(party, survivor)


@pytest.fixture
def instants(case: SharedCase) -> list[str]:
    """Of an incident that was written, amended, deleted and brought back."""
    path = f"/fhir/{case.incident}"
    body = case.amend(case.incident, status="amended")
    assert case.keeper.send("DELETE", path).status_code == 204
    assert case.keeper.send("PUT", path, body).status_code == 201
    entries = bundle(case.keeper, f"{path}/_history")["entry"]
    found = [one["response"]["lastModified"] for one in reversed(entries)]
    assert found == sorted(set(found)) and len(found) == 4
    return found


def of_incident(case: SharedCase, *pages: Resource) -> list[tuple[str, str]]:
    return [
        (one["request"]["method"], one["response"]["etag"])
        for page in pages
        for one in page.get("entry", ())
        if one["fullUrl"] == f"{BASE}/{case.incident}"
    ]


def told(*versions: tuple[str, int]) -> list[tuple[str, str]]:
    return [(method, f'W/"{version}"') for method, version in versions]


ALL = told((PUT, 4), (DELETE, 3), (PUT, 2), (POST, 1))


@pytest.mark.parametrize("level", LEVELS)
def test_since_and_at_tell_a_deletion_as_any_version(case: SharedCase, instants: list[str], level: str) -> None:
    path = f"/fhir/{level.format(case.incident)}?_count=100"
    assert of_incident(case, bundle(case.keeper, path)) == ALL
    for number, moment in enumerate(quote(one, safe="") for one in instants):
        assert of_incident(case, bundle(case.keeper, f"{path}&_since={moment}")) == ALL[: 4 - number], "inclusive"
        assert of_incident(case, bundle(case.keeper, f"{path}&_at={moment}")) == [ALL[3 - number]], "what was current"
    whole = bundle(case.keeper, f"{path}&_since={quote(instants[1], safe='')}")
    assert whole["total"] == len(whole["entry"])
    assert of_incident(case, bundle(case.reader, path)) == ALL, "who sees it now sees its life"


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("count", [1, 2, 3])
def test_pages_of_what_changed_since_hold_each_once(
    case: SharedCase, instants: list[str], level: str, count: int
) -> None:
    path, since = f"/fhir/{level.format(case.incident)}", quote(instants[1], safe="")
    pages = all_pages(case.keeper, f"{path}?_since={since}&_count={count}")
    assert of_incident(case, *pages) == ALL[:3]
    assert all(len(page["entry"]) == count for page in pages[:-1])


def test_pages_neither_repeat_nor_skip_while_others_are_deleted_and_brought_back(case: SharedCase) -> None:
    def made() -> str:
        one = as_new("incident", subject=to(case.patient), performer=[to("Organization/amal")])
        return f"Observation/{stored(case.keeper, one)['id']}"

    others = [case.incident, *(made() for _ in range(6))]
    first = bundle(case.keeper, "/fhir/Observation/_history?_count=2")
    assert first["total"] == 7
    for gone in (others[0], others[3], others[6]):  # behind, on the way and in front of where the reader stands
        assert case.keeper.send("DELETE", f"/fhir/{gone}").status_code == 204
    (following,) = [one["url"] for one in first["link"] if one["relation"] == "next"]
    pages = [first, *all_pages(case.keeper, following.removeprefix("https://hub.example"))]
    entries = [(one["fullUrl"], one["response"]["etag"]) for page in pages for one in page["entry"]]
    assert entries == [(f"{BASE}/{one}", 'W/"1"') for one in reversed(others)]
