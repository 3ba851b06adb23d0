"""Bindings: is a code in the value set that an element is bound to, as far as this can be known without a server?

https://hl7.org/fhir/R4/terminologies.html#strength. Required: one coding is in it. Extensible: one should be. Of sets that no
list holds (mime types, languages, currencies) the form of the code is looked at; of others nothing is said.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from hub.conformance.examination.findings import Findings
from hub.conformance.examination.library import Codes
from hub.conformance.examination.scope import Scope
from hub.conformance.examination.structures import Binding

SHOWN: Final = 12
BOUND: Final = frozenset({"code", "string", "uri", "Coding", "CodeableConcept", "Quantity", "Age", "Duration", "Money"})
_MIME: Final = r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*/[A-Za-z0-9*][A-Za-z0-9!#$&^_.+*-]*(?:\s*;\s*[^;]+)*"
_LANGUAGE: Final = (
    r"(?:[A-Za-z]{2,3}(?:-[A-Za-z]{3}){0,3}|[A-Za-z]{4,8})(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*(?:-[0-9A-WY-Za-wy-z](?:-[A-Za-z0-9]{2,8})+)*(?:-x(?:-[A-Za-z0-9]{1,8})+)?"
    r"|x(?:-[A-Za-z0-9]{1,8})+|[eE][nN]-[gG][bB]-[oO][eE][dD]|i-[a-z]{3,8}"
)
FORMS: Final = {
    "urn:ietf:bcp:13": re.compile(f"{_MIME}|xml|json|ttl|none", re.ASCII),  # R4's own short names of formats
    "urn:ietf:bcp:47": re.compile(_LANGUAGE, re.ASCII),
    "urn:iso:std:iso:4217": re.compile(r"[A-Z]{3}", re.ASCII),
}
"""Code systems that are rules rather than lists → how their codes are written."""


def check(binding: Binding, type_: str, value: Any, path: str, scope: Scope) -> None:
    """`value` is well-formed for its type."""
    if type_ not in BOUND:
        return
    required = binding.strength == "required"
    codes = scope.library.codes(binding.value_set) if required or binding.strength == "extensible" else None
    if codes and not _is_met(codes, type_, value, required) and (required or not _is_silent(codes)):
        _say(codes, type_, path, scope.found, required)
    elif codes and required:
        scope.found.settled.add(path)
    largest = scope.library.codes(binding.largest) if binding.largest else None
    if largest and not _is_met(largest, type_, value, False):
        _say(largest, type_, path, scope.found, True)


def _is_met(codes: Codes, type_: str, value: Any, required: bool) -> bool:
    """Whether the value is in the set, or may be. Words alone are allowed where the set may be left."""
    given = list(_codings(type_, value))
    return any(_is_in(codes, system, code, type_) for system, code in given) or not (given or required)


def _is_silent(codes: Codes) -> bool:
    return all(listed is None for listed in codes.values())


def _codings(type_: str, value: Any) -> Iterator[tuple[Any, Any]]:
    """Pairs of system and code; the system of a bare code is that of its value set."""
    if not isinstance(value, dict):
        if isinstance(value, str):
            yield None, value
    elif type_ == "CodeableConcept":
        listed = value.get("coding")
        for coding in listed if isinstance(listed, list) else ():
            if isinstance(coding, dict) and isinstance(coding.get("code"), str):
                yield coding.get("system"), coding["code"]
    elif isinstance(code := value.get("currency" if type_ == "Money" else "code"), str):
        yield value.get("system"), code


def _is_in(codes: Codes, system: Any, code: str, type_: str) -> bool:
    if type_ in {"code", "string", "uri", "Money"}:
        return any(_is_of(url, listed, code) for url, listed in codes.items())
    return isinstance(system, str) and system in codes and _is_of(system, codes[system], code)


def _is_of(system: str, listed: frozenset[str] | None, code: str) -> bool:
    if listed is not None:
        return code in listed
    form = FORMS.get(system)
    return form is None or bool(form.fullmatch(code))


def _say(codes: Codes, type_: str, path: str, found: Findings, required: bool) -> None:
    listed = sorted(code for known in codes.values() for code in known or ())
    shown = ", ".join(listed[:SHOWN]) + (" …" if len(listed) > SHOWN else "")
    if not required:
        found.add("warning", "code-invalid", "should-be-in-value-set", path, system=", ".join(codes), codes=shown)
    elif type_ in {"code", "string", "uri"} and listed:
        found.error("code-invalid", "wrong-code", path, codes=shown)
    elif listed:
        found.error("code-invalid", "not-in-value-set", path, system=", ".join(codes), codes=shown)
    else:
        found.error("code-invalid", "code-form", path, system=", ".join(codes))
