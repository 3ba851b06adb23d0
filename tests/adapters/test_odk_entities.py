"""What became of referrals in an entity list of ODK Central, which workers have with them without a network."""

import pytest

from adapters.odk import adapter
from adapters.replay import Served
from hub import mapping
from hub.errors import Fatal, Retriable
from hub.ports import Connection, FollowUp, SourceRecord
from tests.support.odk_central import EMAIL, FORM, LIST, PASSWORD, PROJECT, Central
from tests.support.odk_submissions import nested

LAYOUT = mapping.load("odk/intake").layout()
ACCEPTED = {"suivi/statut_reference": "acceptee", "suivi/date_statut": "2026-03-12"}


@pytest.fixture
def central():
    return Central()


@pytest.fixture
def connect(central, tmp_path):
    with Served(central).running() as served:

        def make(**more):
            entities = {"entity_list": LIST, "entity_question": "dossier/entite"}
            asked = {"url": served.url, "project": PROJECT, "form": FORM, **entities, **more}
            secrets = {"email": EMAIL, "password": PASSWORD}
            return Connection("c", "o", "odk", "odk/intake", asked, tmp_path, LAYOUT, secrets.__getitem__)

        yield make


def submitted(central, entity):
    return central.submit(nested(1) | {"dossier": {"entite": entity}})


def records(connection):
    return [one for one in adapter.pull(connection, None) if isinstance(one, SourceRecord)]


def tell(connection, **values):
    """To all submissions, by the handle that their record has."""
    adapter.push(connection, [FollowUp(one.id, one.handle, {**ACCEPTED, **values}) for one in records(connection)])


def changes(central):
    return [one for one in central.asked if one.method == "PATCH" and "/entities/" in one.path]


def test_the_outcome_stands_in_the_entity_that_the_submission_names_and_in_the_properties_that_the_list_has(
    connect, central
):
    entity, other = central.entity(code="ANW-1"), central.entity(code="ANW-2")
    id_ = submitted(central, f"uuid:{entity.upper()}")
    tell(connect())
    assert central.entities[entity]["data"] == {"code": "ANW-1", "statut_reference": "acceptee"}
    assert central.entities[other]["version"] == 1
    assert "date_statut" in central.said[id_][0]["body"]  # which the list has no property for


def test_the_same_again_makes_no_new_version(connect, central):
    entity = central.entity()
    submitted(central, entity)
    tell(connect())
    tell(connect())
    assert central.entities[entity]["version"] == 2 and len(changes(central)) == 1


def test_what_a_worker_sends_in_meanwhile_is_read_first_and_stays(connect, central):
    entity = central.entity(code="ANW-1")
    submitted(central, entity)
    between(central, entity, times=1)
    tell(connect())
    assert central.entities[entity]["data"] == {"code": "changed 1", "statut_reference": "acceptee"}
    assert len(changes(central)) == 2


def test_where_others_keep_changing_it_the_hub_comes_back_later(connect, central):
    entity = central.entity()
    submitted(central, entity)
    between(central, entity, times=100)
    with pytest.raises(Retriable):
        tell(connect())
    assert "statut_reference" not in central.entities[entity]["data"]


def between(central, entity, times):
    """Somebody saves the entity after it was read, so often."""
    before, left = central.read_entity, iter(range(1, times + 1))

    def reading(asked, project, name, id_):
        answer = before(asked, project, name, id_)
        if asked.method == "GET" and (number := next(left, None)):
            central.save_entity(entity, code=f"changed {number}")
        return answer

    central.read_entity = reading


@pytest.mark.parametrize("answer", ["", "not a number", "85cb9aff-005e-4edd-9739-dc9c1a829c44", None])
def test_a_submission_without_an_entity_that_is_there_is_told_by_a_comment_alone(connect, central, answer):
    id_ = submitted(central, answer)
    tell(connect())
    assert changes(central) == [] and len(central.said[id_]) == 1


def test_without_the_settings_no_list_is_asked_for(connect, central):
    submitted(central, central.entity())
    tell(connect(entity_list="", entity_question=""))
    assert not [one for one in central.asked if "/datasets/" in one.path]


def test_a_record_has_a_new_version_once_its_entity_is_known_so_that_it_can_be_told(connect, central):
    submitted(central, central.entity())
    (before,), (after,) = records(connect(entity_list="", entity_question="")), records(connect())
    assert before.version != after.version and before.handle.keys() < after.handle.keys()
    assert records(connect())[0].version == after.version


def test_what_is_wrong_with_the_list_is_told_before_anything_is_written(connect, central):
    assert list(adapter.check(connect())) == []
    assert said(connect(entity_list="another")) == ["odk.no-entity-list"]
    assert said(connect(entity_question="")) == ["odk.entity-settings"]
    central.properties = ["code"]
    assert said(connect()) == ["odk.entity-no-property"]
    submitted(central, central.entity())
    with pytest.raises(Fatal):
        tell(connect(entity_list="another"))


def said(connection):
    return [issue.text for issue in adapter.check(connection)]
