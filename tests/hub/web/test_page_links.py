"""Page links: nothing can be read from them, and nobody else can use them."""

import pytest

from hub.errors import BAD_PARAMETER, HubError
from hub.web.paging import Pages

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
