"""subsumes: how two codes of one system lie to each other in its hierarchy.

https://hl7.org/fhir/R4/codesystem-operation-subsumes.html
"""

from hub.conformance.terminology.known import concept
from hub.conformance.terminology.parameters import parameters, said
from hub.fhir import Resource
from hub.fhir.definitions import CodeSystem


def subsumes(system: CodeSystem, a: str, b: str) -> Resource:
    """Parameters with the outcome, read from A to B. Raises UNKNOWN_CODE."""
    concept(system, a)
    concept(system, b)
    return parameters(said("outcome", "Code", _outcome(system, a, b)))


def _outcome(system: CodeSystem, a: str, b: str) -> str:
    if a == b:
        return "equivalent"
    if system.subsumes(a, b):
        return "subsumes"
    return "subsumed-by" if system.subsumes(b, a) else "not-subsumed"
