"""What FHIR servers do, and what the door does about it."""

import json
import random
from datetime import date
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey

from adapters import fhir
from adapters.fhir.paths import path
from adapters.fhir.push import revisions
from adapters.fhir.steps import steps
from adapters.replay import Answer, Served
from hub import mapping
from hub.errors import AdapterError, Fatal, Retriable
from hub.mapping import Context
from hub.ports import Connection, FollowUp, SourceRecord, Watermark, Withdrawn
from tests.support.budget import examples
from tests.support.fhir_partner import Partner, consent, outcome, referral

MARKS = ("Nadia", "Fictive", "600112233", "P-1")


@pytest.fixture
def partner():
    with Served(Partner()).running() as served:
        served.stand_in.url = served.url
        yield served.stand_in


@pytest.fixture
def sdoh():
    with Served(Partner(sdoh=True)).running() as served:
        served.stand_in.url = served.url
        yield served.stand_in


def connection(partner, secret="a-token", **given):
    layout = mapping.load("fhir/referral").layout()
    asked = {"url": f"{partner.url}/fhir", **given}
    return Connection("c", "partner", "fhir", "fhir/referral", asked, None, layout, lambda _: secret)


def pulled(partner, since=None, **given):
    found = list(fhir.adapter.pull(connection(partner, **given), since))
    marks = [one for one in found if isinstance(one, Watermark)]
    return [one for one in found if not isinstance(one, Watermark)], marks[-1] if marks else since


def tell(partner, **values):
    fhir.adapter.push(connection(partner), [FollowUp("f", {"task": "t1"}, values)])


# --- reading ---------------------------------------------------------------------------------------------------------


def test_next_links_are_followed_past_the_servers_own_page_limit(partner):
    for number in range(1, 121):
        referral(number, partner)
    records, _ = pulled(partner, page_size=1000)
    assert len({one.id for one in records}) == 120


def test_a_next_link_to_another_host_gets_no_credential(partner):
    referral(1, partner)
    link = [{"relation": "next", "url": "https://elsewhere.example/fhir?page=2"}]
    partner.order(Answer(200, {"resourceType": "Bundle", "type": "searchset", "link": link}))
    with pytest.raises(Fatal, match="fhir-other-host"):
        pulled(partner)


def test_the_same_page_for_ever_is_not_understood(partner):
    page = {"resourceType": "Bundle", "type": "searchset", "link": [{"relation": "next", "url": "/fhir/Task?x=1"}]}
    for _ in range(3):
        partner.order(Answer(200, page))
    with pytest.raises(Retriable, match="fhir-not-understood"):
        pulled(partner)


def test_a_deleted_task_is_withdrawn_once(partner):
    referral(1, partner)
    referral(2, partner)
    _, reached = pulled(partner)
    partner.delete("Task/t1")
    found, reached = pulled(partner, reached)
    assert found == [Withdrawn("referral", "t1")]
    assert pulled(partner, reached)[0] == []


def test_a_task_entered_in_error_is_withdrawn(partner):
    referral(1, partner)
    _, reached = pulled(partner)
    partner.change("Task/t1", status="entered-in-error")
    assert pulled(partner, reached)[0] == [Withdrawn("referral", "t1")]


def test_a_server_without_history_is_read_all_the_same_and_the_check_says_so():
    with Served(Partner(history=False)).running() as served:
        served.stand_in.url = served.url
        referral(1, served.stand_in)
        _, reached = pulled(served.stand_in)
        referral(2, served.stand_in)
        assert [one.id for one in pulled(served.stand_in, reached)[0]] == ["t2"]
        told = [issue.text for issue in fhir.adapter.check(connection(served.stand_in))]
        assert told == ["adapters.fhir-no-history"]


