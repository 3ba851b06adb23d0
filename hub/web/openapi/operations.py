"""FHIR operations as OpenAPI operations: what they may be asked with, in the URL or in the body.

https://hl7.org/fhir/R4/operations.html#executing
"""

from collections.abc import Iterator, Mapping
from typing import Final

from hub.web.openapi.parts import ASKED, SENT, Part, answers, fhir, ref, tail
from hub.web.operations import FILES, Operation

_IN_URLS: Final[Mapping[str, Part]] = {
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer", "minimum": 0, "maximum": 999_999_999},
}
_COMPLEX: Final = frozenset({"Coding", "CodeableConcept", "Identifier", "Reference", "Resource"})
"""Types that a URL cannot carry."""


def described(operation: Operation, language: str) -> Iterator[tuple[str, str, Part]]:
    """Rule, method and description of each way to ask."""
    for rule in operation.rules:
        for method in operation.methods:
            yield rule, method, _one(operation, rule, method, language)


def _one(operation: Operation, rule: str, method: str, language: str) -> Part:
    level = "instance" if "<id_>" in rule else "type"
    found = {200, *ASKED, 405, 410, 422, *((*SENT, 429) if method == "POST" else ())}
    said: Part = {
        "operationId": f"{operation.name}-{operation.type}-{level}-{method.lower()}",
        "summary": f"{operation.type} ${operation.name}",
        "tags": [operation.type],
        "externalDocs": {"url": operation.definition},
        "parameters": [*([] if operation.changes and not operation.file else _asked(operation)), *tail()],
        "responses": answers(found, fhir(ref("schemas", "Resource")), language),
        "security": [{"oauth2": []}],
    }
    return said | ({"requestBody": {"content": _bodies(operation)}} if method == "POST" else {})


def _bodies(operation: Operation) -> Part:
    """A file is described by its media type alone: https://spec.openapis.org/oas/v3.1.1.html#considerations-for-file-uploads."""
    return fhir(_given(operation)) | ({media: {} for media in FILES} if operation.file else {})


def _asked(operation: Operation) -> Iterator[Part]:
    for name, type_ in operation.parameters.items():
        one = type_.rstrip("*")
        if one not in _COMPLEX:
            schema = _IN_URLS.get(one, {"type": "string", "minLength": 1, "maxLength": 1024})
            yield {
                "name": name,
                "in": "query",
                "schema": {"type": "array", "items": schema} if one != type_ else schema,
            }


def _given(operation: Operation) -> Part:
    parameters = ref("schemas", "Parameters")
    return {"anyOf": [parameters, ref("schemas", "Resource")]} if operation.bare else parameters
