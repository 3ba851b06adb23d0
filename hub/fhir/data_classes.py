"""The data classes and what follows from each: its labels, whether a consent can open it, whether its values identify someone.

One declaration, `profiles/code-systems/data-class.json`, that consent, masking, mapping, messages, search and encryption read.
Labels: https://terminology.hl7.org/CodeSystem/v3-Confidentiality and sensitivities of v3-ActCode.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from hub.fhir.definitions import load

CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
SENSITIVITY = "http://terminology.hl7.org/CodeSystem/v3-ActCode"


@dataclass(frozen=True)
class DataClass:
    """`confidentiality`: U, N, R or V. `sensitivity`: as SDV, LOCIS. The other three are explained in the code system."""

    code: str
    confidentiality: str
    sensitivity: tuple[str, ...]
    shareable: bool
    identifying: bool
    encrypted: bool

    @property
    def labels(self) -> tuple[dict[str, str], ...]:
        """Its default security labels, as Codings."""
        return (
            {"system": CONFIDENTIALITY, "code": self.confidentiality},
            *({"system": SENSITIVITY, "code": code} for code in self.sensitivity),
        )


@cache
def data_classes() -> Mapping[str, DataClass]:
    """All of them, by code."""
    return {code: _read(code, concept.properties) for code, concept in load().code_system("data-class").codes.items()}


@cache
def shareable() -> frozenset[str]:
    """The data classes that a Consent can open. All others stay with the custodian whatever a Consent says."""
    return frozenset(one.code for one in data_classes().values() if one.shareable)


@cache
def identifying() -> frozenset[str]:
    """The data classes whose values are never repeated to anyone, not even a wrong code."""
    return frozenset(one.code for one in data_classes().values() if one.identifying)


@cache
def encrypted() -> frozenset[str]:
    """The data classes whose values are to be encrypted where they are kept."""
    return frozenset(one.code for one in data_classes().values() if one.encrypted)


def _read(code: str, properties: Mapping[str, Any]) -> DataClass:
    sensitivity = properties.get("sensitivity", ())
    return DataClass(
        code=code,
        confidentiality=properties["confidentiality"],
        sensitivity=sensitivity if isinstance(sensitivity, tuple) else (sensitivity,),
        shareable=properties["shareable"],
        identifying=properties["identifying"],
        encrypted=properties["encrypted"],
    )
