"""By what an organisation finds its own subscriptions: https://hl7.org/fhir/R4/subscription.html#search"""

import pytest

from hub.subscription.finding import finding
from tests.support.subscribing import REQUESTS, TOPIC, mailed, subscription

FIRST = subscription("https://hospital.example/hook") | {"id": "a", "status": "active"}
SECOND = subscription("https://hospital.example/other") | {"id": "b", "status": "error", "criteria": REQUESTS}
THIRD = mailed("mailto:desk@hospital.example") | {"id": "c", "status": "requested"}
ALL = (FIRST, SECOND, THIRD)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("_id", "b", "b"), ("_id", "b,c", "bc"), ("_id:not", "b", "ac"), ("status", "active", "a"), ("status", "|active", "a"),
        ("status", "http://hl7.org/fhir/subscription-status|active", ""), ("status:missing", "true", ""), ("status:missing", "false", "abc"),
        ("type", "email", "c"), ("type", "rest-hook", "ab"), ("payload", "text/plain", "c"), ("url", "https://hospital.example/hook", "a"),
        ("url", "https://hospital.example", ""), ("criteria", TOPIC[:-4], "ac"), ("criteria", TOPIC.upper(), "ac"), ("criteria:exact", TOPIC, "ac"),
        ("criteria:exact", TOPIC[:-4], ""), ("criteria:contains", "service-request", "b"), ("criteria", "request", ""), ("_id", r"a\,b", ""),
        ("status", "", "abc"),
    ],
)  # fmt: skip
def test_what_meets_it_is_found(name: str, value: str, expected: str) -> None:
    assert "".join(one["id"] for one in finding([(name, value)]).found(ALL)) == expected


@pytest.mark.parametrize(
    "pair", [("contact", "x"), ("status:in", "x"), ("status:missing", "x"), ("_count", "many"), ("_sort", "reason"), ("_summary", "true")]
)  # fmt: skip
def test_what_is_not_known_is_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(KeyError):
        finding([pair])


def test_all_that_is_asked_holds() -> None:
    assert [
        one["id"] for one in finding([("type", "rest-hook"), ("status", "error,active"), ("_id:not", "a")]).found(ALL)
    ] == ["b"]


@pytest.mark.parametrize(
    ("order", "expected"), [("status", "abc"), ("-status", "cba"), ("type,-_id", "cba"), ("-type,_id", "abc")]
)
def test_they_come_in_the_order_that_is_asked(order: str, expected: str) -> None:
    assert "".join(one["id"] for one in finding([("_sort", order)]).found(ALL)) == expected


def test_they_come_page_by_page() -> None:
    pages = [finding([("_count", "2"), ("_page", page)]) for page in ("1", "2")]
    assert [[one["id"] for one in each.paged(ALL)] for each in pages] == [["a", "b"], ["c"]]
    assert [each.goes_on(ALL) for each in pages] == [True, False]
