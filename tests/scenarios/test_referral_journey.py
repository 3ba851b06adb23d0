"""A referral as it is lived: sent by an association, seen as a notice, opened by acceptance, closed by her will.

Each story has a woman of her own in the association's register.
"""

from typing import Any

from hub.fhir.canonicals import identifier_system, profile
from tests.scenarios.conftest import UNDECIDED, Stage
from tests.support import written_registers as register
from tests.support.personas import Persona, Resource, code_of, concept, elsewhere, outcome, reason

NEVER = "00000000-0000-4000-8000-00000000dead"
PRIVATE = (register.NAME, register.CIN, register.STREET, register.BIRTH, register.NARRATIVE, "Salé")


def accepted(stage: Stage) -> Resource:
    task = stage.next_referral()
    assert stage.hospital.change(f"Task/{task['id']}", status="accepted").status == 200
    return task


def payload(stage: Stage, task: Resource) -> list[str]:
    """References to all that belongs to this woman's referral, as her association knows it."""
    need = stage.association.read(task["focus"]["reference"]).body
    return [task["for"]["reference"], task["focus"]["reference"], *(one["reference"] for one in need["supportingInfo"])]


def tags(resource: Resource) -> set[str]:
    meta = resource.get("meta", {})
    return {tag["code"] for tag in (*meta.get("tag", ()), *meta.get("security", ()))}


# --- the notice ------------------------------------------------------------------------------------------------------


def test_before_acceptance_the_hospital_sees_a_notice_and_nothing_of_the_woman(stage: Stage) -> None:
    task = stage.next_referral()
    notice = {code_of(one["type"]) for one in task["input"]}
    assert notice == {"service-type", "province", "age-band"}
    assert not any(private in str(task) for private in PRIVATE)
    for reference in payload(stage, task):
        assert stage.hospital.read(reference).status == 404, reference
    for type_ in ("Patient", "EpisodeOfCare", "Observation", "ServiceRequest"):
        person = {"_id": task["for"]["reference"][8:]} if type_ == "Patient" else {"patient": task["for"]["reference"]}
        assert stage.hospital.find(type_, **person).total == 0


def test_a_referral_without_consent_waits_unseen_until_the_woman_agrees(stage: Stage) -> None:
    (draft,) = stage.association.referrals(register.survivor_code(UNDECIDED))
    assert draft["status"] == "draft"
    assert code_of(draft["businessStatus"]) == "awaiting-consent"
    reference = f"Task/{draft['id']}"
    assert stage.hospital.read(reference).status == 404
    refused = stage.association.change(reference, status="requested")
    assert refused.status == 422
    agreed = stage.association.create(consent_of(draft, to=stage.hospital, kept_by=stage.association))
    assert agreed.status == 201, agreed.body
    assert stage.hospital.read(reference).body["status"] == "requested"


def consent_of(task: Resource, *, to: Persona, kept_by: Persona) -> Resource:
    return {
        "resourceType": "Consent",
        "meta": {"profile": [profile("consent")]},
        "status": "active",
        "scope": _coded("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"),
        "category": [_coded("http://loinc.org", "59284-0")],
        "patient": task["for"],
        "dateTime": register.TODAY.isoformat(),
        "performer": [task["for"]],
        "organization": [{"reference": kept_by.reference}],
        "verification": [{"verified": True, "verificationDate": register.TODAY.isoformat()}],
        "policyRule": _coded("http://terminology.hl7.org/CodeSystem/v3-ActCode", "OPTIN"),
        "provision": {
            "period": {"start": register.TODAY.isoformat()},
            "provision": [
                {
                    "type": "permit",
                    "actor": [
                        {
                            "role": _coded("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP"),
                            "reference": {"reference": to.reference},
                        }
                    ],
                    "purpose": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "COC"}],
                    "class": [concept("data-class", "core")["coding"][0]],
                }
            ],
        },
    }