def test_what_the_server_shows_a_little_late_is_still_read(partner):
    referral(1, partner)
    referral(2, partner)
    _, reached = pulled(partner)
    late = partner.now
    referral(3, partner)
    partner.store["Task/t3"]["meta"]["lastUpdated"] = late.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert [one.id for one in pulled(partner, reached)[0]] == ["t3"]


@pytest.mark.parametrize(
    ("changed", "value"), [("Patient/p1", {"birthDate": "2002-04"}), ("ServiceRequest/s1", {"priority": "stat"})]
)
def test_what_changes_beside_a_task_is_read_once(partner, changed, value):
    referral(1, partner)
    referral(2, partner)
    (before, _), reached = pulled(partner)
    assert pulled(partner, reached)[0] == []
    partner.change(changed, **value)
    (after,), reached = pulled(partner, reached)
    assert after.id == before.id == "t1" and after.version != before.version
    assert pulled(partner, reached)[0] == []


def test_what_changes_long_after_the_last_task_is_still_read_and_asked_for_no_longer_than_needed(partner):
    referral(1, partner)
    _, reached = pulled(partner)
    for month in ("2002-04", "2002-05"):
        partner.tick(86_400)
        partner.change("Patient/p1", birthDate=month)
        (after,), reached = pulled(partner, reached)
        assert after.content["birth_date"] == month
    _, reached = pulled(partner, reached)
    partner.asked.clear()
    pulled(partner, reached)
    since = {one.query["_lastUpdated"][2:12] for one in partner.asked if "_lastUpdated" in one.query}
    assert since == {partner.now.isoformat()[:10]}


def test_of_a_change_beside_tasks_of_others_nothing_is_read(partner):
    referral(1, partner, owner={"reference": "Organization/another"})
    _, reached = pulled(partner, search="owner=Organization/example-association")
    referral(2, partner)
    _, reached = pulled(partner, reached, search="owner=Organization/example-association")
    partner.change("Patient/p1", birthDate="2002-04")
    partner.change("ServiceRequest/s2", priority="stat")
    found, _ = pulled(partner, reached, search="owner=Organization/example-association")
    assert [one.id for one in found] == ["t2"]


def test_where_patients_may_not_be_searched_tasks_are_read_all_the_same_and_the_check_says_so(partner):
    partner.closed = {"Patient"}
    referral(1, partner)
    _, reached = pulled(partner)
    partner.change("Patient/p1", birthDate="2002-04")
    assert pulled(partner, reached)[0] == []
    partner.change("Task/t1", priority="stat")
    ((after,), _) = pulled(partner, reached)
    assert after.content["birth_date"] == "2002-04"
    (said,) = fhir.adapter.check(connection(partner))
    assert (said.text, said.params) == ("adapters.fhir-unsearchable", {"types": "Patient"})


def test_a_patient_who_is_gone_makes_a_record_that_waits_and_stops_no_other(partner):
    referral(1, partner)
    referral(2, partner)
    partner.delete("Patient/p1")
    records, _ = pulled(partner)
    assert {one.id: [issue.text for issue in one.issues] for one in records} == {"t1": ["adapters.fhir-gone"], "t2": []}


def test_drafts_and_tasks_about_no_request_are_no_referrals(partner):
    referral(1, partner, status="draft")
    referral(2, partner, focus={"reference": "Questionnaire/q"})
    assert pulled(partner)[0] == []


def test_a_search_narrows_what_is_read(partner):
    referral(1, partner)
    referral(2, partner, owner={"reference": "Organization/77"})
    assert [one.id for one in pulled(partner, search="owner=Organization/77")[0]] == ["t2"]


def test_a_notice_is_read_by_what_it_says_of_itself(partner):
    kind = {"type": {"coding": [{"code": "service-type"}]}, "valueCodeableConcept": {"coding": [{"code": "legal"}]}}
    referral(1, partner, input=[kind])
    partner.delete("Patient/p1")
    partner.delete("ServiceRequest/s1")
    ((record,), _) = pulled(partner)
    assert (record.issues, record.content["service"], record.content["survivor_code"]) == ((), "legal", "p1")
    assert "full_name" not in record.content


