"""Two worlds that differ only in what a caller may not see have the same `$meta`, of every type and of all together.

The second half shows that the comparison can fail.
"""

import uuid
from collections.abc import Iterator

import pytest

from hub.exchange import disclose
from hub.search.parameters import PARAMETERS
from hub.store import values
from tests.support.asked import Ask
from tests.support.walks import Walk
from tests.support.worlds import Builder, Pair, pairs


@pytest.fixture(scope="module")
def builder(mongodb_uri: str) -> Iterator[Builder]:
    run = uuid.uuid4().hex[:12]
    with pairs(mongodb_uri, (f"metas_{run}_a", f"metas_{run}_b")) as opened:
        yield opened


def asked(pair: Pair) -> Walk:
    asks = (Ask("GET", f"/fhir/{type_}$meta") for type_ in ("", *(f"{type_}/" for type_ in PARAMETERS)))
    return Walk(pair).go(asks, 1000)


def test_what_is_hidden_shows_in_no_profile_tag_or_label(builder: Builder) -> None:
    walked = asked(builder.build(0))
    assert walked.difference == ""
    assert walked.statuses.keys() == {"200 OK"}


def test_nor_what_is_beyond_the_consent_that_a_token_stands_on(builder: Builder) -> None:
    assert asked(builder.build_bound(0)).difference == ""


def test_the_comparison_finds_a_leak_where_the_predicate_is_disabled(
    builder: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(values, "matching", lambda *_: {})
    assert asked(builder.build(0)).difference


def test_and_where_a_tag_or_a_label_reads_no_class(builder: Builder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disclose, "classes_read", lambda *_: frozenset())
    assert any(asked(builder.build(seed)).difference for seed in range(3))
