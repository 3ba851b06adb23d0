"""The terminology operations: $expand, $validate-code, $lookup, $subsumes and $translate.

https://hl7.org/fhir/R4/terminology-service.html. They do not pass through `exchange.disclose`, and must not: disclosure
decides what of a *person's* record a caller sees, and here no record is read. The answers are made of the packaged code
lists alone, the same for everybody, and reach neither the store nor the directory. So any valid token will do, whatever its
scopes. What the caller sends (a filter, a display) may by mistake be a name: it is compared, never logged, never kept.
"""

from typing import Any, Final

from hub.conformance import terminology
from hub.conformance.terminology import Asked, Coding, ConceptMap, Speech, Wanted
from hub.errors import BAD_PARAMETER, ONE_OF_REQUIRED, HubError
from hub.fhir import Resource
from hub.fhir.definitions import CodeSystem, ValueSet, load
from hub.web.operations import Inputs, Operation
from hub.web.service import Call, Service


def expand(inputs: Inputs, call: Call, service: Service) -> Resource:
    asked = Asked(
        filter=_one(inputs, "filter"),
        offset=_one(inputs, "offset"),
        count=_one(inputs, "count"),
        active_only=_one(inputs, "activeOnly") or False,
        designations=_one(inputs, "includeDesignations") or False,
        language=_language(inputs, call),
    )
    identifier = f"urn:uuid:{service.hub.ids.new()}"
    return terminology.expand(
        load(), _value_set(inputs, call), asked, identifier=identifier, at=service.hub.clock.now()
    )


def validate_in_value_set(inputs: Inputs, call: Call, _: Service) -> Resource:
    value_set = _value_set(inputs, call)
    codings = _codings(inputs, _one(inputs, "system"))
    return terminology.validate_in_value_set(load(), value_set, codings, _speech(inputs, call))


def validate_in_code_system(inputs: Inputs, call: Call, _: Service) -> Resource:
    system = _code_system(inputs, call, "url")
    return terminology.validate_in_code_system(system, _codings(inputs, system.url), _speech(inputs, call))


def look_up(inputs: Inputs, call: Call, _: Service) -> Resource:
    coding = _codings(inputs, _one(inputs, "system"))[0]
    system = terminology.find_code_system(load(), url=_canonical(coding.system, inputs))
    only = frozenset(inputs.get("property", ()))
    return terminology.look_up(system, coding.code, language=_language(inputs, call), only=only)


def subsumes(inputs: Inputs, call: Call, _: Service) -> Resource:
    if {"codingA", "codingB"} <= inputs.keys() and inputs.keys().isdisjoint({"codeA", "codeB", "system"}):
        a, b = _coding(_one(inputs, "codingA"), "codingA"), _coding(_one(inputs, "codingB"), "codingB")
        url = terminology.find_code_system(load(), id_=call.id).url if call.id else a.system
        if not a.system == b.system == url:
            raise HubError(BAD_PARAMETER, path="http.codingB", parameter="codingB", expected=url)
        system = terminology.find_code_system(load(), url=_canonical(url, inputs))
        return terminology.subsumes(system, a.code, b.code)
    if not {"codeA", "codeB"} <= inputs.keys() or not inputs.keys().isdisjoint({"codingA", "codingB"}):
        raise HubError(ONE_OF_REQUIRED, expected="codeA + codeB + system, codingA + codingB")
    return terminology.subsumes(_code_system(inputs, call, "system"), _one(inputs, "codeA"), _one(inputs, "codeB"))


def translate(inputs: Inputs, call: Call, _: Service) -> Resource:
    source, target = _one(inputs, "source"), _one(inputs, "target")
    wanted = Wanted(
        reverse=_one(inputs, "reverse") or False,
        target_system=_one(inputs, "targetsystem"),
        source=terminology.find_value_set(load(), url=source) if source else None,
        target=terminology.find_value_set(load(), url=target) if target else None,
    )
    codings = _codings(inputs, _one(inputs, "system"))
    return terminology.translate(load(), _concept_maps(inputs, call), codings, wanted, language=call.language)


# --- which code, of what, in which language ---------------------------------------------------------------------------


def _one(inputs: Inputs, name: str) -> Any:
    return inputs[name][0] if name in inputs else None


def _canonical(url: str, inputs: Inputs, version: str = "version") -> str:
    return f"{url}|{_one(inputs, version)}" if version in inputs else url


def _value_set(inputs: Inputs, call: Call) -> ValueSet:
    _require_one(inputs, call, "url")
    url = terminology.find_value_set(load(), id_=call.id).url if call.id else _one(inputs, "url")
    return terminology.find_value_set(load(), url=_canonical(url, inputs, "valueSetVersion"))


