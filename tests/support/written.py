"""The contract's valid examples, as what is made up for tests is written from them, and whose they are."""

import json
from functools import cache
from importlib.resources import files
from random import Random
from typing import Final
from uuid import UUID

from hub.fhir import Resource
from hub.fhir.canonicals import code_system
from hub.fhir.serial import loads

CALLER: Final = "chu"
ORGANIZATIONS: Final = {
    "amal": "association", "nour": "association", "chu": "hospital-unit", "hopital": "hospital-unit", "dar": "association",
}  # fmt: skip


def concept(system: str, code: str) -> Resource:
    return {"coding": [{"system": code_system(system), "code": code}]}


@cache
def _written(name: str) -> str:
    return files("profiles").joinpath("examples", "valid", f"{name}.json").read_text("utf-8")


def example(name: str) -> Resource:
    found: Resource = loads(_written(name))
    return found


def new_id(chance: Random) -> str:
    return str(UUID(int=chance.getrandbits(128), version=4))


def renamed(resource: Resource, person: str, keeper: str) -> Resource:
    """Her example's references become hers, its keeper this one."""
    text = json.dumps(resource)
    for known in ("0b9d1d2e-8b1e-4f57-9a0a-6d1f0c2b7e31",):
        text = text.replace(known, person)
    for other in ("zahra-ecoute", "chu-atlas"):
        text = text.replace(f"Organization/{other}", f"Organization/{keeper}")
    renamed: Resource = json.loads(text)
    return renamed


def organization_(id_: str) -> Resource:
    return {"reference": f"Organization/{id_}"}