# --- consent ---------------------------------------------------------------------------------------------------------

OWNER = [{"reference": {"reference": "Organization/example-association"}}]
PERMIT = {"type": "permit", "actor": OWNER}


@pytest.mark.parametrize(
    ("said", "opens"),
    [
        ({}, True),
        ({"status": "inactive"}, False),
        ({"patient": {"reference": "Patient/somebody-else"}}, False),
        ({"provision": {"type": "permit"}}, False),
        ({"provision": {"type": "deny", "provision": [{**PERMIT, "actor": [{"reference": {"reference": "Organization/x"}}]}]}}, False),
        ({"provision": {"type": "deny", "provision": [PERMIT, {"type": "deny", "actor": OWNER}]}}, False),
        ({"provision": {"type": "deny", "provision": [{**PERMIT, "class": [{"code": "Task"}]}]}}, False),
        ({"provision": {"type": "deny", "provision": [{**PERMIT, "period": {"end": "2020-01-01"}}]}}, False),
        ({"provision": {"type": "deny", "period": {"end": "2020-01-01"}, "provision": [PERMIT]}}, False),
    ],
    ids=["yes", "inactive", "of-another", "nobody-named", "another-actor", "an-exception", "narrower", "over", "over-in-all"],
)  # fmt: skip
def test_a_partners_consent_is_a_yes_only_where_it_says_all_that_ours_would(partner, said, opens):
    referral(1, partner)
    consent(1, partner, **said)
    ((record,), _) = pulled(partner)
    assert (record.content.get("consent") == "active") is opens


# --- writing back ----------------------------------------------------------------------------------------------------


def test_received_is_never_told_to_a_partner_that_does_not_know_it(sdoh):
    referral(1, sdoh)
    words = json.loads((mapping_folder() / "status.json").read_text("utf-8"))["group"][0]["element"]
    assert {one["code"] for one in words} & {"received", "ready"} == set()
    tell(sdoh, status="requested")
    assert sdoh.written == []


def mapping_folder():
    return files("mappings").joinpath("fhir/referral")


@pytest.mark.parametrize("status", ["in-progress", "on-hold", "completed", "failed"])
def test_whoever_has_begun_has_accepted_and_the_partner_is_told_both(sdoh, status):
    referral(1, sdoh)
    tell(sdoh, status=status, outcome="Service provided")
    assert [said for _, said in sdoh.written] == ["accepted", status]


def test_a_status_that_would_go_back_changes_nothing(sdoh):
    referral(1, sdoh, status="in-progress")
    tell(sdoh, status="requested")
    tell(sdoh, status="accepted")
    assert sdoh.written == []


def test_a_completion_brings_its_outcome_in_the_output_that_the_profile_asks_for(sdoh):
    referral(1, sdoh, status="accepted")
    tell(sdoh, status="completed", outcome="Service provided")
    (told,) = sdoh.store["Task/t1"]["output"]
    assert told["type"]["coding"][0]["code"] == "resulting-activity"
    assert told["valueCodeableConcept"] == {"text": "Service provided"}


def test_a_task_that_somebody_has_changed_meanwhile_is_read_again(partner):
    referral(1, partner)
    partner.order(outcome(412, "conflict"), after=1)
    tell(partner, status="accepted")
    assert partner.store["Task/t1"]["status"] == "accepted"


def test_a_task_that_is_always_changed_meanwhile_is_tried_later(partner):
    referral(1, partner)
    for _ in range(4):
        partner.order(outcome(412, "conflict"), after=1)
    with pytest.raises(Retriable, match="fhir-changed-meanwhile"):
        tell(partner, status="accepted")


def test_a_task_that_is_gone_is_told_nothing(partner):
    referral(1, partner)
    partner.delete("Task/t1")
    tell(partner, status="accepted")
    assert partner.written == []


