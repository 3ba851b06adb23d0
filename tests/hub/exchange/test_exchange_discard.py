"""Discarding what is in quarantine: whose it is, what is told of it, and what of the record stands all the same."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from hub.errors import Conflict
from hub.exchange.discard import KEPT, REASONS, discard, restore
from hub.exchange.pull import pull
from hub.exchange.receipt import Receipt
from hub.ports import Changes, Discard, Discarded, Quarantined
from tests.support.association import ASSOCIATION, Scene, hospital
from tests.support.changing_tool import ChangingTool

WRONG = {"violence_types": "violence lunaire"}


@pytest.fixture
def tool(at: Scene) -> ChangingTool:
    return ChangingTool(at)


def read(at: Scene, tool: ChangingTool) -> Receipt:
    at.clock.forward(timedelta(minutes=5))
    return pull(at.connection, tool, at.form, hub=at.hub)


def aside(at: Scene) -> Sequence[Quarantined]:
    return list(at.hub.store.quarantine())


def keepers(at: Scene) -> dict[str, str]:
    return {at.connection.id: at.connection.organization}


def test_who_keeps_the_connection_finds_in_its_audit_trail_why_and_nobody_else_finds_anything(at, tool):
    tool.write("1", **WRONG), tool.write("2", **WRONG)
    read(at, tool)
    first, second = aside(at)
    assert discard([first, second], "test", keepers(at), hub=at.hub) == 2
    (event,) = at.audit("record.discard")
    assert event["outcomeDesc"] == "discard.test"
    assert {one["what"]["identifier"]["value"] for one in event["entity"]} == {first.key, second.key}
    stored = at.hub.store.read("AuditEvent", event["id"], None)
    assert {key.grant.split("|")[0] for key in stored.keys} == {ASSOCIATION}
    assert str(hospital().organization) not in str(stored.keys)
    restore([first], keepers(at), hub=at.hub)
    assert [one.key for one in aside(at)] == [first.key]
    assert len(at.audit("record.restore")) == 1


def test_of_a_connection_that_is_gone_nobody_is_told_and_it_is_in_the_trail_all_the_same(at, tool):
    tool.write("1", **WRONG)
    read(at, tool)
    assert discard(aside(at), "mistake", {}, hub=at.hub) == 1
    (event,) = at.audit("record.discard")
    assert not any(ASSOCIATION in key.grant for key in at.hub.store.read("AuditEvent", event["id"], None).keys)


def test_what_an_earlier_version_said_stands_until_the_record_is_gone_from_its_source(at, tool):
    tool.write("1"), tool.write("2"), tool.write("3")
    read(at, tool)
    needs = len(at.all("ServiceRequest"))
    tool.write("1", **WRONG)
    read(at, tool)
    discard(aside(at), "mistake", keepers(at), hub=at.hub)
    assert [one["status"] for one in at.all("ServiceRequest")] == ["active"] * needs
    tool.delete("1")
    assert read(at, tool).withdrawn == 1
    assert [one["status"] for one in at.all("ServiceRequest")].count("revoked") == needs // 3
    assert list(at.hub.store.quarantine(discarded=True)) == []


def test_what_was_mended_meanwhile_is_not_discarded(at, tool):
    tool.write("1", **WRONG)
    read(at, tool)
    seen = aside(at)
    tool.write("1")
    read(at, tool)
    assert discard(seen, "test", keepers(at), hub=at.hub) == 0
    assert at.audit("record.discard") == []


def test_what_was_tried_again_meanwhile_is_to_be_looked_at_again(at, tool):
    tool.write("1", **WRONG)
    read(at, tool)
    seen = aside(at)
    tool.write("1", **WRONG, province="Rabat")
    read(at, tool)
    assert discard(seen, "test", keepers(at), hub=at.hub) == 0
    assert len(aside(at)) == 1


def test_a_decision_is_committed_whole_or_not_at_all(at, tool):
    tool.write("1", **WRONG), tool.write("2", **WRONG)
    read(at, tool)
    before = at.everything()
    first, second = aside(at)
    mark = Discarded(at.hub.clock.now(), "test", at.hub.clock.now() + KEPT)
    for wrong in (
        Discard(second.key, second.at, True, None),  # which is not discarded, and cannot be taken back
        Discard(second.key, second.at - timedelta(seconds=1), True, mark),  # which was tried again since it was seen
        Discard("no such key", second.at, False, mark),
    ):
        with pytest.raises(Conflict):
            at.hub.store.commit(Changes(discards=[Discard(first.key, first.at, True, mark), wrong]))
        assert at.everything() == before


def test_what_was_discarded_is_deleted_by_the_database_once_it_cannot_be_taken_back(at, tool):
    tool.write("1", **WRONG)
    read(at, tool)
    discard(aside(at), "test", keepers(at), hub=at.hub)
    (kept,) = at.hub.store.database.quarantine.find()
    assert kept["until"] == kept["discarded"]["at"] + KEPT
    indexes = at.hub.store.database.quarantine.index_information().values()
    assert [one["key"] for one in indexes if one.get("expireAfterSeconds") == 0] == [[("until", 1)]]
    at.hub.store.database.quarantine.delete_many({"until": {"$exists": True}})
    assert read(at, tool).numbers["unchanged"] == 1
    assert aside(at) == []


def test_there_is_no_other_reason_than_those(at, tool):
    tool.write("1", **WRONG)
    read(at, tool)
    assert "her name" not in REASONS
    with pytest.raises(ValueError, match="reason"):
        discard(aside(at), "her name", keepers(at), hub=at.hub)
    assert len(aside(at)) == 1
