"""The parameters are those of R4's definitions, and what they are found by is what FHIRPath says.

fhirpathpy is the second opinion: https://pypi.org/project/fhirpathpy/
"""

import gzip
import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import fhirpathpy
import pytest
from fhirpathpy.models import models

from hub.fhir import Resource
from hub.fhir.canonicals import BASE
from hub.fhir.definitions import load
from hub.fhir.query import ParameterType
from hub.fhir.r4 import tables
from hub.fhir.search_definitions import search_definitions
from hub.search import index, reach
from hub.search.parameters import EVERYWHERE, PARAMETERS, Parameter
from hub.search.paths import Path as Read
from hub.search.paths import Unreadable, compiled, compiled_below
from hub.search.values import reader
from tests.support.budget import examples

OFFICIAL = Path(__file__).parents[2] / "data" / "r4-examples.ndjson.gz"
UNREADABLE = {("Patient", "deceased")}
"""Says `exists() and … != false`, of an element that no profile of the hub permits."""
A_TYPE = examples(8, 400)


def described() -> list[str]:
    return [type_ for type_ in tables().children if "." not in type_ and type_ in search_definitions()]


def test_there_are_all_of_r4_and_those_of_this_project() -> None:
    found = {(type_, one.name): one for type_, listed in search_definitions().items() for one in listed}
    assert len({type_ for type_, _ in found}) >= 130 and len(found) >= 1700
    assert found["Observation", "code-value-quantity"].components[1] == (
        "http://hl7.org/fhir/SearchParameter/Observation-value-quantity",
        "value.as(Quantity)",
    )
    assert found["HealthcareService", "capacity"].url == f"{BASE}/SearchParameter/capacity"


def test_every_expression_of_the_types_that_the_hub_knows_is_read_natively() -> None:
    unread = set()
    for type_ in described():
        for one in search_definitions()[type_]:
            try:
                above = compiled(one.expression, type_)
                assert all(compiled_below(part, path, type_) for _, part in one.components for path in above)
            except Unreadable:
                unread.add((type_, one.name))
    assert unread == UNREADABLE


@pytest.mark.parametrize("type_", PARAMETERS)
def test_a_parameter_is_left_out_only_where_every_profile_prohibits_what_it_reads(type_: str) -> None:
    for one in search_definitions()[type_]:
        if one.name not in PARAMETERS[type_] and one.usage == "normal" and (type_, one.name) not in UNREADABLE:
            below = [
                compiled_below(part, path, type_)
                for path in compiled(one.expression, type_)
                for _, part in one.components
            ]
            paths = [path for path in compiled(one.expression, type_) if reader(one.type, path.type)]
            assert below or not any(
                reach.permitted(profile, path) for profile in load().of_type(type_) for path in paths
            )


def test_an_expression_is_read_as_the_properties_that_json_has() -> None:
    def paths(expression: str, type_: str = "Observation") -> list[str]:
        return [str(path) for path in compiled(expression, type_)]

    assert paths("(Observation.value as Quantity) | Observation.code") == ["valueQuantity", "code"]
    assert paths("Observation.effective") == [
        "effectiveDateTime", "effectivePeriod", "effectiveTiming", "effectiveInstant",
    ]  # fmt: skip
    assert paths("Observation.value.as(DateTime)") == ["valueDateTime"]
    assert paths("(Observation.value as CodeableConcept).text") == ["valueCodeableConcept.text"]
    assert paths("Patient.telecom.where(system='phone')", "Patient") == ["telecom(phone)"]
    assert paths("Location.name.extension('http://x').value.as(code)", "Location") == [
        "_name.extension(http://x).valueCode"
    ]
    assert compiled("Task.for.where(resolve() is Patient)", "Task")[0].target == "Patient"


@pytest.mark.parametrize(
    "expression", ["Patient.deceased.exists()", "Task.code", "Patient.colour", "Patient.name.first()"]
)
def test_what_is_not_understood_is_not_guessed(expression: str) -> None:
    with pytest.raises(Unreadable):
        compiled(expression, "Patient")


# --- FHIRPath says the same ------------------------------------------------------------------------------------------


@cache
def resources(type_: str) -> tuple[Resource, ...]:
    ours = [
        json.loads(path.read_bytes())
        for path in files("profiles").joinpath("examples", "valid").iterdir()
        if path.name[-5:] == ".json"
    ]
    theirs = [json.loads(line) for line in gzip.decompress(OFFICIAL.read_bytes()).splitlines()]
    of_type = [one for one in theirs if one["resourceType"] == type_]
    return tuple([one for one in ours if one["resourceType"] == type_] + of_type[:A_TYPE])


def asked(expression: str) -> str:
    """What fhirpathpy can say: it does not fetch what a reference points to, but its text tells the type; and `as` is of one."""
    text = re.sub(r"resolve\(\) is (\w+)", r"reference.startsWith('\1/')", expression)
    text = re.sub(r"\(([\w.]+) as (\w+)\)", r"\1.ofType(\2)", text)
    return text.replace(".as(", ".ofType(").replace("DateTime)", "dateTime)")


@cache
def evaluator(expression: str) -> Any:
    return fhirpathpy.compile(asked(expression), models["r4"])


def values(kind: ParameterType, path: Read, nodes: list[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    read = reader(kind, path.type, path.target)
    assert read
    if nodes:
        read(nodes, "", found)
    return found


def simple(type_: str) -> Iterator[tuple[Parameter, bool]]:
    """Parameters whose every path is of one FHIR type; and whether all that they read is permitted here."""
    for one in (*EVERYWHERE.values(), *PARAMETERS[type_].values()):
        kinds = {(path.type, path.target) for path in one.paths}
        if one.type != "composite" and len(kinds) == 1 and one.name not in {"_id", "_lastUpdated"}:
            everything = compiled(one.expression.replace("Resource.", f"{type_}."), type_)
            yield one, {path.steps for path in everything} == {path.steps for path in one.paths}


@pytest.mark.parametrize("type_", PARAMETERS)
def test_what_a_resource_is_found_by_is_what_fhirpath_finds(type_: str) -> None:
    compared = 0
    for resource in resources(type_):
        ours, found = resource.get("meta", {}).get("profile", [""])[0].startswith(BASE), index(resource)
        for parameter, is_whole in simple(type_):
            if ours or is_whole:
                nodes = list(evaluator(parameter.expression.replace("Resource.", f"{type_}."))(resource))
                for suffix, expected in values(parameter.type, parameter.paths[0], nodes).items():
                    said = found.get(f"{parameter.kept_as}{suffix}", [])
                    assert set(map(repr, said)) == set(map(repr, expected)), (
                        parameter.name,
                        suffix,
                        resource["id"],
                    )
                    compared += 1
    assert compared >= 5