def test_of_an_operation_outcome_the_code_is_told_and_never_its_words(partner):
    referral(1, partner)
    partner.order(outcome(422, "business-rule", "Nadia Fictive cannot be accepted"), after=1)
    with pytest.raises(Fatal) as refused:
        tell(partner, status="accepted")
    assert refused.value.params == {"status": "422", "code": "business-rule"}
    partner.order(outcome(422, "Nadia Fictive", ""))
    with pytest.raises(Fatal) as refused:
        pulled(partner)
    assert refused.value.params == {"status": "422", "code": "-"}


# --- sending ---------------------------------------------------------------------------------------------------------


def send(partner, event="new", number="r-1", **values):
    to = connection(partner, send=True, owner="Organization/partner")
    fhir.adapter.refer(to, [FollowUp("f", {"referral": number, "event": event}, values)])


def test_a_referral_sent_twice_is_there_once(partner):
    send(partner, urgency="urgent")
    send(partner, urgency="urgent")
    assert [len(partner.all(type_)) for type_ in ("Patient", "ServiceRequest", "Task")] == [1, 1, 1]
    (task,) = partner.all("Task")
    assert task["priority"] == "urgent"
    assert task["focus"]["reference"] == f"ServiceRequest/{partner.all('ServiceRequest')[0]['id']}"


def test_a_transaction_that_is_refused_leaves_nothing_behind(sdoh):
    sdoh.order(outcome(422, "invalid"))
    with pytest.raises(Fatal):
        send(sdoh)
    assert sdoh.store == {}


def test_what_may_be_known_after_acceptance_is_added_and_the_mask_taken_off(partner):
    send(partner)
    partner.change(f"Task/{partner.all('Task')[0]['id']}", status="accepted")
    send(partner, "changed", full_name="Nadia Fictive", service="legal", survivor_code="A-1")
    ((patient,), (need,)) = partner.all("Patient"), partner.all("ServiceRequest")
    assert patient["name"] == [{"text": "Nadia Fictive"}]
    assert "security" not in patient["meta"]
    assert need["code"]["coding"][0]["code"] == "legal"
    assert partner.all("Task")[0]["status"] == "accepted"
    assert "A-1" not in str(partner.store)


def test_that_it_was_taken_back_is_told_only_where_it_was_sent(partner):
    send(partner, "cancelled")
    assert partner.store == {}
    send(partner)
    send(partner, "cancelled")
    assert partner.all("Task")[0]["status"] == "cancelled"
    assert partner.all("ServiceRequest")[0]["status"] == "revoked"


def test_what_was_sent_comes_back_as_an_answer_and_as_nothing_else(partner):
    send(partner)
    ((record,), _) = pulled(partner, send=True)
    assert (record.kind, record.id, record.handle["referral"]) == ("answer", "r-1", "r-1")
    assert set(record.content) == {"answer_status"}


# --- signing in ------------------------------------------------------------------------------------------------------


def test_a_key_signs_a_new_assertion_for_each_token(partner):
    key = ECKey.generate_key("P-384", {"kid": "k-1"})
    url = f"{partner.url}/token"
    referral(1, partner)
    given_ = {"auth": "smart", "client_id": "hub", "token_url": url, "scope": "system/Task.rus"}
    to = connection(partner, json.dumps(key.as_dict(private=True)), **given_)
    seen = set()
    for _ in range(2):
        assert [one.id for one in fhir.adapter.pull(to, None) if isinstance(one, SourceRecord)] == ["t1"]
        token = jwt.decode(partner.tokens["client_assertion"], key, algorithms=["ES384"])
        assert (token.header["kid"], token.claims["iss"], token.claims["aud"]) == ("k-1", "hub", url)
        seen.add(token.claims["jti"])
    assert len(seen) == 2
    assert partner.tokens["scope"] == "system/Task.rus"