def _coded(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


# --- the payload -----------------------------------------------------------------------------------------------------


def test_acceptance_opens_what_she_consented_to_and_nothing_else(stage: Stage) -> None:
    task = accepted(stage)
    survivor = stage.hospital.read(task["for"]["reference"]).body
    assert survivor["telecom"][0]["value"] == "+212612345678"
    assert survivor["address"] == [{"state": "MA-SAL", "country": "MA"}]
    assert [code_of(one["type"]) for one in survivor["identifier"]] == ["pseudonym"]
    for absent in ("name", "birthDate", "maritalStatus"):
        assert absent not in survivor
    assert tags(survivor) >= {"SUBSETTED", "REDACTED"}

    need = stage.hospital.read(task["focus"]["reference"]).body
    assert code_of(need["code"]) == "medical"
    case, incident, consent = (stage.hospital.read(one["reference"]) for one in need["supportingInfo"])
    assert "identifier" not in case.body
    assert tags(case.body) >= {"SUBSETTED", "REDACTED"}
    components = {code_of(one["code"]) for one in incident.body["component"]}
    assert "violence-type" in components and "perpetrator-relation" not in components
    assert "note" not in incident.body
    assert consent.status == 404  # what she agreed to with others is not the hospital's to read

    seen = str([survivor, need, case.body, incident.body])
    assert not any(private in seen for private in PRIVATE)
    whole = stage.association.read(task["for"]["reference"]).body
    assert whole["name"][0]["text"] == register.NAME
    assert not tags(whole) & {"SUBSETTED", "REDACTED"}


def test_nobody_is_found_by_what_the_asker_may_not_see(stage: Stage) -> None:
    task = accepted(stage)
    (code,) = (one["value"] for one in stage.hospital.read(task["for"]["reference"]).body["identifier"])
    visible = stage.hospital.find("Patient", identifier=f"{identifier_system('pseudonym')}|{code}")
    assert [one["id"] for one in visible.resources] == [task["for"]["reference"][8:]]
    hidden = {"identifier": f"{identifier_system('cin')}|{register.CIN}", "birthdate": register.BIRTH}
    for name, value in hidden.items():
        assert stage.association.find("Patient", **{name: value}).total > 0
        assert stage.hospital.find("Patient", **{name: value}).total == 0
    assert stage.hospital.find("Patient", identifier=register.CIN).total == 0  # nor without naming the system
    assert stage.hospital.find("Patient", **{"birthdate:missing": "false"}).total == 0


def test_another_hospital_cannot_tell_a_hidden_referral_from_one_that_never_was(stage: Stage) -> None:
    task = accepted(stage)
    (code,) = (one["value"] for one in stage.hospital.read(task["for"]["reference"]).body["identifier"])
    for reference in (f"Task/{task['id']}", *payload(stage, task)):
        hidden = stage.other_hospital.read(reference)
        never = stage.other_hospital.read(f"{reference.partition('/')[0]}/{NEVER}")
        assert (
            (hidden.status, hidden.response.content)
            == (never.status, never.response.content)
            == (404, never.response.content)
        )
        assert _shape(hidden) == _shape(never)
    person, focus = task["for"]["reference"], task["focus"]["reference"]
    for type_, parameters in (
        ("Task", {"patient": person}),
        ("Task", {"focus": focus}),
        ("Task", {"owner": "Organization/chu-atlas"}),
        ("Task", {"_id": task["id"]}),
        ("Patient", {"identifier": f"{identifier_system('pseudonym')}|{code}"}),
        ("Patient", {"_id": person[8:]}),
        ("ServiceRequest", {"patient": person}),
        ("Observation", {"patient": person}),
        ("EpisodeOfCare", {"patient": person}),
        ("Consent", {"patient": person}),
        ("AuditEvent", {"patient": person}),
        ("Provenance", {"target": person}),
    ):
        found = stage.other_hospital.find(type_, **parameters)
        assert (found.status, found.total, found.resources) == (200, 0, []), type_


def _shape(answer: Any) -> dict[str, str]:
    """Headers but for those that differ in every answer."""
    return {name: value for name, value in answer.response.headers.items() if name not in {"date", "x-request-id"}}


# --- withdrawal ------------------------------------------------------------------------------------------------------


def test_withdrawal_closes_everything_to_the_very_next_request_of_any_server(stage: Stage) -> None:
    task = accepted(stage)
    reference, person = f"Task/{task['id']}", task["for"]["reference"]
    everything = [reference, *payload(stage, task)[:-1]]  # the Consent itself was never open
    with elsewhere(stage.hospital, stage.second_url) as second:
        for server in (stage.hospital, second):
            assert all(server.read(one).status == 200 for one in everything)
        (consent,) = stage.association.find("Consent", patient=person, status="active").resources
        for server in (stage.hospital, second):
            withdrawn = stage.association.change(f"Consent/{consent['id']}", status="inactive")
            assert withdrawn.status == 200
            for one in everything:
                assert server.read(one).status == 404, one
            assert server.find("Task", _id=task["id"]).total == 0
            assert server.find("Patient", _id=person[8:]).total == 0
            for type_ in ("Task", "ServiceRequest", "Observation", "EpisodeOfCare"):
                assert server.find(type_, patient=person).total == 0
            refused = server.change(reference, 'W/"2"', status="completed", output=outcome("service-provided"))
            assert refused.status == 404
    stopped = stage.association.read(reference).body
    assert (stopped["status"], code_of(stopped["businessStatus"])) == ("on-hold", "consent-withdrawn")


# --- answers ---------------------------------------------------------------------------------------------------------


def test_a_refusal_says_why_and_closes(stage: Stage) -> None:
    task = stage.next_referral()
    reference = f"Task/{task['id']}"
    silent = stage.hospital.change(reference, status="rejected")
    assert (silent.status, silent.problem) == (422, "problems.missing-reason")
    assert stage.hospital.change(reference, status="rejected", statusReason=reason("no-capacity")).status == 200
    assert stage.hospital.read(task["for"]["reference"]).status == 404
    again = stage.hospital.change(reference, status="accepted")
    assert (again.status, again.problem) == (422, "problems.illegal-transition")


def test_a_completion_says_what_came_of_it(stage: Stage) -> None:
    task = accepted(stage)
    reference = f"Task/{task['id']}"
    silent = stage.hospital.change(reference, status="completed")
    assert (silent.status, silent.problem) == (422, "problems.missing-outcome")
    done = stage.hospital.change(reference, status="completed", output=outcome("partly-provided"))
    assert (done.status, done.body["status"]) == (200, "completed")
    assert "end" in done.body["executionPeriod"]
    for late in ("in-progress", "cancelled", "rejected"):
        assert stage.hospital.change(reference, status=late, statusReason=reason("other")).status == 422


def test_each_side_makes_only_the_changes_that_are_its_own(stage: Stage) -> None:
    task = stage.next_referral()
    reference = f"Task/{task['id']}"
    assert _refused(stage.association.change(reference, status="accepted"))
    assert _refused(stage.hospital.change(reference, priority="stat"))
    assert _refused(stage.hospital.change(reference, businessStatus=concept("referral-business-status", "escalated")))
    assert _refused(stage.hospital.create({**consent_of(task, to=stage.hospital, kept_by=stage.hospital)}), 422)
    immutable = stage.hospital.change(reference, owner={"reference": stage.other_hospital.reference})
    assert (immutable.status, immutable.problem) == (422, "problems.immutable")
    assert stage.other_hospital.change(reference, task_etag(stage, reference), status="accepted").status == 404
    stage.hospital.change(reference, status="accepted")
    survivor = stage.hospital.read(task["for"]["reference"])
    assert _refused(stage.hospital.change(task["for"]["reference"], survivor.etag, gender="male"))
    assert _refused(stage.hospital.ask("PUT", task["for"]["reference"], survivor.body))
    assert stage.association.read(task["for"]["reference"]).body["gender"] == "female"


def _refused(answer: Any, status: int = 403) -> bool:
    return bool(answer.status == status)


def task_etag(stage: Stage, reference: str) -> str:
    return stage.hospital.read(reference).etag


def test_a_change_names_the_version_that_it_was_made_from(stage: Stage) -> None:
    task = stage.next_referral()
    reference = f"Task/{task['id']}"
    before = task_etag(stage, reference)
    missing = stage.hospital.change(reference, "-", status="accepted")
    assert (missing.status, missing.problem) == (400, "problems.match-required")
    assert stage.hospital.change(reference, before, status="accepted").status == 200
    stale = stage.hospital.change(reference, before, status="in-progress")
    assert (stale.status, stale.problem) == (412, "problems.stale")
    assert stage.hospital.read(reference).body["status"] == "accepted"


def test_every_look_at_her_is_told_to_the_association_that_accompanies_her(stage: Stage) -> None:
    task = accepted(stage)
    person = task["for"]["reference"]
    stage.hospital.read(person)
    stage.other_hospital.read(person)
    told = stage.association.find("AuditEvent", patient=person, _count="100").resources
    looks = {
        (one["agent"][0]["who"].get("reference"), one["subtype"][1]["code"])
        for one in told
        if "altId" in one["agent"][0]
    }
    assert ("Organization/chu-atlas", "disclosure.permit") in looks
    assert ("Organization/hopital-oriental", "disclosure.deny") in looks
    assert ("Organization/chu-atlas", "referral.accept") in looks
    assert stage.hospital.find("AuditEvent", patient=person).total == 0
