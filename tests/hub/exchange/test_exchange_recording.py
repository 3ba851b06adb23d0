"""Who records a consent, what must be known of it, and how one takes the place of another."""

import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from hub import errors
from hub.conformance import validate
from hub.consent.recording import shortcomings
from hub.errors import HubError
from hub.exchange import Invalid, change
from hub.exchange.consents import kept
from hub.exchange.person import Person
from hub.exchange.receipt import Receipt
from hub.exchange.receive import receive
from hub.exchange.simulate import simulate
from hub.fhir import Resource
from hub.fhir.canonicals import code_system, profile
from hub.fhir.instants import span
from hub.fhir.references import reference
from hub.fhir.serial import loads
from hub.mapping import Context
from hub.ports import Changes
from tests.support.association import ASSOCIATION, COURT, HOSPITAL, Scene, association, hospital
from tests.support.consents import asked, permit, provision

CLASSES = ["core", "needs-and-services"]


def agreement(at: Scene, root: Resource | None = None, **more: Any) -> Resource:
    """A consent of the woman of the register, as the association would send it. An element that is None is left out."""
    rest = {key: value for key, value in at.one("Consent").items() if key not in {"id", "meta"}}
    said = {**asked(rest), "provision": root or provision(exceptions=[permit(HOSPITAL, CLASSES)]), **more}
    return {key: value for key, value in said.items() if value is not None}


def agreement_of(at: Scene, day: str) -> Resource:
    """Of a woman of whom no consent is kept yet."""
    root = provision(exceptions=[permit(HOSPITAL, CLASSES)])
    return by_mother(at, at.one("Patient")["id"], root) | {
        "dateTime": day,
        "performer": [{"reference": reference(at.one("Patient"))}],
    }


def record(at: Scene, consent: Resource) -> Resource:
    return dict(loads(change.create(consent, association(), hub=at.hub).text))


def missing(at: Scene, consent: Resource) -> set[str]:
    with pytest.raises(Invalid) as refused:
        record(at, consent)
    return {issue.text for issue in refused.value.issues}


def replacing(old: Resource | str) -> list[Resource]:
    literal = old if isinstance(old, str) else reference(old)
    return [{"url": profile("supersedes"), "valueReference": {"reference": literal}}]


# --- who and by what -------------------------------------------------------------------------------------------------


def test_a_consent_that_opens_anything_says_who_gave_it_and_by_what_that_is_known(at: Scene) -> None:
    at.receive(at.row())
    before = at.everything()
    assert missing(at, agreement(at, performer=None)) == {"consent.record-performer"}
    assert missing(at, agreement(at, verification=None)) == {"consent.record-evidence"}
    assert missing(at, agreement(at, verification=[{"verified": False, "verificationDate": "2026-05-01"}])) == {
        "consent.record-evidence"
    }
    assert missing(at, agreement(at, verification=[{"verified": True}])) == {"consent.record-evidence"}
    assert at.everything() == before
    record(at, agreement(at))


def test_to_refuse_and_to_withdraw_needs_neither(at: Scene) -> None:
    at.accepted()
    refusal = provision(exceptions=[provision("deny", to=[HOSPITAL], classes=["core"])])
    record(at, agreement(at, refusal, performer=None, verification=None))
    assert f"{HOSPITAL}|COC|core" not in at.keys(at.one("Patient"))
    imported = next(one for one in at.all("Consent") if "verification" not in one and "performer" in one)
    change.update(
        "Consent", imported["id"], {**imported, "status": "inactive"}, association(), expected=None, hub=at.hub
    )
    assert at.keys(at.one("Patient")) == frozenset()


def test_less_of_the_same_word_needs_no_new_evidence_and_more_does(at: Scene) -> None:
    at.accepted()
    imported = at.one("Consent")
    less, more = (dict(imported["provision"]) for _ in range(2))
    [said] = imported["provision"]["provision"]
    less["provision"] = [{**said, "class": said["class"][:2]}]
    more["provision"] = [{**said, "class": [*said["class"], {**said["class"][0], "code": "identity"}]}]

    def change_to(root: Resource, **also: Any) -> None:
        body = {**at.one("Consent"), "provision": root, **also}
        change.update("Consent", imported["id"], body, association(), expected=None, hub=at.hub)

    with pytest.raises(Invalid):
        change_to(more)
    with pytest.raises(Invalid):  # who said it, or when, is another word
        change_to(less, dateTime="2026-05-02")
    change_to(less)
    with pytest.raises(Invalid):
        change_to(imported["provision"])
    change_to(more, verification=asked(imported)["verification"])


