"""Which records a mapping leaves out: by what a column says or means, in whatever spelling; and what is wrong with such a list."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hub.fhir.folding import fold
from hub.mapping import Context, Mapping, check, load
from hub.mapping.document import Document
from hub.mapping.left_out import Marks, read
from hub.mapping.plan import Column
from hub.mapping.problems import Problems
from hub.ports import Place, SourceRecord
from hub.texts import LANGUAGES, say
from tests.hub.mapping.test_mapping_checks import SOUND, write

CONTEXT = Context("association", str, date(2026, 11, 23))
COLUMNS = """
  trial: {transform: answer, on_error: warn}
  worker: {ignored: true}
  note: {transform: text}
  told: {transform: text, direction: back}
  visits: {repeat: true}
  visits/trial: {in: visits, transform: answer}
resources:"""
FORM = SOUND.replace("\nresources:", COLUMNS)
HERS = {"code": "12", "seen": "01/05/2026", "types": "physique"}


def form(folder: Path, left_out: str, text: str = FORM) -> Mapping:
    return load("test/form", search=[write(folder, f"{text}left_out: {left_out}\n")])


def leaves_out(mapping: Mapping, **cells: object) -> bool:
    mapped = mapping.forward(SourceRecord("row", "1", "1", HERS | cells, Place(row=1)), CONTEXT)
    assert not (mapped.left_out and (mapped.drafts or mapped.issues))
    return mapped.left_out


@pytest.mark.parametrize("cell", ["oui", "Oui", "نعم", "yes", "x", "✓", 1, True, " OUI "])
def test_a_question_that_is_answered_with_yes_in_any_language_leaves_a_record_out(tmp_path, cell):
    assert leaves_out(form(tmp_path, '[{column: trial, equals: "yes"}]'), trial=cell)


@pytest.mark.parametrize("cell", ["non", "لا", "", " ", "-", "peut-être", None, 0, False, ["oui"]])
def test_any_other_answer_and_none_takes_it(tmp_path, cell):
    assert not leaves_out(form(tmp_path, '[{column: trial, equals: "yes"}]'), trial=cell)


def test_a_record_that_does_not_have_the_column_is_taken(tmp_path):
    assert not leaves_out(form(tmp_path, '[{column: trial, equals: "yes"}, {column: worker, equals: demo}]'))


@pytest.mark.parametrize(
    ("cell", "left"),
    [("TEST-1", True), ("test-1", True), ("Essai 4", True), ("تجرِبـة-٢", True), ("TEST", False), ("Testud", False), ("A TEST-1", False)],
)  # fmt: skip
def test_a_beginning_is_compared_as_words_are_and_ends_where_it_was_written_to_end(tmp_path, cell, left):
    assert leaves_out(form(tmp_path, '[{column: note, begins: [TEST-, "essai ", "تجربة-"]}]'), note=cell) is left


def test_what_parts_a_beginning_from_the_rest_counts(tmp_path):
    mapping = form(tmp_path, "[{column: note, begins: TEST_}]")
    assert leaves_out(mapping, note="test_1") and not leaves_out(mapping, note="testify")


def test_a_column_that_is_not_read_is_asked_what_it_says(tmp_path):
    mapping = form(tmp_path, "[{column: worker, one_of: [demo, Formation, 7]}]")
    assert all(leaves_out(mapping, worker=one) for one in ("DEMO", "formation", "٧", 7, 7.0))
    assert not leaves_out(mapping, worker="demonstration")


def test_a_code_is_known_by_the_word_and_by_what_it_means(tmp_path):
    mapping = form(tmp_path, "[{column: types, one_of: [physical-assault]}]")
    assert leaves_out(mapping, types="violence physique") and not leaves_out(mapping, types="psychologique")


def test_one_mark_is_enough_and_what_else_is_wrong_with_such_a_record_is_nobodys_worry(tmp_path):
    mapping = form(tmp_path, '[{column: worker, equals: demo}, {column: trial, equals: "yes"}]')
    assert leaves_out(mapping, trial="oui", seen="never", code="", types="lunaire")
    assert leaves_out(mapping, worker="demo", trial="non")


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("[{column: nowhere, equals: x}]", "unknown-column"),
        ("[{equals: x}]", "unknown-column"),
        ("[{column: trial, one_of: []}]", "no-words"),
        ("[{column: trial, begins: []}]", "no-words"),
        ("[{column: trial, equals: [oui]}]", "no-words"),
        ("[{column: trial, equals: {a: b}}]", "no-words"),
        ('[{column: trial, equals: "?"}]', "no-words"),
        ('[{column: trial, one_of: [oui, ""]}]', "no-words"),
        ("[{column: trial}]", "shape"),
        ("[{column: trial, equals: x, begins: y}]", "shape"),
        ("[{column: trial, matches: x}]", "unknown-key"),
        ("[trial]", "shape"),
        ("{column: trial, equals: x}", "shape"),
        ("[{column: visits, equals: x}]", "not-of-record"),
        ("[{column: visits/trial, equals: x}]", "not-of-record"),
        ("[{column: told, equals: x}]", "not-of-record"),
        ("[{column: trial, equals: yes}]", "quote"),
    ],
)
def test_what_is_wrong_with_the_list_is_told_with_its_line(tmp_path, said, problem):
    text = f"{FORM}left_out: {said}\n"
    found = check("test/form", search=[write(tmp_path, text)])
    places = {one.text.removeprefix("mapping.check-"): one.params["place"] for one in found}
    assert places[problem] == f"mappings/test/form/mapping.yaml:{len(text.splitlines())}"
    assert all(say(one.text, language, **one.params) for one in found for language in LANGUAGES)


def test_an_association_adds_to_what_the_form_leaves_out_and_takes_nothing_of_it_away(tmp_path):
    search = write(tmp_path, f'{FORM}left_out: [{{column: trial, equals: "yes"}}]\n')
    write(
        tmp_path,
        "extends: test/form\nid: test/ours\nversion: '1'\nleft_out: [{column: worker, equals: demo}]\n",
        "test/ours",
    )
    ours, general = (load(name, search=[search]) for name in ("test/ours", "test/form"))
    assert leaves_out(ours, trial="oui") and leaves_out(ours, worker="demo")
    assert leaves_out(general, trial="oui") and not leaves_out(general, worker="demo")


def test_the_line_of_an_associations_own_mistake_is_the_one_that_is_told(tmp_path):
    search = write(tmp_path, f'{FORM}left_out: [{{column: trial, equals: "yes"}}]\n')
    write(
        tmp_path,
        "extends: test/form\nid: test/ours\nversion: '1'\nleft_out:\n  - {column: agent, equals: demo}\n",
        "test/ours",
    )
    (found,) = check("test/ours", search=[search])
    assert found.params["place"] == "mappings/test/ours/mapping.yaml:5"


def test_a_column_that_tells_tests_is_missed_where_a_form_that_names_it_has_it_no_more(tmp_path):
    search = write(tmp_path, FORM)
    text = "extends: test/form\nid: test/ours\nversion: '1'\ncolumns: {worker: {headers: {fr: [Agent]}}}\nleft_out: [{column: worker, equals: demo}]\n"
    write(tmp_path, text, "test/ours")
    assert load("test/ours", search=[search]).layout().expected == {"worker"}


@given(st.text(max_size=12), st.text(max_size=12))
def test_whatever_is_written_is_found_again_when_it_stands_in_the_cell(word, rest):
    assume(fold(word))
    columns = {one: Column(one, (), None) for one in "ab"}
    problems = Problems(Document("form", {}, {}))
    marks = read([{"column": "a", "equals": word}, {"column": "b", "begins": word}], columns, problems)
    leaves = Marks(marks, columns).bound(CONTEXT)
    assert not problems.issues and leaves({"a": word}) and leaves({"b": f"{word}0{rest}"})
