"""Another implementation of FHIR, as a second opinion: `fhir.resources`, whose R4B is R4 in all that is used here."""

from typing import Any

from fhir.resources.R4B import get_fhir_model_class


def accept(resource: dict[str, Any]) -> None:
    """Raises where the other implementation finds the resource wrong."""
    get_fhir_model_class(resource["resourceType"]).model_validate(_unextended(resource))


def _unextended(node: Any) -> Any:
    """Without what stands beside the primitive value of an extension: R4 allows it, the other implementation does not."""
    if isinstance(node, dict):
        return {key: _unextended(value) for key, value in node.items() if not key.startswith("_value")}
    return [_unextended(item) for item in node] if isinstance(node, list) else node
