"""A number stays as it was written: https://hl7.org/fhir/R4/datatypes.html#decimal"""

import json
import pickle
import re
from copy import deepcopy
from datetime import UTC, datetime

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.fhir import strict
from hub.fhir.decimals import Unwritable, Written, decimal, plain
from hub.fhir.definitions import load
from hub.fhir.json_patch import PatchFailed, apply
from hub.fhir.masking import redact
from hub.fhir.serial import dumps, dumps_indented, loads, written_alike
from hub.store import cells
from tests.support.numbers import DECIMALS
from tests.support.one_key import kept

UNUSUAL = [
    "1.00", "1.0", "1", "-0", "-0.0", "0.0", "1e2", "1E+2", "100", "1e22", "1e-400", "0.00000001", "1.50", "37.5",
    "9" * 40, "-" + "9" * 40, "0." + "1" * 40, "18446744073709551616", "-9223372036854775809", "12345678901234567.10",
]  # fmt: skip


def through_the_store(text: str) -> str:
    """Read as a body, written as a document, read again as for a change, written again."""
    resource = strict.read(text.encode())
    written = kept(resource, datetime(2026, 3, 1, tzinfo=UTC))
    again = loads(written)
    assert dumps(again) == written
    del again["meta"]
    return dumps(again)


@pytest.mark.parametrize("number", UNUSUAL)
def test_a_number_is_stored_as_it_was_written(number: str) -> None:
    text = f'{{"resourceType":"Basic","id":"1","a":[{number},{{"b":{number}}}],"c":{number}}}'
    assert through_the_store(text) == text


@given(st.lists(DECIMALS, min_size=1, max_size=4))
def test_every_decimal_survives_store_read_patch_and_read(numbers: list[str]) -> None:
    listed = ",".join(numbers)
    text = f'{{"resourceType":"Basic","id":"1","a":[{listed}]}}'
    assert through_the_store(text) == text
    steps = strict.read(
        f'[{{"op":"add","path":"/b","value":[{listed}]}},{{"op":"copy","from":"/a","path":"/c"}}]'.encode()
    )
    patched = dumps(apply(loads(text), steps))
    assert patched == f'{text[:-1]},"b":[{listed}],"c":[{listed}]}}'
    assert dumps(loads(patched)) == patched
    assert dumps(loads(dumps_indented(loads(text)))) == text


@given(DECIMALS, st.sampled_from(['{{\n "a" : {0} }}', "[ {0} ,1]", "{0}", "[0,{0}\n]"]))
def test_a_number_is_kept_wherever_it_stands_in_a_text(number: str, form: str) -> None:
    text = form.format(number)
    assert json.loads(dumps(loads(text)), parse_float=str, parse_int=str) == json.loads(
        text, parse_float=str, parse_int=str
    )
    assert dumps(loads(text.encode())) == dumps(strict.read(text.encode()))


@given(DECIMALS)
def test_a_kept_number_is_still_a_number(number: str) -> None:
    value = decimal(number)
    assert float(value) == float(number)
    assert isinstance(plain([{"a": value}])[0]["a"], (int, float))
    assert type(plain(value)) in {int, float}
    for copied in (deepcopy(value), pickle.loads(pickle.dumps(value)), cells.load(cells.dump([value]))[0]):
        assert (type(copied), dumps({"a": copied})) == (type(value), dumps({"a": value}))
    assert jsonschema.Draft202012Validator({"type": "number"}).is_valid(value)


@pytest.mark.parametrize(
    "text", ["1e400", "-1E999", "9" * 400, "1" * 1001, "0." + "1" * 999, "", "01", "+1", "1.", ".5", "NaN", "1,5", "١"]
)
def test_what_is_no_decimal_or_too_large_to_compute_with_is_refused(text: str) -> None:
    with pytest.raises(Unwritable) as refused:
        decimal(text)
    assert text[:3] not in str(refused.value) or not text
    with pytest.raises(Unwritable):
        Written(text)


def test_another_precision_is_another_content_and_another_order_is_not() -> None:
    forms = [strict.read(b'{"a":[%s],"b":2}' % number) for number in (b"1", b"1.0", b"1.00", b"1e0", b"true")]
    for one in forms:
        assert [written_alike(one, other) for other in forms] == [one is other for other in forms]
    assert written_alike({"a": 1, "b": [decimal("1.00")]}, {"b": [decimal("1.00")], "a": 1})


def test_a_patch_tests_values_and_not_how_they_are_written() -> None:
    """RFC 6902 §4.6: numbers are equal when their values are."""
    kept = strict.read(b'{"a":1.00}')
    assert dumps(apply(kept, [{"op": "test", "path": "/a", "value": 1}])) == '{"a":1.00}'
    with pytest.raises(PatchFailed):
        apply(kept, [{"op": "test", "path": "/a", "value": True}])


def test_a_masked_view_keeps_the_numbers_that_it_shows() -> None:
    survivor = strict.read(
        b'{"resourceType":"Patient","id":"1","birthDate":"1990","address":[{"city":"x"}],"active":true,'
        b'"telecom":[{"value":"x","extension":[{"url":"x","valueDecimal":1.00}]}]}'
    )
    classes = load().profile("survivor").classes
    views = [redact(survivor, classes - {hidden}) for hidden in classes]
    numbers = [re.findall(r'"valueDecimal":([^}]+)', dumps(view)) for view, removed in views if removed]
    assert ["1.00"] in numbers
    assert all(found in ([], ["1.00"]) for found in numbers)
