"""A FHIR search string as a query tree.

https://hl7.org/fhir/R4/search.html: repeated parameters must all hold, values between commas are alternatives, backslash
escapes, an unsupported modifier is an error, an unknown parameter is ignored unless strict handling is preferred
(https://hl7.org/fhir/R4/http.html#handling).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from hub.errors import UNKNOWN_PARAMETER, UNKNOWN_TYPE, HubError
from hub.fhir.query import Include, Match, Query, Sort
from hub.search import including, matching
from hub.search.asked import bad, shown
from hub.search.parameters import EVERYWHERE, PARAMETERS, parameter
from hub.search.sealed import is_clear

MAX_COUNT: Final = 500
_MAX_PARAMETERS: Final = 40
_MAX_INCLUDES: Final = 20
_MAX_SORTS: Final = 8
_UNSORTABLE: Final = frozenset({"composite", "special"})

CONTROLS: Final = ("_sort", "_count", "_summary", "_total", "_include", "_revinclude", "_contained")
"""Parameters that shape the answer; `_page` continues one."""


@dataclass
class _Reading:
    """What was understood so far."""

    type: str
    strict: bool
    base: str
    query: Query
    matches: list[Match] = field(default_factory=list)
    includes: list[Include] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)

    def ignore(self, name: str) -> None:
        if self.strict:
            known = ", ".join((*PARAMETERS[self.type], *EVERYWHERE, *CONTROLS))
            raise HubError(UNKNOWN_PARAMETER, path=f"http.{shown(name)}", parameter=shown(name), known=known)
        self.ignored.append(shown(name))


def parse(type_: str, pairs: Iterable[tuple[str, str]], *, strict: bool, base: str = "") -> tuple[Query, list[str]]:
    """The query that `pairs` ask, and the names of parameters that were ignored.

    `base` is the server's own base URL: references below it are relative ones. A `:missing` match has the value
    `Word("true")` or `Word("false")`. Raises BAD_PARAMETER, UNKNOWN_PARAMETER (strict), UNKNOWN_TYPE.
    """
    if type_ not in PARAMETERS:
        raise HubError(UNKNOWN_TYPE, known=", ".join(PARAMETERS))
    reading = _Reading(type_, strict, base.rstrip("/") + "/" if base else "", Query(type_))
    for number, (name, value) in enumerate(pairs):
        if number >= _MAX_PARAMETERS:
            raise bad(name, f"<= {_MAX_PARAMETERS}")
        if "\0" in value:  # no text of FHIR holds it, and no query of the database can
            raise bad(name, "text")
        if value:  # an empty value asks nothing
            _CONTROL_READERS.get(name, _refuse_modifier if _is_modified(name) else _read_match)(reading, name, value)
    read = replace(reading.query, matches=tuple(reading.matches), includes=tuple(reading.includes))
    return read, reading.ignored


def parse_all(
    types: Sequence[str], pairs: Iterable[tuple[str, str]], *, strict: bool, base: str = ""
) -> tuple[tuple[Query, ...], list[str]]:
    """The same asked of several types: what one of them does not know is asked of none. In the order of the last change."""
    asked = [pair for pair in pairs if pair != ("_sort", "-_lastUpdated")]
    ignored = ["_sort"] * any(name == "_sort" and value for name, value in asked)
    for type_ in types:
        ignored += parse(type_, [pair for pair in asked if shown(pair[0]) not in ignored], strict=False, base=base)[1]
    if strict and ignored:
        known = ", ".join((*EVERYWHERE, *CONTROLS))
        raise HubError(UNKNOWN_PARAMETER, path=f"http.{ignored[0]}", parameter=ignored[0], known=known)
    common = [pair for pair in asked if shown(pair[0]) not in ignored]
    return tuple(parse(type_, common, strict=False, base=base)[0] for type_ in types), ignored


# --- parameters that shape the answer --------------------------------------------------------------------------------


def _read_count(reading: _Reading, name: str, value: str) -> None:
    if not (value.isascii() and value.isdigit()):
        raise bad(name, "0, 1, 2 …")
    reading.query = replace(reading.query, count=min(int(value[:9]), MAX_COUNT))


def _read_sort(reading: _Reading, name: str, value: str) -> None:
    keys = [(key.removeprefix("-"), key.startswith("-")) for key in value.split(",")]
    if all(is_sortable(reading.type, key) for key, _ in keys):
        sort = {one.parameter: one for one in reading.query.sort}
        for key, descending in keys:  # by what it is in order of already, nothing more is put in order
            sort.setdefault(key, Sort(key, descending))
        if len(sort) > _MAX_SORTS:
            raise bad(name, f"<= {_MAX_SORTS}")
        reading.query = replace(reading.query, sort=tuple(sort.values()))
    elif reading.strict:
        known = (name for name in (*PARAMETERS[reading.type], *EVERYWHERE) if is_sortable(reading.type, name))
        raise bad("_sort", ", ".join(known))
    else:
        reading.ignore(name)


def is_sortable(type_: str, name: str) -> bool:
    """What is encrypted cannot be put in order; neither can a composite, or a place on the earth."""
    found = parameter(type_, name)
    return found is not None and found.type not in _UNSORTABLE and is_clear(type_, name)


def _read_summary(reading: _Reading, name: str, value: str) -> None:
    if value == "count":
        reading.query = replace(reading.query, count=0)
    elif value != "false":
        reading.ignore(name)


def _read_total(reading: _Reading, name: str, value: str) -> None:
    """An estimate is the exact total too."""
    if value not in {"none", "estimate", "accurate"}:
        raise bad(name, "none, estimate, accurate")
    reading.query = replace(reading.query, counted=value != "none", accurate=value != "none")


def _read_include(reading: _Reading, name: str, value: str) -> None:
    reading.includes.append(including.read(reading.type, name, value))
    if len(reading.includes) > _MAX_INCLUDES:
        raise bad(name, f"<= {_MAX_INCLUDES}")


def _read_contained(_: _Reading, name: str, value: str) -> None:
    """Nothing contained is found: https://hl7.org/fhir/R4/search.html#contained."""
    if value != "false":
        raise bad(name, "false")


def _read_page(reading: _Reading, _: str, value: str) -> None:
    reading.query = replace(reading.query, after=value)


def _refuse(_: _Reading, name: str, value: str) -> None:
    """What widens or redirects a search may not be ignored."""
    raise bad(name, "-")


def _is_modified(name: str) -> bool:
    return name.partition(":")[0] in CONTROLS and ":" in name


def _refuse_modifier(_: _Reading, name: str, value: str) -> None:
    """A modifier that is not understood is refused, here too: https://hl7.org/fhir/R4/search.html#modifiers"""
    stem = name.partition(":")[0]
    raise bad(name, f"{stem}, {stem}:iterate" if stem in including.NAMES else stem)


_CONTROL_READERS: Final[dict[str, Callable[[_Reading, str, str], None]]] = {
    "_count": _read_count,
    "_sort": _read_sort,
    "_summary": _read_summary,
    "_total": _read_total,
    "_page": _read_page,
    "_contained": _read_contained,
    **dict.fromkeys(including.NAMES, _read_include),
    "_query": _refuse,
}


def _read_match(reading: _Reading, name: str, value: str) -> None:
    match = matching.read(reading.type, name, value, reading.base)
    if match is None:
        reading.ignore(name)
    else:
        reading.matches.append(match)