def test_nobody_records_a_consent_that_authorises_itself(at: Scene) -> None:
    at.receive(at.row())
    mine = provision(exceptions=[permit(ASSOCIATION, CLASSES)])
    above = provision("deny", to=[ASSOCIATION], exceptions=[permit(HOSPITAL, CLASSES)])
    imported = at.one("Consent")
    for act in (
        lambda: record(at, agreement(at, mine)),
        lambda: record(at, agreement(at, provision(exceptions=[above]), meta={"profile": [profile("consent")]})),
        lambda: change.update(
            "Consent", imported["id"], asked({**imported, "provision": mine}), association(), expected=None, hub=at.hub
        ),
    ):
        with pytest.raises(HubError) as refused:
            act()
        assert refused.value.problem is errors.SELF_AUTHORISED, getattr(refused.value, "issues", "")
    assert at.all("Consent") == [imported]


def test_a_recipient_changes_no_consent_that_opens_its_view(at: Scene) -> None:
    at.accepted()
    kept = at.one("Consent")
    for act in (
        lambda: change.create(agreement(at), hospital(), hub=at.hub),
        lambda: change.update("Consent", kept["id"], kept, hospital(), expected=None, hub=at.hub),
    ):
        with pytest.raises(HubError) as refused:
            act()
        assert refused.value.problem in {errors.UNKNOWN_REFERENCE, errors.NOT_FOUND}


# --- supersession ----------------------------------------------------------------------------------------------------


def test_a_newer_consent_ends_nothing_by_being_newer(at: Scene) -> None:
    at.accepted()
    old = at.one("Consent")
    record(at, agreement(at, provision(exceptions=[permit(COURT, ["core"])]), dateTime="2026-06-01"))
    assert {one["status"] for one in at.all("Consent")} == {"active"}
    assert f"{HOSPITAL}|COC|safe-contact" in at.keys(at.one("Patient"))
    assert reference(old) in {reference(one) for one in at.all("Consent")}


def test_a_consent_takes_the_place_of_another_in_one_act_that_is_told(at: Scene) -> None:
    at.accepted()
    old = at.one("Consent")
    new = record(at, agreement(at, extension=replacing(old)))
    assert {one["id"]: one["status"] for one in at.all("Consent")} == {old["id"]: "inactive", new["id"]: "active"}
    assert f"{HOSPITAL}|COC|core" in at.keys(at.one("Patient"))
    assert f"{HOSPITAL}|COC|safe-contact" not in at.keys(at.one("Patient"))
    [told] = [one for one in at.all("Provenance") if one["meta"]["profile"] == [profile("consent-replacement")]]
    assert [one["reference"] for one in told["target"]] == [reference(new)]
    assert told["entity"] == [{"role": "revision", "what": {"reference": reference(old)}}]
    assert validate(told) == ()
    [event] = at.audit("consent.supersede")
    assert event["entity"][0]["what"]["reference"] == reference(old)
    assert len(at.audit("consent.create")) == 1


def test_what_cannot_be_superseded_leaves_everything_as_it_was(at: Scene) -> None:
    at.accepted()
    old = at.one("Consent")
    before = at.everything()
    for wrong, problem in (
        (replacing("Consent/nobody"), errors.UNKNOWN_REFERENCE),
        (replacing(old), errors.ILLEGAL_REPLACEMENT),
    ):
        status = {"status": "draft"} if problem is errors.ILLEGAL_REPLACEMENT else {}
        with pytest.raises(HubError) as refused:
            record(at, agreement(at, extension=wrong, **status))
        assert refused.value.problem is problem
    assert at.everything() == before
    at.withdraw()
    with pytest.raises(HubError) as refused:
        record(at, agreement(at, status="active", extension=replacing(old)))
    assert refused.value.problem is errors.ILLEGAL_REPLACEMENT