def test_a_key_that_is_none_is_for_a_person_and_is_not_shown(partner):
    to = connection(partner, "no key at all", auth="smart", client_id="hub", token_url=f"{partner.url}/token")
    with pytest.raises(Fatal, match="fhir-key") as refused:
        list(fhir.adapter.pull(to, None))
    assert "no key" not in f"{refused.value!r}{refused.value.__cause__!r}"


def test_name_and_password_are_another_way(partner):
    referral(1, partner)
    assert len(pulled(partner, auth="basic", user="hub")[0]) == 1


@pytest.mark.parametrize(
    "given_",
    [{"url": "http://partner.example/fhir"}, {"url": "ftp://x"}, {"url": ""}, {"auth": "smart"}, {"auth": "none"}, {"page_size": 0}, {"page_size": True}],
)  # fmt: skip
def test_settings_that_cannot_work_or_would_show_a_secret_are_refused(partner, given_):
    with pytest.raises(Fatal):
        list(fhir.adapter.pull(connection(partner, **given_), None))


# --- whatever comes over the wire ------------------------------------------------------------------------------------

EXAMPLES = examples(60, 1500)
JUNK = [
    None,
    0,
    True,
    "",
    "Nadia Fictive",
    [],
    [None],
    {},
    {"reference": 3},
    "\ud83d",
    [{"reference": []}],
    {"coding": "x"},
]


def mutated(value, chance):
    """The same, with something in it exchanged."""
    if chance.random() < 0.06 or not isinstance(value, (dict, list)):
        return chance.choice(JUNK) if chance.random() < 0.2 else value
    if isinstance(value, list):
        return [mutated(one, chance) for one in value]
    return {name: mutated(one, chance) for name, one in value.items() if chance.random() > 0.02}


def no_name_in(*texts):
    return not any(mark in str(text) for mark in MARKS for text in texts)


@pytest.mark.parametrize("seed", range(6))
def test_a_recording_with_elements_exchanged_is_read_whole_or_not_at_all(partner, seed):
    chance = random.Random(seed)
    form = mapping.load("fhir/referral")
    for number in (1, 2, 3):
        referral(number, partner)
        consent(number, partner)
    right = dict(partner.store)
    for _ in range(EXAMPLES // 6):
        partner.store = {key: mutated(one, chance) for key, one in right.items()}
        for key, one in partner.store.items():
            kept = {name: right[key][name] for name in ("meta", "id", "resourceType")}
            partner.store[key] = {**one, **kept} if isinstance(one, dict) else right[key]
        try:
            records, _ = pulled(partner)
        except AdapterError as problem:
            assert no_name_in(problem, problem.params)
            continue
        for record in records:
            if isinstance(record, SourceRecord):
                assert no_name_in(record, record.issues, record.handle, record.version)
                mapped = form.forward(record, context())
                assert no_name_in(*[f"{issue.text} {issue.params}" for issue in mapped.issues])


def context():
    return Context("partner", str, date(2026, 11, 23))


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.text(max_size=8), lambda one: st.lists(one, max_size=3) | st.dictionaries(st.sampled_from(["status", "output", "type", "coding", "code", "statusReason", "text"]), one, max_size=4), max_leaves=12))  # fmt: skip
def test_any_task_is_changed_or_left(value):
    task = {"resourceType": "Task", "id": "x", "status": "requested", **(value if isinstance(value, dict) else {})}
    way = path("Task.output[resulting-activity].valueCodeableConcept.text")
    try:
        revisions(task, {path("Task.status"): "accepted", way: "done", path("Task.statusReason.text"): "why"})
    except AdapterError as problem:
        assert problem.text == "adapters.fhir-shape"


@given(st.text(), st.text())
def test_a_status_that_nobody_knows_moves_nothing(before, after):
    assert steps(before, "accepted") in ((), ("accepted",))
    assert steps("requested", after) in ((), (after,), ("accepted", after))
