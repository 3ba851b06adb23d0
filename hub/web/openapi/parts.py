"""The parts that every description of a route is put together from: media types, parameters, answers, security.

https://spec.openapis.org/oas/v3.1.1.html#components-object
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hub.fhir import Resource
from hub.fhir.query import ParameterType
from hub.search.matching import MODIFIERS, modifiers
from hub.search.parameters import PARAMETERS, parameter
from hub.texts import say
from hub.web.negotiation import FHIR_JSON, JSON

Part = dict[str, Any]

OUTCOME: Final = "OperationOutcome"
STATUSES: Final = (200, 201, 202, 204, 304, 400, 401, 403, 404, 405, 406, 409, 410, 412, 413, 415, 422, 429, 503)
ASKED: Final = (400, 401, 403, 404, 406, 503)
"""What may be answered to any request with a token."""
SENT: Final = (409, 412, 413, 415, 422)
"""What may be answered, besides, where something is sent."""

_DATE: Final = r"(eq|ne|gt|ge|lt|le|sa|eb|ap)?\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+\-]\d\d:\d\d)?)?)?)?"
_NUMBER: Final = r"(eq|ne|gt|ge|lt|le|sa|eb|ap)?[+\-]?\d+(\.\d+)?([eE][+\-]?\d+)?"
FORMS: Final[Mapping[str, str]] = {"date": f"^{_DATE}(,{_DATE})*$", "number": f"^{_NUMBER}(,{_NUMBER})*$"}
"""What a value looks like, by parameter type; of the others any text may be one."""

HEADERS: Final[Mapping[str, tuple[str, Part]]] = {
    "Accept-Language": ("language", {"type": "string", "examples": ["ar", "fr", "en"]}),
    "X-Request-Id": ("request-id", {"type": "string", "examples": ["5f1c8e1a-3d1e-4b7a-9c55-0d8a6a1e2b3c"]}),
    "Prefer": ("prefer", {"type": "string", "examples": ["return=minimal", "handling=strict"]}),
    "If-Match": ("if-match", {"type": "string", "examples": ['W/"1"']}),
    "If-Modified-Since": (
        "if-modified-since",
        {"type": "string", "examples": ["Sun, 01 Mar 2026 10:00:00 GMT"]},
    ),
    "If-None-Match": ("if-none-match", {"type": "string", "examples": ['W/"1"']}),
    "If-None-Exist": ("if-none-exist", {"type": "string", "examples": ["identifier=system|value"]}),
}
_QUERY: Final[Mapping[str, tuple[str, Part]]] = {
    "_format": ("format", {"type": "string", "enum": ["json", JSON, FHIR_JSON]}),
    "_pretty": ("pretty", {"type": "boolean"}),
}


def ref(kind: str, name: str) -> Part:
    return {"$ref": f"#/components/{kind}/{name}"}


def fhir(schema: Part, **more: Any) -> Part:
    """Content in FHIR's JSON, under either of its media types."""
    return {media: {"schema": schema, **more} for media in (FHIR_JSON, JSON)}


@dataclass(frozen=True, order=True)
class SearchForm:
    """How a search parameter is asked: its type, and which modifiers are answered."""

    type: str
    modifiers: tuple[str, ...]

    @classmethod
    def of(cls, about: Resource, said: Resource) -> "SearchForm":
        """Of a parameter as the CapabilityStatement lists it, of the type that this is about."""
        found = parameter(about["type"], said["name"]) if about.get("type") in PARAMETERS else None
        return cls(said["type"], modifiers(about["type"], found) if found else _most(said["type"]))

    @property
    def name(self) -> str:
        """That of its schema: after its type, and after the modifiers where they are not those of most of that type."""
        most = _most(self.type)
        unlike = [one for one in self.modifiers if one not in most] or [*self.modifiers]
        return "-".join(("search", self.type, *(unlike if self.modifiers != most else ())))


def _most(type_: str) -> tuple[str, ...]:
    known: Mapping[ParameterType, tuple[str, ...]] = MODIFIERS
    return next((tuple(m for m in found if m != "of-type") for name, found in known.items() if name == type_), ())


def components(search_forms: Iterable[SearchForm], language: str) -> Part:
    """What stands in the description once and is pointed to."""
    about = {
        name: (where, *said)
        for where, table in (("header", HEADERS), ("query", _QUERY))
        for name, said in table.items()
    }
    return {
        "schemas": {**SCHEMAS, **{one.name: search_schema(one, language) for one in search_forms}},
        "parameters": {
            name: {"name": name, "in": where, "description": say(f"openapi.{text}", language), "schema": schema}
            for name, (where, text, schema) in about.items()
        },
        "responses": {str(status): _refusal(status, language) for status in STATUSES if status >= 304},
    }


