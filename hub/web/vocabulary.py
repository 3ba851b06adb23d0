"""terminology: which code systems this server knows and what it answers about them, `/metadata?mode=terminology`.

https://hl7.org/fhir/R4/terminologycapabilities.html
"""

from hub.fhir import Resource
from hub.fhir.definitions import Definitions


def terminology_capabilities(statement: Resource, definitions: Definitions) -> Resource:
    """The TerminologyCapabilities that belong to a CapabilityStatement."""
    shared = {name: statement[name] for name in ("status", "date", "kind", "software", "implementation")}
    systems = sorted({one.url for one in definitions.code_systems()})
    operations = {
        f"{resource['type']}${one['name']}"
        for resource in statement["rest"][0]["resource"]
        for one in resource.get("operation", ())
    }
    said: Resource = {
        "resourceType": "TerminologyCapabilities",
        **shared,
        "codeSystem": [{"uri": url} for url in systems],
    }
    if "ValueSet$expand" in operations:
        said["expansion"] = {"hierarchical": False, "paging": True, "incomplete": False}
    if "ValueSet$validate-code" in operations:
        said["validateCode"] = {"translations": False}
    if "ConceptMap$translate" in operations:
        said["translation"] = {"needsMap": False}
    return said
