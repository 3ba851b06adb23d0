"""The function that is written for a mapping says what the plain reading of it says: drafts, links, issues, and what is untold."""

import json
import os
import re
from collections import defaultdict
from datetime import date, datetime
from importlib.resources import files
from pathlib import Path
from types import CodeType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub import mapping
from hub.fhir.issues import Issue
from hub.mapping import Context
from hub.mapping.compiled import Compiled
from hub.mapping.forward import Forward
from hub.ports import Place, SourceRecord

CONTEXT = Context("association-anwar", lambda text: text.strip() if text[:1].isalpha() else None, date(2026, 11, 23),
                  usual_service=lambda id_: "medical" if len(id_) % 2 else None)  # fmt: skip
EXAMPLES = defaultdict(list)
for one in sorted(Path(str(files("mappings"))).glob("*/*/examples/*.input.json")):
    EXAMPLES["/".join(one.parts[-4:-2])].append(json.loads(one.read_text("utf-8")))
PLANS = {name: mapping.load(name)._plan for name in mapping.available()}
WAYS = {name: (Forward(plan), Compiled(plan)) for name, plan in PLANS.items()}
FOUND = Issue("warning", "value", "adapters.digits-lost", column="Tél")
ANY_CELL = st.one_of(
    st.sampled_from(
        ["", " ", "-", "néant", "oui", "non", "refuse", "نعم", "لا", "x", "12/03/2026", "31/02/2026", "2001"]
    ),
    st.sampled_from(["3", "~30", "15-17", "mineure", "٣", "0612345678", "0612345678 / 0522000000", "2.12613E+11", "?"]),
    st.sampled_from(
        ["viol, coups", "écoute; juridique", "médical", "العنف الجسدي", "1", "Cellule", "12 moharram 1447"]
    ),
    st.sampled_from([3, 3.0, 2.5, True, False, date(2026, 3, 12), datetime(2026, 3, 12, 9, 30), "__import__('os')"]),
    st.text(max_size=12),
)


def cells_of(name):
    """Of each column: what the examples say in it, and what they do not."""
    told = defaultdict(list)
    for content in EXAMPLES[name]:
        for column, cell in content.items():
            told[column].append(cell)
            for item in cell if isinstance(cell, list) else ():
                for inner, one in item.items() if isinstance(item, dict) else ():
                    told[inner].append(one)
    return {column: st.sampled_from(known) | ANY_CELL for column, known in told.items()}


def records(name):
    """Rows of right and of wrong cells, and of cells that are not there."""
    plan, told = PLANS[name], cells_of(name)
    single = {one: told.get(one, ANY_CELL) for one, column in plan.columns.items() if not column.within}
    for repeat in (one for one, column in plan.columns.items() if column.repeat):
        inside = {one: told.get(one, ANY_CELL) for one, column in plan.columns.items() if column.within == repeat}
        item = st.fixed_dictionaries({}, optional=inside)
        single[repeat] = st.lists(item | ANY_CELL, max_size=3) | single[repeat]
    contents = st.fixed_dictionaries({}, optional=single)
    if EXAMPLES[name]:
        changed = st.tuples(st.sampled_from(EXAMPLES[name]), contents, st.sets(st.sampled_from([*plan.columns, "-"])))
        contents |= changed.map(lambda one: {k: v for k, v in {**one[0], **one[1]}.items() if k not in one[2]})
    unsaid = st.lists(st.sampled_from(list(plan.columns) or ["-"]), max_size=2).map(tuple)
    headers = st.sampled_from([{}, {one: f"En-tête {number}" for number, one in enumerate(plan.columns)}])
    issues = st.sampled_from([(), (FOUND,)])
    return st.builds(
        lambda content, headers, issues, unsaid: SourceRecord(
            "row", "1", "1", content, Place(row=1), headers=headers, issues=issues, unsaid=unsaid
        ),
        contents, headers, issues, unsaid,
    )  # fmt: skip


