"""Every problem of the catalogue has a sentence in three languages, and needs no blank that nobody fills."""

import string

import pytest

from hub import errors
from hub.errors import Problem
from hub.texts import LANGUAGES, catalogue, say

PROBLEMS = [value for value in vars(errors).values() if isinstance(value, Problem)]
FILLED = {
    "bad-parameter": {"parameter", "expected"},
    "sealed-search": {"parameter", "expected"},
    "unknown-parameter": {"parameter", "known"},
    "bad-bundle": {"expected"},
    "unsupported-media": {"expected"},
    "scope-lacking": {"expected"},
    "purpose-lacking": {"expected"},
    "illegal-transition": {"status", "allowed"},
    "immutable": {"element"},
    "bad-patch": {"operation"},
    "patch-failed": {"operation"},
    "unknown-canonical": {"type"},
    "unknown-code": {"system", "known"},
    "one-of-required": {"expected"},
    "unknown-schema": {"known"},
    "label-by-rule": {"label"},
    "too-costly": {"limit"},
    "too-costly-chain": {"limit"},
    "too-costly-include": {"limit"},
    "bad-file": {"detail"},
    "no-deployment": {"folder"},
    "secret-missing": {"name", "env", "file"},
    "unknown-connection": {"known"},
    "referred-to": {"known"},
    "unknown-adapter": {"known"},
    "unknown-organization": {"name", "known"},
    "unknown-mapping": {"name", "known"},
}
"""The blanks that the places which raise a problem fill."""


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.code)
def test_every_problem_has_a_sentence_in_three_languages_with_known_blanks(problem: Problem) -> None:
    sentences = catalogue("problems")[problem.code]
    assert set(sentences) == set(LANGUAGES)
    for language in LANGUAGES:
        blanks = {name for _, name, _, _ in string.Formatter().parse(sentences[language]) if name is not None}
        assert blanks == FILLED.get(problem.code, set()), language
        assert say(problem.text, language, **dict.fromkeys(blanks, "x"))


def test_no_sentence_is_without_its_problem() -> None:
    assert set(catalogue("problems")) == {problem.code for problem in PROBLEMS}


def test_codes_are_unique_and_statuses_are_those_of_http() -> None:
    assert len({problem.code for problem in PROBLEMS}) == len(PROBLEMS)
    assert all(400 <= problem.status < 600 for problem in PROBLEMS)


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.code)
def test_arabic_is_written_in_arabic(problem: Problem) -> None:
    assert any("\u0600" <= letter <= "\u06ff" for letter in catalogue("problems")[problem.code]["ar"])
