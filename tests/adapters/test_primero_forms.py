"""The forms of an instance of Primero: described for a first mapping, compared with the one in use, and taken from a role."""

from copy import deepcopy
from datetime import date

import pytest

from adapters.primero import absences, adapter, forms
from adapters.replay import Served
from hub import mapping
from hub.errors import Fatal
from hub.mapping import Context
from hub.ports import Connection, FollowUp, SourceRecord, Watermark
from tests.support.primero import LOOKUPS, Primero, case, failed, incident

FORM = "primero/gbvims-plus"


@pytest.fixture
def tool():
    forms.forget()
    stand_in = Primero()
    stand_in.add(case(1), incidents=[incident(1)])
    return stand_in


@pytest.fixture
def connection(tool, tmp_path):
    with Served(tool).running() as served:
        asked = {"url": served.url, "user": "hub", "agency": "agency-anouar"}
        layout = mapping.load(FORM).layout()
        yield Connection("c", "association", "primero", FORM, asked, tmp_path, layout, lambda _: tool.password)


def only(tool):
    (found,) = tool.cases.values()
    return found


def rows(connection, number=300):
    survey, choices = adapter.sample(connection, number)
    return survey.rows, choices.rows


def lacking(connection):
    found = [one for one in adapter.check(connection) if one.text == "adapters.primero-not-asked"]
    return {name for one in found for name in one.params["fields"].split(", ")}


def test_fields_and_lookups_are_an_xlsform_with_labels_in_three_languages(connection):
    survey, choices = rows(connection)
    assert survey[0] == ("type", "name", "label::ar", "label::fr", "label::en")
    assert ("select_one lookup-sex", "sex", "الجنس", "Sexe", "Sex") in survey
    assert ("lookup-sex", "female", "أنثى", "Femme", "Female") in choices
    kinds = {name: kind for kind, name, *_ in survey}
    assert (kinds["age"], kinds["date_of_birth"], kinds["consent_for_services"]) == (
        "integer",
        "date",
        "select_one boolean",
    )


def test_a_subform_is_a_repeat_and_perpetrators_stand_in_their_incident_as_they_are_read(connection):
    names = [name or kind for kind, name, *_ in rows(connection)[0]]
    incidents = names[names.index("incidents") : names.index("end_repeat", names.index("incidents"))]
    assert {"id", "incident_date", "perpetrator_relationship"} <= {*incidents}
    services = names[names.index("services_section") : names.index("end_repeat", names.index("services_section"))]
    assert {"unique_id", "referred_to", "service_type"} <= {*services}


def test_a_choice_is_named_without_the_number_of_the_instance_as_it_is_read(connection):
    assert "single_91726" in LOOKUPS["maritial_status"]
    assert [name for listed, name, *_ in rows(connection)[1] if listed == "lookup-maritial_status"] == [
        "single",
        "married_cohabitating",
    ]


def test_no_case_is_asked_for_when_a_form_is_described(tool, connection):
    rows(connection)
    assert {one.path for one in tool.asked} == {"/api/v2/lookups", "/api/v2/forms"}


def test_a_long_form_is_cut_and_what_a_case_has_several_of_comes_first(connection):
    survey, _ = rows(connection, 8)
    assert len(survey) == 9 and "services_section" in {name for _, name, *_ in survey}


def test_a_choice_that_is_no_more_offered_or_badly_described_is_left_out(tool, connection, monkeypatch):
    values = [{"id": "a", "disabled": True}, {"id": "b", "display_text": "Femme"}, "x", {"display_text": {}}]
    monkeypatch.setattr(
        "adapters.primero.client.Primero.lookups", lambda _: [{"unique_id": "lookup-sex", "values": values}]
    )
    assert [row for row in rows(connection)[1] if row[0] == "lookup-sex"] == [("lookup-sex", "b", "", "", "Femme")]


def test_a_password_that_is_refused_is_told_before_any_form(tool, connection):
    tool.user = "another"
    with pytest.raises(Fatal):
        rows(connection)


# --- the mapping beside the instance ----------------------------------------------------------------------------------


def test_an_instance_with_all_fields_of_the_mapping_passes_without_a_word(connection):
    assert not list(adapter.check(connection))


@pytest.mark.parametrize(
    ("lost", "told"),
    [
        ("gbv_referral_form", {"date_of_referral"}),
        ("consent_for_referrals", {"consents", "consents/sector", "consents/organization"}),
    ],
)
def test_the_check_tells_which_fields_of_the_mapping_no_form_of_the_role_has(tool, connection, lost, told):
    tool.lost = {lost}
    assert lacking(connection) == told


