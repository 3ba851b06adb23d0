"""The form of a KoboToolbox project is read as its XLSForm would be, and no submission with it."""

import pytest

from adapters.kobo import adapter
from hub.errors import Fatal, Retriable

CONTENT = {
    "translations": ["Français (fr)", "العربية (ar)"],
    "survey": [
        {"type": "begin_group", "name": "femme", "label": ["La femme", None], "$kuid": "a"},
        {"type": "text", "$autoname": "code_f", "label": ["Code", "الرمز"]},
        {"type": "end_group", "$kuid": "/a"},
        {"type": "select_multiple", "name": "q7", "select_from_list_name": "v", "label": ["Type de violence"]},
        {"type": "note"},
        "no question",
    ],
    "choices": [
        {"list_name": "v", "name": "v1", "label": ["Physique", "جسدي"]},
        {"list_name": "v", "$autovalue": "autre", "label": None},
    ],
}


def test_questions_and_choices_are_rows_with_a_label_in_each_language(kobo_connection, project):
    project.content = CONTENT
    survey, choices = adapter.sample(kobo_connection(), 300)
    assert survey.rows == (
        ("type", "name", "label::Français (fr)", "label::العربية (ar)"),
        ("begin_group", "femme", "La femme", ""),
        ("text", "code_f", "Code", "الرمز"),
        ("end_group", "", "", ""),
        ("select_multiple v", "q7", "Type de violence", ""),
        ("note", "", "", ""),
    )
    assert choices.rows[1:] == (("v", "v1", "Physique", "جسدي"), ("v", "autre", "", ""))


def test_no_submission_is_asked_for(kobo_connection, project):
    list(adapter.sample(kobo_connection(), 300))
    assert [asked.path.rstrip("/").rpartition("/")[2] for asked in project.asked] == [project.asset]


@pytest.mark.parametrize("content", [None, "x", []])
def test_an_answer_without_a_form_is_asked_again_later(kobo_connection, project, content):
    project.content = content
    with pytest.raises(Retriable):
        list(adapter.sample(kobo_connection(), 300))


def test_a_token_that_is_refused_is_told(kobo_connection, project):
    project.token = "another"
    with pytest.raises(Fatal):
        list(adapter.sample(kobo_connection(), 300))