def test_another_womans_consent_is_not_superseded(at: Scene) -> None:
    at.receive(at.row())
    mine = at.one("Consent")
    body = agreement(at)
    at.receive(
        at.row(
            "2",
            survivor_code="YAS-0777",
            case_number="777",
            phone="0622222222",
            cin="AB123777",
            full_name="Autre Exemple",
        )
    )
    theirs = next(one for one in at.all("Consent") if one["id"] != mine["id"])
    with pytest.raises(HubError) as refused:
        record(at, {**body, "extension": replacing(theirs)})
    assert refused.value.problem is errors.UNKNOWN_REFERENCE


def test_what_a_consent_superseded_is_said_once(at: Scene) -> None:
    at.accepted()
    old = at.one("Consent")
    new = record(at, agreement(at))
    with pytest.raises(HubError) as refused:
        change.update(
            "Consent", new["id"], {**new, "extension": replacing(old)}, association(), expected=None, hub=at.hub
        )
    assert refused.value.problem is errors.IMMUTABLE
    assert next(one for one in at.all("Consent") if one["id"] == old["id"])["status"] == "active"


def test_a_replacement_is_simulated_as_it_would_be(at: Scene) -> None:
    at.accepted()
    found = simulate(sign=[agreement(at, extension=replacing(at.one("Consent")), verification=None)], hub=at.hub)
    closed = {
        one.data_class for one in found.lines if one.recipient == HOSPITAL and one.now.is_open and not one.then.is_open
    }
    assert closed == {"safe-contact", "incident-summary"}


# --- what a tool says against it -------------------------------------------------------------------------------------


def texts(receipt: Receipt) -> list[str]:
    return [issue.text for _, issue in receipt.warnings if issue.text.startswith(("receive.", "consent."))]


def test_an_edit_in_the_register_does_not_open_again_what_was_withdrawn_at_the_hub(at: Scene) -> None:
    at.receive(at.row())
    at.withdraw()
    for remark in ("elle a déménagé", "elle a appelé"):
        receipt = at.receive(at.row(remarks=remark))
        assert texts(receipt) == ["receive.consent-conflict"]
        assert at.one("Consent")["status"] == "inactive"
        assert at.keys(at.one("Patient")) == frozenset()
    assert texts(at.receive(at.row(remarks="elle a appelé"))) == []  # unchanged: nothing new to be told


def test_a_later_date_in_the_register_is_a_new_word(at: Scene) -> None:
    at.receive(at.row())
    at.withdraw()
    at.clock.forward(timedelta(days=70 * 365))  # the day of a change is the database's
    assert texts(at.receive(at.row(consent_date="01/05/2096"))) == []
    assert at.one("Consent")["status"] == "active"


def test_what_was_narrowed_at_the_hub_stays_narrow_and_the_register_may_narrow_it_further(at: Scene) -> None:
    at.receive(at.row())
    said = at.one("Consent")
    steps = [{"op": "remove", "path": "/provision/provision/0/class/2"}]  # safe-contact
    change.patch("Consent", said["id"], steps, association(), expected=None, hub=at.hub)
    narrowed = at.one("Consent")
    assert texts(at.receive(at.row(phone="0699999999"))) == ["receive.consent-conflict"]
    assert at.one("Consent")["provision"] == narrowed["provision"]
    assert at.one("Patient")["telecom"][0]["value"] == "+212699999999", "all else of the row is taken"
    at.receive(at.row(consent="non", consent_date=None))
    assert at.one("Consent")["status"] == "inactive"


def test_a_consent_superseded_at_the_hub_is_not_revived_by_the_register(at: Scene) -> None:
    at.receive(at.row())
    old = at.one("Consent")
    record(at, agreement(at, extension=replacing(old)))
    assert texts(at.receive(at.row(remarks="autre"))) == ["receive.consent-conflict"]
    assert next(one for one in at.all("Consent") if one["id"] == old["id"])["status"] == "inactive"


