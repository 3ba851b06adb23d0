"""Resources made up at random from what search parameters read: each of their paths is filled now and then.

They are no valid resources; they hold what a search can ask of them, in few different values, so that searches find something.
"""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, Final

from hub.fhir import Resource
from hub.fhir.definitions import load
from hub.fhir.r4 import tables
from hub.search.parameters import PARAMETERS, Parameter
from hub.search.paths import Path, Step
from hub.search.sealed import is_bare

CODES: Final = ("a", "b", "c")
USES: Final = ("billing", "home", "old")
SYSTEMS: Final = ("urn:s", "urn:t", "")
TEXTS: Final = ("Élan", "elan vital", "أمل", "Amal", "b.a")
DAYS: Final = ("2025", "2025-03", "2025-03-04", "2024-12-31", "2026-01")
INSTANTS: Final = ("2025-03-04T10:00:00+00:00", "2025-03-04T10:30:00.500+01:00", "2024-12-31T23:59:59-05:00")
NUMBERS: Final = (1, 5.4, 100, 99.5, -3)
URLS: Final = (
    "http://x.example/a",
    "http://x.example/a/b",
    "http://x.example/a/b/c",
    "urn:uuid:1",
    "http://x.example/ab",
)

_CLOSED: Final = "closed"
"""Said of a parameter of encrypted elements: of a reference by identifier alone, nothing is kept there."""


def grown(type_: str, id_: str, chance: Random, ids: Mapping[str, Sequence[str]]) -> Resource:
    """`ids`: of all the resources that it may refer to."""
    resource: Resource = {"resourceType": type_, "id": id_}
    meant = load().for_type(type_)
    for parameter in PARAMETERS[type_].values():
        for _ in range(chance.choice([0, 1, 1, 2])):
            known = {**ids, _CLOSED: ("x",)} if is_bare(type_, parameter.name, meant.name if meant else "") else ids
            for part in parameter.components or (parameter,):
                above = chance.choice(parameter.paths) if parameter.components else Path()
                path = above + chance.choice(part.paths)
                if path.type:
                    _put(
                        resource,
                        type_,
                        path,
                        lambda part=part, path=path, known=known: _value(part, path, chance, known),
                        chance,
                    )
    meta = {"tag": [_coding(chance)], "security": [_coding(chance)], "source": chance.choice(URLS)}
    return resource | ({"meta": meta} if chance.random() < 0.5 else {})


def _put(resource: Resource, type_: str, path: Path, value: Any, chance: Random) -> None:
    node, above = resource, type_
    for step in path.steps[:-1]:
        if _is_taken(node, step):
            return
        node = _within(node, step, _is_list(above, step), chance)
        above = step.below
    last = path.steps[-1]
    if _is_taken(node, last) or last.name.startswith("_"):
        return
    made = value()
    if last.where and isinstance(made, dict):
        made[last.where[0]] = last.where[1]
    if _is_list(above, last):
        node.setdefault(last.name, []).append(made)
    else:
        node.setdefault(last.name, made)


def _within(node: Resource, step: Step, is_list: bool, chance: Random) -> Resource:
    if not is_list:
        found: Resource = node.setdefault(step.name, {})
        return found
    items = node.setdefault(step.name, [])
    fitting = [one for one in items if not step.where or one.get(step.where[0]) == step.where[1]]
    if not fitting or (step.element != "extension" and chance.random() < 0.3):  # of two, fhirpathpy reads one
        fitting = [dict([step.where]) if step.where else {}]
        items.append(fitting[0])
    chosen: Resource = chance.choice(fitting)
    return chosen


def _is_list(above: str, step: Step) -> bool:
    row = tables().rows.get(f"{above}.{step.element}")
    return step.element == "extension" or (row is not None and row.max != 1 and not step.name.startswith("_"))


