"""How a referral is filed at another hub: what stands in it, and what is left alone there. With a real one: tests/scenarios."""

import pytest

from adapters import fhir
from adapters.replay import Answer, Served
from hub import mapping
from hub.errors import Fatal
from hub.fhir.canonicals import profile
from hub.ports import Connection, FollowUp, SourceRecord
from tests.support.fhir_partner import Partner

ABOUT = {
    "full_name": "Nadia Fictive", "phone": "+212600112233", "address": "7 rue Fictive", "note": "What she asks for",
    "safe_to_call": "false", "survivor_code": "A-1", "pseudonym": "ABCD-EFGH",
}  # fmt: skip
PSEUDONYM = "https://ihala.example/fhir/NamingSystem/pseudonym"


@pytest.fixture
def partner():
    with Served(Partner()).running() as served:
        served.stand_in.url = served.url
        yield served.stand_in


def connection(partner, **given):
    parties = {"owner": "Organization/chu", "requester": "Organization/amal"}
    asked = {"url": f"{partner.url}/fhir", "send": True, "hub": True, **parties, **given}
    layout = mapping.load("fhir/referral").layout()
    return Connection("c", "chu", "fhir", "fhir/referral", asked, None, layout, lambda _: "a-token")


def send(partner, event="new", until="2031-01-01T00:00:00Z", **values):
    handle = {"referral": "r-1", "event": event, **({"until": until} if until else {})}
    fhir.adapter.refer(connection(partner), [FollowUp("f", handle, values)])


def one(partner, type_):
    (found,) = partner.all(type_)
    return found


def opened(partner):
    (permit,) = one(partner, "Consent")["provision"]["provision"]
    return {coding["code"] for coding in permit["class"]}


def filed(partner, **values):
    """As it stands once the hub there has opened its Task."""
    send(partner, **values)
    partner.put({
        "resourceType": "Task", "id": "t", "status": "accepted", "intent": "order", "requester": {"reference": "Organization/amal"},
        "owner": {"reference": "Organization/chu"}, "for": {"reference": f"Patient/{one(partner, 'Patient')['id']}"},
        "focus": {"reference": f"ServiceRequest/{one(partner, 'ServiceRequest')['id']}"},
    })  # fmt: skip


def test_her_consent_there_opens_the_classes_of_what_is_sent_and_no_other(partner):
    filed(partner, asked_service="legal")
    assert opened(partner) == {"notice", "core", "needs-and-services"}
    send(partner, "changed", **ABOUT)
    more = {"identity", "safe-contact", "address", "incident-narrative"}
    assert opened(partner) == {"notice", "core", "needs-and-services", *more}


@pytest.mark.parametrize(("until", "end"), [("2031-01-01T00:00:00Z", "2031-01-01T00:00:00Z"), ("", None)])
def test_it_lasts_as_long_as_she_lets_it_be_known_here(partner, until, end):
    send(partner, until=until)
    assert one(partner, "Consent")["provision"]["period"].get("end") == end


def test_no_number_that_was_given_elsewhere_is_told(partner):
    filed(partner, **ABOUT)
    send(partner, "changed", **ABOUT)
    told = str(partner.store)
    assert PSEUDONYM not in told and "A-1" not in told
    assert [named["value"] for named in one(partner, "Patient")["identifier"]] == ["r-1"]


def test_a_number_that_is_not_to_be_called_says_so_there(partner):
    send(partner, **ABOUT)
    (phone,) = one(partner, "Patient")["telecom"]
    assert phone["extension"] == [{"url": profile("safe-to-call"), "valueBoolean": False}]


@pytest.mark.parametrize(("status", "waits"), [("draft", {"r-1"}), ("requested", set()), ("rejected", set())])
def test_what_the_hub_there_holds_back_is_said_to_wait(partner, status, waits):
    filed(partner, asked_service="legal")
    partner.change("Task/t", status=status)
    new = FollowUp("f", {"referral": "r-1", "event": "new"}, {})
    assert fhir.adapter.refer(connection(partner), [new]) == waits


def test_a_consent_that_was_ended_there_is_not_opened_again(partner):
    filed(partner)
    partner.change(f"Consent/{one(partner, 'Consent')['id']}", status="inactive")
    before = dict(partner.store)
    send(partner, "changed", **ABOUT)
    assert partner.store == before


def test_of_what_is_over_there_nothing_more_is_told(partner):
    filed(partner)
    partner.change("Task/t", status="completed")
    before = dict(partner.store)
    send(partner, "changed", **ABOUT)
    assert partner.store == before


