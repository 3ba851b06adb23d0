"""Consent/$simulate and Consent/$withdraw over HTTP: what they answer to the association, and to nobody else."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from hub.fhir import Resource
from hub.fhir.canonicals import BASE
from tests.support.consents import asked, permit, provision
from tests.support.parties import Party
from tests.support.written import example

Parties = Callable[..., Party]
SIMULATE, WITHDRAW = "/fhir/Consent/$simulate", "/fhir/Consent/$withdraw"
NEVER = "00000000-0000-4000-8000-00000000dead"


def to(reference: str) -> Resource:
    return {"reference": reference}


def given(**values: Any) -> Resource:
    """Parameters: text is a reference, a list several, anything else a resource."""
    listed = [(name, one) for name, value in values.items() for one in (value if isinstance(value, list) else [value])]
    parameters = [
        {"name": name, "valueReference": to(one)} if isinstance(one, str) else {"name": name, "resource": one}
        for name, one in listed
    ]
    return {"resourceType": "Parameters", "parameter": parameters}


def named(answer: Any, name: str) -> list[dict[str, Any]]:
    """The parameters of this name, each with its parts by name."""
    found = [one for one in answer.json["parameter"] if one["name"] == name]
    return [
        {part["name"]: next(v for k, v in part.items() if k != "name") for part in one.get("part", ())} for one in found
    ]


@dataclass(frozen=True)
class Case:
    """A survivor of amal, who agreed that the hospital chu may know of her; it has accepted."""

    amal: Party
    chu: Party
    patient: str
    consent: str


@pytest.fixture
def case(party: Parties, survivor: Resource) -> Case:
    amal, chu = party("amal"), party("chu")
    patient = f"Patient/{created(amal, survivor)}"
    consent = f"Consent/{created(amal, consent_of(patient, permit('chu', ['core', 'needs-and-services'])))}"
    said = {"subject": to(patient), "requester": to("Organization/amal"), "performer": [to("Organization/chu")]}
    created(amal, {k: v for k, v in example("need").items() if k not in {"id", "supportingInfo", "basedOn"}} | said)
    (entry,) = chu.get("/fhir/Task").json["entry"]  # type: ignore[index]
    steps = [{"op": "replace", "path": "/status", "value": "accepted"}]
    headers = {"Content_Type": "application/json-patch+json", "If_Match": 'W/"1"'}
    assert chu.send("PATCH", f"/fhir/Task/{entry['resource']['id']}", steps, **headers).status_code == 200
    return Case(amal, chu, patient, consent)


def consent_of(patient: str, *rules: Resource) -> Resource:
    written = {
        k: v for k, v in example("consent-by-class").items() if k not in {"id", "sourceReference", "verification"}
    }
    whose = {"patient": to(patient), "performer": [to(patient)], "organization": [to("Organization/amal")]}
    return asked({**written, **whose, "provision": provision(exceptions=rules)})


def created(party: Party, resource: Resource) -> str:
    answer = party.send("POST", f"/fhir/{resource['resourceType']}", resource)
    assert answer.status_code == 201, answer.text
    assert answer.json is not None
    return str(answer.json["id"])


# --- $simulate -------------------------------------------------------------------------------------------------------


def test_it_says_element_by_element_what_would_close(case: Case) -> None:
    answer = case.amal.send("POST", SIMULATE, given(patient=case.patient, withdraw=case.consent), Accept_Language="fr")
    assert answer.status_code == 200, answer.text
    core = next(one for one in named(answer, "view") if one["class"] == "core")
    assert (core["recipient"], core["now"], core["then"], core["permitted"]) == (
        to("Organization/chu"),
        "open",
        "closed",
        False,
    )
    assert core["because"] == "La survivante a retiré son consentement."
    (referral,) = named(answer, "referral")
    assert (referral["now"], referral["then"]) == ("accepted", "on-hold")
    assert [one["valueReference"] for one in answer.json["parameter"] if one["name"] == "told"] == [
        to("Organization/chu")
    ]  # type: ignore[index]
    today = case.amal.send("POST", SIMULATE, given(patient=case.patient))
    core = next(one for one in named(today, "view") if one["class"] == "core")
    assert (core["then"], core["consent"]) == ("open", to(case.consent))
    assert core["element"].startswith("survivor#Patient")


def test_a_consent_that_is_not_signed_yet_is_simulated_and_nothing_is_stored(case: Case) -> None:
    before = case.amal.get("/fhir/Consent").json["total"]  # type: ignore[index]
    unsigned = consent_of(case.patient, permit("hopital", ["core"]))
    answer = case.amal.send(
        "POST", SIMULATE, given(patient=case.patient, consent=unsigned, recipient="Organization/hopital")
    )
    assert {one["recipient"]["reference"] for one in named(answer, "view")} == {"Organization/hopital"}
    assert case.amal.get("/fhir/Consent").json["total"] == before  # type: ignore[index]
    events = case.amal.get("/fhir/AuditEvent?subtype=consent.simulate").json  # type: ignore[index]
    assert events["total"] == 1  # type: ignore[index]


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({}, 400, "one-of-required"), ({"patient": "Organization/amal"}, 400, "bad-parameter"),
        ({"patient": f"Patient/{NEVER}"}, 404, "not-found"), ({"withdraw": f"Consent/{NEVER}"}, 404, "not-found"),
        ({"consent": {"resourceType": "Task"}}, 400, "bad-parameter"), ({"consent": {"resourceType": "Consent"}}, 422, "unknown-reference"),
        ({"withdraw": "Patient/1"}, 400, "bad-parameter"), ({"colour": "Patient/1"}, 400, "unknown-parameter"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(case: Case, wrong: dict[str, Any], status: int, code: str) -> None:
    asked = {"patient": case.patient, **wrong} if wrong else {}
    answer = case.amal.send("POST", SIMULATE, given(**asked))
    assert answer.status_code == status, answer.text
    assert f"problems.{code}" in answer.text


def test_it_is_asked_by_post_alone(case: Case) -> None:
    assert case.amal.get(f"{SIMULATE}?patient={case.patient}").status_code in {404, 405}
    assert case.amal.get(f"/fhir/{case.consent}/$withdraw").status_code in {404, 405}


# --- $withdraw -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["instance", "type"])
def test_a_withdrawal_closes_everything_and_says_what_cannot_be_recalled(case: Case, level: str) -> None:
    assert case.chu.get(f"/fhir/{case.patient}").status_code == 200
    path, body = (
        (WITHDRAW, given(patient=case.patient)) if level == "type" else (f"/fhir/{case.consent}/$withdraw", None)
    )
    answer = case.amal.send("POST", path, body)
    assert answer.status_code == 200, answer.text
    (told,) = named(answer, "told")
    assert told["recipient"] == to("Organization/chu")
    assert "last-seen" in told
    assert case.chu.get(f"/fhir/{case.patient}").status_code == 404
    inbox = case.chu.get("/fhir/Communication?recipient=Organization/chu").json
    assert inbox is not None
    assert inbox["total"] == 1
    assert case.amal.get(f"/fhir/{case.consent}").json["status"] == "inactive"  # type: ignore[index]


def test_only_one_recipient_is_withdrawn(case: Case) -> None:
    created(case.amal, consent_of(case.patient, permit("chu", ["identity"]), permit("hopital", ["core"])))
    answer = case.amal.send("POST", WITHDRAW, given(patient=case.patient, recipient="Organization/chu"))
    ended, written = ([one for one in answer.json["parameter"] if one["name"] == name] for name in ("ended", "written"))  # type: ignore[index]
    assert (len(ended), len(written)) == (2, 1)
    assert case.chu.get(f"/fhir/{case.patient}").status_code == 404


# --- Task/$close -----------------------------------------------------------------------------------------------------


def close(party: Party, task: str, status: str, code: str) -> Any:
    said = [{"name": "status", "valueCode": status}, {"name": "code", "valueCode": code}]
    return party.send("POST", f"/fhir/{task}/$close", {"resourceType": "Parameters", "parameter": said})


@pytest.mark.parametrize(("status", "code"), [("completed", "service-provided"), ("failed", "survivor-declined")])
def test_after_a_withdrawal_the_recipient_can_say_how_its_work_ended_and_see_nothing(
    case: Case, status: str, code: str
) -> None:
    task = f"Task/{case.chu.get('/fhir/Task').json['entry'][0]['resource']['id']}"  # type: ignore[index]
    assert close(case.chu, task, status, code).status_code == 403, "while it sees the referral it answers as always"
    case.amal.send("POST", f"/fhir/{case.consent}/$withdraw")
    assert close(case.chu, task, status, "no-such-code").status_code == 400
    answer = close(case.chu, task, status, code)
    assert (answer.status_code, answer.json["parameter"]) == (200, [{"name": "status", "valueCode": status}])
    kept = case.amal.get(f"/fhir/{task}").json
    assert kept is not None
    assert (kept["status"], code in str(kept)) == (status, True)
    assert case.chu.get(f"/fhir/{task}").status_code == 404
    assert close(case.chu, task, status, code).status_code == 404, "once"


def test_nobody_but_the_recipient_closes_it(case: Case, party: Parties) -> None:
    task = f"Task/{case.chu.get('/fhir/Task').json['entry'][0]['resource']['id']}"  # type: ignore[index]
    case.amal.send("POST", f"/fhir/{case.consent}/$withdraw")
    hidden, never = (close(party("nour"), one, "failed", "no-capacity") for one in (task, f"Task/{NEVER}"))
    assert (hidden.status_code, hidden.data) == (never.status_code, never.data)
    assert hidden.status_code == 404


# --- nobody else -----------------------------------------------------------------------------------------------------


def test_a_recipient_cannot_simulate_nor_withdraw_and_a_stranger_learns_nothing(case: Case, party: Parties) -> None:
    for path, body in (
        (SIMULATE, given(patient=case.patient)),
        (WITHDRAW, given(patient=case.patient)),
    ):
        assert case.chu.send("POST", path, body).status_code == 403, "it sees her, and she is not its to decide for"
        hidden = party("nour").send("POST", path, body)
        never = party("nour").send("POST", path, given(patient=f"Patient/{NEVER}"))
        assert (hidden.status_code, hidden.data) == (never.status_code, never.data)
        assert hidden.status_code == 404
    for other in (case.chu, party("nour")):
        assert other.send("POST", f"/fhir/{case.consent}/$withdraw").status_code == 404
    assert case.amal.get(f"/fhir/{case.consent}").json["status"] == "active"  # type: ignore[index]


@pytest.mark.parametrize(
    ("path", "scope"), [(SIMULATE, "system/Patient.rs"), (WITHDRAW, "system/Consent.rs system/Patient.rs")]
)
def test_a_scope_on_consents_is_needed(case: Case, party: Parties, path: str, scope: str) -> None:
    answer = party("amal", scope).send("POST", path, given(patient=case.patient))
    assert answer.status_code == 403
    assert "problems.scope-lacking" in answer.text


def test_the_statement_leads_to_our_definitions(case: Case) -> None:
    described = case.amal.get("/fhir/metadata").json
    assert described is not None
    (consent,) = [one for one in described["rest"][0]["resource"] if one["type"] == "Consent"]
    assert {one["name"]: one["definition"] for one in consent["operation"]}.items() >= {
        "simulate": f"{BASE}/OperationDefinition/consent-simulate", "withdraw": f"{BASE}/OperationDefinition/consent-withdraw",
    }.items()  # fmt: skip