def elsewhere(at: Scene, unsaid: tuple[str, ...] = (), **cells: str | None) -> Receipt:
    """The same woman in another source of her association: on the third of May she is asked about the hospital again."""
    paper = dataclasses.replace(at.connection, id="paper")
    row = at.row("9", **{"visit_date": "03/05/2026", "consent_date": None, **cells})
    return receive([dataclasses.replace(row, unsaid=unsaid)], paper, at.form, hub=at.hub)


def sent(at: Scene) -> list[str]:
    return sorted(one["status"] for one in at.all("Task"))


def test_a_no_in_one_source_is_not_sent_under_a_yes_that_another_has_from_before(at: Scene) -> None:
    at.receive(at.row())
    assert texts(elsewhere(at, consent="non")) == ["receive.consent-refused"]
    assert sent(at) == ["draft", "requested"], "what she agreed to stands, and nothing goes out of what she did not"
    assert at.one("Consent")["status"] == "active"
    assert texts(elsewhere(at, consent="non", remarks="Elle a rappelé.")) == ["receive.consent-refused"]
    assert sent(at) == ["draft", "requested"]


def test_nor_is_it_where_that_yes_is_read_afterwards(at: Scene) -> None:
    elsewhere(at, consent="non")
    assert texts(at.receive(at.row())) == ["receive.consent-contradicted"]
    assert sent(at) == ["draft", "requested"]
    assert texts(at.receive(at.row(remarks="Elle a rappelé."))) == ["receive.consent-contradicted"]
    assert sent(at) == ["draft", "requested"]


def test_the_no_bears_the_day_on_which_the_record_says_that_she_was_asked(at: Scene) -> None:
    elsewhere(at, consent="non", consent_date="06/05/2026")
    assert texts(at.receive(at.row(consent_date="05/05/2026"))) == ["receive.consent-contradicted"]
    assert sent(at) == ["draft", "requested"], "a day after the need, and a day before the no"


def test_of_two_words_of_one_day_the_more_restrictive_stands(at: Scene) -> None:
    at.receive(at.row(consent_date="03/05/2026"))
    elsewhere(at, consent="non")
    assert sent(at) == ["draft", "requested"]


def test_on_one_day_a_consent_with_evidence_stands_against_what_a_tool_says(at: Scene) -> None:
    at.receive(at.row())
    elsewhere(at, consent="non")
    signed = agreement(at)
    record(at, signed | {"dateTime": "2026-05-02"})
    assert sent(at) == ["draft", "requested"]
    record(at, signed | {"dateTime": "2026-05-03"})
    assert sent(at) == ["requested", "requested"]


def test_a_yes_from_a_later_day_sends_what_was_refused_before(at: Scene) -> None:
    at.receive(at.row(consent_date="04/05/2026"))
    assert texts(elsewhere(at, consent="non")) == []
    assert sent(at) == ["requested", "requested"]


def test_nor_does_it_matter_that_the_no_was_read_first(at: Scene) -> None:
    elsewhere(at, consent="non")
    assert texts(at.receive(at.row(consent_date="04/05/2026"))) == []
    assert sent(at) == ["requested", "requested"]


def test_a_later_yes_to_somebody_else_does_not_send_it(at: Scene) -> None:
    at.receive(at.row())
    elsewhere(at, consent="non")
    record(at, agreement(at, provision(exceptions=[permit(COURT, CLASSES)]), dateTime="2026-05-09"))
    assert sent(at) == ["draft", "requested"]


def test_a_later_yes_to_what_she_refuses_them_besides_does_not_send_it(at: Scene) -> None:
    at.receive(at.row())
    elsewhere(at, consent="non")
    never = agreement(at, provision(exceptions=[provision("deny", to=[HOSPITAL], classes=["core"])]))
    later = agreement(at, provision(exceptions=[permit(HOSPITAL, ["core"])]), dateTime="2026-05-09")
    record(at, never)
    record(at, later)
    assert sent(at) == ["draft", "requested"], "what is left of the later word opens nothing"


