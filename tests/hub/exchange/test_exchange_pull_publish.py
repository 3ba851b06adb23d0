"""Pulling in batches with their watermarks, and publishing the directory."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from hub.directory.organizations import Entry, resources
from hub.errors import Retriable
from hub.exchange import Invalid, disclose
from hub.exchange.publish import publish
from hub.exchange.pull import BATCH, pull
from hub.exchange.receipt import Receipt
from hub.fhir.issues import Issue
from hub.fhir.query import Token
from hub.fhir.serial import loads
from hub.ports import Connection, FollowUp, Manifest, Pulled, SourceRecord, Watermark
from tests.support.association import Scene, association, court

EXAMPLES = Path(__file__).parents[3] / "profiles" / "examples" / "valid"


class Tool:
    """A door to a tool that gives what it is told to, and then breaks where it is told to."""

    manifest = Manifest("tool", {}, {})

    def __init__(self, items: Sequence[Pulled], breaks: bool = False) -> None:
        self.items, self.breaks = items, breaks
        self.asked: list[Watermark | None] = []

    def pull(self, connection: Connection, since: Watermark | None) -> Iterator[Pulled]:
        self.asked.append(since)
        yield from self.items
        if self.breaks:
            raise Retriable("adapters.register-disk")

    def push(self, connection: Connection, follow_ups: Sequence[FollowUp]) -> None:
        raise AssertionError("nothing is pushed here")

    def check(self, connection: Connection) -> Iterator[Issue]:
        return iter(())


def rows(at: Scene, numbers: range, **cells: str) -> list[SourceRecord]:
    return [at.row(str(n), case_number=str(n), survivor_code=f"S-{n}", cin=None, **cells) for n in numbers]


def test_everything_is_received_and_the_next_pull_begins_where_this_one_ended(at: Scene) -> None:
    tool = Tool([*rows(at, range(1, 4)), Watermark("3")])
    assert pull(at.connection, tool, at.form, hub=at.hub).created == 3
    assert pull(at.connection, tool, at.form, hub=at.hub).unchanged == 3
    assert tool.asked == [None, Watermark("3")]


def test_another_version_of_the_mapping_reads_everything_again(at: Scene) -> None:
    tool = Tool([*rows(at, range(1, 3)), Watermark("2")])
    pull(at.connection, tool, at.form, hub=at.hub)
    at.form.version = "2.0.0"
    assert pull(at.connection, tool, at.form, hub=at.hub).unchanged == 2
    assert tool.asked == [None, None]


def test_what_was_read_before_a_failure_is_stored_and_the_watermark_stays_behind(at: Scene) -> None:
    first, second = rows(at, range(1, 3))
    with pytest.raises(Retriable):
        pull(at.connection, Tool([first, Watermark("1"), second], breaks=True), at.form, hub=at.hub)
    assert len(at.all("Patient")) == 2
    again = Tool([second])
    assert pull(at.connection, again, at.form, hub=at.hub).unchanged == 1
    assert again.asked == [Watermark("1")]


def test_batches_are_told_one_by_one(at: Scene) -> None:
    heard: list[Receipt] = []
    bad = rows(at, range(BATCH + 2), visit_date="hier")
    total = pull(at.connection, Tool(bad), at.form, hub=at.hub, progress=heard.append)
    assert [receipt.read for receipt in heard] == [BATCH, 2]
    assert total.numbers["quarantined"] == BATCH + 2


def test_a_dry_run_reads_everything_and_stores_nothing(at: Scene) -> None:
    tool = Tool([*rows(at, range(1, 3)), Watermark("2")])
    before = at.everything()
    assert pull(at.connection, tool, at.form, hub=at.hub, dry_run=True).created == 2
    assert at.everything() == before


def test_a_tool_without_news_costs_no_commit(at: Scene) -> None:
    before = at.everything()
    assert pull(at.connection, Tool([]), at.form, hub=at.hub) == Receipt()
    assert at.everything() == before


# --- the directory -----------------------------------------------------------------------------------------------------


def entry(**more: Any) -> Entry:
    known: dict[str, Any] = {"id": "dar", "type": "association", "name": {"fr": "Dar"}, "province": "MA-CAS"}
    return Entry.read(known | {"services": ["shelter", "legal"]} | more)


def test_the_directory_is_open_to_everyone_and_published_once(at: Scene) -> None:
    assert publish(resources(entry()), hub=at.hub) == 4
    assert publish(resources(entry()), hub=at.hub) == 0
    for by in (association(), court()):
        assert at.search("HealthcareService", by).total == 2
        assert "Dar" in disclose.read("Organization", "dar", by, hub=at.hub).text


def test_only_what_changed_gets_a_new_version(at: Scene) -> None:
    publish(resources(entry()), hub=at.hub)
    assert publish(resources(entry(phone="+212522000000")), hub=at.hub) == 1
    versions = {type_: [one["v"] for one in at.everything()[type_]] for type_ in ("Organization", "Location")}
    assert versions == {"Organization": [2], "Location": [1]}


def test_an_entry_that_does_not_conform_is_refused_and_nothing_is_published(at: Scene) -> None:
    wrong = [*resources(entry()), *resources(entry(id="other", type="no-such-type"))]
    with pytest.raises(Invalid):
        publish(wrong, hub=at.hub)
    assert at.all("Organization") == []


def test_several_processes_that_begin_at_once_publish_it_once(at: Scene) -> None:
    with ThreadPoolExecutor(4) as processes:
        list(processes.map(lambda _: publish(resources(entry()), hub=at.hub), range(4)))
    assert [one["v"] for one in at.everything()["Organization"]] == [1]


def test_a_service_with_room_is_found_without_a_word_about_anyone(at: Scene) -> None:
    hospital_service, shelter_service = (
        loads((EXAMPLES / f"{name}.json").read_bytes()) for name in ("service", "service--shelter")
    )
    publish([hospital_service, shelter_service], hub=at.hub)

    def found(**asked: str) -> list[str]:
        return [
            one.id
            for one in at.search("HealthcareService", court(), **{k: Token(None, v) for k, v in asked.items()}).entries
        ]

    assert found(capacity="capacity") == [hospital_service["id"]]
    assert found(capacity="waitlist", area="MA-MAR") == [shelter_service["id"]]
    assert found(capacity="no-capacity") == []
    assert found(language="zgh", eligibility="disability", characteristic="wheelchair") == [hospital_service["id"]]
    full = deepcopy(hospital_service)
    full["extension"][0]["extension"] = [
        {"url": "status", "valueCode": "no-capacity"},
        {"url": "updated", "valueDateTime": "2026-11-22T09:00:00+01:00"},
    ]
    assert publish([full], hub=at.hub) == 1
    assert (found(capacity="capacity"), found(capacity="no-capacity")) == ([], [hospital_service["id"]])