def test_the_check_tells_of_a_field_inside_a_subform(tool, connection):
    del tool.services["service_type"]
    assert lacking(connection) == {"services_section/service_type"}


# --- a form that is taken from the role -------------------------------------------------------------------------------


def record(connection):
    (found,) = [one for one in adapter.pull(connection, None) if isinstance(one, SourceRecord)]
    return found


@pytest.mark.parametrize(
    ("lost", "unsaid"),
    [
        ("services", "services_section"),
        ("consent_for_referrals", "consents"),
        ("gbv_referral_form", "date_of_referral"),
        ("gbv_incident_form", "incidents"),
    ],
)
def test_what_stood_in_a_form_that_the_role_has_lost_is_neither_told_nor_emptied(tool, connection, lost, unsaid):
    before = record(connection)
    assert unsaid in before.content and not before.unsaid
    tool.lost = {lost}
    after = record(connection)  # the day's forms are still known, and not believed
    assert unsaid in after.unsaid
    assert unsaid not in after.content and unsaid not in after.cleared


@pytest.mark.parametrize(
    ("lost", "unsaid"),
    [
        ("service_type", "services_section/service_type"),
        ("service_response_timeframe", "services_section/service_response_timeframe"),
        ("service_implementing_agency", "services_section/referred_to"),
        ("service_status_referred", "services_section/referred_to"),
    ],
)
def test_a_field_of_a_row_that_the_role_has_lost_is_not_emptied_and_the_row_is_read(tool, connection, lost, unsaid):
    tool.services["service_referral_notes"] = "text_field"
    assert unsaid not in record(connection).unsaid
    del tool.services[lost]  # the day's forms are still known, and not believed
    after = record(connection)
    assert unsaid in after.unsaid and "services_section" not in after.unsaid
    assert [one["services_section/unique_id"] for one in after.content["services_section"]]
    assert unsaid not in after.content["services_section"][0]


def test_an_incident_of_which_the_role_sees_no_more_than_the_number_is_left_as_it_was(tool, connection, monkeypatch):
    bare = [{"id": one["id"]} for found in tool.incidents.values() for one in found]
    tool.lost = {"gbv_incident_form"}
    monkeypatch.setattr("adapters.primero.client.Primero.hanging_on", lambda *_: bare)
    assert "incidents" in record(connection).unsaid and "incidents" not in record(connection).content


def test_what_nobody_answered_in_a_form_that_the_role_has_is_no_more(tool, connection):
    (identity,) = tool.cases
    del tool.cases[identity]["services_section"]
    del tool.cases[identity]["date_of_referral"]
    assert not record(connection).unsaid


def test_forms_are_read_again_once_in_a_pull_that_misses_something(tool, connection):
    record(connection)
    tool.asked.clear()
    for number in (2, 3):
        tool.cases[tool.add(case(number))].pop("date_of_referral")
    list(adapter.pull(connection, None))
    assert len([one for one in tool.asked if one.path == "/api/v2/forms"]) == 2  # of cases and of incidents


def forms_read(tool):
    """How often, of cases; forgotten then."""
    found = [one for one in tool.asked if one.path == "/api/v2/forms" and one.query["record_type"] == "case"]
    tool.asked.clear()
    return len(found)


def carried_on(tool, connection, since=None):
    """The next pull, and where it ended."""
    found = list(adapter.pull(connection, since))
    ends = [one for one in found if isinstance(one, Watermark)]
    return [one for one in found if isinstance(one, SourceRecord)], ends[-1] if ends else since


def test_a_form_that_the_role_never_had_sends_no_pull_for_the_forms(tool, connection):
    tool.lost = {"gbv_referral_form"}
    only(tool)["services_section"][0]["service_response_day_time"] = "2026-03-12"
    tool.edit(only(tool)["id"], estimated="false", gbv_displacement_status="resident")
    _, end = carried_on(tool, connection)
    assert forms_read(tool) == 1
    for age in (31, 32):
        tool.edit(only(tool)["id"], age=age)
        (found,), end = carried_on(tool, connection, end)
        assert found.content["age"] == str(age) and "date_of_referral" in found.unsaid
    assert forms_read(tool) == 0


def test_what_nobody_was_asked_sends_for_the_forms_once_and_no_more_while_it_stays_so(tool, connection):
    del only(tool)["date_of_referral"]
    _, end = carried_on(tool, connection)
    assert forms_read(tool) == 1
    for age in (31, 32):
        tool.edit(only(tool)["id"], age=age)
        _, end = carried_on(tool, connection, end)
    assert forms_read(tool) == 0


