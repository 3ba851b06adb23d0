"""Page links: nothing can be read from them, and nobody else can use them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from hub.errors import BAD_PARAMETER, HubError
from hub.exchange import Hub
from hub.fhir import Resource
from hub.ports import Registry
from hub.texts import say
from hub.web.app import create_app
from hub.web.paging import Pages
from tests.support.parties import Addresses, Party, register
from tests.support.shared_case import SharedCase, as_new, share, to

PAGES = Pages(b"k" * 32)
PAIRS = [("patient", "Patient/5e0c"), ("status", "requested"), ("status", "received")]


def refused(link: str, *, pages: Pages = PAGES, type_: str = "Task", client: str = "hospital") -> None:
    with pytest.raises(HubError) as problem:
        pages.open(link, type_=type_, client=client)
    assert problem.value.problem is BAD_PARAMETER


def test_a_link_leads_back_to_the_same_query_and_place() -> None:
    link = PAGES.seal(PAIRS, "place", type_="Task", client="hospital")
    assert PAGES.open(link, type_="Task", client="hospital") == [*PAIRS, ("_page", "place")]


def test_nothing_of_the_query_stands_in_the_link() -> None:
    link = PAGES.seal(PAIRS, "place", type_="Task", client="hospital")
    assert "5e0c" not in link
    assert link != PAGES.seal(PAIRS, "place", type_="Task", client="hospital")


def test_a_link_is_good_for_one_client_and_one_type() -> None:
    link = PAGES.seal(PAIRS, "place", type_="Task", client="hospital")
    refused(link, client="police")
    refused(link, type_="Patient")
    refused(link, pages=Pages(b"x" * 32))


@pytest.mark.parametrize("link", ["", "x", "AAAA", "é", "A" * 60, "%%%"])
def test_garbage_is_refused(link: str) -> None:
    refused(link)


def test_a_changed_link_is_refused() -> None:
    link = PAGES.seal(PAIRS, "place", type_="Task", client="hospital")
    refused(link[:-2] + ("AA" if link[-2:] != "AA" else "BB"))


# --- over HTTP: in each interaction that has pages -----------------------------------------------------------------------


Parties = Callable[..., Party]
ASKED = ("Observation?_count=1", "?_type=Observation&_count=1", "Observation/_history?_count=1", "_history?_count=1")
ASKED_OF_HER = ("Patient/{}/Observation?_count=1", "Patient/{}/$everything?_count=1")


@pytest.fixture
def case(party: Parties, survivor: Resource) -> SharedCase:
    case = share(party, survivor)
    for _ in range(2):
        incident = as_new("incident", subject=to(case.patient), performer=[to("Organization/amal")])
        assert case.keeper.send("POST", "/fhir/Observation", incident).status_code == 201
    return case


def next_of(case: SharedCase, asked: str) -> str:
    page = case.keeper.get(f"/fhir/{asked.format(case.patient.partition('/')[2])}").json or {}
    (following,) = [one["url"] for one in page["link"] if one["relation"] == "next"]
    return str(following).removeprefix("https://hub.example")


def assert_no_page(answer: Any) -> None:
    (issue,) = answer.get_json(force=True)["issue"]
    assert (answer.status_code, issue["expression"]) == (400, ["http._page"])
    assert issue["diagnostics"] == say("web.page-link", "en")


@pytest.mark.parametrize("asked", [*ASKED, *ASKED_OF_HER])
def test_a_link_that_is_another_clients_or_was_changed_is_refused_with_the_way_out(
    case: SharedCase, party: Parties, asked: str
) -> None:
    following = next_of(case, asked)
    assert case.keeper.get(following).status_code == 200
    assert_no_page(party("nour").get(following))
    assert_no_page(case.keeper.get(following[:-4] + ("AAAA" if following[-4:] != "AAAA" else "BBBB")))


@pytest.mark.parametrize("asked", [*ASKED, *ASKED_OF_HER])
def test_a_link_is_asked_at_no_other_address(case: SharedCase, asked: str) -> None:
    link = next_of(case, asked).partition("?")[2]
    at_home = next_of(case, asked).partition("?")[0]
    others = [
        "Task",
        "Observation",
        "",
        "Observation/_history",
        "_history",
        f"{case.incident}/_history",
        "Patient/$everything",
    ]
    for other in others:
        if f"/fhir/{other}".rstrip("/") != at_home:
            assert_no_page(case.keeper.get(f"/fhir/{other}?{link}"))
    assert_no_page(case.keeper.get(f"/fhir/Patient/nobody/Observation?{link}"))


@pytest.mark.parametrize("asked", [*ASKED, *ASKED_OF_HER])
def test_beside_a_link_nothing_else_is_asked(case: SharedCase, asked: str) -> None:
    following = next_of(case, asked)
    for more in ("_count=2", "_since=2020-01-01", "_lastUpdated=ge2020"):
        if "$everything" not in asked or more != "_lastUpdated=ge2020":  # it is no parameter of the operation
            assert_no_page(case.keeper.get(f"{following}&{more}"))
    assert case.keeper.get(f"{following}&_format=json&_pretty=true").status_code == 200
    if "$everything" not in asked:
        again, once = (case.keeper.get(one).json or {} for one in (f"{following}&_count=1", following))
        assert again["entry"] == once["entry"]


@pytest.mark.parametrize("asked", [*ASKED, *ASKED_OF_HER])
def test_a_link_of_before_the_secret_changed_is_refused_and_the_first_page_is_asked_again(
    case: SharedCase, hub: Hub, registry: Registry, asked: str
) -> None:
    following = next_of(case, asked)
    same, other = (
        create_app(replace(hub, pepper=pepper), registry, Addresses()) for pepper in (hub.pepper, b"another secret")
    )
    assert register(same, registry, "amal").get(following).status_code == 200  # in any process of the deployment
    amal = register(other, registry, "amal")
    assert_no_page(amal.get(following))
    assert amal.get(f"/fhir/{asked.format(case.patient.partition('/')[2])}").status_code == 200


def test_a_page_is_answered_under_the_consents_of_when_it_is_asked(case: SharedCase) -> None:
    page = case.reader.get("/fhir/Observation?_count=1").json or {}
    (following,) = [one["url"] for one in page["link"] if one["relation"] == "next"]
    case.withdraw()
    later = case.reader.get(following.removeprefix("https://hub.example")).json or {}
    assert (later["total"], later.get("entry", [])) == (0, [])