def _is_taken(node: Resource, step: Step) -> bool:
    """By another type of the same choice."""
    stem = step.element.removesuffix("[x]")
    return step.element != stem and any(key.startswith(stem) and key != step.name for key in node)


def _coding(chance: Random) -> Resource:
    system = chance.choice(SYSTEMS)
    said = {"display": chance.choice(TEXTS)} if chance.random() < 0.3 else {}
    return {**({"system": system} if system else {}), "code": chance.choice(CODES), **said}


def _identifier(chance: Random) -> Resource:
    system = chance.choice(SYSTEMS)
    kind = {"type": {"coding": [_coding(chance)]}} if chance.random() < 0.4 else {}
    return {**kind, **({"system": system} if system else {}), "value": chance.choice(CODES)}


def _value(parameter: Parameter, path: Path, chance: Random, ids: Mapping[str, Sequence[str]]) -> Any:
    match path.type:
        case "CodeableConcept":
            text = {"text": chance.choice(TEXTS)} if chance.random() < 0.3 else {}
            return {"coding": [_coding(chance) for _ in range(chance.choice([1, 1, 2]))], **text}
        case "Coding":
            return _coding(chance)
        case "Identifier":
            return _identifier(chance)
        case "ContactPoint":
            return {"system": chance.choice(["phone", "email"]), "value": chance.choice(CODES)}
        case "Reference":
            return _reference(parameter, path, chance, ids)
        case "HumanName":
            return {"family": chance.choice(TEXTS), "given": [chance.choice(TEXTS)]}
        case "Address":
            return {"city": chance.choice(TEXTS), "line": [chance.choice(TEXTS)], "use": chance.choice(USES)}
        case "code":
            is_bound = (
                path.steps[-1].element != "value[x]"
            )  # an extension's is not in the tables that the naive side reads
            return chance.choice([code for _, code in sorted(parameter.implied)][:3] * is_bound or CODES)
        case "Quantity":
            return _quantity(chance)
        case "Period":
            ends = {"start": chance.choice(DAYS), "end": chance.choice(("2026-05", "2025-12-31"))}
            return {name: value for name, value in ends.items() if chance.random() < 0.8} or {"start": "2025"}
        case "BackboneElement":
            return {"latitude": chance.choice([33.5, 34.0, -1]), "longitude": chance.choice([-7.6, -6.8, 10])}
        case _:
            return _primitive(path.type, chance)


def _primitive(type_: str, chance: Random) -> Any:
    match type_:
        case "boolean":
            return chance.random() < 0.5
        case "date":
            return chance.choice(DAYS)
        case "dateTime":
            return chance.choice((*DAYS, *INSTANTS))
        case "instant":
            return chance.choice(INSTANTS)
        case "uri" | "canonical" | "url":
            return chance.choice(URLS)
        case "decimal" | "integer" | "positiveInt":
            return chance.choice(NUMBERS)
        case "code" | "id":
            return chance.choice(CODES)
        case _:
            return chance.choice(TEXTS)


def _quantity(chance: Random) -> Resource:
    comparator = {"comparator": chance.choice(["<", ">"])} if chance.random() < 0.2 else {}
    return {
        "value": chance.choice(NUMBERS),
        **comparator,
        "system": chance.choice(SYSTEMS[:2]),
        "code": chance.choice(CODES),
    }


def _reference(parameter: Parameter, path: Path, chance: Random, ids: Mapping[str, Sequence[str]]) -> Resource:
    known = [
        f"{type_}/{id_}" for type_ in parameter.targets for id_ in ids.get(type_, ()) if path.target in {"", type_}
    ]
    if _CLOSED in ids and not known:
        return {"reference": "https://other.example/fhir/Patient/x"}
    if not known or (_CLOSED not in ids and chance.random() < 0.1):
        return {"identifier": _identifier(chance), "type": path.target or chance.choice(parameter.targets)}
    version = "/_history/2" if chance.random() < 0.1 else ""
    return {"reference": chance.choice(known) + version}
