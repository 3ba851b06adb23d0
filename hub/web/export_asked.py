"""What an export is asked with: by GET in the query, by POST as Parameters, or both.

https://hl7.org/fhir/uv/bulkdata/export.html#query-parameters. What is not understood is refused, unless the client wrote
`Prefer: handling=lenient`; a filter that is not understood is refused in any case, since without it more would be exported.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from flask import Request

from hub.errors import BAD_PARAMETER, SCOPE_LACKING, UNKNOWN_PARAMETER, HubError
from hub.fhir import Resource
from hub.fhir.r4 import tables
from hub.oauth import scopes
from hub.ports import Caller
from hub.search.asked import shown
from hub.search.dates import NotADate, span
from hub.search.parameters import PARAMETERS
from hub.search.parsing import CONTROLS
from hub.web.bodies import read_bytes, read_json
from hub.web.negotiation import FHIR_JSON, HTTP_PARAMETERS, JSON, require_media

NDJSON: Final = "application/fhir+ndjson"
FORMATS: Final = frozenset({NDJSON, "application/fhir ndjson", "application/ndjson", "ndjson"})
KNOWN: Final = ("_since", "_type", "_typeFilter", "_elements", "_outputFormat")
PATIENT: Final = "patient"
"""Only by POST, since it names somebody and a URL is written down on its way; and only where patients are exported."""

NARROWING: Final = frozenset({PATIENT, "_until"})
"""Where it is not served, it is not ignored either: more would be exported than was asked for."""

_VALUES: Final = frozenset({"valueString", "valueInstant", "valueCode", "valueUri", "valueDateTime"})
_REFERENCE: Final = re.compile(r"Patient/([A-Za-z0-9\-.]{1,64})", re.ASCII)
_MOST: Final = 100
_BETWEEN: Final = re.compile(r",(?=[A-Z][A-Za-z]{0,63}\?)")
_PREFERENCE: Final = re.compile(r"[\w\-]+(?:\s*=\s*\"?[\w\-]+)?", re.ASCII)


@dataclass
class Asked:
    types: list[str] = field(default_factory=list)
    since: datetime | None = None
    filters: dict[str, tuple[str, ...]] = field(default_factory=dict)
    patients: tuple[str, ...] = ()
    elements: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


def prefers(request: Request, preference: str) -> bool:
    """https://www.rfc-editor.org/rfc/rfc7240#section-2"""
    given = _PREFERENCE.findall(request.headers.get("Prefer", "").lower())
    return preference in {re.sub(r"[\s\"]", "", one) for one in given}


def read(request: Request, caller: Caller, *, of_people: bool) -> Asked:
    """`of_people`: whether patients may be named. Raises BAD_PARAMETER, UNKNOWN_PARAMETER, or SCOPE_LACKING where a type is named
    that the token does not reach."""
    if not prefers(request, "respond-async"):
        raise _bad("Prefer", "respond-async")
    asked, lenient = Asked(), prefers(request, "handling=lenient")
    body = _parameters(request)
    named = [_patient(value) for name, value in body if name == PATIENT and of_people]
    asked.patients = tuple(dict.fromkeys(named))
    given = [*_in_the_url(request), *((n, _value(n, one)) for n, one in body if n != PATIENT or not of_people)]
    if len(given) + len(named) > _MOST:
        raise _bad("parameter", f"<= {_MOST}")
    for name, value in given:
        _take(asked, name, value, lenient)
    asked.types = _types(asked.types, caller)
    _require_elements(asked)
    for name, value in given:
        if name == "_typeFilter":
            _take_filters(asked, value)
    return asked


def _in_the_url(request: Request) -> Iterator[tuple[str, str]]:
    return ((n, v) for n, v in request.args.items(multi=True) if v and n not in HTTP_PARAMETERS)


def _parameters(request: Request) -> list[tuple[str, Resource]]:
    """The parameters of a body, by name."""
    if request.method != "POST" or not read_bytes(request):
        return []
    require_media(request, FHIR_JSON, JSON, "text/json")
    body = read_json(request)
    if not isinstance(body, dict) or body.get("resourceType") != "Parameters":
        raise _bad("resourceType", "Parameters")
    entries = body.get("parameter", [])
    if not isinstance(entries, list) or not all(
        isinstance(entry, dict) and isinstance(entry.get("name"), str) for entry in entries
    ):
        raise _bad("parameter", "[{name, value[x]}]")
    return [(entry["name"], entry) for entry in entries]


