"""What the door to Primero promises, each in a sentence: facts of the tool that its documentation hides, and traps."""

import json
from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.primero import adapter, forms
from adapters.replay import Served
from hub import mapping, texts
from hub.errors import Fatal, Retriable
from hub.mapping import Context
from hub.ports import Connection, FollowUp, SourceRecord, Watermark, Withdrawn
from tests.support.primero import Primero, case, incident

FORM = "primero/gbvims-plus"
INSTANCE = "primero/gbvims-plus-instance"
CONTEXT = Context("association", lambda name: name.casefold().replace(" ", "-"), date(2026, 11, 23))
MARKS = ("Zineb El Fassi", "waits at the gate", "What happened stays")


@pytest.fixture
def tool():
    forms.forget()
    stand_in = Primero()
    stand_in.add(case(1), incidents=[incident(1)])
    return stand_in


@pytest.fixture
def connect(tool, tmp_path):
    with Served(tool).running() as served:

        def make(form=FORM, password="a-password", **asked):
            layout = mapping.load(form).layout()
            wanted = {"url": served.url, "user": "hub", **asked}
            return Connection("c", "association", "primero", form, wanted, tmp_path, layout, lambda _: password)

        yield make


def pulled(connection, since=None):
    return list(adapter.pull(connection, since))


def records(connection, since=None):
    return [one for one in pulled(connection, since) if isinstance(one, SourceRecord)]


def reached(connection):
    return [one for one in pulled(connection) if isinstance(one, Watermark)][-1]


def drafts(record, form=FORM):
    mapped = mapping.load(form).forward(record, CONTEXT)
    return {draft.local: draft.resource for draft in mapped.drafts}, [issue for issue in mapped.issues if issue.blocks]


def only(tool):
    (identity,) = tool.cases
    return identity


def row(tool):
    return tool.cases[only(tool)]["services_section"][0]


def told(tool, record, **values):
    named = {"services_section[1]/unique_id": row(tool)["unique_id"]}
    return FollowUp("task-1", record.handle, {**named, **values})


def patches(tool):
    return [(one.path, one.json()["data"]) for one in tool.asked if one.method == "PATCH"]


# --- reading ---------------------------------------------------------------------------------------------------------


def test_replays_are_idempotent(tool, connect):
    first, mark = records(connect()), reached(connect())
    assert pulled(connect(), mark) == []
    tool.touch(only(tool))  # a save that changes nothing
    (again,) = records(connect(), mark)
    assert (again.id, again.version) == (first[0].id, first[0].version)
    assert again.revision > first[0].revision


def test_asterisks_never_become_a_name(tool, connect):
    tool.edit(only(tool), hidden_name=True)
    (record,) = records(connect(INSTANCE))
    assert "name" not in record.content
    assert "name" not in drafts(record, INSTANCE)[0]["patient"]
    tool.edit(only(tool), hidden_name=False)
    (record,) = records(connect(INSTANCE))
    assert drafts(record, INSTANCE)[0]["patient"]["name"] == [{"text": "Zineb El Fassi 1"}]


def test_a_field_that_is_missing_because_of_the_role_is_not_erased(tool, connect):
    tool.hidden = {"age", "maritial_status"}
    (record,) = records(connect())
    assert record.silent and not {"age", "maritial_status"} & {*record.content, *record.cleared}


def test_a_field_that_was_emptied_is_erased(tool, connect):
    tool.edit(only(tool), maritial_status=None)
    (record,) = records(connect())
    assert "maritial_status" in record.cleared


def test_a_role_that_may_not_see_incidents_still_reads_cases(tool, connect):
    tool.hidden = {"incidents", "referrals"}
    (record,) = records(connect())
    assert "incidents" not in record.content and "incidents" not in record.cleared


@pytest.mark.parametrize("gone", [{"record_state": False}, {"enabled": False}, {"status": "duplicate"}])
def test_a_case_that_was_disabled_is_withdrawn(tool, connect, gone):
    mark = reached(connect())
    tool.edit(only(tool), **gone)
    (withdrawn, _) = pulled(connect(), mark)
    assert isinstance(withdrawn, Withdrawn) and withdrawn.id == only(tool)


def test_a_closed_case_is_finished_and_not_withdrawn(tool, connect):
    tool.edit(only(tool), status="closed")
    (record,) = records(connect())
    assert drafts(record)[0]["case"]["status"] == "finished"


def test_a_transfer_changes_the_owner(tool, connect):
    tool.edit(only(tool), owned_by_agency_id="agency-anouar")
    ours = connect(agency="agency-anouar")
    (before,) = records(ours)
    tool.edit(only(tool), owned_by="cw_other")
    (within,) = records(ours)
    assert within.version != before.version
    tool.edit(only(tool), owned_by="cw_far", owned_by_agency_id="agency-other")
    assert isinstance(pulled(ours)[0], Withdrawn)
    assert records(connect(agency="agency-other"))


