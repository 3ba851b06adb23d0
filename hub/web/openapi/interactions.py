"""The interactions as OpenAPI operations, one for each type they work on.

https://hl7.org/fhir/R4/http.html. What is not told here of an interaction follows from its method.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from hub.fhir import Resource
from hub.oauth.scopes import LETTERS
from hub.search.compartments import OWNER
from hub.search.parsing import CONTROLS
from hub.web import history
from hub.web.interactions import Interaction
from hub.web.negotiation import FORM, JSON, JSON_PATCH
from hub.web.openapi.parts import ASKED, SENT, Part, SearchForm, answers, fhir, ref, tail

_SPECIFICATION: Final = "https://hl7.org/fhir/R4/http.html"
_ANCHORS: Final[Mapping[str, str]] = {
    "search-type": "search", "search-system": "search", "batch": "transaction",
    "history-instance": "history", "history-type": "history", "history-system": "history",
}  # fmt: skip
"""Interaction → where its specification stands, when that is not called as it is."""
_DONE: Final[Mapping[str, tuple[int, ...]]] = {
    "GET": (200, 304),
    "HEAD": (200, 304),
    "POST": (200,),
    "PUT": (200,),
    "PATCH": (200,),
    "DELETE": (200, 204),
}
_STAMPED: Final[Part] = {
    "ETag": {"schema": {"type": "string", "pattern": r'^W/"\d+"$'}},
    "Last-Modified": {"schema": {"type": "string"}},
}
_CHANGED: Final[Part] = _STAMPED | {"Location": {"schema": {"type": "string"}}}
_PATCHES: Final[Mapping[str, Part]] = {JSON_PATCH: ref("schemas", "JsonPatch"), JSON: {"type": "object"}}
"""Media type → the form of a patch; FHIRPath Patch is a Parameters resource."""
_READING: Final = ("If-None-Match", "If-Modified-Since", "If-Match")
_CHANGING: Final = ("If-Match", "Prefer")
_HOW_MUCH: Final = ("_summary", "_elements")
RESULT: Final = (*CONTROLS, "_elements", "_include:iterate", "_revinclude:iterate")
"""What says of a search how its result is to be."""


def described(interaction: Interaction, statement: Resource, language: str) -> Iterator[tuple[str, str, Part]]:
    """Rule, method and description of each, as the CapabilityStatement declares it."""
    formats = statement.get("patchFormat", ())
    (rest,) = statement["rest"]
    if "<type_>" not in interaction.rule:
        about = {"type": OWNER, "searchParam": rest["searchParam"]}  # of any type: what they all know
        yield interaction.rule, interaction.method, _one(interaction, "", about, formats, language)
        return
    of_type = {one["type"]: one for one in rest["resource"]}
    for type_ in sorted(interaction.types):
        rule = interaction.rule.replace("<type_>", type_)
        yield rule, interaction.method, _one(interaction, type_, of_type.get(type_, {}), formats, language)


def _one(interaction: Interaction, type_: str, about: Resource, formats: Sequence[str], language: str) -> Part:
    code, method = interaction.code, interaction.method
    said: Part = {
        "operationId": "-".join(filter(None, (code, type_, "" if method != "POST" or code == "create" else "post"))),
        "summary": f"{code} {type_}".strip(),
        "tags": [type_ or "system"],
        "externalDocs": {"url": f"{_SPECIFICATION}#{_ANCHORS.get(code, code)}"},
        "parameters": [*_asked(interaction, about), *tail(*_headers(interaction, about))],
        "responses": _answers(interaction, type_, about, language),
        "security": security(interaction.scope, type_),
    }
    body = _body(interaction, type_, about, formats)
    return said | ({"requestBody": {"required": code == "create", "content": body}} if body else {})


def security(scope: str, type_: str) -> list[Part]:
    """Any token whose scopes have this letter for the type: https://hl7.org/fhir/smart-app-launch/STU2.2/"""
    letter = LETTERS.get(scope, "")
    return [{"oauth2": [f"system/{type_ or '*'}.{letter}"] if letter else []}]


def search_parameters(about: Resource, controls: Iterable[str] = RESULT) -> Iterator[Part]:
    """As the CapabilityStatement lists them, and those that say how the result is to be."""
    for one in about.get("searchParam", ()):
        said: Part = {"name": one["name"], "in": "query", "schema": ref("schemas", SearchForm.of(about, one).name)}
        yield said | ({"description": one["documentation"]} if "documentation" in one else {})
    listed = {one["name"] for one in about.get("searchParam", ())}
    for name in controls:
        if name not in listed:
            yield _text(name)


