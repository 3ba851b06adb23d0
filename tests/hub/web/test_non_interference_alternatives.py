"""Two worlds that differ only in what a caller may not see name the same alternatives of every referral, and of every guess at one.

The last test shows that the comparison can fail.
"""

import uuid
from collections.abc import Iterator

import pytest

from hub.errors import NOT_FOUND, HubError
from hub.exchange import Hub, reroute
from hub.ports import Caller, Stored
from tests.support.asked import Ask
from tests.support.walks import Walk
from tests.support.worlds import Builder, Pair, pairs


@pytest.fixture(scope="module")
def builder(mongodb_uri: str) -> Iterator[Builder]:
    run = uuid.uuid4().hex[:12]
    with pairs(mongodb_uri, (f"alternatives_{run}_a", f"alternatives_{run}_b")) as opened:
        yield opened


def asked(pair: Pair) -> Walk:
    tasks = sorted(pair.things.references["Task"])
    return Walk(pair).go((Ask("GET", f"/fhir/Task/{id_}/$alternatives") for id_ in tasks), 300)


@pytest.mark.parametrize("seed", range(2))
def test_what_is_hidden_changes_no_answer(builder: Builder, seed: int) -> None:
    walked = asked(builder.build(seed))
    assert walked.difference == ""
    assert {"200 OK", "404 Not Found"} <= walked.statuses.keys(), "else nothing was compared"


def test_nor_what_is_beyond_the_consent_that_a_token_stands_on(builder: Builder) -> None:
    assert asked(builder.build_bound(0)).difference == ""


def test_the_comparison_finds_a_leak_where_anybody_may_ask(builder: Builder, monkeypatch: pytest.MonkeyPatch) -> None:
    def anybody(id_: str, _: Caller, __: object, hub: Hub) -> Stored:
        found = hub.store.read("Task", id_, None)
        if found is None or not found.person:
            raise HubError(NOT_FOUND)
        return found

    monkeypatch.setattr(reroute, "_sent", anybody)
    assert asked(builder.build(0)).difference