def _value(name: str, entry: Resource) -> str:
    if name not in KNOWN:
        return "-"  # told by its name alone
    values = [value for key, value in entry.items() if key in _VALUES]
    if len(values) != 1 or not isinstance(values[0], str) or not values[0]:
        raise _bad(name, ", ".join(sorted(_VALUES)))
    return values[0]


def _patient(entry: Resource) -> str:
    """Her id, from a reference."""
    value = entry.get("valueReference")
    reference = value.get("reference") if isinstance(value, dict) else None
    found = _REFERENCE.fullmatch(reference) if isinstance(reference, str) else None
    if found is None:
        raise _bad(PATIENT, "valueReference: {reference: Patient/[id]}")
    return found[1]


def _take(asked: Asked, name: str, value: str, lenient: bool) -> None:
    match name:
        case "_outputFormat" if value not in FORMATS:
            raise _bad(name, NDJSON)
        case "_since" if asked.since is not None:
            raise _bad(name, "1")
        case "_since":
            asked.since = _instant(name, value)
        case "_type":
            _take_types(asked, value.split(","), lenient)
        case "_elements":
            asked.elements += value.split(",")
        case "_typeFilter" | "_outputFormat":
            pass
        case _ if lenient and name not in NARROWING:
            asked.ignored.append(shown(name))
        case _:
            raise HubError(UNKNOWN_PARAMETER, path=f"http.{shown(name)}", parameter=shown(name), known=", ".join(KNOWN))


def _instant(name: str, value: str) -> datetime:
    try:
        return span(value.replace(" ", "+"))[0]  # a `+` that was not percent-encoded arrives as a space
    except NotADate:
        raise _bad(name, "YYYY-MM-DDThh:mm:ss.sss+zz:zz") from None


def _take_types(asked: Asked, names: list[str], lenient: bool) -> None:
    unknown = [name for name in names if name not in PARAMETERS]
    if unknown and not (lenient and len(unknown) < len(names)):
        raise _bad("_type", ", ".join(PARAMETERS))
    asked.types += [name for name in names if name in PARAMETERS]
    asked.ignored += ["_type"] if unknown else []


def _types(named: list[str], caller: Caller) -> list[str]:
    """What is exported: all that were named, else all that the token reaches."""
    reached = [type_ for type_ in dict.fromkeys(named or PARAMETERS) if reaches(caller, type_)]
    if not reached or (named and len(reached) < len(set(named))):
        lacking = next((type_ for type_ in named if type_ not in reached), "*")
        raise HubError(SCOPE_LACKING, expected=f"{'user' if caller.practitioner else 'system'}/{lacking}.rs")
    return reached


def _require_elements(asked: Asked) -> None:
    for one in asked.elements:
        type_, _, name = one.rpartition(".")
        types = [type_] if type_ else asked.types
        if (type_ and type_ not in asked.types) or not any(is_element(known, name) for known in types):
            raise _bad("_elements", "[type.]element")


def elements_of(type_: str, elements: Iterable[str]) -> frozenset[str]:
    """The names that mean elements of this type."""
    named = (one.rpartition(".") for one in elements)
    return frozenset(name for of, _, name in named if of in {"", type_})


def is_element(type_: str, name: str) -> bool:
    rows = tables().rows
    return f"{type_}.{name}" in rows or f"{type_}.{name}[x]" in rows


def reaches(caller: Caller, type_: str) -> bool:
    return scopes.permits(caller.scopes, type_, "read") and scopes.permits(caller.scopes, type_, "search")


def _take_filters(asked: Asked, value: str) -> None:
    """`Task?status=requested`; several in one value are told apart by what begins one."""
    for one in _BETWEEN.split(value):
        type_, _, text = one.partition("?")
        if type_ not in asked.types or not text:
            raise _bad("_typeFilter", ", ".join(f"{known}?…" for known in asked.types))
        names = [pair.partition("=")[0].partition(":")[0] for pair in text.split("&")]
        if any(name in CONTROLS or name in {"_page", "_include", "_revinclude", "_elements"} for name in names):
            raise _bad("_typeFilter", ", ".join(f"{type_}?{name}" for name in PARAMETERS[type_]))
        asked.filters[type_] = (*asked.filters.get(type_, ()), text)


def _bad(name: str, expected: str) -> HubError:
    return HubError(BAD_PARAMETER, path=f"http.{name}", parameter=name, expected=expected)