def test_choices_with_the_number_of_an_instance_are_resolved(tool, connect):
    row(tool)["service_type"] = "health_medical_service_24680"
    tool.edit(only(tool), maritial_status="married_cohabitating_91727")
    found, issues = drafts(records(connect())[0])
    assert not issues
    assert found["patient"]["maritalStatus"]["coding"][0]["code"] == "M"


@pytest.mark.parametrize("spelt", ["health_medical_services", "health-medical-service", "health_medical_service"])
def test_plurals_and_hyphens_are_resolved(tool, connect, spelt):
    row(tool)["service_type"] = spelt
    tool.touch(only(tool))
    found, issues = drafts(records(connect())[0])
    (need,) = [one for local, one in found.items() if local.startswith("need:")]
    assert not issues and need["code"]["coding"][0]["code"] == "medical"


def test_a_survivor_code_that_ends_as_a_choice_does_is_left_as_it_is(tool, connect):
    tool.edit(only(tool), survivor_code_no="anw_0042")
    assert records(connect())[0].content["survivor_code_no"] == "anw_0042"


def test_an_unknown_choice_goes_to_quarantine_and_is_never_guessed(tool, connect):
    row(tool)["service_type"] = "something_else_entirely"
    tool.touch(only(tool))
    assert [issue.text for issue in drafts(records(connect())[0])[1]] == ["mapping.code-unknown"]


@pytest.mark.parametrize(
    ("answer", "shared"), [(True, True), ("true", True), (False, False), ("false", False), (None, False)]
)
def test_booleans_and_their_texts_are_both_accepted_and_no_answer_is_a_no(tool, connect, answer, shared):
    tool.edit(only(tool), consent_to_share_info_by_health=answer)
    found, issues = drafts(records(connect())[0])
    assert not issues and ("consent:health" in found) is shared


@pytest.mark.parametrize(
    ("answers", "refused"),
    [
        ({"health": "false"}, True),
        ({"health": False}, True),
        ({"health": None}, False),
        ({"health": "true"}, False),
        ({"health": None, "security": "false"}, False),
    ],
)
def test_a_no_for_a_sector_is_a_no_to_the_services_of_that_sector(tool, connect, answers, refused):
    tool.edit(only(tool), **{f"consent_to_share_info_by_{sector}": said for sector, said in answers.items()})
    found, issues = drafts(records(connect())[0])
    needs = [one for local, one in found.items() if local.startswith("need")]
    assert not issues and needs
    assert all(("refused-on" in str(one)) is refused for one in needs)


def test_consent_for_services_is_no_consent_to_share(tool, connect):
    tool.edit(only(tool), consent_for_services=True, consent_to_share_info_by_health="false")
    assert not [local for local in drafts(records(connect())[0])[0] if local.startswith("consent")]


def test_consent_to_reports_is_no_consent_to_share(tool, connect):
    tool.incidents[only(tool)][0]["consent_reporting"] = "true"
    tool.edit(only(tool), consent_to_share_info_by_health="false", consent_reporting="true")
    assert not [local for local in drafts(records(connect())[0])[0] if local.startswith("consent")]


@pytest.mark.parametrize("lacking", ["date_of_referral", "consent_to_share_health_organization"])
def test_consent_without_date_or_recipient_waits_for_a_person(tool, connect, lacking):
    tool.edit(only(tool), **{lacking: None})
    assert [issue.text for issue in drafts(records(connect())[0])[1]] == ["mapping.consent-incomplete"]


def test_an_agency_alone_is_a_plan_and_no_referral(tool, connect):
    row(tool)["service_status_referred"] = False
    tool.touch(only(tool))
    found, _ = drafts(records(connect())[0])
    assert not [one for one in found.values() if "performer" in one and one["resourceType"] == "ServiceRequest"]
    tool.refer(only(tool), row(tool)["unique_id"], remote=True, transitioned_to_agency="chu-ibn-zohr")
    found, _ = drafts(records(connect())[0])
    assert [one["performer"] for one in found.values() if one["resourceType"] == "ServiceRequest"]


def test_two_rows_of_the_same_service_are_two_needs(tool, connect):
    tool.cases[only(tool)]["services_section"].append(
        {**row(tool), "unique_id": "0b9d1d2e-8b1e-4f57-9a0a-222222222222"}
    )
    tool.touch(only(tool))
    assert len([local for local in drafts(records(connect())[0])[0] if local.startswith("need:")]) == 2


def test_narratives_names_and_notes_never_enter_a_record(tool, connect):
    assert not [mark for mark in MARKS if mark in json.dumps(dict(records(connect())[0].content))]