def test_what_is_missing_for_the_first_time_sends_for_the_forms(tool, connection):
    _, end = carried_on(tool, connection)
    forms_read(tool)
    tool.lost = {"gbv_referral_form"}
    tool.edit(only(tool)["id"], age=31)
    (found,), _ = carried_on(tool, connection, end)
    assert forms_read(tool) == 1 and "date_of_referral" in found.unsaid


def test_what_another_process_has_read_meanwhile_may_not_be_missing_any_more(tool, connection):
    del only(tool)["date_of_referral"]
    _, end = carried_on(tool, connection)
    here = deepcopy(absences._KNOWN)
    tool.edit(only(tool)["id"], date_of_referral="2026-03-12")
    _, end = carried_on(tool, connection, end)  # the other process
    absences._KNOWN.update(here)
    tool.lost = {"gbv_referral_form"}
    tool.edit(only(tool)["id"], age=31)
    (found,), _ = carried_on(tool, connection, end)
    assert "date_of_referral" in found.unsaid


@pytest.mark.parametrize("lost", ["service_implementing_agency", "service_status_referred"])
def test_whom_a_row_was_referred_to_is_asked_of_the_forms_once_it_cannot_be_told(tool, connection, lost):
    tool.edit(only(tool)["id"], estimated="false", gbv_displacement_status="resident")
    _, end = carried_on(tool, connection)
    forms_read(tool)
    del tool.services[lost]
    tool.edit(only(tool)["id"], age=31)
    (found,), _ = carried_on(tool, connection, end)
    assert forms_read(tool) == 1 and "services_section/referred_to" in found.unsaid


def test_a_field_that_turns_up_sends_for_the_forms_so_that_its_choice_is_understood(tool, connection):
    tool.lost = {"gbv_survivor_information"}
    tool.edit(only(tool)["id"], maritial_status="single_91726")
    _, end = carried_on(tool, connection)
    forms_read(tool)
    tool.lost = set()
    tool.edit(only(tool)["id"], age=31)
    (found,), _ = carried_on(tool, connection, end)
    assert forms_read(tool) == 1 and found.content["maritial_status"] == "single"


# --- a form that changes between two readings -------------------------------------------------------------------------


def follow_up(tool, connection, **values):
    (found,) = [one for one in adapter.pull(connection, None) if isinstance(one, SourceRecord)]
    tool.asked.clear()
    named = {"services_section[1]/unique_id": only(tool)["services_section"][0]["unique_id"]}
    return FollowUp("task-1", found.handle, {**named, **values})


def test_a_field_that_was_added_to_the_forms_meanwhile_is_written(tool, connection):
    del tool.services["note_on_referral_from_provider"]
    told = follow_up(tool, connection, service_implemented="implemented", note_on_referral_from_provider="x")
    tool.services["note_on_referral_from_provider"] = "text_field"
    adapter.push(connection, [told])
    assert only(tool)["services_section"][0]["note_on_referral_from_provider"] == "x"


def test_what_the_forms_have_no_place_for_sends_for_them_once(tool, connection):
    del tool.services["note_on_referral_from_provider"]
    told = follow_up(tool, connection, service_implemented="implemented", note_on_referral_from_provider="x")
    for _ in range(3):
        adapter.push(connection, [told])
    assert forms_read(tool) == 1


def test_a_field_that_was_taken_from_the_forms_meanwhile_refuses_no_outcome(tool, connection):
    told = follow_up(tool, connection, service_implemented="implemented", note_on_referral_from_provider="x")
    del tool.services["note_on_referral_from_provider"]
    adapter.push(connection, [told])
    assert only(tool)["services_section"][0]["service_implemented"] == "implemented"


def test_what_is_refused_although_the_forms_are_as_they_were_is_told(tool, connection, monkeypatch):
    told = follow_up(tool, connection, service_implemented="implemented")
    monkeypatch.setattr(tool, "_refused", lambda data, path: failed(422, path, "Invalid", detail="another"))
    with pytest.raises(Fatal):
        adapter.push(connection, [told])


def untold(found):
    mapped = mapping.load(FORM).forward(found, Context("association", lambda name: name, date(2026, 11, 23)))
    return {name for name in ("consent:health", "consent:security", "need:x", "incident:x") if mapped.is_untold(name)}


@pytest.mark.parametrize(
    ("lost", "stands"),
    [
        ("services", {"need:x"}),
        ("consent_for_referrals", {"consent:health", "consent:security"}),
        ("gbv_referral_form", {"consent:health"}),  # what she said no to has been answered
        ("gbv_incident_form", {"incident:x"}),
        ("no_form_at_all", set()),
    ],
)
def test_what_a_lost_form_said_stands_and_an_answered_no_is_a_no(tool, connection, lost, stands):
    tool.lost = {lost}
    assert untold(record(connection)) == stands
