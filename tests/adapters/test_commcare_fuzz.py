"""Whatever CommCare HQ answers or forwards: never a crash, never half a record, never a name in what is said."""

import contextlib
import json
import random
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.commcare import adapter
from adapters.commcare.cases import Case, NotACase, case
from adapters.commcare.forwarded import forwarded
from adapters.replay import Answer, Asked, Served
from hub import mapping
from hub.errors import AdapterError
from hub.mapping import Context
from hub.ports import Complete, Connection, Present, SourceRecord, Watermark
from tests.support.budget import examples
from tests.support.changed import changed
from tests.support.commcare import KEY, USER, populated

FORM = mapping.load("commcare/casework")
MARKS = ("Zineb El Fassi", "0600112233", "600112233")
EXAMPLES = examples(60, 1500)


@pytest.fixture(scope="module")
def tool(tmp_path_factory):
    space = populated(2)
    space.save("survivor-1", {"full_name": MARKS[0], "phone": MARKS[1]})
    with Served(space).running() as served:
        asked = {"url": served.url, "domain": "anwar", "user": USER}
        folder = tmp_path_factory.mktemp("fuzz")
        yield space, Connection("c", "association", "commcare", FORM.id, asked, folder, FORM.layout(), lambda _: KEY)


def shown(record: SourceRecord) -> str:
    """All that people may see of a record and of what its mapping says."""
    mapped = FORM.forward(record, Context("association", lambda _: None, date(2026, 11, 23)))
    said = [f"{one.text} {one.params} {one.column}" for one in (*record.issues, *mapped.issues)]
    return f"{record!r} {record.place} {dict(record.handle)} {record.version} {said}"


def fate(tool) -> None:
    """A pull, to its end or to a problem that is known. Each record is whole: it has an id, a version, and text only."""
    _, connection = tool
    try:
        for one in adapter.pull(connection, None):
            if isinstance(one, SourceRecord):
                assert one.id and one.version
                assert all(isinstance(value, str) for value in one.content.values())
                json.dumps(dict(one.content), ensure_ascii=False).encode()
                assert not any(mark in shown(one) for mark in MARKS)
            elif isinstance(one, Present):
                " ".join(one.ids).encode()
            else:
                assert isinstance(one, Watermark | Complete)
    except AdapterError as problem:
        assert not any(mark in f"{problem} {problem.text} {problem.params}" for mark in MARKS)


@pytest.mark.parametrize("seed", range(EXAMPLES // 3))
def test_a_recorded_answer_with_a_place_changed_breaks_nothing_and_tells_nobodys_name(tool, seed):
    space, _ = tool
    chance = random.Random(seed)
    found = space.page(asked("survivor" if seed % 2 else "referral"), "anwar").body
    space.order(Answer(200, json.dumps(changed(found, chance))), after=0 if seed % 2 else 1)
    fate(tool)
    space.forgive()


def asked(type_):
    return Asked("GET", "", {"case_type": type_, "limit": "100"}, url="http://127.0.0.1/a/anwar/api/case/v2/")


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(FORM.layout().columns)), st.text(max_size=30)))
def test_any_text_in_any_property_is_read_or_told_without_it(said):
    survivor = {name.partition("/")[2]: value for name, value in said.items() if name.startswith("survivor/")}
    read = case({"case_id": "s-1", "case_type": "survivor", "properties": survivor})
    assert isinstance(read, Case)
    assert set(read.properties) <= set(survivor)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "case_id",
                    "case_type",
                    "properties",
                    "indices",
                    "form",
                    "@case_id",
                    "case_ids",
                    "closed",
                    "date_opened",
                    "x",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=15,
)


@settings(max_examples=EXAMPLES * 3, deadline=None)
@given(JSON)
def test_anything_that_is_forwarded_is_a_case_or_a_form_or_refused(said):
    with contextlib.suppress(NotACase):
        told = forwarded(json.dumps(said).encode())
        assert told.case is not None or all(isinstance(one, str) for one in told.ids)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_that_are_forwarded_raise_nothing_but_that_they_are_no_case(raw):
    with contextlib.suppress(NotACase):
        forwarded(raw)
    with contextlib.suppress(NotACase):
        forwarded(b'{"form":' + b"[" * 5000 + b"]" * 5000 + b"}")
