"""Referrals between organisations and Primero: sent to one that works with it, answered there, taken back; and cases handed on."""

import json
import uuid
from datetime import date

import pytest

from adapters.primero import adapter, forms
from adapters.primero.refer import row_of
from adapters.replay import Served
from hub import mapping
from hub.mapping import Context
from hub.ports import Connection, FollowUp, Place, SourceRecord, Withdrawn
from tests.support.primero import Primero, case

NUMBER = "1c1f6d0e-6a55-4d0e-9a57-0f6f1f6f2b11"
SAID = {
    "survivor_code_no": "7Q2M-XK4D",
    "sex": "female",
    "services_section/service_type": "health_medical_service",
    "services_section/service_response_timeframe": "3_days",
}


@pytest.fixture
def tool():
    forms.forget()
    return Primero()


@pytest.fixture
def connect(tool, tmp_path):
    with Served(tool).running() as served:

        def make(form="primero/referral", **asked):
            wanted = {"url": served.url, "user": "hub", "send": form == "primero/referral", **asked}
            layout = mapping.load(form).layout()
            return Connection("c", "association", "primero", form, wanted, tmp_path, layout, lambda _: tool.password)

        yield make


def send(connection, event="new", number=NUMBER, **values):
    adapter.refer(connection, [FollowUp("f", {"referral": number, "event": event}, {**SAID, **values})])


def row(tool):
    ((found,),) = [one["services_section"] for one in tool.cases.values()]
    return found


def agree(tool):
    """The association has asked her, and she wants its services."""
    tool.edit(NUMBER, consent_for_services=True)


def pulled(connection):
    return [one for one in adapter.pull(connection, None) if isinstance(one, SourceRecord | Withdrawn)]


# --- sent -------------------------------------------------------------------------------------------------------------


def test_a_connection_takes_referrals_only_where_it_says_so(connect):
    assert adapter.takes(connect()) and not adapter.takes(connect("primero/gbvims-plus"))


def test_a_referral_sent_twice_is_one_case_with_one_row(tool, connect):
    send(connect())
    send(connect())
    assert list(tool.cases) == [NUMBER]
    assert row(tool)["unique_id"] == row_of(NUMBER) and row(tool)["service_status_referred"] is True
    assert tool.cases[NUMBER]["survivor_code_no"] == SAID["survivor_code_no"]


def test_a_number_that_is_no_uuid_makes_one_that_stays(tool, connect):
    send(connect(), number="r-1")
    send(connect(), number="r-1")
    assert [uuid.UUID(one).version for one in tool.cases] == [5]


def test_choices_are_written_as_the_instance_spells_them_and_others_left_out(tool, connect):
    send(connect(), **{"sex": "unknown"})
    assert row(tool)["service_type"] == "health_medical_services"
    assert row(tool)["service_response_timeframe"] == "3_days"
    assert "sex" not in tool.cases[NUMBER]


def test_what_no_form_of_the_role_has_is_left_out_and_told_by_the_check(tool, connect):
    tool.lost = {"gbv_survivor_information"}
    send(connect())
    assert "sex" not in json.dumps(tool.cases)
    (issue,) = adapter.check(connect())
    assert (issue.text, issue.severity) == ("adapters.primero-not-sent", "warning")
    assert issue.params["fields"] == "survivor_code_no, sex, date_of_birth, age"


def test_half_a_date_is_never_made_a_whole_one(tool, connect):
    send(connect(), date_of_birth="1990")
    assert "date_of_birth" not in tool.cases[NUMBER]
    send(connect(), "changed", date_of_birth="1990-03-02")
    assert tool.cases[NUMBER]["date_of_birth"] == "1990-03-02"


@pytest.mark.parametrize(("said", "written"), [("24", 24), ("0", 0), ("~24", None), ("20-25", None), ("18+", None)])
def test_where_the_date_of_birth_is_half_a_date_her_age_is_sent_if_it_is_a_number(tool, connect, said, written):
    send(connect(), date_of_birth="2002", age=said)
    assert "date_of_birth" not in tool.cases[NUMBER]
    assert tool.cases[NUMBER].get("age") == written


def test_the_mapping_tells_the_age_that_she_told_beside_what_is_known_of_her_birth():
    form, known = mapping.load("primero/gbvims-plus"), mapping.load("primero/referral")
    content = {"survivor_code_no": "A-1", "created_at": "2026-03-12", "age": "24", "date_of_birth": "2002-01-01"}
    context = Context("association", lambda name: name, date(2026, 11, 23))
    mapped = form.forward(SourceRecord("case", "1", "1", content, Place(record="1")), context)
    (her,) = [one.resource for one in mapped.drafts if one.resource["resourceType"] == "Patient"]
    told = known.back({"patient": her}, context)
    assert (told["date_of_birth"], told["age"]) == ("2002", "24")


def test_a_case_that_somebody_works_with_is_not_written_over_by_sending_again(tool, connect):
    send(connect())
    tool.edit(NUMBER, sex="male")
    send(connect())
    assert tool.cases[NUMBER]["sex"] == "male"


def test_a_change_of_what_was_never_sent_makes_no_case(tool, connect):
    send(connect(), "changed")
    send(connect(), "cancelled")
    assert tool.cases == {} and tool.referrals == {}


# --- the tool's own referral ------------------------------------------------------------------------------------------


def test_consent_to_services_is_neither_ticked_nor_overridden_and_the_referral_follows_once_it_is_given(tool, connect):
    to = connect(refer_to="cw_salma", refer_role="role-gbv-service-provider")
    send(to)
    assert NUMBER in tool.cases and not tool.referrals
    assert not [one for one in tool.asked if b"consent" in one.body]
    agree(tool)
    send(to, "changed")
    send(to, "changed")
    (made,) = tool.referrals[NUMBER]
    assert (made["transitioned_to"], made["service_record_id"]) == ("cw_salma", row_of(NUMBER))
    assert (made["service"], made["authorized_role_unique_id"]) == (
        "health_medical_services",
        "role-gbv-service-provider",
    )


