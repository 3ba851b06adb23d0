"""Bindings: is a code in the value set that an element is bound to, as far as this can be known without a server?

https://hl7.org/fhir/R4/terminologies.html#strength. Required: one coding is in it. Extensible: one should be. Of sets that no
list holds (mime types, languages, currencies) the form of the code is looked at; of others nothing is said.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from hub.conformance.examination.findings import Findings
from hub.conformance.examination.library import Codes, Library
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


def check(binding: Binding, type_: str, value: Any, path: str, library: Library, found: Findings) -> None:
    """`value` is well-formed for its type, or else nothing is said here."""
    if type_ not in BOUND or binding.strength not in {"required", "extensible"}:
        return
    required = binding.strength == "required"
    if not _asked(binding.value_set, type_, value, path, library, found, required) and not required and binding.largest:
        _asked(binding.largest, type_, value, path, library, found, True)


def _asked(
    value_set: str, type_: str, value: Any, path: str, library: Library, found: Findings, required: bool
) -> bool:
    """Whether it is in the set, or may be; else it is said."""
    codes = library.codes(value_set)
    if not codes:
        return True
    given = list(_codings(type_, value))
    if any(_is_in(codes, system, code, type_) for system, code in given):
        return True
    if not required and not given:  # words alone are allowed there
        return True
    if required or not _is_silent(codes):
        _say(codes, type_, path, found, required)
    return False


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
