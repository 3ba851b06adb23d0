"""JSON Patch, by the examples of RFC 6902, appendix A."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.fhir.json_patch import BadPatch, PatchFailed, apply

RFC_6902 = {
    "A.1 adding an object member": (
        '{"foo":"bar"}',
        '[{"op":"add","path":"/baz","value":"qux"}]',
        '{"baz":"qux","foo":"bar"}',
    ),
    "A.2 adding an array element": (
        '{"foo":["bar","baz"]}',
        '[{"op":"add","path":"/foo/1","value":"qux"}]',
        '{"foo":["bar","qux","baz"]}',
    ),
    "A.3 removing an object member": ('{"baz":"qux","foo":"bar"}', '[{"op":"remove","path":"/baz"}]', '{"foo":"bar"}'),
    "A.4 removing an array element": (
        '{"foo":["bar","qux","baz"]}',
        '[{"op":"remove","path":"/foo/1"}]',
        '{"foo":["bar","baz"]}',
    ),
    "A.5 replacing a value": (
        '{"baz":"qux","foo":"bar"}',
        '[{"op":"replace","path":"/baz","value":"boo"}]',
        '{"baz":"boo","foo":"bar"}',
    ),
    "A.6 moving a value": (
        '{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}',
        '[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]',
        '{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}',
    ),
    "A.7 moving an array element": (
        '{"foo":["all","grass","cows","eat"]}',
        '[{"op":"move","from":"/foo/1","path":"/foo/3"}]',
        '{"foo":["all","cows","eat","grass"]}',
    ),
    "A.8 testing a value: success": (
        '{"baz":"qux","foo":["a",2,"c"]}',
        '[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]',
        '{"baz":"qux","foo":["a",2,"c"]}',
    ),
    "A.10 adding a nested member object": (
        '{"foo":"bar"}',
        '[{"op":"add","path":"/child","value":{"grandchild":{}}}]',
        '{"foo":"bar","child":{"grandchild":{}}}',
    ),
    "A.11 ignoring unrecognized elements": (
        '{"foo":"bar"}',
        '[{"op":"add","path":"/baz","value":"qux","xyz":123}]',
        '{"foo":"bar","baz":"qux"}',
    ),
    "A.14 escape ordering": ('{"/":9,"~1":10}', '[{"op":"test","path":"/~01","value":10}]', '{"/":9,"~1":10}'),
    "A.16 adding an array value": (
        '{"foo":["bar"]}',
        '[{"op":"add","path":"/foo/-","value":["abc","def"]}]',
        '{"foo":["bar",["abc","def"]]}',
    ),
    "4.5 copying a value": (
        '{"a":{"b":[1]}}',
        '[{"op":"copy","from":"/a/b","path":"/c"},{"op":"add","path":"/c/0","value":2}]',
        '{"a":{"b":[1]},"c":[2,1]}',
    ),
    "the whole document": ('{"a":1}', '[{"op":"replace","path":"","value":{"b":2}}]', '{"b":2}'),
    "replacing an array element": ('{"a":[1,2,3]}', '[{"op":"replace","path":"/a/2","value":9}]', '{"a":[1,2,9]}'),
}
FAILING = {
    "A.9 testing a value: error": ('{"baz":"qux"}', '[{"op":"test","path":"/baz","value":"bar"}]'),
    "A.12 adding to a nonexistent target": ('{"foo":"bar"}', '[{"op":"add","path":"/baz/bat","value":"qux"}]'),
    "A.15 comparing strings and numbers": ('{"/":9,"~1":10}', '[{"op":"test","path":"/~01","value":"10"}]'),
    "an index beyond the end": ('{"a":[1]}', '[{"op":"add","path":"/a/2","value":0}]'),
    "an index with a leading zero": ('{"a":[1,2]}', '[{"op":"remove","path":"/a/01"}]'),
    "a negative index": ('{"a":[1,2]}', '[{"op":"remove","path":"/a/-1"}]'),
    "removing past the end": ('{"a":[1]}', '[{"op":"remove","path":"/a/-"}]'),
    "removing what is absent": ("{}", '[{"op":"remove","path":"/a"}]'),
    "replacing what is absent": ("{}", '[{"op":"replace","path":"/a","value":1}]'),
    "removing everything": ('{"a":1}', '[{"op":"remove","path":""}]'),
    "a path through a string": ('{"a":"text"}', '[{"op":"add","path":"/a/0","value":1}]'),
    "one is not true": ('{"a":1}', '[{"op":"test","path":"/a","value":true}]'),
    "nested one is not true": ('{"a":[{"b":0}]}', '[{"op":"test","path":"/a","value":[{"b":false}]}]'),
}
MALFORMED = {
    "no operation": "[]",
    "no list": '{"op":"add","path":"/a","value":1}',
    "not an object": '["add"]',
    "unknown operation": '[{"op":"merge","path":"/a","value":1}]',
    "an operation that is a list": '[{"op":"add","path":"/a","value":1},{"op":["add"],"path":"/a"}]',
    "no path": '[{"op":"add","value":1}]',
    "a path without slash": '[{"op":"add","path":"a","value":1}]',
    "a wrong escape": '[{"op":"add","path":"/~2","value":1}]',
    "no value": '[{"op":"add","path":"/a"}]',
    "no from": '[{"op":"move","path":"/a"}]',
    "moving a value into itself": '[{"op":"move","from":"/foo","path":"/foo/bar"}]',
}


@pytest.mark.parametrize("name", RFC_6902)
def test_the_examples_of_the_rfc(name: str) -> None:
    document, patch, expected = map(json.loads, RFC_6902[name])
    assert apply(document, patch) == expected


@pytest.mark.parametrize("name", FAILING)
def test_an_operation_that_does_not_fit_fails_the_whole_patch(name: str) -> None:
    document, patch = map(json.loads, FAILING[name])
    before = json.dumps(document)
    first = {"op": "add", "path": "/first", "value": 1}
    with pytest.raises(PatchFailed) as failed:
        apply(document, [first, *patch])
    assert failed.value.operation == 2
    assert json.dumps(document) == before


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_patch_is_told_from_one_that_does_not_fit(name: str) -> None:
    with pytest.raises(BadPatch):
        apply({"foo": {"bar": 1}}, json.loads(MALFORMED[name]))


def test_the_document_and_the_patch_are_left_as_they_were() -> None:
    document: dict[str, Any] = {"a": [1]}
    patch: list[dict[str, Any]] = [{"op": "add", "path": "/b", "value": []}, {"op": "add", "path": "/b/-", "value": 1}]
    assert apply(document, patch) == {"a": [1], "b": [1]}
    assert document == {"a": [1]}
    assert patch[0]["value"] == []


def test_a_document_cannot_be_made_to_explode() -> None:
    with pytest.raises(BadPatch):
        apply({"a": [1] * 100}, [{"op": "copy", "from": "", "path": f"/c{n}"} for n in range(64)])


def test_a_document_cannot_be_nested_without_end() -> None:
    deep: dict[str, Any] = {}
    for _ in range(60):
        deep = {"a": deep}
    steps = [{"op": "add", "path": "/a" * (60 * n), "value": deep} for n in range(30)]
    with pytest.raises(BadPatch):
        apply({}, steps)


def test_no_value_stands_in_the_exceptions() -> None:
    with pytest.raises(PatchFailed) as failed:
        apply({"name": "secret"}, [{"op": "test", "path": "/name", "value": "guess"}])
    assert "secret" not in str(failed.value)
    assert "guess" not in str(failed.value)


DOCUMENTS = st.dictionaries(
    st.text(max_size=3),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=3),
        lambda c: st.lists(c, max_size=3) | st.dictionaries(st.text(max_size=3), c, max_size=3),
        max_leaves=8,
    ),
)


@given(DOCUMENTS, DOCUMENTS)
def test_a_replaced_document_equals_the_new_one(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert (
        apply(before, [{"op": "replace", "path": "", "value": after}, {"op": "test", "path": "", "value": after}])
        == after
    )
