"""One value of a search parameter, as its type is written: https://hl7.org/fhir/R4/search.html#ptypes."""

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final

from hub.errors import BAD_PARAMETER, HubError
from hub.fhir.query import Amount, Near, ParameterType, Prefix, Span, Target, Token, Value, Word
from hub.search.dates import NotADate, span
from hub.search.parameters import Parameter

_TYPE: Final = re.compile(r"[A-Z][A-Za-z]{1,40}")
_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_NAME: Final = re.compile(r"_?[a-z][a-z\-]{0,39}(?:[:.](?:_?[a-z][a-z\-]{0,39}|(?:[A-Z][a-z]+){1,4})){0,16}")
_PREFIXED: Final = re.compile(r"(eq|ne|gt|ge|lt|le|sa|eb|ap)?(\d.*)")
_NUMBER: Final = re.compile(
    r"(eq|ne|gt|ge|lt|le|sa|eb|ap)?([+\-]?\d{1,18}(?:\.\d{1,18})?(?:[eE][+\-]?\d{1,2})?)", re.ASCII
)
_DEGREES: Final = re.compile(r"-?\d{1,3}(\.\d{1,12})?", re.ASCII)
_DISTANCE: Final = re.compile(r"\d{1,7}(\.\d{1,12})?", re.ASCII)
_ESCAPED: Final = re.compile(r"\\([,|$\\])")
_KILOMETRES: Final = {"": 1.0, "km": 1.0, "m": 0.001, "[mi_us]": 1.609347, "[mi_i]": 1.609344, "mi": 1.609344}
NEARBY_KM: Final = 50.0
"""How far `near` looks where no distance is given."""


def shown(name: str) -> str:
    """A parameter name that may be said back: what is not spelled like one (digits, capitals) could be a misplaced value."""
    return name if len(name) <= 200 and _NAME.fullmatch(name.removeprefix("_lastUpdated:")) else "?"


def bad(name: str, expected: str) -> HubError:
    return HubError(BAD_PARAMETER, path=f"http.{shown(name)}", parameter=shown(name), expected=expected)


def values(found: Parameter, name: str, part: str, types: tuple[str, ...], base: str) -> Iterable[Value]:
    """What `part` means; of a reference, one value for each type that it may point to. Raises BAD_PARAMETER."""
    if found.type == "reference":
        return _targets(name, unescaped(part), types, base)
    if found.type == "token":
        return tokens(found, name, part)
    return (_READERS.get(found.type, word)(name, part),)


def word(name: str, part: str) -> Word:
    if not part:
        raise bad(name, "text")
    return Word(unescaped(part))


def token(name: str, part: str) -> Token:
    pieces = [unescaped(piece) for piece in split(part, "|")]
    if len(pieces) == 1 and pieces[0]:
        return Token(None, pieces[0])
    if len(pieces) == 2 and any(pieces):
        return Token(pieces[0], pieces[1] or None)
    raise bad(name, "code, system|code, system|, |code")


def tokens(found: Parameter, name: str, part: str) -> tuple[Token, ...]:
    """What `part` means. Of an element of type `code` the system is implied by its binding, and the code alone is kept: in that
    system it is found by its code, in any other by none."""
    asked = token(name, part)
    if not asked.system or not found.implied:
        return (asked,)
    meant = sorted(code for system, code in found.implied if system == asked.system and asked.code in {None, code})
    return tuple(Token(None, code) for code in meant) or (asked,)


def _span(name: str, part: str) -> Span:
    match = _PREFIXED.fullmatch(part.replace(" ", "+"))  # a `+` that was not percent-encoded arrives as a space
    try:
        if match is not None:
            return Span(match[1] or "eq", *span(match[2]))  # type: ignore[arg-type]  # the pattern lets nothing else through
    except NotADate:
        pass
    raise bad(name, "[eq|ne|gt|ge|lt|le|sa|eb|ap]YYYY[-MM[-DD[Thh:mm[:ss][+hh:mm]]]]") from None


def _amount(name: str, part: str, unit: Token | None = None) -> Amount:
    match = _NUMBER.fullmatch(part.replace(" ", "+"))
    if match is None:
        raise bad(name, "[eq|ne|gt|ge|lt|le|sa|eb|ap]100, 100.00, 1e2")
    prefix: Prefix = match[1] or "eq"  # type: ignore[assignment]  # as above
    value = Decimal(match[2])
    half = _half(value)
    return Amount(prefix, value, value - half, value + half, unit)


def _half(value: Decimal) -> Decimal:
    """Half of the last digit: `100` is [99.5, 100.5). R4's own example of an exponent, `1e2`, is [95, 105)."""
    exponent = int(value.as_tuple().exponent)
    return Decimal(5).scaleb(exponent - (2 if exponent > 0 else 1))


def _quantity(name: str, part: str) -> Amount:
    pieces = [unescaped(piece) for piece in split(part, "|")]
    if len(pieces) == 1:
        return _amount(name, pieces[0])
    if len(pieces) == 3 and (pieces[1] or pieces[2]):
        return _amount(name, pieces[0], Token(pieces[1] or None, pieces[2] or None))
    raise bad(name, "5.4, 5.4|system|code, 5.4||unit")


def _near(name: str, part: str) -> Near:
    """https://hl7.org/fhir/R4/location.html#positional"""
    latitude, longitude, distance, unit = [*split(part, "|"), "", "", "", ""][:4]
    is_read = _DEGREES.fullmatch(latitude) and _DEGREES.fullmatch(longitude) and unit in _KILOMETRES
    if not is_read or (distance and not _DISTANCE.fullmatch(distance)) or part.count("|") > 3:
        raise bad(name, "latitude|longitude|distance|km")
    found = Near(float(latitude), float(longitude), float(distance) * _KILOMETRES[unit] if distance else NEARBY_KM)
    if abs(found.latitude) > 90 or abs(found.longitude) > 180:
        raise bad(name, "-90 … 90|-180 … 180")
    return found


def _targets(name: str, part: str, types: tuple[str, ...], base: str) -> tuple[Target, ...]:
    literal = part.removeprefix(base) if base else part
    literal = literal.partition("/_history/")[0]
    if literal.startswith(("urn:uuid:", "urn:oid:")):
        return (Target(None, literal),)
    if "://" in literal:
        literal = literal.partition("|")[0]  # a canonical is found in any version
    type_, slash, id_ = literal.rpartition("/")
    is_typed = not slash or "://" in literal or _TYPE.fullmatch(type_)
    if not _ID.fullmatch(id_) or not is_typed:
        raise bad(name, "id, Type/id, URL")
    return (Target(type_, id_),) if type_ else tuple(Target(t, id_) for t in types)


_READERS: Final[dict[ParameterType, Callable[[str, str], Value]]] = {
    "date": _span,
    "number": _amount,
    "quantity": _quantity,
    "special": _near,
}


def split(text: str, separator: str) -> list[str]:
    """The parts between separators that are not escaped; escapes stay for `unescaped`."""
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


def unescaped(text: str) -> str:
    return _ESCAPED.sub(r"\1", text) if "\\" in text else text
