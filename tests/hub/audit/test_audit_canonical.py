"""The canonical form is that of RFC 8785, on the quick way too."""

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from hub.audit.canonical import canonical, digest

TEXT = st.text(max_size=6) | st.sampled_from(
    ['":1', "[1", ",-2", "\\", '"', "\x00", "\x7f", "\u20ac", "\ufb33", "\U0001f600"]
)
LEAF = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)
JSON = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=12
)


@given(JSON)
def test_any_value_is_written_as_the_standard_says(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]  # JSON


@given(st.dictionaries(TEXT, LEAF, min_size=2))
def test_the_order_in_which_something_is_said_makes_no_difference(value: dict[str, object]) -> None:
    assert digest(value) == digest(dict(reversed(value.items())))


def test_the_example_of_the_standard_is_written_as_there() -> None:
    """https://www.rfc-editor.org/rfc/rfc8785#section-3.2.2"""
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/",
        "literals": [None, True, False],
    }
    assert canonical(value).decode() == (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


@pytest.mark.parametrize("value", [object(), {"a": {1, 2}}, 2**60, {"a": "\ud800"}])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(ValueError):
        canonical(value)
