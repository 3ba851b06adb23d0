"""Bodies are read whole or refused: nothing is dropped in silence."""

import json
from typing import Any

import pytest
from flask import Request
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder

from hub.errors import NOT_JSON, TOO_LARGE, UNSUPPORTED_MEDIA, WRONG_ID, HubError
from hub.texts import LANGUAGES, say
from hub.web.bodies import read_json, read_resource


def sent(body: bytes, media: str = "application/fhir+json") -> Request:
    return Request(EnvironBuilder(method="POST", data=body, content_type=media).get_environ())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a":1,"a":2}',
        b'{"a":{"b":1,"b":1}}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":1e999}',
        b'{"a":-1e400}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":"\\ud800"}',
        b'{"a":"\xff"}',
        '{"a":"é"}'.encode("latin-1"),
        '{"a":1}'.encode("utf-16"),
    ],
    ids=range(13),
)
def test_what_is_not_exactly_json_is_refused_without_a_quote(body: bytes) -> None:
    with pytest.raises(HubError) as problem:
        read_json(sent(body))
    assert problem.value.problem is NOT_JSON
    assert problem.value.params.keys() <= {"line", "column"}
    assert problem.value.__suppress_context__


@pytest.mark.parametrize(
    ("body", "line", "column"),
    [(b"", 1, 1), (b'{"a": 1,\n "b" 2}', 2, 6), ('{"أمل": 1,\n\n  "b": amal}'.encode(), 3, 8), (b"{}\n{}", 2, 1)],
    ids=range(4),
)
def test_where_json_ends_to_be_json_is_told_by_line_and_character_alone(body: bytes, line: int, column: int) -> None:
    with pytest.raises(HubError) as problem:
        read_json(sent(body))
    assert problem.value.params == {"line": str(line), "column": str(column)}
    for language in LANGUAGES:
        sentence = say(problem.value.text, language, **problem.value.params)
        assert str(line) in sentence and str(column) in sentence


def test_what_is_json_but_cannot_be_kept_is_told_without_a_place() -> None:
    with pytest.raises(HubError) as problem:
        read_json(sent(b'{"a":1,"a":2}'))
    assert (problem.value.text, problem.value.params) == (NOT_JSON.text, {})


def test_a_byte_order_mark_does_no_harm() -> None:
    assert read_json(sent(b'\xef\xbb\xbf{"a":1}')) == {"a": 1}


@pytest.mark.parametrize("levels", [66, 10_000, 100_000])
def test_deep_nesting_is_refused_whether_it_ends_or_not(levels: int) -> None:
    assert read_json(sent(b"[" * 64 + b"]" * 64))
    for body in (b"[" * levels + b"]" * levels, b"[" * max(levels, 10_000)):
        with pytest.raises(HubError) as problem:
            read_json(sent(body))
        assert problem.value.problem is TOO_LARGE
        assert problem.value.__suppress_context__


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"resourceType": "Patient", "id": "t"}, "resourceType"),
        ({"id": "t"}, "resourceType"),
        ({"resourceType": "Task"}, "Task.id"),
        ({"resourceType": "Task", "id": "other"}, "Task.id"),
        ({"resourceType": "Task", "id": 7}, "Task.id"),
    ],
)
def test_type_and_id_must_be_those_of_the_address(body: dict[str, Any], path: str) -> None:
    with pytest.raises(HubError) as problem:
        read_resource(sent(json.dumps(body).encode()), "Task", "t")
    assert (problem.value.problem, problem.value.path) == (WRONG_ID, path)


def test_a_new_resource_needs_no_id() -> None:
    assert read_resource(sent(b'{"resourceType":"Task"}', "application/json"), "Task") == {"resourceType": "Task"}


def test_a_body_that_is_no_object_is_no_resource() -> None:
    with pytest.raises(HubError) as problem:
        read_resource(sent(b"[]"), "Task")
    assert problem.value.problem is NOT_JSON


def test_xml_is_refused() -> None:
    with pytest.raises(HubError) as problem:
        read_resource(sent(b"<Task/>", "application/fhir+xml"), "Task")
    assert problem.value.problem is UNSUPPORTED_MEDIA


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
        lambda c: st.lists(c) | st.dictionaries(st.text(), c),
        max_leaves=10,
    )
)
def test_everything_else_is_read_as_it_was_sent(content: Any) -> None:
    assert read_json(sent(json.dumps(content, ensure_ascii=True).encode())) == content