def test_a_change_that_was_being_saved_while_the_last_pull_read_is_read_by_the_next(tool, connect):
    mark = reached(connect())
    late = tool.add(case(2))
    written = tool.cases[only_first(tool)]["last_updated_at"]
    tool.cases[late]["last_updated_at"] = earlier(written, minutes=4)
    assert [one.id for one in records(connect(), mark)] == [late]


def only_first(tool):
    return next(iter(tool.cases))


def earlier(written, minutes):
    return (datetime.fromisoformat(written) - timedelta(minutes=minutes)).isoformat(timespec="milliseconds")


def test_a_page_of_cases_that_were_saved_at_the_same_moment_ends(tool, connect):
    for number in range(2, 8):
        tool.cases[tool.add(case(number))]["last_updated_at"] = tool.cases[only_first(tool)]["last_updated_at"]
    assert len(records(connect(page_size=2))) == 7


@pytest.mark.parametrize("auth", ["basic", "bearer", "session"])
def test_three_ways_to_sign_in(tool, connect, auth):
    connection = connect(auth=auth)
    (record,) = records(connection)
    adapter.push(connection, [told(tool, record, service_implemented="implemented")])
    assert row(tool)["service_implemented"] == "implemented"


def test_a_password_travels_in_no_url(tool, connect):
    records(connect(auth="session"))
    assert not [one for one in tool.asked if "a-password" in f"{one.path}{one.query}"]


def test_a_password_is_never_sent_in_the_clear(connect):
    with pytest.raises(Fatal) as refused:
        records(connect(url="http://primero.example.org"))
    assert refused.value.text == "adapters.primero-insecure"


def test_forms_are_read_once_a_day(tool, connect):
    row(tool)["service_response_day_time"] = "2026-03-12"
    tool.edit(only(tool), estimated="false", gbv_displacement_status="resident")  # nothing that is read is missing
    records(connect())
    records(connect())
    assert len([one for one in tool.asked if one.path == "/api/v2/forms"]) == 2  # of cases and of incidents


# --- writing ---------------------------------------------------------------------------------------------------------


def test_an_element_without_unique_id_would_be_appended_again_so_every_row_is_named(tool, connect):
    (record,) = records(connect())
    for _ in range(3):
        adapter.push(connect(), [told(tool, record, service_implemented="implemented")])
    assert len(tool.cases[only(tool)]["services_section"]) == 1
    assert all(one["unique_id"] for _, data in patches(tool) for one in data["services_section"])


def test_a_row_that_was_saved_without_an_id_is_one_need_before_and_after_the_write_back(tool, connect):
    del row(tool)["unique_id"]
    tool.touch(only(tool))
    (before,) = records(connect())
    (named,) = before.content["services_section"]
    values = {
        "services_section[1]/unique_id": named["services_section/unique_id"],
        "service_implemented": "implemented",
    }
    adapter.push(connect(), [FollowUp("task-1", before.handle, values)])
    (after,) = records(connect())
    assert after.version == before.version


def test_a_422_on_an_unknown_field_is_avoided_by_form_discovery(tool, connect):
    del tool.services["note_on_referral_from_provider"]
    (record,) = records(connect())
    adapter.push(connect(), [told(tool, record, service_implemented="implemented", note_on_referral_from_provider="x")])
    assert row(tool)["service_implemented"] == "implemented"
    assert "note_on_referral_from_provider" not in row(tool)
    assert [one.text for one in adapter.check(connect(agency="agency-anouar"))] == ["adapters.primero-not-placed"]


def test_a_choice_is_written_as_the_instance_spells_it(tool, connect):
    tool.implemented = ("implemented", "not-implemented")
    (record,) = records(connect())
    adapter.push(connect(), [told(tool, record, service_implemented="not_implemented")])
    assert row(tool)["service_implemented"] == "not-implemented"


def test_a_referral_that_passes_over_a_step_without_a_word_is_read_back(tool, connect):
    referral = tool.refer(only(tool), row(tool)["unique_id"])
    (record,) = records(connect())
    adapter.push(connect(), [told(tool, record, referral_status="done")])
    assert referral["status"] == "done"
    assert [data["status"] for path, data in patches(tool) if "referrals" in path] == ["accepted", "done"]


@pytest.mark.parametrize("newer", [True, False])
@pytest.mark.parametrize("given", ["implemented", "not_implemented"])
def test_a_referral_ends_on_newer_servers_and_on_older_ones(tool, connect, newer, given):
    tool.newer = newer
    referral = tool.refer(only(tool), row(tool)["unique_id"])
    (record,) = records(connect())
    adapter.push(connect(), [told(tool, record, referral_status="done", service_implemented=given)])
    assert (referral["status"], row(tool)["service_implemented"]) == ("done", given)


