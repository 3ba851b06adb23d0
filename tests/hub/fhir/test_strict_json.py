"""Reading JSON strictly: what is read can be written again as it was; the rest is refused by a word, never by its text."""

import json
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.fhir.strict import DEEPEST, NotReadable, _carefully, _plainly, read

SECRET = "فاطمة"
REFUSED = {
    "not-json": [b"", b" ", b"{", b"[1,]", b"{} {}", b"nothing", '{"name": "فاطمة"'.encode(), b"\x00"],
    "encoding": [b'{"a": "\xff"}', '{"a": "é"}'.encode("latin-1"), '{"a": "x"}'.encode("utf-16")],
    "duplicate-names": [b'{"a": 1, "a": 1}', b'[{"x": {"a": 1, "b": 2, "a": 3}}]', b'{"a": 1, "\\u0061": 2}'],
    "number": [
        b"NaN",
        b'{"a": Infinity}',
        b"[-Infinity]",
        b"1e999",
        b"-1E400",
        b"9" * 400,
        b"9" * 5000,
        b"0." + b"1" * 1001,
    ],
    "letters": [b'"\\ud800"', b'{"\\udfff": 1}'],
    "too-deep": [b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 100_000, b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1)],
}


@pytest.mark.parametrize(("why", "text"), [(why, text) for why, texts in REFUSED.items() for text in texts])
def test_what_cannot_be_kept_as_it_is_is_refused_with_its_reason(why: str, text: bytes) -> None:
    with pytest.raises(NotReadable) as caught:
        read(text)
    assert caught.value.why == why
    assert caught.value.__cause__ is None and SECRET not in str(caught.value)


NUMBERS = st.sampled_from(["1.50", "1", "-0", "0.1", "1E2", "18446744073709551616", "12345678901234567890123", "-7"])
TEXTS = st.sampled_from([" a b ", "é", "\\u00e9", "\\n", "1.50", "\u2028", "\\/", "a"]).map(lambda text: f'"{text}"')
WRITTEN = st.recursive(
    NUMBERS | TEXTS | st.sampled_from(["null", "true"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: f"[{' , '.join(parts)}]"),
        st.lists(st.tuples(TEXTS, inner), max_size=3, unique_by=lambda pair: pair[0]).map(
            lambda pairs: "{" + ",\n".join(f"{name} : {value}" for name, value in pairs) + "}"
        ),
    ),
    max_leaves=6,
)


@given(WRITTEN)
def test_what_is_read_quickly_is_read_as_it_is_carefully(text: str) -> None:
    quickly, carefully = _plainly(text.encode()), _read(_carefully, text)
    assert quickly is None or repr(quickly) == repr(carefully)
    assert repr(_read(read, text)) == repr(carefully)


def _read(how: Callable[[bytes], Any], text: str) -> Any:
    try:
        return how(text.encode())
    except NotReadable as refused:
        return refused.why


def test_the_usual_is_read_quickly_however_it_is_spaced() -> None:
    usual = {"resourceType": "Task", "text": "a, b", "count": 3, "on": ["2026-03-01", None, True]}
    assert [_plainly(json.dumps(usual, indent=indent).encode()) for indent in (None, 2)] == [usual, usual]


def test_the_place_of_an_error_of_writing_is_told() -> None:
    with pytest.raises(NotReadable) as caught:
        read(b'{\n  "a": 1,\n  "b" 2\n}')
    assert (caught.value.line, caught.value.column) == (3, 7)


@pytest.mark.parametrize(
    ("text", "value"),
    [(b"\xef\xbb\xbf{}", {}), (b"18446744073709551615", 2**64 - 1), (b"-9223372036854775808", -(2**63)), (b"1.5", 1.5)],
)
def test_what_is_unusual_but_right_is_read(text: bytes, value: Any) -> None:
    assert read(text) == value


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_all_other_json_is_read_as_it_was_written(value: Any) -> None:
    try:
        written = orjson.dumps(value)
    except TypeError:  # half of a surrogate pair
        with pytest.raises(NotReadable):
            read(json.dumps(value).encode())
        return
    assert read(written) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(text: bytes) -> None:
    try:
        value = read(text)
    except NotReadable as problem:
        assert problem.why in REFUSED
    else:
        assert orjson.loads(orjson.dumps(value)) == value