def _code_system(inputs: Inputs, call: Call, name: str) -> CodeSystem:
    _require_one(inputs, call, name)
    url = terminology.find_code_system(load(), id_=call.id).url if call.id else _one(inputs, name)
    return terminology.find_code_system(load(), url=_canonical(url, inputs))


def _concept_maps(inputs: Inputs, call: Call) -> tuple[ConceptMap, ...]:
    """The one that is named, or all: a translation may be asked for without knowing by which of them."""
    if not call.id and "url" not in inputs:
        return tuple(terminology.packaged().values())
    _require_one(inputs, call, "url")
    maps = terminology.packaged()
    url = terminology.find_concept_map(maps, id_=call.id).url if call.id else _one(inputs, "url")
    return (terminology.find_concept_map(maps, url=_canonical(url, inputs, "conceptMapVersion")),)


def _require_one(inputs: Inputs, call: Call, name: str) -> None:
    """Either the address or a parameter says what is meant."""
    if (name in inputs) == bool(call.id):
        raise HubError(ONE_OF_REQUIRED, expected=f"{name}, {call.type}/[id]")


def _codings(inputs: Inputs, system: str | None) -> list[Coding]:
    """The code, the coding, or the codings of the concept: only one of the three may be given."""
    match [name for name in ("code", "system", "display", "coding", "codeableConcept") if name in inputs]:
        case ["code", *_] if system is not None and inputs.keys().isdisjoint({"coding", "codeableConcept"}):
            return [Coding(system, _one(inputs, "code"), _one(inputs, "display"))]
        case ["coding"]:
            return [_coding(_one(inputs, "coding"), "coding")]
        case ["codeableConcept"]:
            listed = _one(inputs, "codeableConcept").get("coding", [])
            if not isinstance(listed, list):
                raise HubError(BAD_PARAMETER, parameter="codeableConcept", expected="coding: [{system, code}]")
            return [_coding(one, "codeableConcept") for one in listed if not _without_code(one)]
    raise HubError(ONE_OF_REQUIRED, expected="code + system, coding, codeableConcept")


def _without_code(value: Any) -> bool:
    """FHIR allows a coding that is only a label; it says nothing that could be checked."""
    return isinstance(value, dict) and not {"system", "code"} <= value.keys()


def _coding(value: Any, name: str) -> Coding:
    parts = [value.get(part) for part in ("system", "code", "display")] if isinstance(value, dict) else []
    match parts:
        case [str(system), str(code), str() | None as display] if system and code:
            return Coding(system, code, display)
    raise HubError(BAD_PARAMETER, path=f"http.{name}", parameter=name, expected="{system, code, display?}")


def _language(inputs: Inputs, call: Call) -> str | None:
    """Of displays: as the operation was asked, or else as HTTP was asked."""
    asked: str | None = _one(inputs, "displayLanguage")
    return asked or (call.language if "Accept-Language" in call.request.headers else None)


def _speech(inputs: Inputs, call: Call) -> Speech:
    """A display is held to one language only where the operation itself names it."""
    return Speech(display=_one(inputs, "displayLanguage"), sentences=call.language)


# --- what runs --------------------------------------------------------------------------------------------------------

_CODED: Final = {
    "url": "uri",
    "code": "code",
    "display": "string",
    "coding": "Coding",
    "codeableConcept": "CodeableConcept",
    "displayLanguage": "language",
}

OPERATIONS: Final = (
    Operation(
        "expand",
        "ValueSet",
        {
            "url": "uri",
            "valueSetVersion": "string",
            "filter": "string",
            "offset": "integer",
            "count": "integer",
            "includeDesignations": "boolean",
            "activeOnly": "boolean",
            "displayLanguage": "language",
        },
        expand,
    ),
    Operation(
        "validate-code", "ValueSet", _CODED | {"system": "uri", "valueSetVersion": "string"}, validate_in_value_set
    ),
    Operation("validate-code", "CodeSystem", _CODED | {"version": "string"}, validate_in_code_system),
    Operation(
        "lookup",
        "CodeSystem",
        {
            "code": "code",
            "system": "uri",
            "version": "string",
            "coding": "Coding",
            "displayLanguage": "language",
            "property": "code*",
        },
        look_up,
        instance=False,
    ),
    Operation(
        "subsumes",
        "CodeSystem",
        {
            "codeA": "code",
            "codeB": "code",
            "system": "uri",
            "version": "string",
            "codingA": "Coding",
            "codingB": "Coding",
        },
        subsumes,
    ),
    Operation(
        "translate",
        "ConceptMap",
        {
            "url": "uri",
            "conceptMapVersion": "string",
            "code": "code",
            "system": "uri",
            "coding": "Coding",
            "codeableConcept": "CodeableConcept",
            "source": "uri",
            "target": "uri",
            "targetsystem": "uri",
            "reverse": "boolean",
        },
        translate,
    ),
)