def ended(tool, connect, **values):
    """What a newer server was told with the end of a referral."""
    tool.newer = True
    referral = tool.refer(only(tool), row(tool)["unique_id"], status="accepted")
    (record,) = records(connect())
    adapter.push(connect(), [told(tool, record, referral_status="done", **values)])
    return referral["data"]


def test_a_newer_server_is_told_that_the_service_was_given(tool, connect):
    tool.implemented = ("implemented_12345", "not-implemented")
    said = ended(tool, connect, service_implemented="implemented")
    assert said == {"success_status": "successful", "service_implemented": "implemented_12345"}


def test_a_newer_server_is_told_why_it_was_not_as_the_instance_lists_it(tool, connect):
    tool.reasons = ("lack_of_capacity_00412", "other")
    values = {"service_implemented": "not_implemented", "reason_not_successful": "lack_of_capacity"}
    said = ended(tool, connect, **values)
    assert (said["success_status"], said["reason_not_successful"]) == ("not_successful", "lack_of_capacity_00412")


def test_a_reason_that_the_instance_does_not_list_is_another(tool, connect):
    values = {"service_implemented": "not_implemented", "reason_not_successful": "of_our_own"}
    assert ended(tool, connect, **values)["reason_not_successful"] == "other"


def test_an_end_that_the_server_refuses_in_all_words_is_told(tool, connect):
    with pytest.raises(Fatal) as refused:
        ended(tool, connect)  # a mapping that does not say whether the service was given
    assert refused.value.text == "adapters.primero-refused"


def test_what_the_tool_has_left_undone_is_tried_again(tool, connect, monkeypatch):
    tool.refer(only(tool), row(tool)["unique_id"])
    (record,) = records(connect())
    monkeypatch.setattr("tests.support.primero.STEPS", set())
    with pytest.raises(Retriable):
        adapter.push(connect(), [told(tool, record, referral_status="accepted")])


def test_in_progress_in_the_tool_moves_nothing_back(tool, connect):
    referral = tool.refer(only(tool), row(tool)["unique_id"], status="accepted")
    (record,) = records(connect())
    adapter.push(connect(), [told(tool, record, referral_status="in_progress")])
    assert referral["status"] == "accepted"
    assert "in_progress" not in str(record.content)


def test_of_a_remote_referral_the_row_alone_tells_the_outcome(tool, connect):
    tool.refer(only(tool), row(tool)["unique_id"], remote=True, user_can_accept_or_reject=False)
    (record,) = records(connect())
    adapter.push(connect(), [told(tool, record, referral_status="done", service_implemented="implemented")])
    assert [path.rpartition("/")[2] for path, _ in patches(tool)] == [only(tool)]


def test_consent_is_never_overridden(tool, connect):
    tool.refer(only(tool), row(tool)["unique_id"])
    (record,) = records(connect())
    adapter.push(connect(), [told(tool, record, referral_status="rejected", consent_overridden="true")])
    assert not [one for one in tool.asked if b"consent_overridden" in one.body]


def test_the_moment_of_a_service_is_told_only_of_one_that_was_given(tool, connect):
    (record,) = records(connect())
    told_at = {"service_implemented_day_time": "2026-03-13 10:00"}
    adapter.push(connect(), [told(tool, record, service_implemented="not_implemented", **told_at)])
    assert "service_implemented_day_time" not in row(tool)
    adapter.push(connect(), [told(tool, record, service_implemented="implemented", **told_at)])
    assert row(tool)["service_implemented_day_time"] == "2026-03-13 10:00"


# --- fuzz ------------------------------------------------------------------------------------------------------------

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=12)
    | st.just("Zineb El Fassi"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
PLACES = st.sampled_from(
    ["survivor_code_no", "sex", "age", "date_of_birth", "status", "services_section", "created_at", "date_of_referral",
     "consent_to_share_info_by_health", "consent_to_share_health_organization", "record_state", "owned_by_agency_id"]
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(PLACES, ANYTHING, max_size=4), ANYTHING, ANYTHING)
def test_no_answer_crashes_the_door_or_is_half_read_or_named_in_a_message(tool, connect, changed, incidents, referrals):
    identity = only(tool)
    tool.cases[identity] |= case(1) | {"status": "open", "record_state": True} | changed
    tool.incidents[identity] = [{"id": "i", "alleged_perpetrator": incidents, "gbv_sexual_violence_type": incidents}]
    tool.referrals[identity] = [{"id": "r", "service_record_id": referrals, "transitioned_to_agency": referrals}]
    form = mapping.load(FORM)
    for one in pulled(connect()):
        assert "Zineb" not in repr(one)
        if isinstance(one, SourceRecord):
            mapped = form.forward(one, CONTEXT)
            for issue in (*one.issues, *mapped.issues):
                assert not [x for x in texts.LANGUAGES if "Zineb" in texts.say(issue.text, x, **issue.params)]