@pytest.mark.parametrize("name", PLANS)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_a_record_says_the_same_in_the_function_and_plainly(name, data):
    plain, written = WAYS[name]
    for record in data.draw(st.lists(records(name), min_size=1, max_size=4)):
        assert written(record, CONTEXT) == plain(record, CONTEXT)


@pytest.mark.deep
@pytest.mark.skipif(not os.environ.get("IHALA_DEEP"), reason="a thousand records of each mapping: make deep")
@pytest.mark.parametrize("name", PLANS)
@settings(max_examples=1000, deadline=None)
@given(data=st.data())
def test_a_record_says_the_same_in_the_function_and_plainly_at_length(name, data):
    plain, written = WAYS[name]
    record = data.draw(records(name))
    assert written(record, CONTEXT) == plain(record, CONTEXT)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_links_are_those_that_stand_in_the_resources(name):
    """Whoever gives ids writes them there: a copy would leave a reference to a draft."""
    for content in EXAMPLES[name]:
        mapped = WAYS[name][1](SourceRecord("row", "1", "1", content, Place(row=1)), CONTEXT)
        for link in mapped.links:
            link["reference"] = "Patient/1"
        assert "draft:" not in json.dumps([one.resource for one in mapped.drafts])


def spoiled(cell):
    """With what a word processor and an old program leave in texts."""
    if isinstance(cell, dict):
        return {name: spoiled(one) for name, one in cell.items()}
    if isinstance(cell, list):
        return [spoiled(one) for one in cell]
    return f"\x01{cell[:1]}\x00{cell[1:]}\x0b\x1f" if isinstance(cell, str) else cell


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_draft_holds_what_no_text_of_fhir_may(name):
    """A record is not lost for a character that nobody sees."""
    for content in EXAMPLES[name]:
        for way in WAYS[name]:
            mapped = way(SourceRecord("row", "1", "1", spoiled(content), Place(row=1)), CONTEXT)
            said = json.dumps([one.resource for one in mapped.drafts], ensure_ascii=False).replace("\\n", "")
            assert not re.search(r"\\u00[01]|\\[bf]", said)


def constants(code: CodeType):
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield from constants(one)
        else:
            yield one


@pytest.mark.parametrize("name", PLANS)
def test_nothing_that_a_mapping_says_stands_in_the_function(name):
    code = compile(WAYS[name][1].text, "<mapping>", "exec")
    assert {one for one in constants(code) if isinstance(one, str)} <= {"bind", "bind.<locals>.forward"}


HOSTILE = "x\"'\n        boom()\n#{organization}"


def test_a_mapping_cannot_bring_in_code(tmp_path):
    """Texts, local names, constants and columns that would be code, if they stood in it."""
    folder = tmp_path / "form"
    folder.mkdir()
    said = {
        "id": "acme/form", "version": "1.0.0", "title": {"fr": "F", "ar": "F", "en": "F"}, "language": "fr", "kinds": ["row"],
        "columns": {HOSTILE: {"transform": "text"}, "code": {"transform": "digits"}},
        "resources": [{
            "local": "patient", "profile": "survivor",
            "elements": {
                "identifier[survivor-code].system": {"constant": HOSTILE}, "identifier[survivor-code].value": "code",
                "active": {"constant": True}, "gender": {"constant": "female"}, "managingOrganization": {"organization": "custodian"},
                "name.text": HOSTILE, "address.text": [{"constant": HOSTILE, "when": {"one_of": {HOSTILE: [HOSTILE, "Nadia"]}}}],
            },
        }],
    }  # fmt: skip
    (folder / "mapping.yaml").write_text(json.dumps(said), "utf-8")
    form = mapping.load(str(folder / "mapping.yaml"))
    mapped = form.forward(SourceRecord("row", "1", "1", {HOSTILE: "Nadia", "code": "A-1"}, Place(row=1)), CONTEXT)
    [patient] = [one.resource for one in mapped.drafts]
    assert patient["name"] == [{"text": "Nadia"}] and patient["address"] == [{"text": HOSTILE}]
    assert "boom" not in Compiled(form._plan).text
