"""The codes that a modifier of a token means: those of a value set, and those above or below another in its code system.

https://hl7.org/fhir/R4/search.html#token · https://hl7.org/fhir/R4/codesystem.html#subsumes
"""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final

from hub.fhir.definitions import CodeSystem, load
from hub.fhir.query import Token
from hub.search.asked import bad, token, unescaped
from hub.search.parameters import Parameter

MOST: Final = 5000
_WITHOUT_SYSTEM: Final = frozenset({"code", "boolean", "string", "id", "uri"})


def of_value_sets(found: Parameter, name: str, parts: Iterable[str]) -> Iterator[Token]:
    """`:in` and `:not-in`. A value set that is not known here cannot be answered from."""
    for part in parts:
        url = unescaped(part).partition("|")[0]
        if not load().has_value_set(url):
            raise bad(name, "ValueSet.url")
        codes = load().value_set(url).codes
        if len(codes) > MOST:
            raise bad(name, f"<= {MOST}")
        for system, code in codes:
            yield from _tokens(found, system, code)


def related(found: Parameter, name: str, parts: Iterable[str], *, is_above: bool) -> Iterator[Token]:
    """`:above` and `:below`: the code itself, and all that subsume it, or that it subsumes."""
    for part in parts:
        asked = token(name, part)
        system = _known().get(asked.system or "")
        if system is None or asked.code is None or not system.contains(asked.code):
            raise bad(name, "CodeSystem.url|code")
        for code in system.codes:
            pair = (code, asked.code) if is_above else (asked.code, code)
            if system.subsumes(*pair):
                yield from _tokens(found, system.url, code)


@cache
def _known() -> dict[str, CodeSystem]:
    return {one.url: one for one in load().code_systems()}


def _tokens(found: Parameter, system: str, code: str) -> Iterator[Token]:
    """An element of type `code` has no system of its own: there the code alone is stored, and its binding tells the system."""
    if found.implied and (system, code) not in found.implied:
        return
    types = {path.type for path in found.paths}
    if types - _WITHOUT_SYSTEM:
        yield Token(system, code)
    if types & _WITHOUT_SYSTEM:
        yield Token(None, code)
