"""The applications behind a CommCare connection are read as one XLSForm, by types of case; never a case."""

import copy

import pytest

from adapters.commcare import adapter
from adapters.replay import Answer, Served
from hub.errors import Fatal, Retriable
from hub.ports import Connection, Layout
from tests.support.commcare import KEY, USER, populated
from tests.support.commcare_applications import INTAKE


@pytest.fixture
def space():
    found = populated(2)
    found.applications = [copy.deepcopy(INTAKE)]
    return found


@pytest.fixture
def connection(space, tmp_path):
    with Served(space).running() as served:
        asked = {"url": served.url, "domain": "anwar", "user": USER}
        yield Connection("c", "o", "commcare", "", asked, tmp_path, Layout({}), lambda _: KEY)


def test_properties_are_questions_below_their_type_of_case_with_a_label_in_each_language(connection):
    survey, choices = adapter.sample(connection, 300)
    assert survey.rows == (
        ("type", "name", "label::fr", "label::ar"),
        ("begin_group", "survivor"),
        ("integer", "age", "Âge", "السن"),
        ("select_multiple survivor.violence_types", "violence_types", "Types de violence", "أنواع العنف"),
        ("text", "never_asked", "", ""),
        ("end_group", ""),
        ("begin_group", "referral"),
        ("select_one referral.service", "service", "Service", ""),
        ("end_group", ""),
    )
    assert choices.rows[1:] == (
        ("survivor.violence_types", "v1", "Physique", "جسدي"),
        ("survivor.violence_types", "v2", "Psychologique", "نفسي"),
        ("referral.service", "medical", "Médical", ""),
    )


def test_types_of_case_go_by_the_names_that_the_connection_gives_them(connection, space):
    space.applications[0]["modules"][0]["case_type"] = "femme"
    connection.settings["survivor_type"] = "femme"
    survey, _ = adapter.sample(connection, 300)
    assert survey.rows[1:3] == (("begin_group", "survivor"), ("integer", "age", "Âge", "السن"))


def test_without_translations_the_label_as_it_stands_is_told(connection, space):
    module = space.applications[0]["modules"][0]
    module["forms"][0]["questions"] = [{"label": "Age", "tag": "input", "value": "/data/age"}]
    del space.applications[0]["modules"][1:]
    survey, _ = adapter.sample(connection, 300)
    assert survey.rows[0] == ("type", "name", "label::default")
    assert survey.rows[2] == ("text", "age", "Age")


def test_all_applications_of_the_project_space_are_read(connection, space):
    space.applications += [{"id": str(n), "modules": []} for n in range(4)]
    space.applications[-1]["case_types"] = {"survivor": ["province"]}
    survey, _ = adapter.sample(connection, 300)
    assert ("text", "province", "", "") in survey.rows


def test_no_case_is_asked_for(connection, space):
    list(adapter.sample(connection, 300))
    assert {asked.path for asked in space.asked} == {"/a/anwar/api/application/v1/"}


def test_no_more_properties_are_told_than_were_asked_for(connection, space):
    space.applications[0]["modules"][0]["case_properties"] = [f"p{n}" for n in range(500)]
    survey, _ = adapter.sample(connection, 10)
    assert len([one for one in survey.rows if one[1].startswith(("p", "age"))]) == 10


@pytest.mark.parametrize("body", [{"objects": None}, [], "x", {}])
def test_an_answer_without_applications_is_asked_again_later(connection, space, body):
    space.order(Answer(200, body))
    with pytest.raises(Retriable):
        list(adapter.sample(connection, 300))


@pytest.mark.parametrize(
    "application", [{}, {"modules": "x"}, {"modules": [None, {"case_type": "survivor", "forms": [{"questions": [7]}]}]},
                    {"case_types": {"survivor": [None, 7, ""]}}]
)  # fmt: skip
def test_an_application_that_is_built_otherwise_gives_what_can_be_read(connection, space, application):
    space.applications = [application]
    survey, choices = adapter.sample(connection, 300)
    assert len(survey.rows) == len(choices.rows) == 1


def test_a_user_who_may_not_see_applications_is_told(connection, space):
    space.fail(403)
    with pytest.raises(Fatal) as refused:
        list(adapter.sample(connection, 300))
    assert refused.value.text == "adapters.commcare-credentials"
