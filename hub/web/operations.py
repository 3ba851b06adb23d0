"""FHIR operations: what they are asked with, by GET (the query) or POST (a Parameters resource, the one resource that the
operation is about, or the query and one of these), and who may ask.

https://hl7.org/fhir/R4/operations.html#executing. A parameter that the operation does not have, or one that is given twice,
is refused: what is silently dropped is taken for done.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask import Request, Response

from hub.errors import BAD_PARAMETER, UNKNOWN_PARAMETER, UNSUPPORTED_MEDIA, HubError
from hub.fhir import Resource
from hub.fhir.canonicals import BASE
from hub.fhir.serial import dumps
from hub.search.asked import shown
from hub.web.answers import json_answer
from hub.web.asker import asker
from hub.web.bodies import read_bytes, read_json
from hub.web.negotiation import FHIR_JSON, HTTP_PARAMETERS, JSON, answer_media, require_media
from hub.web.service import Call, Service

Inputs = Mapping[str, list[Any]]
"""What was given, by parameter: text, boolean, number, or a complex value or a resource as JSON data."""

Answer = Resource | str
"""A resource, or its text where it is written around views that are served as they are."""

ANY_TYPE: Final = "Resource"
OF_THE_SYSTEM: Final = ""
"""The type of an operation that is asked of the whole system, and of no type."""

_TEXT: Final = frozenset({"valueUri", "valueString", "valueCode", "valueCanonical", "valueUrl", "valueId"})
_TIMES: Final = {
    "date": frozenset({"valueDate", "valueDateTime"}),
    "instant": frozenset({"valueInstant", "valueDateTime"}),
}
_KEYS: Final = {
    "boolean": frozenset({"valueBoolean"}),
    "integer": frozenset({"valueInteger", "valueUnsignedInt", "valuePositiveInt"}),
    "Coding": frozenset({"valueCoding"}),
    "CodeableConcept": frozenset({"valueCodeableConcept"}),
    "Identifier": frozenset({"valueIdentifier"}),
    "Meta": frozenset({"valueMeta"}),
    "Reference": frozenset({"valueReference"}),
    "Resource": frozenset({"resource"}),
}
FILES: Final = (
    "text/csv",
    "text/tab-separated-values",
    "text/plain",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.ms-excel",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/octet-stream",
)
"""Whatever it is called, what a file is shows from its bytes."""
_OF_ELEMENTS: Final = frozenset({"id", "extension"})
_EXPECTED: Final = {
    "boolean": "true, false",
    "integer": "0, 1, 2, …",
    "Reference": "{reference: Type/[id]}",
    "language": "ar, fr, en, fr-MA",
}
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}", re.ASCII)
_NUMBER: Final = re.compile(r"\d{1,9}", re.ASCII)
_ABOVE: Final = 10**9
_LONGEST: Final = 1024


@dataclass(frozen=True)
class Operation:
    """`name`: without its `$`. `type`: `Resource` where it may be asked of every type. `parameters`: name → FHIR type, with `*`
    where it may be repeated."""

    name: str
    type: str
    parameters: Mapping[str, str]
    answer: Callable[[Inputs, Call, Service], Answer]
    instance: bool = True  # whether it may also be asked of one resource by id
    bare: str = ""  # the parameter that a body is which is no Parameters resource
    file: str = (
        ""  # the parameter that a body is which is a file: then those beside it stand in the URL, and name nobody
    )
    of_type: bool = True  # whether it may be asked of the type as a whole
    of_system: bool = False  # whether it may be asked of all types together
    of_records: bool = False  # whether it is about what is stored, and so of no type of which nothing is
    ours: bool = False  # whether this project defines it, and not HL7
    defined_as: str = ""  # what our definition is called, if not after type and name
    changes: bool = (
        False  # whether it changes something or tells of a person: only asked by POST, with nothing in the URL
    )

    @property
    def definition(self) -> str:
        if self.ours:
            return f"{BASE}/OperationDefinition/{self.defined_as or f'{self.type.lower()}-{self.name}'}"
        return f"http://hl7.org/fhir/OperationDefinition/{self.type}-{self.name}"

    @property
    def methods(self) -> list[str]:
        return ["POST"] if self.changes else ["GET", "POST"]

    @property
    def rules(self) -> tuple[str, ...]:
        type_ = "<type_>" if self.type == ANY_TYPE else self.type
        whole: tuple[str, ...] = (f"/fhir/${self.name}",) if self.of_system else ()
        whole += (f"/fhir/{type_}/${self.name}",) if self.of_type else ()
        return (*whole, f"/fhir/{type_}/<id_>/${self.name}") if self.instance else whole


def perform(operation: Operation, request: Request, type_: str, id_: str, service: Service) -> Response:
    """The answer of an operation to a caller with a valid token; one that looks at a record asks for more. Raises HubError."""
    media = answer_media(request)
    caller = asker(request, service)
    call = Call(request, type_ or operation.type, id_, caller, media)
    if operation.changes and not operation.file:
        _require_nothing_in_the_url(request)
    inputs = read_inputs(request, operation.parameters, operation.bare, operation.file)
    answer = operation.answer(inputs, call, service)
    return json_answer(answer if isinstance(answer, str) else dumps(answer), call)


def _require_nothing_in_the_url(request: Request) -> None:
    """A URL is written down on its way; what stands in it is not repeated."""
    if any(name not in HTTP_PARAMETERS for name in request.args):
        raise HubError(UNKNOWN_PARAMETER, parameter="?", known="POST Parameters")


def read_inputs(request: Request, declared: Mapping[str, str], bare: str = "", file: str = "") -> Inputs:
    """Everything given, checked against the declaration. Raises BAD_PARAMETER or UNKNOWN_PARAMETER."""
    given: dict[str, list[Any]] = {}
    body = _of_file(request, file) if file and _is_file(request) else _of_body(request, declared, bare)
    for name, value in (*_of_query(request, declared), *body):
        given.setdefault(name, []).append(value)
        if len(given[name]) > 1 and not declared[name].endswith("*"):
            raise _bad(name, "1")
    return given


def _of_query(request: Request, declared: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    for name, text in request.args.items(multi=True):
        if name not in HTTP_PARAMETERS:
            type_ = _declared(name, declared)
            if text:
                yield name, _from_text(name, type_, text)


def _from_text(name: str, type_: str, text: str) -> Any:
    if type_ == "boolean":
        return _checked(name, type_, {"true": True, "false": False}.get(text))
    if type_ == "integer":
        return int(text) if _NUMBER.fullmatch(text) else _checked(name, type_, None)
    if type_ in _KEYS:
        raise _bad(name, f"POST Parameters.parameter.{min(_KEYS[type_])}")
    return _checked(name, type_, text)


def _is_file(request: Request) -> bool:
    return bool(read_bytes(request)) and request.mimetype not in {FHIR_JSON, JSON, "text/json"}


def _of_file(request: Request, name: str) -> Iterator[tuple[str, Any]]:
    if request.mimetype not in FILES:
        raise HubError(UNSUPPORTED_MEDIA, expected=", ".join(FILES))
    yield name, read_bytes(request)


def _of_body(request: Request, declared: Mapping[str, str], bare: str) -> Iterator[tuple[str, Any]]:
    if request.method != "POST" or not read_bytes(request):  # all parameters may stand in the URL
        return
    require_media(request, FHIR_JSON, JSON, "text/json")
    body = read_json(request)
    is_parameters = isinstance(body, dict) and body.get("resourceType") == "Parameters"
    if bare and isinstance(body, dict) and not is_parameters:
        yield bare, body
        return
    if not is_parameters:
        raise _bad("resourceType", "Parameters")
    entries = body.get("parameter", [])
    if not isinstance(entries, list):
        raise _bad("parameter", "[{name, value[x]}]")
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise _bad("parameter", "[{name, value[x]}]")
        type_ = _declared(entry["name"], declared)
        keys = _KEYS.get(type_) or _TIMES.get(type_, _TEXT)
        values = [value for key, value in entry.items() if key in keys]
        if len(values) != 1 or len(entry.keys() - _OF_ELEMENTS) != 2:
            raise _bad(entry["name"], ", ".join(sorted(keys)))
        yield entry["name"], _checked(entry["name"], type_, values[0])


def _declared(name: str, declared: Mapping[str, str]) -> str:
    """The FHIR type of a parameter."""
    if name not in declared:
        raise HubError(UNKNOWN_PARAMETER, parameter=shown(name), known=", ".join(declared))
    return declared[name].rstrip("*")


def _checked(name: str, type_: str, value: Any) -> Any:
    """The value, if it is one of its type."""
    match type_:
        case "boolean":
            right = isinstance(value, bool)
        case "integer":
            right = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _ABOVE
        case "Coding" | "CodeableConcept" | "Identifier" | "Meta" | "Resource":
            right = isinstance(value, dict)
        case "Reference":
            right = isinstance(value, dict) and isinstance(value.get("reference"), str)
        case _:
            right = isinstance(value, str) and 0 < len(value) <= _LONGEST
            right = right and (type_ != "language" or _LANGUAGE.fullmatch(value) is not None)
    if not right:
        raise _bad(name, _EXPECTED.get(type_, type_))
    return value


def _bad(name: str, expected: str) -> HubError:
    """`name` is one of ours: declared, or an element of Parameters."""
    return HubError(BAD_PARAMETER, path=f"http.{name}", parameter=name, expected=expected)