def search_schema(form: SearchForm, language: str) -> Part:
    """The values of a search parameter of this form: each time that it is given they must hold together."""
    listed = ", ".join(f":{one}" for one in form.modifiers) or "–"
    said = say("openapi.search-forms", language, type=form.type, modifiers=listed)
    item: Part = {"type": "string", "minLength": 1}
    item |= {"pattern": FORMS[form.type]} if form.type in FORMS else {}
    return {"type": "array", "items": item, "description": said}


def _refusal(status: int, language: str) -> Part:
    said: Part = {"description": say(f"openapi.status-{status}", language)}
    if status in {429, 503}:
        said["headers"] = {"Retry-After": {"schema": {"type": "string"}}}
    if status == 401:
        said["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}, "required": True}}
    return said if status == 304 else said | {"content": {FHIR_JSON: {"schema": ref("schemas", OUTCOME)}}}


def answers(statuses: Iterable[int], content: Part, language: str, headers: Part | None = None) -> Part:
    """Each status with what comes with it: `content` where it is done, an OperationOutcome where it is not."""
    return {
        str(status): ref("responses", str(status)) if status >= 304 else _done(status, content, language, headers)
        for status in sorted(set(statuses))
    }


def _done(status: int, content: Part, language: str, headers: Part | None) -> Part:
    said: Part = {"description": say(f"openapi.status-{status}", language)}
    if status == 202:
        return said
    return (
        said | ({"headers": headers} if headers else {}) | ({"content": content} if content and status != 204 else {})
    )


def parameters(*names: str) -> list[Part]:
    return [ref("parameters", name) for name in names]


def tail(*names: str) -> list[Part]:
    """The parameters of every FHIR request, and these."""
    return parameters("_format", "_pretty", "Accept-Language", "X-Request-Id", *names)


_ID: Final[Part] = {"type": "string", "pattern": r"^[A-Za-z0-9\-.]{1,64}$"}
_INSTANT: Final[Part] = {"type": "string", "format": "date-time"}
_URI: Final[Part] = {"type": "string", "minLength": 1}

SCHEMAS: Final[Mapping[str, Part]] = {
    "id": _ID,
    "Meta": {
        "type": "object",
        "required": ["versionId", "lastUpdated"],
        "properties": {"versionId": _ID, "lastUpdated": _INSTANT, "profile": {"type": "array", "items": _URI}},
    },
    "Resource": {
        "type": "object",
        "required": ["resourceType"],
        "properties": {"resourceType": {"type": "string", "pattern": "^[A-Z][A-Za-z]+$"}, "id": _ID},
    },
    OUTCOME: {
        "type": "object",
        "required": ["resourceType", "issue"],
        "properties": {
            "resourceType": {"const": OUTCOME},
            "issue": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "required": ["severity", "code"],
                    "properties": {
                        "severity": {"enum": ["fatal", "error", "warning", "information"]},
                        "code": {"type": "string", "minLength": 1},
                        "details": {"type": "object"},
                        "diagnostics": {"type": "string"},
                        "expression": {"type": "array", "items": {"type": "string"}},
                    },
                },
            },
        },
    },
    "Bundle": {
        "type": "object",
        "required": ["resourceType", "type"],
        "properties": {
            "resourceType": {"const": "Bundle"},
            "type": {"type": "string"},
            "total": {"type": "integer", "minimum": 0},
            "link": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["relation", "url"],
                    "properties": {"relation": {"type": "string"}, "url": _URI},
                },
            },
            "entry": {
                "type": "array",
                "minItems": 1,
                "items": {"type": "object", "properties": {"fullUrl": _URI, "resource": ref("schemas", "Resource")}},
            },
        },
    },
    "Parameters": {
        "type": "object",
        "required": ["resourceType"],
        "properties": {
            "resourceType": {"const": "Parameters"},
            "parameter": {
                "type": "array",
                "items": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
            },
        },
    },
    "JsonPatch": {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["op", "path"],
            "properties": {
                "op": {"enum": ["add", "remove", "replace", "move", "copy", "test"]},
                "path": {"type": "string"},
                "from": {"type": "string"},
                "value": True,
            },
        },
    },
    "OAuthError": {
        "type": "object",
        "required": ["error"],
        "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
    },
}
