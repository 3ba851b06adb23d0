"""Profiles made up for a test, and their snapshots by element id."""

from typing import Any

from hub.conformance.snapshot import Snapshots
from hub.fhir.r4 import EXTENSION

Json = dict[str, Any]


def profile(name: str, type_: str, *stated: Json, base: str = "") -> Json:
    """A StructureDefinition called by its name, derived from R4's own of the type unless `base` says otherwise."""
    return {
        "resourceType": "StructureDefinition",
        "id": name,
        "url": name,
        "type": type_,
        "derivation": "constraint",
        "baseDefinition": base or EXTENSION + type_,
        "differential": {"element": list(stated)},
    }


def snapshot(url: str, *definitions: Json) -> dict[str, Json]:
    completed = Snapshots(definitions).complete(url)
    return {element["id"]: element for element in completed["snapshot"]["element"]}


def of(type_: str, *stated: Json) -> dict[str, Json]:
    return snapshot("made-up", profile("made-up", type_, *stated))