def test_a_class_that_she_closes_here_is_closed_there_and_what_was_told_of_it_goes(partner):
    filed(partner, asked_service="legal")
    send(partner, "changed", asked_service="legal", **ABOUT)
    kept = {name: ABOUT[name] for name in ("address", "note")}
    send(partner, "changed", asked_service="legal", **kept)
    assert opened(partner) == {"notice", "core", "needs-and-services", "address", "incident-narrative"}
    her = one(partner, "Patient")
    assert "telecom" not in her and "name" not in her and her["address"] == [{"text": ABOUT["address"]}]
    assert [named["value"] for named in her["identifier"]] == ["r-1"] and her["gender"] == "unknown"
    send(partner, "changed", asked_service="legal")
    assert opened(partner) == {"notice", "core", "needs-and-services"}
    assert not {*ABOUT.values()} & {
        *map(str, _leaves([one(partner, type_) for type_ in ("Patient", "ServiceRequest")]))
    }


def _leaves(told):
    if isinstance(told, dict | list):
        for below in told.values() if isinstance(told, dict) else told:
            yield from _leaves(below)
    else:
        yield told


def test_what_is_told_again_as_it_was_changes_nothing_there(partner):
    filed(partner, asked_service="legal", **ABOUT)
    before = dict(partner.store)
    send(partner, "changed", asked_service="legal", **ABOUT)
    assert partner.store == before


@pytest.mark.parametrize(
    ("until", "end"),
    [("2030-06-01T00:00:00Z", "2030-06-01T00:00:00Z"), ("2032-01-01T00:00:00Z", "2031-01-01T00:00:00Z")],
)
def test_of_what_is_over_there_the_consent_is_narrowed_and_never_widened(partner, until, end):
    filed(partner, asked_service="legal")
    send(partner, "changed", asked_service="legal", full_name="Nadia Fictive", phone="+212600112233")
    partner.change("Task/t", status="completed")
    her = one(partner, "Patient")
    send(partner, "changed", until, asked_service="legal", full_name="Nadia Fictive", address="7 rue Fictive")
    assert opened(partner) == {"notice", "core", "needs-and-services", "identity"}
    assert one(partner, "Consent")["provision"]["period"]["end"] == end
    assert one(partner, "Patient") == her


def test_what_stands_in_the_record_by_now_is_told_and_not_what_the_notice_said_when_it_was_sent(partner):
    filed(partner, asked_province="MA-AGD")
    for told in (
        {"asked_province": "MA-AGD", "province": "MA-CAS"},
        {"province": "MA-CAS", "asked_province": "MA-AGD"},
    ):
        send(partner, "changed", **told)
        assert one(partner, "Patient")["address"] == [{"state": "MA-CAS"}]


def test_what_never_came_there_is_neither_changed_nor_taken_back(partner):
    send(partner, "changed", **ABOUT)
    send(partner, "cancelled")
    assert partner.store == {}


def test_what_is_taken_back_is_revoked_there_and_its_consent_ends(partner):
    filed(partner)
    for _ in range(2):
        send(partner, "cancelled", status="cancelled")
        assert one(partner, "ServiceRequest")["status"] == "revoked"
        assert one(partner, "Consent")["status"] == "inactive"


def test_what_was_filed_comes_back_as_an_answer_and_what_others_of_the_sender_filed_there_is_no_record(partner):
    filed(partner)
    partner.put({**one(partner, "Patient"), "id": "another", "identifier": []})
    partner.put({**partner.store["Task/t"], "id": "t2", "for": {"reference": "Patient/another"}})
    (answer,) = [record for record in fhir.adapter.pull(connection(partner), None) if isinstance(record, SourceRecord)]
    assert (answer.kind, answer.id, answer.handle["referral"]) == ("answer", "r-1", "r-1")


@pytest.mark.parametrize("lacking", [{"owner": ""}, {"requester": ""}, {"requester": "amal"}])
def test_another_hub_is_told_who_sends_and_to_whom(partner, lacking):
    with pytest.raises(Fatal, match="fhir-parties"):
        fhir.adapter.refer(connection(partner, **lacking), [])


@pytest.mark.parametrize(
    ("profiles", "hub", "said"),
    [
        ([profile("need"), profile("referral")], True, []),
        ([profile("need"), profile("referral")], False, ["adapters.fhir-is-a-hub"]),
        ([], True, ["adapters.fhir-is-no-hub"]),
        ([], False, []),
    ],
)
def test_the_check_says_where_a_partner_is_a_hub_and_is_not_called_one(partner, profiles, hub, said):
    request = {"type": "ServiceRequest", "supportedProfile": profiles}
    told = {
        "resourceType": "CapabilityStatement",
        "fhirVersion": "4.0.1",
        "rest": [{"mode": "server", "resource": [request]}],
    }
    partner.order(Answer(200, told))
    assert [issue.text for issue in fhir.adapter.check(connection(partner, hub=hub))] == said
