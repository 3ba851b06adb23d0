"""The canonical URLs of this project. Their base is declared in `profiles/contract.json`."""

from hub.fhir.contract import contract

BASE = contract().base
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"


def profile(name: str) -> str:
    """`profile("survivor")` is the canonical of the survivor profile (a StructureDefinition; extensions too)."""
    return f"{BASE}/StructureDefinition/{name}"


def code_system(name: str) -> str:
    return f"{BASE}/CodeSystem/{name}"


def value_set(name: str) -> str:
    return f"{BASE}/ValueSet/{name}"


def concept_map(name: str) -> str:
    return f"{BASE}/ConceptMap/{name}"


def identifier_system(name: str) -> str:
    """The `Identifier.system` of identifiers that the hub or its parties give, as `survivor-code`."""
    return f"{BASE}/NamingSystem/{name}"
