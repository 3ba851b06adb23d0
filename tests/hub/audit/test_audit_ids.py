"""The ids of events are in the order of time, and tell nothing but what the event says."""

import uuid
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hub.audit.events import event
from hub.audit.ids import in_order
from hub.fhir.instants import span

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
RANDOM = st.uuids(version=4).map(str)


@given(RANDOM, RANDOM, MOMENTS, st.integers(1, 10**9))
def test_an_event_that_comes_later_has_a_greater_id(one: str, other: str, at: datetime, ms: int) -> None:
    assert in_order(one, at) < in_order(other, at + timedelta(milliseconds=ms))


@given(RANDOM, MOMENTS)
def test_an_id_is_random_but_for_the_instant_that_its_event_tells(one: str, at: datetime) -> None:
    found = event(one, "need.create", at, interaction="create", caller=None, person=None)
    told = uuid.UUID(found["id"])
    assert (told.version, told.variant) == (7, uuid.RFC_4122)
    assert told.int >> 80 == round(span(found["recorded"])[0].timestamp() * 1000)
    assert found["id"][15:] == one[15:]


def test_an_id_that_is_no_random_one_stays() -> None:
    for id_ in ("a1", "survivor-1", "018f0000-0000-7000-8000-000000000001", "E3E70682-C209-4CAC-A29F-6FBED82C07CD"):
        assert in_order(id_, datetime(2026, 6, 1, tzinfo=UTC)) == id_