def _text(name: str) -> Part:
    return {"name": name, "in": "query", "schema": {"type": "string", "minLength": 1}}


def _asked(interaction: Interaction, about: Resource) -> list[Part]:
    """What stands in the URL: of a search, of a change of what a search finds, of a history; how much is wanted of a read."""
    code = interaction.code
    if interaction.method == "POST":
        return []
    if code.startswith("search"):
        return [*search_parameters(about), *map(_text, _chosen(interaction))]
    if interaction.rule.endswith("<type_>"):
        return list(search_parameters(about, ()))
    return [
        *map(_text, history.ASKED if code.startswith("history") else _HOW_MUCH if code in {"read", "vread"} else ())
    ]


def _chosen(interaction: Interaction) -> Sequence[str]:
    """Of a search over types: which."""
    return ("_type",) if interaction.code == "search-system" else ()


def _headers(interaction: Interaction, about: Resource) -> Sequence[str]:
    match interaction.method:
        case "GET" if interaction.code.startswith(("search", "history")):
            return ("Prefer",)
        case "GET" | "HEAD":
            return _READING
        case "POST" if interaction.code == "create":
            return ("Prefer", "If-None-Exist") if about.get("conditionalCreate") else ("Prefer",)
        case "PUT" | "PATCH" | "DELETE":
            return _CHANGING
        case _:
            return ("Prefer",)


def _body(interaction: Interaction, type_: str, about: Resource, formats: Sequence[str]) -> Part:
    match interaction.method:
        case "POST" if interaction.rule.endswith("_search"):
            asked = (*search_parameters(about), *map(_text, (*_chosen(interaction), "_format", "_pretty")))
            form = {one["name"]: one["schema"] for one in asked}
            return {FORM: {"schema": {"type": "object", "properties": form, "additionalProperties": False}}}
        case "PATCH":
            return {one: {"schema": _PATCHES.get(one, ref("schemas", "Parameters"))} for one in formats}
        case "POST" | "PUT":
            return fhir(sent(type_ or "Bundle"))
        case _:
            return {}


def sent(type_: str) -> Part:
    """A resource as a client sends it. Its profiles are JSON Schemas of their own, below /schemas/."""
    return {"type": "object", "required": ["resourceType"], "properties": {"resourceType": {"const": type_}}}


def _answers(interaction: Interaction, type_: str, about: Resource, language: str) -> Part:
    code, method = interaction.code, interaction.method
    found = {*ASKED, *_DONE.get(method, (200,))}
    if method in {"POST", "PUT", "PATCH"}:
        found |= {*SENT, 405} if not interaction.rule.endswith("_search") else {413, 415}
    if code in {"read", "vread"}:  # another version than that of If-Match
        found.add(412)
    if method == "DELETE":
        found |= {405, 409, 412}
    if code == "create":
        found = found - {200} | {201} | ({200} if about.get("conditionalCreate") else set())
    is_deleted = any(one["code"] == "delete" for one in about.get("interaction", ()))
    if code == "update" and (is_deleted or about.get("updateCreate")):  # what was deleted is brought back
        found.add(201)
    if code.startswith("search"):
        found = found - {304} | {422}  # too costly
    if not type_ and "type_>" in interaction.rule:
        found.add(405)
    if "<id_>" in interaction.rule or not type_:
        found.add(410)
    shown = {} if method == "HEAD" else fhir(_shown(interaction, type_))
    return answers(found, shown, language, _stamps(interaction))


def _shown(interaction: Interaction, type_: str) -> Part:
    if interaction.method in {"GET", "HEAD"} and interaction.code in {"read", "vread"}:
        return ref("schemas", type_)
    if interaction.code in {"create", "update", "patch"}:
        return {"anyOf": [ref("schemas", type_), ref("schemas", "OperationOutcome")]}
    return ref("schemas", "Resource" if interaction.method == "DELETE" else "Bundle")


def _stamps(interaction: Interaction) -> Part | None:
    if interaction.code in {"read", "vread"}:
        return _STAMPED
    return _CHANGED if interaction.code in {"create", "update", "patch"} else None


def resource_schema(type_: str, about: Resource) -> dict[str, Any]:
    """A resource as the hub answers it; which profiles there are, the CapabilityStatement says."""
    return {
        "type": "object",
        "required": ["resourceType", "id", "meta"],
        "properties": {
            "resourceType": {"const": type_},
            "id": ref("schemas", "id"),
            "meta": ref("schemas", "Meta"),
        },
        "x-fhir-profiles": about.get("supportedProfile", []),
    }
