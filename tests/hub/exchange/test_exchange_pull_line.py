"""A batch is prepared while the one before it is committed; what both speak of is computed again, never written twice."""

from collections.abc import Iterator, Sequence

import pytest

from hub.errors import TOO_LARGE, HubError
from hub.exchange.pull import BATCH, pull
from hub.exchange.receipt import Receipt
from hub.fhir.issues import Issue
from hub.ports import Connection, FollowUp, Manifest, Pulled, SourceRecord, Watermark
from hub.store import writing
from tests.support.association import Scene


class Register:
    """A door that gives these records."""

    manifest = Manifest("register", {}, {})

    def __init__(self, records: Sequence[SourceRecord]) -> None:
        self.records = records

    def pull(self, connection: Connection, since: Watermark | None) -> Iterator[Pulled]:
        yield from self.records

    def push(self, connection: Connection, follow_ups: Sequence[FollowUp]) -> None:
        raise AssertionError("nothing is pushed here")

    def check(self, connection: Connection) -> Iterator[Issue]:
        return iter(())


def row(at: Scene, number: int, survivor: int) -> SourceRecord:
    return at.row(str(number), case_number=str(number), survivor_code=f"S-{survivor}", cin=None)


def test_a_survivor_seen_in_two_neighbouring_batches_is_one_person(at: Scene) -> None:
    records = [row(at, n, n % BATCH) for n in range(3 * BATCH)]
    total = pull(at.connection, Register(records), at.form, hub=at.hub)
    assert total.created == 3 * BATCH
    assert at.hub.store.counts()["Patient"] == BATCH
    assert at.hub.store.counts()["EpisodeOfCare"] == 3 * BATCH


def test_a_record_given_twice_in_neighbouring_batches_is_stored_once(at: Scene) -> None:
    records = [row(at, n, n) for n in range(BATCH)]
    total = pull(at.connection, Register([*records, *records]), at.form, hub=at.hub)
    assert (total.created, total.unchanged) == (BATCH, BATCH)
    assert at.hub.store.counts()["EpisodeOfCare"] == BATCH


def test_a_record_longer_than_any_case_is_set_aside_without_its_content(at: Scene) -> None:
    records = [row(at, 1, 1), at.row("2", case_number="2", survivor_code="S-2", remarks="x" * 1_100_000), row(at, 3, 3)]
    total = pull(at.connection, Register(records), at.form, hub=at.hub)
    assert total.created == 2
    (kept,) = at.hub.store.quarantine()
    assert [issue.text for issue in kept.issues] == ["receive.too-large"]
    assert not kept.content


def test_a_batch_that_cannot_be_made_ready_does_not_lose_the_one_before(
    at: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "LARGEST", 10_000)
    records = [row(at, n, n) for n in range(BATCH)]
    heard: list[Receipt] = []
    with pytest.raises(HubError) as refused:
        large = at.row(str(BATCH), case_number=str(BATCH), survivor_code="S-large", remarks="x" * 15_000)
        pull(at.connection, Register([*records, large]), at.form, hub=at.hub, progress=heard.append)
    assert refused.value.problem == TOO_LARGE
    assert sum(receipt.created for receipt in heard) == BATCH
    assert at.hub.store.counts()["EpisodeOfCare"] == BATCH
