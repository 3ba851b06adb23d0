"""Whatever KoboToolbox answers: never a crash, never half a record, never a name in what is said."""

import json
import random
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.kobo import adapter
from adapters.kobo.submissions import Reader
from adapters.replay import Answer
from demo.kobo_server import KoboServer, Project
from demo.registers import kobo_submissions
from hub import mapping
from hub.errors import AdapterError
from hub.mapping import Context
from hub.ports import Complete, Connection, Present, SourceRecord, Watermark
from tests.support.budget import examples
from tests.support.changed import changed

FORM = mapping.load("kobo/intake")
MARKS = ("Zineb El Fassi", "0600112233")
EXAMPLES = examples(40, 1500)


@pytest.fixture(scope="module")
def tool(tmp_path_factory):
    project = Project("aZahraIntake", "a-token", kobo_submissions(until=date(2026, 6, 30))[:6])
    project.edit([401, 402], {"identite/nom": MARKS[0], "identite/telephone": MARKS[1]})
    with KoboServer(project).running() as server:
        asked = {"url": server.url, "asset": "aZahraIntake"}
        folder = tmp_path_factory.mktemp("fuzz")
        yield project, Connection("c", "a", "kobo", FORM.id, asked, folder, FORM.layout(), lambda _: "a-token")


def shown(record: SourceRecord) -> str:
    """All that people may see of a record and of what its mapping says."""
    mapped = FORM.forward(record, Context("association", lambda _: None, date(2026, 11, 23)))
    said = [f"{one.text} {one.params} {one.column}" for one in (*record.issues, *mapped.issues)]
    return f"{record!r} {record.place} {dict(record.handle)} {record.version} {said}"


def fate(connection: Connection) -> None:
    """A pull, to its end or to a problem that is known. Each record is whole: it has an id, a version, and can be kept."""
    try:
        for one in adapter.pull(connection, None):
            if isinstance(one, SourceRecord):
                assert one.id and one.version
                json.dumps(dict(one.content), ensure_ascii=False).encode()
                assert not any(mark in shown(one) for mark in MARKS)
            else:
                assert isinstance(one, Watermark | Present | Complete)
    except AdapterError as problem:
        assert not any(mark in f"{problem} {problem.text} {problem.params}" for mark in MARKS)


@pytest.mark.parametrize("seed", range(EXAMPLES))
def test_a_recorded_answer_with_a_place_changed_breaks_nothing_and_tells_nobodys_name(tool, seed):
    project, connection = tool
    chance = random.Random(seed)
    whole: dict[str, Any] = {"count": 6, "next": None, "results": [project.submission(one) for one in project.numbers]}
    project.order(
        Answer(200, json.dumps(changed(whole, chance))), after=seed % 2
    )  # the list of all, or what was asked for
    fate(connection)
    project.forgive()


@pytest.mark.parametrize("name", ["_uuid", "_submission_time", "_submitted_by", "identite/nom"])
@pytest.mark.parametrize("asked", [0, 1])
def test_half_a_character_breaks_nothing(tool, name, asked):
    project, connection = tool
    broken = {**project.submission(project.numbers[0]), name: "\ud83d"}
    project.order(Answer(200, json.dumps({"count": 1, "next": None, "results": [broken]})), after=asked)
    fate(connection)
    project.forgive()


ANSWERS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=EXAMPLES * 3, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(FORM.layout().columns)) | st.text(max_size=10), ANSWERS, max_size=8))
def test_whatever_is_answered_is_a_record_that_can_be_kept(answers):
    record = Reader(FORM.layout()).record({"_id": 7, "_uuid": "u", **answers, "identite/nom": MARKS[0]})
    json.dumps(dict(record.content), ensure_ascii=False).encode()
    assert not any(mark in shown(record) for mark in MARKS)
