"""Two worlds that differ only in what a caller may not see export alike: status, manifest, and every byte of every file.

The second half shows that the comparison can fail, with the predicate disabled at each exit of an export.
"""

import uuid
from collections.abc import Callable, Iterator
from random import Random
from typing import Any
from urllib.parse import quote

import pytest

from hub.exchange import disclose
from hub.store import history, scans
from tests.support.asked import Ask
from tests.support.asking import SEEN_IN_PART, Asking
from tests.support.walks import Walk, statement
from tests.support.worlds import Builder, Pair, pairs

ASYNC = (("Prefer", "respond-async"),)


@pytest.fixture(scope="module")
def builder(mongodb_uri: str) -> Iterator[Builder]:
    run = uuid.uuid4().hex[:12]
    with pairs(mongodb_uri, (f"exported_{run}_a", f"exported_{run}_b")) as opened:
        yield opened


def exports(pair: Pair, more: int) -> Iterator[Ask]:
    """Of everything, of all people, by filters that read what is hidden of some; then by chance."""
    yield Ask("GET", "/fhir/$export", headers=ASYNC)
    yield Ask("GET", "/fhir/Patient/$export", headers=ASYNC)
    yield Ask("GET", "/fhir/$export?_since=2020-01-01T00:00:00Z", headers=ASYNC)  # and so what has been deleted
    yield Ask("GET", "/fhir/$export?_elements=id,Task.owner,Patient.birthDate", headers=ASYNC)
    patients = pair.things.references["Patient"]
    named = [
        {"name": "patient", "valueReference": {"reference": f"Patient/{id_}"}} for id_ in [*patients[:40], "nobody"]
    ]
    body = {"resourceType": "Parameters", "parameter": named}
    yield Ask("POST", "/fhir/Patient/$export?_since=2020-01-01T00:00:00Z", body, headers=ASYNC)
    for type_ in SEEN_IN_PART:
        for name, values in pair.things.values[type_].items():
            tokens = [value for value in values if isinstance(value, str)][:10]
            for form in ("=" + quote(",".join(tokens)),) if tokens else (":missing=false", "=2003"):
                filter_ = quote(f"{type_}?{name}{form}")
                yield Ask("GET", f"/fhir/$export?_type={type_}&_typeFilter={filter_}", headers=ASYNC)
    asking = Asking(statement(pair), pair.things, Random(0))
    statement_of_other = pair.other.ask("GET", "/fhir/metadata")  # so that both clocks go alike
    assert statement_of_other.status.startswith("200")
    for _ in range(more):
        yield asking.export(asking.chance.choice(["Resource", "Patient", "Group"]))


def exported(pair: Pair, more: int = 0) -> Walk:
    return Walk(pair).go(exports(pair, more), 10_000)


@pytest.mark.parametrize("seed", range(2))
def test_what_is_hidden_shows_in_no_status_no_manifest_and_no_file(builder: Builder, seed: int) -> None:
    walked = exported(builder.build(seed), more=8)
    assert walked.difference == ""
    assert walked.fetched > 20, "exports of nothing show nothing"


def test_nor_what_is_beyond_the_consent_that_a_token_stands_on(builder: Builder) -> None:
    walked = Walk(pair := builder.build_bound(0)).go(exports(pair, more=0), 60)
    assert walked.difference == ""
    assert walked.fetched > 3


def no_predicate_of_scans(monkeypatch: pytest.MonkeyPatch) -> None:
    matching = scans.matching
    monkeypatch.setattr(
        scans, "matching", lambda query, visible: {"$and": matching(query, visible)["$and"][1:] or [{}]}
    )


def no_class_of_a_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disclose, "classes_read", lambda *_: frozenset())


def no_keeper_of_deletions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "deleted", lambda _: {"gone": True})


def no_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disclose, "_allowed", lambda *_: disclose.ALL)


@pytest.mark.parametrize(
    "disable",
    [no_predicate_of_scans, no_class_of_a_filter, no_keeper_of_deletions, no_cut],
    ids=lambda exit_: exit_.__name__,
)
def test_the_comparison_finds_a_leak_at_any_one_exit(
    builder: Builder, disable: Callable[[pytest.MonkeyPatch], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    disable(monkeypatch)
    assert any(exported(builder.build(seed)).difference for seed in range(3))
