"""What is written of a survivor in a story: the contract's examples, made hers, with secrets that can be looked for."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from hub.fhir import Resource
from hub.fhir.canonicals import identifier_system, profile
from tests.support.consents import asked, permit, provision
from tests.support.personas import concept
from tests.support.written import example

SECRETS: Final = {
    "name": "Samira Exemplaire",
    "cin": "QX{n:06}",
    "street": "9, impasse du Jasmin {n}",
    "words": "Elle raconte {n}.",
}
PHONE: Final = "+21261{n:07}"
WHERE: Final = ("derb El Yasmine", "31.63", "524111111")  # of the house in the example
FORM: Final = "https://chu-atlas.example/fhir/Questionnaire/admission"


def today() -> str:
    return datetime.now(UTC).date().isoformat()


def hours_ago(hours: float) -> str:
    return (datetime.now(UTC) - timedelta(hours=hours)).isoformat(timespec="seconds")


def secrets(number: int) -> dict[str, str]:
    return {name: said.format(n=number) for name, said in SECRETS.items()}


def to(reference: str) -> Resource:
    return {"reference": reference}


def new(name: str, /, *but: str, **elements: Any) -> Resource:
    """An example as one would send it."""
    return {key: value for key, value in example(name).items() if key not in {"id", *but}} | elements


def survivor(keeper: str, number: int, kind: str, province: str) -> Resource:
    """`kind`: named, anonymous or minor."""
    hers = secrets(number)
    code = {
        "type": concept("identifier-type", "survivor-code"),
        "system": identifier_system("survivor-code"),
        "value": f"J-{number:06}",
    }
    shared: Resource = {
        "managingOrganization": to(keeper),
        "identifier": [code],
        "address": [{"state": province, "country": "MA"}],
    }
    if kind == "anonymous":
        return new("survivor-anonymous", **shared | {"address": [{"state": province}]})
    cin = {"type": concept("identifier-type", "cin"), "system": identifier_system("cin"), "value": hers["cin"]}
    where = {"text": hers["street"], "city": "Marrakech", "state": province, "country": "MA"}
    phone = example("survivor")["telecom"][0] | {"value": PHONE.format(n=number)}
    whole = new(
        "survivor",
        identifier=[code, cin],
        name=[{"text": hers["name"]}],
        address=[where],
        telecom=[phone],
        managingOrganization=to(keeper),
    )
    if kind == "minor":
        ages = [{"url": profile("age-band"), "valueCode": "minor"}]
        return {key: value for key, value in whole.items() if key != "maritalStatus"} | {
            "birthDate": f"{datetime.now(UTC).year - 14}-01-15",
            "extension": ages,
        }
    return whole


def incident(her: str, keeper: str, number: int, hours: float) -> Resource:
    said = {"subject": to(her), "performer": [to(keeper)], "note": [{"text": secrets(number)["words"]}]}
    return new("incident", effectiveDateTime=hours_ago(hours), **said)


def need(her: str, keeper: str, service: str, priority: str, **more: Any) -> Resource:
    """Without a recipient: who it is for is said by the referral."""
    said = {"subject": to(her), "requester": to(keeper), "priority": priority, "authoredOn": today()}
    return new(
        "need", "supportingInfo", "performer", "orderDetail", **said, code=concept("service-type", service), **more
    )


def passed_on(her: str, by: str, recipient: str, original: str, service: str) -> Resource:
    said = {"subject": to(her), "requester": to(by), "performer": [to(recipient)], "authoredOn": today()}
    return new(
        "referral--passed-on", "supportingInfo", **said, basedOn=[to(original)], code=concept("service-type", service)
    )


def consent(
    her: str, keeper: str, recipients: list[str], classes: list[str], given_by: list[str] | None = None
) -> Resource:
    whose = {
        "patient": to(her),
        "performer": [to(one) for one in given_by or [her]],
        "organization": [to(keeper)],
        "dateTime": today(),
    }
    permits = [permit(one, classes) for one in recipients]
    return asked(new("consent-by-class", "verification", **whose, provision=provision(exceptions=permits)), today())


def referral(focus: str, owner: str = "", within_s: float = 0) -> Resource:
    """Without an owner: open to claim. `within_s`: when the answer is wanted, where its requester says so."""
    until = (datetime.now(UTC) + timedelta(seconds=within_s)).isoformat(timespec="milliseconds")
    is_open = {"extension": [{"url": profile("open-to-claim"), "valueBoolean": True}]}
    return {
        "resourceType": "Task", "status": "requested", "focus": to(focus),
        "code": {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]},
        **({"owner": to(owner)} if owner else is_open),
        **({"restriction": {"period": {"end": until}}} if within_s else {}),
    }  # fmt: skip


def cancellation(task: str, why: str) -> Resource:
    return {
        "resourceType": "Task", "status": "requested", "focus": to(task), "reasonCode": concept("referral-status-reason", why),
        "code": {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "abort"}]},
    }  # fmt: skip


def question(task: str) -> Resource:
    return {
        "resourceType": "Task", "status": "requested", "partOf": [to(task)], "code": concept("task-code", "provide-information"),
        "input": [{"type": concept("task-input", "questionnaire"), "valueCanonical": FORM}],
    }  # fmt: skip


def answers(her: str, keeper: str) -> Resource:
    return new("questionnaire-response", questionnaire=FORM, subject=to(her), author=to(keeper), authored=hours_ago(0))


def given_answers(reference: str) -> list[Resource]:
    return [{"type": concept("task-output", "answers"), "valueReference": to(reference)}]


def emergency(number: int, why: str) -> Resource:
    whom = {"system": identifier_system("cin"), "value": secrets(number)["cin"]}
    said = {
        "identifier": {"valueIdentifier": whom},
        "reason": {"valueCode": why},
        "text": {"valueString": "Unconscious, and alone."},
    }
    return {"resourceType": "Parameters", "parameter": [{"name": name, **value} for name, value in said.items()]}
