"""One woman, of whom two associations keep a file each; both refer her to one hospital. Over HTTP, as systems ask."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from hub.fhir import Resource
from hub.fhir.canonicals import code_system, identifier_system, profile
from tests.support.accompanied import Parties, body, consent_of, created, found, need_of, to, withdraw
from tests.support.consents import permit
from tests.support.parties import Party

CLASSES: Final = ("core", "needs-and-services", "identity")
HER: Final = {"name": [{"text": "Zineb Exemple"}], "birthDate": "1990-03-02"}
POSSIBLE, JUDGE = "/fhir/Patient/$possible-duplicates", "/fhir/Patient/$judge-duplicate"


def file_of(keeper: str, code: str = "A-1", **said: Any) -> Resource:
    """A file of hers, as this association would send it."""
    coded = {"coding": [{"system": code_system("identifier-type"), "code": "survivor-code"}]}
    return {
        "resourceType": "Patient",
        "meta": {"profile": [profile("survivor")]},
        "identifier": [{"type": coded, "system": identifier_system("survivor-code"), "value": code}, *said.pop("numbers", ())],
        "active": True,
        "gender": "female",
        "managingOrganization": to(f"Organization/{keeper}"),
        **said,
    }  # fmt: skip


def cin(value: str) -> Resource:
    coded = {"coding": [{"system": code_system("identifier-type"), "code": "cin"}]}
    return {"type": coded, "system": identifier_system("cin"), "value": value}


def phone(value: str) -> list[Resource]:
    safe = [{"url": profile("safe-to-call"), "valueBoolean": True}]
    return [{"system": "phone", "value": value, "extension": safe}]


@dataclass(frozen=True)
class Filed:
    """`patient`, `consent`, `task`: references."""

    keeper: Party
    patient: str
    consent: str
    task: str

    def withdraw(self) -> None:
        withdraw(self.keeper, self.consent)

    def change(self, **said: Any) -> None:
        seen = body(self.keeper.get(f"/fhir/{self.patient}"))
        answer = self.keeper.send(
            "PUT", f"/fhir/{self.patient}", seen | said, If_Match=f'W/"{seen["meta"]["versionId"]}"'
        )
        assert answer.status_code == 200, answer.text


def filed(
    party: Parties, keeper: str, patient: Resource, classes: Iterable[str] = CLASSES, recipient: str = "chu"
) -> Filed:
    """Her file, a consent by which the recipient sees these classes, and a referral that it accepted."""
    sender, hers = party(keeper), to(f"Organization/{keeper}")
    reference = f"Patient/{created(sender, patient)}"
    agreed = consent_of(reference, permit(recipient, list(classes))) | {"organization": [hers]}
    consent = f"Consent/{created(sender, agreed)}"
    asked = need_of(reference) | {"requester": hers, "performer": [to(f"Organization/{recipient}")]}
    asked.pop("orderDetail", None)  # that she is not to be contacted
    need = f"ServiceRequest/{created(sender, asked)}"
    task = found(party(recipient), f"Task?focus={need}")[0]
    steps = [{"op": "replace", "path": "/status", "value": "accepted"}]
    headers = {"Content_Type": "application/json-patch+json", "If_Match": 'W/"1"'}
    assert party(recipient).send("PATCH", f"/fhir/{task}", steps, **headers).status_code == 200
    return Filed(sender, reference, consent, task)


def asked(**said: Any) -> Resource:
    keys = {bool: "valueBoolean", int: "valueInteger", str: "valueCode", dict: "valueReference"}
    return {
        "resourceType": "Parameters",
        "parameter": [{"name": name, keys[type(value)]: value} for name, value in said.items()],
    }


def pairs(by: Party, **said: Any) -> list[Resource]:
    """What it is shown: of each pair its parts by name, with both references."""
    answer = body(by.send("POST", POSSIBLE, asked(**said)))
    told = [{part["name"]: part for part in one["part"]} for one in answer["parameter"] if one["name"] == "pair"]
    both = [
        {f"Patient/{part['resource']['id']}" for part in one["part"] if part["name"] == "patient"}
        for one in answer["parameter"]
        if one["name"] == "pair"
    ]
    assert answer["parameter"][0] == {"name": "total", "valueInteger": len(both)}
    return [one | {"both": patients} for one, patients in zip(told, both, strict=True)]


def both(by: Party, **said: Any) -> list[set[str]]:
    return [one["both"] for one in pairs(by, **said)]


def judge(by: Party, one: str, other: str, decision: str) -> Any:
    return by.send("POST", JUDGE, asked(patient=to(one), other=to(other), decision=decision))
