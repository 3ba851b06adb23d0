"""How a walk asks the operations on records, and for services: all of a survivor, a match, pairs, a document, tags and labels."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final, Protocol

from hub.fhir import Resource
from hub.fhir.canonicals import BASE
from hub.fhir.data_classes import CONFIDENTIALITY
from tests.support.furnishing import Things

Request = tuple[str, str, Resource | None]
"""Method, path and body."""


CODES: Final[Mapping[str, tuple[str, ...]]] = {
    "priority": ("routine", "stat"), "age-band": ("18-25", "0-11", "23"), "language": ("ary", "es"),
    "eligibility": ("women", "boys"), "characteristic": ("wheelchair", "transport", "x"), "patient": ("x",),
}  # fmt: skip
"""What a search for services may say, right or wrong."""


class Guessing(Protocol):
    """The walk's own guesses at what there could be."""

    chance: Random
    things: Things
    types: list[str]

    def id(self, type_: str) -> str: ...

    def _value(self, type_: str, name: str) -> Any: ...


def everything(asking: Guessing, _: str) -> Request:
    chance = asking.chance
    of = chance.choice([f"/{asking.id('Patient')}"] * 3 + [f"/{chance.choice(asking.things.mine)}", ""])
    narrowed = chance.choice(["", "", "_type=Task,Observation", "start=2026-03-01&end=2026-11", "_type=AuditEvent"])
    return "GET", f"/fhir/Patient{of}/$everything?{narrowed}&_count={chance.choice([1, 3, 50])}", None


def document(asking: Guessing, _: str) -> Request:
    return "GET", f"/fhir/Composition/{asking.id('Composition')}/$document", None


def meta(asking: Guessing, name: str) -> Request:
    """Of something guessed, or of a survivor whom the caller keeps: a tag, a label that is stricter or by rule, a profile."""
    chance = asking.chance
    type_ = chance.choice([*asking.types, "Patient", "Patient"])
    id_ = chance.choice(asking.things.mine) if type_ == "Patient" and chance.random() < 0.5 else asking.id(type_)
    if name == "meta":
        of = (f"{type_}/{id_}/", f"{type_}/", "")[sum(map(ord, id_)) % 3]
        return "GET", f"/fhir/{of}$meta", None
    said: Resource = chance.choice(
        [
            {"tag": [{"system": "https://chu.example/tags", "code": chance.choice("ab")}]},
            {"security": [{"system": CONFIDENTIALITY, "code": chance.choice("NRV")}]},
            {"profile": [f"http://hl7.org/fhir/StructureDefinition/{type_}"]},
        ]
    )
    parameters = [{"name": "meta", "valueMeta": said}]
    return "POST", f"/fhir/{type_}/{id_}/${name}", {"resourceType": "Parameters", "parameter": parameters}


def match(asking: Guessing, _: str) -> Request:
    """By a number or a name that somebody has."""
    chance = asking.chance
    said: Resource = {"resourceType": "Patient"}
    if chance.random() < 0.6:
        system, _, value = str(asking._value("Patient", "identifier") or "").rpartition("|")
        said["identifier"] = [({"system": system} if system else {}) | {"value": value or "none"}]
    if "identifier" not in said or chance.random() < 0.4:
        said["name"] = [{"text": str(asking._value("Patient", "name") or "Souad")}]
    if chance.random() < 0.3:
        said["birthDate"] = "2003"
    certain = [{"name": "onlyCertainMatches", "valueBoolean": True}] if chance.random() < 0.2 else []
    parameters = [{"name": "resource", "resource": said}, *certain]
    return "POST", "/fhir/Patient/$match", {"resourceType": "Parameters", "parameter": parameters}


def duplicates(asking: Guessing, name: str) -> Request:
    """The queue, now and then what was said of it; and something said of two persons, guessed as everything is."""
    chance = asking.chance
    if name == "possible-duplicates":
        codes = {"decision": ("undecided", "same", "different", "x"), "grade": ("possible", "possible", "certain")}
        said: list[Resource] = [
            {"name": one, "valueCode": chance.choice(known)} for one, known in codes.items() if chance.random() < 0.6
        ]
    else:
        mine = [chance.choice(asking.things.mine), asking.id("Patient"), asking.id("Patient")]
        both = zip(("patient", "other"), chance.sample(mine, 2), strict=True)
        said = [{"name": one, "valueReference": {"reference": f"Patient/{id_}"}} for one, id_ in both]
        said.append({"name": "decision", "valueCode": chance.choice(["same", "same", "different", "undecided", "x"])})
    return "POST", f"/fhir/Patient/${name}", {"resourceType": "Parameters", **({"parameter": said} if said else {})}


def match_services(asking: Guessing) -> Request:
    """For a need, with more or less said; now and then with what is refused."""
    chance = asking.chance
    system = f"{BASE}/CodeSystem/"
    services = [{"system": f"{system}service-type", "code": chance.choice(["medical", "medical", "shelter", "x"])}]
    said: list[Resource] = [{"name": "service", "valueCoding": one} for one in services]
    if chance.random() < 0.6:
        area = chance.choice([("province", "MA-CAS"), ("region", "MA-06"), ("province", "MA-MAR")])
        said.append({"name": "area", "valueCoding": {"system": f"{system}{area[0]}", "code": area[1]}})
    for name, codes in CODES.items():
        if chance.random() < 0.3:
            said.append({"name": name, "valueCode": chance.choice(codes)})
    said += [{"name": "open", "valueBoolean": chance.random() < 0.5}] if chance.random() < 0.2 else []
    return "POST", "/fhir/HealthcareService/$match", {"resourceType": "Parameters", "parameter": said}


OF_R4: Final[Mapping[str, Callable[[Guessing, str], Request]]] = {
    "everything": everything, "document": document, "match": match, "meta": meta, "meta-add": meta, "meta-delete": meta,
    "possible-duplicates": duplicates, "judge-duplicate": duplicates,
}  # fmt: skip
