"""A FHIR search string as a query tree.

https://hl7.org/fhir/R4/search.html: repeated parameters must all hold, values between commas are alternatives, backslash
escapes, an unsupported modifier is an error, an unknown parameter is ignored unless strict handling is preferred
(https://hl7.org/fhir/R4/http.html#handling).
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Literal, cast

from hub.errors import BAD_PARAMETER, SEALED_SEARCH, UNKNOWN_PARAMETER, UNKNOWN_TYPE, HubError
from hub.fhir.folding import fold
from hub.fhir.query import Match, ParameterType, Query, Sort, Span, Target, Token, Value, Word
from hub.search.dates import NotADate, span
from hub.search.parameters import EVERYWHERE, KEPT_BESIDE, PARAMETERS, Parameter, parameter
from hub.search.sealed import is_clear, is_sealed

MAX_COUNT: Final = 500
_MAX_PARAMETERS: Final = 40
_MAX_ALTERNATIVES: Final = 200

_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_NAME: Final = re.compile(r"_?[a-z][a-z\-]{0,39}(?:[:.](?:_?[a-z][a-z\-]{0,39}|(?:[A-Z][a-z]+){1,4})){0,4}")
_PREFIXED: Final = re.compile(r"(eq|ne|gt|ge|lt|le|sa|eb)?(\d.*)")
_ESCAPED: Final = re.compile(r"\\([,|$\\])")

MODIFIERS: Final[dict[ParameterType, tuple[str, ...]]] = {
    "token": ("not", "missing"),
    "reference": ("missing",),  # and the types it may point to
    "date": ("missing",),
    "string": ("exact", "missing"),
    "uri": ("missing",),
    "number": ("missing",),
    "quantity": ("missing",),
    "composite": ("missing",),
    "special": ("missing",),
}
"""The modifiers that are answered, by parameter type."""

SHORTEST: Final = 2
SEALED_FORMS: Final[dict[ParameterType, str]] = {
    "token": ":not, :missing, code, system|code, system|",
    "string": ":exact, :missing, name=fa (>= 2)",
    "date": ":missing, YYYY, YYYY-MM, YYYY-MM-DD",
    "uri": ":missing, URL",
    "number": ":missing",
    "quantity": ":missing",
    "composite": ":missing",
}
"""How a parameter of an encrypted element may be asked, by parameter type."""

CONTROLS: Final = ("_sort", "_count", "_summary", "_total")
"""Parameters that shape the answer; `_page` continues one."""


@dataclass
class _Reading:
    """What was understood so far."""

    type: str
    strict: bool
    base: str
    matches: list[Match] = field(default_factory=list)
    sort: tuple[Sort, ...] = ()
    count: int | None = None
    after: str | None = None
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
    reading = _Reading(type_, strict, base.rstrip("/") + "/" if base else "")
    for number, (name, value) in enumerate(pairs):
        if number >= _MAX_PARAMETERS:
            raise _bad(name, f"<= {_MAX_PARAMETERS}")
        if value:  # an empty value asks nothing
            _CONTROL_READERS.get(name, _read_match)(reading, name, value)
    return Query(type_, tuple(reading.matches), reading.sort, reading.count, reading.after), reading.ignored


def shown(name: str) -> str:
    """A parameter name that may be said back: what is not spelled like one (digits, capitals) could be a misplaced value."""
    return name if _NAME.fullmatch(name) else "?"


def _bad(name: str, expected: str) -> HubError:
    return HubError(BAD_PARAMETER, path=f"http.{shown(name)}", parameter=shown(name), expected=expected)


# --- parameters that shape the answer --------------------------------------------------------------------------------


def _read_count(reading: _Reading, name: str, value: str) -> None:
    if not (value.isascii() and value.isdigit()):
        raise _bad(name, "0, 1, 2 …")
    reading.count = min(int(value[:9]), MAX_COUNT)


def _read_sort(reading: _Reading, name: str, value: str) -> None:
    keys = [(key.removeprefix("-"), key.startswith("-")) for key in value.split(",")]
    if all(parameter(reading.type, key) and is_clear(reading.type, key) for key, _ in keys):
        reading.sort += tuple(Sort(key, descending) for key, descending in keys)
    elif reading.strict:
        known = (name for name in (*PARAMETERS[reading.type], *EVERYWHERE) if is_clear(reading.type, name))
        raise _bad("_sort", ", ".join(known))
    else:
        reading.ignore(name)


def _read_summary(reading: _Reading, name: str, value: str) -> None:
    if value == "count":
        reading.count = 0
    elif value != "false":
        reading.ignore(name)


def _read_total(_: _Reading, name: str, value: str) -> None:
    """Whatever was asked, the answer carries the exact total."""
    if value not in {"none", "estimate", "accurate"}:
        raise _bad(name, "none, estimate, accurate")


def _read_page(reading: _Reading, _: str, value: str) -> None:
    reading.after = value


def _refuse(_: _Reading, name: str, value: str) -> None:
    """What widens or redirects a search may not be ignored."""
    raise _bad(name, "-")


_CONTROL_READERS: Final[dict[str, Callable[[_Reading, str, str], None]]] = {
    "_count": _read_count,
    "_sort": _read_sort,
    "_summary": _read_summary,
    "_total": _read_total,
    "_page": _read_page,
    "_query": _refuse,
}


# --- matches ---------------------------------------------------------------------------------------------------------


def _read_match(reading: _Reading, name: str, value: str) -> None:
    stem, _, modifier = name.partition(":")
    found = parameter(reading.type, stem)
    if found is None:
        if stem == "_has" or parameter(reading.type, stem.partition(".")[0]):
            _refuse(reading, name, value)  # a chain that is not followed would answer another question
        reading.ignore(name)
        return
    parts = _split(value, ",")
    if len(parts) > _MAX_ALTERNATIVES:
        raise _bad(name, f"<= {_MAX_ALTERNATIVES}")
    reading.matches.append(_match(reading, found, name, modifier, parts))


def _match(reading: _Reading, found: Parameter, name: str, modifier: str, parts: list[str]) -> Match:
    if modifier == "missing":
        if found.name in KEPT_BESIDE:
            raise _bad(name, "-")  # never missing
        if len(parts) != 1 or parts[0] not in {"true", "false"}:
            raise _bad(name, "true, false")
        return Match(found.name, found.type, (Word(parts[0]),), "missing")
    sealed = is_sealed(reading.type, found.name)
    if sealed and (modifier == "contains" or found.type in {"number", "quantity", "composite"}):
        raise _sealed(name, found)
    typed = modifier if modifier in found.targets else ""
    if modifier and not typed and modifier not in MODIFIERS[found.type]:
        known = (f":{m}" for m in (*MODIFIERS[found.type], *found.targets))
        raise _bad(name, ", ".join(known))
    values = [
        v for part in parts for v in _values(found, name, part, (typed,) if typed else found.targets, reading.base)
    ]
    if sealed and not all(_can_be_sealed(value, exact=modifier == "exact") for value in values):
        raise _sealed(name, found)
    kept = cast(Literal["not", "exact"], modifier) if modifier and not typed else None
    return Match(found.name, found.type, tuple(values), kept)


def _can_be_sealed(value: Value, *, exact: bool) -> bool:
    """Tokens are equal or they are not: of a date they answer no comparison, of a word they know no single letter."""
    match value:
        case Span(prefix=prefix):
            return prefix == "eq"
        case Word(text=text) if not exact:
            return all(len(word) >= SHORTEST for word in fold(text).split())
        case _:
            return True


def _sealed(name: str, found: Parameter) -> HubError:
    return HubError(SEALED_SEARCH, path=f"http.{shown(name)}", parameter=shown(name), expected=SEALED_FORMS[found.type])


def _values(found: Parameter, name: str, part: str, types: tuple[str, ...], base: str) -> Iterable[Value]:
    match found.type:
        case "token":
            return (_token(name, part),)
        case "date":
            return (_span(name, part),)
        case "reference":
            return _targets(name, _unescape(part), types, base)
        case "number" | "quantity" | "composite" | "special":
            raise _bad(name, ":missing")
        case _:
            if not part:
                raise _bad(name, "text")
            return (Word(_unescape(part)),)


def _token(name: str, part: str) -> Token:
    pieces = [_unescape(piece) for piece in _split(part, "|")]
    if len(pieces) == 1 and pieces[0]:
        return Token(None, pieces[0])
    if len(pieces) == 2 and any(pieces):
        return Token(pieces[0], pieces[1] or None)
    raise _bad(name, "code, system|code, system|, |code")


def _span(name: str, part: str) -> Span:
    match = _PREFIXED.fullmatch(part.replace(" ", "+"))  # a `+` that was not percent-encoded arrives as a space
    try:
        if match is not None:
            return Span(match[1] or "eq", *span(match[2]))  # type: ignore[arg-type]  # the pattern lets nothing else through
    except NotADate:
        pass
    raise _bad(name, "[eq|ne|gt|ge|lt|le|sa|eb]YYYY[-MM[-DD[Thh:mm[:ss][+hh:mm]]]]") from None


def _targets(name: str, part: str, types: tuple[str, ...], base: str) -> tuple[Target, ...]:
    literal = part.removeprefix(base) if base else part
    literal = literal.partition("/_history/")[0]
    type_, _, id_ = literal.rpartition("/")
    if not _ID.fullmatch(id_):
        raise _bad(name, "id, Type/id, URL")
    return (Target(type_, id_),) if type_ else tuple(Target(t, id_) for t in types)


def _split(text: str, separator: str) -> list[str]:
    """The parts between separators that are not escaped; escapes stay for `_unescape`."""
    if "\\" not in text:
        return text.split(separator)
    parts, current, characters = [], "", iter(text)
    for character in characters:
        if character == "\\":
            current += character + next(characters, "")
        elif character == separator:
            parts.append(current)
            current = ""
        else:
            current += character
    return [*parts, current]


def _unescape(text: str) -> str:
    return _ESCAPED.sub(r"\1", text) if "\\" in text else text
