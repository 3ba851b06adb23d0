"""Whatever is done to a chain, its first broken link is named: a change, a removal, an insertion, a swap, a cut."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.audit.canonical import digest
from hub.audit.chain import GENESIS, chained, walk
from hub.audit.checkpoints import EVERY, OLDEST, Checkpoint, Unsigned, is_due, known, new_key, read, sign
from hub.ports import Head, Link

SHARD = 3
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
NONE: Mapping[int, str] = {}

Event = dict[str, Any]
EVENTS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.uuids().map(str),
            "outcome": st.sampled_from("04"),
            "who": st.text(max_size=5),
            "n": st.integers(0, 9),
        }
    ),
    min_size=2,
    max_size=12,
    unique_by=lambda event: event["id"],
)


def chain(events: Sequence[Event], shard: int = SHARD, head: Head = GENESIS) -> list[Link]:
    contents = [digest(event) for event in events]
    heads = chained(shard, head, contents)
    return [Link(h.sequence, h.hash, e["id"], c) for h, e, c in zip(heads, events, contents, strict=True)]


def end(links: Sequence[Link]) -> dict[int, str]:
    """What a checkpoint knows that was made after the last of them."""
    return {links[-1].sequence: links[-1].hash}


def broken(links: Sequence[Link], known: Mapping[int, str] = NONE, shard: int = SHARD) -> tuple[str, int, str] | None:
    _, found = walk(shard, links, known)
    return (found.kind, found.sequence, found.event) if found else None


@given(EVENTS)
def test_a_chain_that_nobody_touched_is_whole(events: list[Event]) -> None:
    links = chain(events)
    assert walk(SHARD, iter(links), end(links)) == (Head(len(events), links[-1].hash), None)
    assert [link.sequence for link in links] == list(range(1, len(events) + 1))


@given(EVENTS, st.data())
def test_any_change_of_any_element_is_found_at_its_place(events: list[Event], data: st.DataObject) -> None:
    links, at = chain(events), data.draw(st.integers(0, len(events) - 1))
    name = data.draw(st.sampled_from(sorted(events[at])))
    other = data.draw(st.text(max_size=3).filter(lambda value: value != events[at][name]))
    links[at] = replace(links[at], content=digest({**events[at], name: other}))
    assert broken(links) == ("changed", at + 1, links[at].event)


@given(EVENTS, st.data())
def test_a_removed_event_is_found_at_its_place(events: list[Event], data: st.DataObject) -> None:
    links, at = chain(events), data.draw(st.integers(0, len(events) - 2))
    del links[at]
    assert broken(links) == ("missing", at + 1, links[at].event)


@given(EVENTS, st.data())
def test_an_inserted_event_is_found_at_its_place(events: list[Event], data: st.DataObject) -> None:
    """At a place that is taken, or with all places after it moved on."""
    links, at = chain(events), data.draw(st.integers(1, len(events) - 1))
    (forged,) = chain([{"id": "forged"}], head=Head(links[at - 1].sequence, links[at - 1].hash))
    assert broken([*links[:at], forged, *links[at:]]) == ("repeated", at + 2, links[at].event)
    moved = [replace(link, sequence=link.sequence + 1) for link in links[at:]]
    assert broken([*links[:at], forged, *moved]) == ("changed", at + 2, links[at].event)


@given(EVENTS, st.data())
def test_two_events_that_changed_places_are_found(events: list[Event], data: st.DataObject) -> None:
    links = chain(events)
    first, second = sorted(data.draw(st.permutations(range(len(events))))[:2])
    one, other = links[first], links[second]
    links[first] = replace(other, sequence=one.sequence)
    links[second] = replace(one, sequence=other.sequence)
    assert broken(links) == ("changed", first + 1, other.event)


@given(EVENTS, st.data())
def test_a_cut_is_found_by_whoever_knows_a_checkpoint(events: list[Event], data: st.DataObject) -> None:
    links, at = chain(events), data.draw(st.integers(0, len(events) - 1))
    assert broken(links[:at]) is None, "without one it cannot be"
    assert broken(links[:at], end(links)) == ("truncated", at + 1, "")


@given(EVENTS, st.data())
def test_a_chain_written_anew_contradicts_a_checkpoint(events: list[Event], data: st.DataObject) -> None:
    links, at = chain(events), data.draw(st.integers(0, len(events) - 1))
    forged = chain([*events[:at], {**events[at], "who": "somebody else"}, *events[at + 1 :]])
    assert broken(forged) is None, "without one it is as good as the other"
    assert broken(forged, end(links)) == ("rewritten", len(events), events[-1]["id"])


@given(EVENTS)
def test_a_chain_cannot_stand_for_another(events: list[Event]) -> None:
    assert broken(chain(events), shard=SHARD + 1) == ("changed", 1, events[0]["id"])


def test_an_event_that_cannot_be_read_or_searched_is_found() -> None:
    links = chain([{"id": "a"}, {"id": "b"}])
    assert broken([replace(links[0], content=""), links[1]]) == ("changed", 1, "a")
    assert broken([links[0], replace(links[1], hidden=True)]) == ("hidden", 2, "b")


# --- checkpoints -------------------------------------------------------------------------------------------------------


def test_a_checkpoint_is_read_back_by_whoever_has_the_key() -> None:
    key, older = new_key(), new_key()
    made = Checkpoint(7, NOW, {0: Head(3, "a"), 15: Head(1, "b")}, Head(9, "c"), "d")
    line = sign(made, key)
    assert read(line, [key]) == read(line, [older, key]) == made
    assert key["d"] not in line
    assert known([made, replace(made, heads={0: Head(5, "e")})]) == {0: {3: "a", 5: "e"}, 15: {1: "b"}}


@pytest.mark.parametrize(
    "forge",
    [
        lambda line: "",
        lambda line: "no checkpoint",
        lambda line: "a.b.c",
        lambda line: "é" + line,
        lambda line: line[:-6] + "AAAAAA",
        lambda line: ".".join([line.split(".")[0], "e30", line.split(".")[2]]),
        lambda line: "eyJhbGciOiJub25lIn0." + line.split(".")[1] + ".",
        lambda line: sign(Checkpoint(7, NOW), new_key()),
    ],
)
def test_what_the_hub_has_not_signed_is_no_checkpoint(forge: Callable[[str], str]) -> None:
    key = new_key()
    with pytest.raises(Unsigned):
        read(forge(sign(Checkpoint(7, NOW), key)), [key])


@pytest.mark.parametrize(
    ("last", "events", "after", "due"),
    [
        (None, 0, timedelta(), False),
        (None, 1, timedelta(), True),
        (5, 5, OLDEST * 9, False),
        (5, 6, OLDEST - timedelta(seconds=1), False),
        (5, 6, OLDEST, True),
        (5, 4 + EVERY, timedelta(), False),
        (5, 5 + EVERY, timedelta(), True),
    ],
)
def test_a_checkpoint_is_due_after_so_many_events_or_so_long(
    last: int | None, events: int, after: timedelta, due: bool
) -> None:
    before = Checkpoint(1, NOW, {0: Head(last, "a")}) if last is not None else None
    heads = {0: Head(events, "b")} if events else {}
    assert is_due(before, heads, NOW + after) is due
