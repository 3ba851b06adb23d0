"""What proves that a case was deleted at the server, and what does not."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.commcare import adapter
from adapters.commcare.cases import case
from adapters.commcare.records import OURS
from adapters.commcare.standing import PATIENCE, Standing
from adapters.replay import Answer, Served
from hub import mapping
from hub.errors import Retriable
from hub.ports import Complete, Connection, Present, Pulled, SourceRecord, Watermark
from tests.support.commcare import BEGIN, KEY, USER, ProjectSpace, populated, referral, survivor

LAYOUT = mapping.load("commcare/casework").layout()
Connect = Callable[..., Connection]


@pytest.fixture
def space() -> ProjectSpace:
    return populated(5)


@pytest.fixture
def connect(space: ProjectSpace, tmp_path: Path) -> Iterator[Connect]:
    with Served(space).running() as served:

        def make(**settings: Any) -> Connection:
            asked = {"url": served.url, "domain": "anwar", "user": USER, **settings}
            return Connection(
                "c", "association", "commcare", "commcare/casework", asked, tmp_path, LAYOUT, lambda _: KEY
            )

        yield make


def pull(connection: Connection, since: Watermark | None = None) -> list[Pulled]:
    return list(adapter.pull(connection, since))


def reached(pulled: list[Pulled]) -> Watermark:
    return [one for one in pulled if isinstance(one, Watermark)][-1]


def present(pulled: list[Pulled]) -> set[str]:
    return {id_ for one in pulled if isinstance(one, Present) for id_ in one.ids}


def test_a_deletion_is_proved_before_anything_is_read(connect: Connect, space: ProjectSpace) -> None:
    since = reached(pull(connect(page_size=2)))
    space.delete("referral-1")
    survivor(space, 50)
    pulled = pull(connect(page_size=2), since)
    assert "referral-1" not in present(pulled) and len(present(pulled)) == 10
    kinds = [type(one) for one in pulled]
    assert kinds.index(Complete) < min(kinds.index(SourceRecord), kinds.index(Watermark))


def test_a_closed_case_is_on_the_list_and_says_that_it_is_closed(connect: Connect, space: ProjectSpace) -> None:
    since = reached(pull(connect()))
    space.close("referral-1")
    pulled = pull(connect(), since)
    assert "referral-1" in present(pulled)
    (record,) = [one for one in pulled if isinstance(one, SourceRecord)]
    assert record.content["referral/closed"] == "true"


def test_nothing_is_told_where_nothing_changed(connect: Connect) -> None:
    assert pull(connect(), reached(pull(connect()))) == []


def test_a_list_that_is_shorter_than_the_server_says_proves_nothing(connect: Connect, space: ProjectSpace) -> None:
    told = {"case_id": "survivor-1", "case_type": "survivor", "external_id": None, "indexed_on": "2026-03-01T09:00:00Z"}
    space.order(Answer(200, {"matching_records": 5, "cases": [told]}))
    assert present(pull(connect())) == set()


def test_a_list_that_is_not_read_to_its_end_proves_nothing(connect: Connect, space: ProjectSpace) -> None:
    space.fail(503, after=1)
    pulled: list[Pulled] = []
    with pytest.raises(Retriable):
        pulled += adapter.pull(connect(page_size=2), None)
    assert pulled == []


def test_a_case_of_another_type_on_the_list_is_not_understood(connect: Connect, space: ProjectSpace) -> None:
    space.order(Answer(200, {"matching_records": 1, "cases": [{"case_id": "x", "case_type": "household"}]}))
    with pytest.raises(Retriable):
        pull(connect())


def test_what_is_deleted_while_the_list_is_read_shifts_no_other_from_it(connect: Connect, space: ProjectSpace) -> None:
    answer = space.answer

    def shrinking(asked: Any) -> Any:
        if len(space.asked) == 1:
            space.delete("survivor-1")
        return answer(asked)

    space.answer = shrinking  # type: ignore[method-assign]
    told = present(pull(connect(page_size=2)))
    assert "survivor-1" not in space.cases
    assert set(space.cases) <= told


def test_only_ids_types_and_moments_are_asked_for(connect: Connect, space: ProjectSpace) -> None:
    pull(connect())
    lists = [one.query["fields"] for one in space.asked if "fields" in one.query]
    assert lists == ["case_id,case_type,external_id,indexed_on"] * 2


def test_a_case_that_the_hub_made_is_not_among_those_that_are_theirs(connect: Connect, space: ProjectSpace) -> None:
    space.save("made", case_type="referral", external_id=f"{OURS}1")
    assert "made" not in present(pull(connect()))


# --- what was forwarded before the index has it --------------------------------------------------------------------------


def forwarded(space: ProjectSpace) -> Any:
    referral(space, 77, 1)
    return case(space.forwarded("referral-77"))


def test_what_was_forwarded_counts_as_there_until_the_index_has_gone_far_past_it(space: ProjectSpace) -> None:
    one = forwarded(space)
    standing = Standing(["referral"], None)
    assert list(standing.told({"referral": {}}, {"referral": BEGIN}))
    standing.forwarded("referral", [one])
    later = Standing(["referral"], standing.said())
    told = list(later.told({"referral": {"referral-1": "x"}}, {"referral": one.modified}))
    assert present(told) == {"referral-1", "referral-77"}
    last = Standing(["referral"], later.said())
    told = list(last.told({"referral": {"referral-1": "x"}}, {"referral": one.modified + PATIENCE}))
    assert present(told) == {"referral-1"} and told[-1] == Complete("referral")


def test_what_was_forwarded_and_is_indexed_waits_no_more(space: ProjectSpace) -> None:
    one = forwarded(space)
    standing = Standing(["referral"], None)
    standing.forwarded("referral", [one])
    list(standing.told({"referral": {one.id: "x"}}, {"referral": one.modified + timedelta(minutes=1)}))
    assert standing.said()["awaited"] == {"referral": {}}


@pytest.mark.parametrize("said", [None, "x", {"awaited": "x"}, {"awaited": {"referral": {"a": 7}}}, {"listed": 7}])
def test_a_watermark_of_another_shape_is_one_that_knows_nothing(said: object) -> None:
    assert present(list(Standing(["referral"], said).told({"referral": {"a": "x"}}, {"referral": None}))) == {"a"}
