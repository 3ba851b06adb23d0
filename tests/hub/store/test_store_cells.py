from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.store import cells

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.dates()
    | st.datetimes()
    | st.datetimes(timezones=st.just(UTC))
    | st.times()
    | st.timedeltas()
    | st.decimals(allow_nan=False)
    | st.binary()
)
KEYS = st.text() | st.sampled_from(["$date", "$map", "$", "a.b"])
CELLS = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=12)


@given(CELLS)
def test_a_cell_comes_back_as_exactly_the_value_it_was(cell: object) -> None:
    back = cells.load(cells.dump(cell))
    assert back == cell
    assert type(back) is type(cell)


def test_a_date_stays_a_date_and_an_instant_an_instant() -> None:
    row = {"a": date(2026, 3, 1), "b": datetime(2026, 3, 1), "c": time(10), "d": Decimal("1.50"), "e": timedelta(1)}
    back = cells.load(cells.dump(row))
    assert {name: type(value) for name, value in back.items()} == {name: type(value) for name, value in row.items()}
    assert str(back["d"]) == "1.50"


def test_keys_that_are_no_text_come_back_too() -> None:
    assert cells.load(cells.dump({1: "a", None: "b"})) == {1: "a", None: "b"}


def test_a_value_of_unknown_type_is_refused_without_being_said() -> None:
    with pytest.raises(TypeError, match="object") as refused:
        cells.dump({"a": object()})
    assert "0x" not in str(refused.value)