def test_an_account_that_may_not_refer_makes_the_case_all_the_same(tool, connect):
    tool.hidden = {"refer"}
    send(connect(refer_to="cw_salma"))
    assert NUMBER in tool.cases


@pytest.mark.parametrize("newer", [True, False])
def test_taken_back_it_is_revoked_and_no_other_is(tool, connect, newer):
    tool.newer = newer
    to = connect(refer_to="cw_salma")
    send(to)
    agree(tool)
    send(to, "changed")
    other = tool.refer(NUMBER, "another-row")
    adapter.refer(to, [FollowUp("f", {"referral": NUMBER, "event": "cancelled"}, {})])
    assert [one["status"] for one in tool.referrals[NUMBER]] == ["revoked", "in_progress"]
    assert other["status"] == "in_progress"
    assert row(tool)["service_status_referred"] is False


def test_what_was_answered_already_is_not_revoked(tool, connect):
    send(connect())
    done = tool.refer(NUMBER, row_of(NUMBER), status="done")
    send(connect(), "cancelled")
    assert done["status"] == "done"


# --- answered ---------------------------------------------------------------------------------------------------------


def test_what_was_sent_comes_back_as_an_answer_and_as_nothing_else(tool, connect):
    send(connect())
    tool.add(case(1))
    assert pulled(connect()) == []
    tool.refer(NUMBER, row_of(NUMBER), status="accepted")
    (record,) = pulled(connect())
    assert (record.kind, record.id, dict(record.handle)) == ("answer", NUMBER, {"referral": NUMBER})
    assert record.content == {"answer_status": "accepted"}


def test_a_case_that_the_hub_made_is_no_case_of_the_association(tool, connect):
    send(connect())
    own = tool.add(case(1))
    assert [one.id for one in pulled(connect("primero/gbvims-plus"))] == [own]


@pytest.mark.parametrize(
    ("status", "implemented", "told"),
    [
        ("in_progress", None, None),
        ("revoked", None, None),
        ("rejected", None, "rejected"),
        ("done", None, "done"),
        ("in_progress", "implemented", "implemented"),
        (None, "implemented", "implemented"),
        (None, "not_implemented", None),
    ],
)
def test_what_is_undecided_says_nothing_and_a_service_that_was_given_is_done(tool, connect, status, implemented, told):
    send(connect())
    if status:
        tool.refer(NUMBER, row_of(NUMBER), status=status)
    row(tool)["service_implemented"] = implemented
    assert [one.content["answer_status"] for one in pulled(connect())] == ([told] if told else [])


def test_on_a_newer_server_done_may_mean_that_the_service_was_not_given(tool, connect):
    send(connect())
    said = {"success_status": "not_successful", "reason_not_successful": "lack_of_capacity_00412"}
    tool.refer(NUMBER, row_of(NUMBER), status="done", data={**said, "service_implemented": "not_implemented"})
    (record,) = pulled(connect())
    assert record.content == {"answer_status": "not_successful", "answer_reason": "lack_of_capacity"}


# --- handed on --------------------------------------------------------------------------------------------------------


def transfer(to, status="accepted", at="2026-03-13T10:00:00Z"):
    agency = {"transitioned_by_user_agency": "agency-anouar", "transitioned_to_user_agency": to}
    return {"id": str(uuid.uuid4()), "type": "Transfer", "status": status, "created_at": at, **agency}


def test_a_transfer_takes_the_case_where_the_role_does_not_see_whose_it_is(tool, connect):
    identity = tool.add(case(1))
    ours = connect("primero/gbvims-plus", agency="agency-anouar")
    tool.transfers[identity] = [transfer("agency-other", "in_progress")]
    assert isinstance(pulled(ours)[0], SourceRecord)
    tool.transfers[identity] = [transfer("agency-other")]
    assert isinstance(pulled(ours)[0], Withdrawn)
    tool.transfers[identity].insert(0, transfer("agency-anouar", at="2026-03-14T10:00:00Z"))
    assert isinstance(pulled(ours)[0], SourceRecord)


def test_a_connection_that_does_not_say_its_agency_reads_a_case_that_was_handed_on_and_the_check_says_so(tool, connect):
    identity = tool.add(case(1))
    tool.transfers[identity] = [transfer("agency-other")]
    assert isinstance(pulled(connect("primero/gbvims-plus"))[0], SourceRecord)
    unset = "adapters.primero-agency-not-set"
    assert unset in [one.text for one in adapter.check(connect("primero/gbvims-plus"))]
    assert unset not in [one.text for one in adapter.check(connect("primero/gbvims-plus", agency="agency-anouar"))]
    assert unset not in [one.text for one in adapter.check(connect(send=True))], "it reads answers alone"


def test_an_account_that_may_not_see_transfers_reads_the_case(tool, connect):
    tool.hidden = {"transfers"}
    tool.add(case(1))
    assert isinstance(pulled(connect("primero/gbvims-plus", agency="agency-anouar"))[0], SourceRecord)


def test_a_transfer_is_no_referral(tool, connect):
    identity = tool.add(case(1))
    service = tool.cases[identity]["services_section"][0]
    service["service_status_referred"] = False
    tool.refer(identity, service["unique_id"], type="Transfer", transitioned_to_agency="chu-ibn-zohr")
    (record,) = pulled(connect("primero/gbvims-plus"))
    assert "services_section/referred_to" not in record.content["services_section"][0]
