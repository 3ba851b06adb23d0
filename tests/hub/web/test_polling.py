"""To ask whether something has changed is cheap where nothing has: what is read does not depend on how much there is to see."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from benchmarks.crowd import RECIPIENTS, gather
from hub.exchange import Hub
from hub.store import MongoStore
from tests.support.parties import Party
from tests.support.profiled import profiled

ASKED = ("", "owner=Organization/{clinic}&", "owner=Organization/{clinic}&status=requested,accepted&")


@pytest.mark.parametrize("order", ["", "&_sort=_lastUpdated"])
def test_a_poll_that_finds_nothing_reads_next_to_nothing(
    store: MongoStore, hub: Hub, party: Callable[..., Party], order: str
) -> None:
    gather(hub, 1200)
    clinic = RECIPIENTS[0]
    me, later = party(clinic, "system/Task.rs"), (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    there = (me.get("/fhir/Task?_summary=count").json or {})["total"]
    assert there >= 20, "where there is nothing, nothing is shown"
    for asked in ASKED:
        path = f"/fhir/Task?{asked.format(clinic=clinic)}_lastUpdated=gt{later.replace('+', '%2B')}{order}"
        with profiled(store) as profile:
            answer = me.get(path)
        assert answer.json and answer.json["total"] == 0 and "entry" not in answer.json
        assert profile.examined <= 12, path


def test_what_one_has_already_is_not_sent_again(
    store: MongoStore, party: Callable[..., Party], tasks: list[str]
) -> None:
    me = party("chu")
    read = me.get(f"/fhir/Task/{tasks[0]}")
    again = me.get(f"/fhir/Task/{tasks[0]}", If_None_Match=read.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")