def test_the_list_of_consents_names_the_one_that_another_record_contradicts_until_she_was_asked(at: Scene) -> None:
    at.receive(at.row())
    elsewhere(at, consent="non")
    assert [one.remark for one in kept(ASSOCIATION, hub=at.hub)] == ["consent.contradicted"]
    record(at, agreement(at, dateTime="2026-05-09"))
    assert {one.remark for one in kept(ASSOCIATION, hub=at.hub)} == {""}


def test_where_nobody_asked_in_one_source_what_she_said_in_another_holds(at: Scene) -> None:
    at.receive(at.row())
    assert texts(elsewhere(at, consent=None)) == []
    assert sent(at) == ["requested", "requested"]


def test_a_no_alone_waits_as_a_draft_and_contradicts_nobody(at: Scene) -> None:
    assert texts(elsewhere(at, consent="non")) == []
    assert sent(at) == ["draft"]


@pytest.mark.parametrize("status", ["requested", "accepted", "in-progress"])
def test_what_was_sent_ends_when_its_own_record_says_no_whatever_another_says(at: Scene, status: str) -> None:
    elsewhere(at, consent="oui", consent_date="03/05/2026")
    mine = at.one("Task")
    for step in {"requested": [], "accepted": ["accepted"], "in-progress": ["accepted", "in-progress"]}[status]:
        at.move(mine, step, hospital())
    at.receive(at.row())
    assert sent(at) == sorted([status, "requested"])
    assert texts(elsewhere(at, consent="non")) == ["receive.consent-refused"]
    assert sent(at) == ["cancelled", "requested"]
    assert f"{HOSPITAL}|COC|core" not in at.keys(at.one("Patient")), "the other is not accepted yet"


def test_a_record_that_could_not_tell_her_answer_does_not_take_her_no_back(at: Scene) -> None:
    at.receive(at.row())
    elsewhere(at, consent="non")
    elsewhere(at, unsaid=("consent",), consent=None, remarks="Autre chose.")
    assert sent(at) == ["draft", "requested"]


def test_a_record_that_is_set_aside_for_another_cell_says_no_all_the_same(at: Scene) -> None:
    at.receive(at.row(consent_date="02/05/2026"))
    elsewhere(at, consent="oui", consent_date="03/05/2026")
    assert sent(at) == ["requested", "requested"]
    assert elsewhere(at, consent="non", visit_date="hier").rejected
    assert sent(at) == ["cancelled", "requested"]


def test_who_receives_a_referral_does_not_see_that_she_refused_it_before(at: Scene) -> None:
    elsewhere(at, consent="non")
    record(at, agreement_of(at, "2026-05-09"))
    at.move(at.one("Task"), "accepted", hospital())
    seen = at.read(at.one("Task")["focus"]["reference"], hospital()).text
    assert "refused-on" in str(at.one("ServiceRequest")) and "refused-on" not in seen


def test_an_edit_in_the_register_that_nobody_has_contradicted_is_taken(at: Scene) -> None:
    at.receive(at.row())
    assert texts(at.receive(at.row(consent_date="02/05/2026"))) == []
    assert at.one("Consent")["dateTime"] == "2026-05-02"
    assert texts(at.receive(at.row(consent_date="01/05/2026"))) == []
    assert at.one("Consent")["dateTime"] == "2026-05-01"


def test_a_girl_alone_sends_no_referral_and_the_receipt_says_why(at: Scene) -> None:
    receipt = at.receive(at.row(birth_date="02/03/2012"))
    assert texts(receipt) == ["consent.caregiver-lacking"]
    assert at.one("Task")["status"] == "draft"
    assert at.keys(at.one("Patient")) == frozenset()


def test_a_consent_without_a_giver_is_not_taken_in_from_a_tool(at: Scene) -> None:
    mapped = at.form.forward(at.row(), Context(ASSOCIATION, at.hub.directory.find, at.clock.now().date()))
    consent = next(one.resource for one in mapped.drafts if one.resource["resourceType"] == "Consent")
    assert [issue.text for issue in shortcomings(consent, from_a_tool=True)] == []
    unsigned = {name: value for name, value in consent.items() if name != "performer"}
    assert [issue.text for issue in shortcomings(unsigned, from_a_tool=True)] == ["consent.record-performer"]


# --- minors with a caregiver -----------------------------------------------------------------------------------------


def with_mother(at: Scene, born: str = "02/03/2010", suspicion: str = "none") -> str:
    """A girl of the register whose mother consented for her; her id. Her mother stands in the association's records."""
    at.receive(at.row(birth_date=born, consent="non", consent_date=None))
    patient = reference(at.one("Patient"))
    mother = {
        "resourceType": "RelatedPerson", "id": "mother", "meta": {"profile": [profile("caregiver")]},
        "extension": [{"url": profile("caregiver-suspicion"), "valueCode": suspicion}], "patient": {"reference": patient},
        "relationship": [{"coding": [{"system": code_system("caregiver-relationship"), "code": "parent-guardian"}]}],
    }  # fmt: skip
    id_ = patient.partition("/")[2]
    person = Person.of(at.store.compartments([id_])[id_], at.hub.rules)
    person.put(mother, ASSOCIATION)
    settled = person.settle(at.clock.now(), at.hub.ids.new)
    at.store.commit(Changes(saves=settled.saves, rekeys=settled.rekeys, persons={id_: person.revision}))
    return id_


def by_mother(at: Scene, id_: str, root: Resource | None = None) -> Resource:
    return asked({
        "resourceType": "Consent", "status": "active",
        "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": f"Patient/{id_}"}, "dateTime": "2026-05-01", "performer": [{"reference": "RelatedPerson/mother"}],
        "organization": [{"reference": f"Organization/{ASSOCIATION}"}], "meta": {"profile": [profile("consent-by-class")]},
        "policyRule": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "OPTIN"}]},
        "provision": root or provision(exceptions=[permit(HOSPITAL, [*CLASSES, "caregiver"])]),
    })  # fmt: skip


def test_what_her_mother_consented_to_closes_by_itself_when_she_comes_of_age(at: Scene) -> None:
    id_ = with_mother(at)
    record(at, by_mother(at, id_))
    at.move(next(one for one in at.all("Task") if one["status"] == "requested"), "accepted", hospital())
    assert at.read("RelatedPerson/mother", hospital()).text
    (listed,) = kept(ASSOCIATION, hub=at.hub)
    assert (listed.remark, listed.since) == ("consent.of-age", span("2028-03-02")[0])
    at.clock.at = span("2028-03-02")[0] - timedelta(milliseconds=1)
    at.read(f"Patient/{id_}", hospital())
    at.clock.at = span("2028-03-02")[0]
    for hidden in (f"Patient/{id_}", "RelatedPerson/mother"):
        with pytest.raises(HubError) as refused:
            at.read(hidden, hospital())
        assert refused.value.problem is errors.NOT_FOUND
    assert at.audit("disclosure.deny")[-1]["outcomeDesc"] == "consent.of-age"


def test_a_suspicion_recorded_later_closes_the_caregiver_at_once(at: Scene) -> None:
    id_ = with_mother(at)
    both = {"performer": [{"reference": f"Patient/{id_}"}, {"reference": "RelatedPerson/mother"}]}
    record(at, by_mother(at, id_) | both)
    assert f"{HOSPITAL}|COC|notice" in at.keys(at.one("Task", status="requested"))
    at.move(at.one("Task", status="requested"), "accepted", hospital())
    assert f"{HOSPITAL}|COC|caregiver" in at.keys(at.one("RelatedPerson"))
    incident = at.one("Observation")
    coding = {"system": code_system("perpetrator-relation"), "code": "primary-caregiver"}
    code = {"system": code_system("incident-component"), "code": "perpetrator-relation"}
    part = {"code": {"coding": [code]}, "valueCodeableConcept": {"coding": [coding]}}
    steps = [{"op": "add", "path": "/component/-", "value": part}]
    change.patch("Observation", incident["id"], steps, association(), expected=None, hub=at.hub)
    assert at.keys(at.one("RelatedPerson")) == frozenset()
    assert at.keys(at.one("Patient")) == frozenset(), "a suspected mother's consent does not count either"
