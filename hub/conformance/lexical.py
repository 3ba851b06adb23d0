"""How primitive values are written.

https://hl7.org/fhir/R4/datatypes.html#primitive. Where R4's own rule lets through what is no date (30 February) or what no
clock shows (a second 60), the rule here is the stricter one, so that whatever is stored can be placed on the time line.
Of control characters text holds tabs and line breaks alone (https://hl7.org/fhir/R4/datatypes.html#string), and codes none.
"""

from typing import Any, Final

from hub.fhir.r4 import tables
from hub.fhir.writable import UNWRITABLE

Schema = dict[str, Any]

_YEAR: Final = "(?:1[89]|20|21)[0-9]{2}"
_LEAP_YEAR: Final = "(?:(?:1[89]|20|21)(?:0[48]|[2468][048]|[13579][26])|2000)"
_DAY: Final = (
    f"(?:{_YEAR}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    f"|02-(?:0[1-9]|1[0-9]|2[0-8]))|{_LEAP_YEAR}-02-29)"
)
_CLOCK: Final = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?"
_ZONE: Final = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_DATE: Final = f"{_YEAR}(?:-(?:0[1-9]|1[0-2]))?|{_DAY}"

_SPACE: Final = r"[^\S\x0b\x0c\x1c-\x1f]"
_LETTER: Final = r"[^\s\x00-\x1f]"

_PATTERNS: Final = {
    "date": _DATE,
    "dateTime": f"{_DATE}|{_DAY}T{_CLOCK}{_ZONE}",
    "instant": f"{_DAY}T{_CLOCK}{_ZONE}",
    "time": _CLOCK,
    "uri": f"{_LETTER}+",
    "url": f"{_LETTER}+",
    "canonical": f"{_LETTER}+",
    "code": f"{_LETTER}+(?:{_SPACE}{_LETTER}+)*",
}
NUMBERS: Final[dict[str, Schema]] = {
    "integer": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    "unsignedInt": {"type": "integer", "minimum": 0, "maximum": 2**31 - 1},
    "positiveInt": {"type": "integer", "minimum": 1, "maximum": 2**31 - 1},
    "decimal": {"type": "number"},
}
TEXT: Final = frozenset({"string", "markdown", "xhtml"})
_ID: Final = r"[A-Za-z0-9\-.]{1,64}"


def rule(type_: str) -> Schema:
    """The JSON Schema of a primitive type's values."""
    if type_ in NUMBERS:
        return NUMBERS[type_].copy()
    if type_ == "boolean":
        return {"type": "boolean"}
    if type_ in TEXT:
        return {"type": "string", "pattern": f"^{_SPACE}*{_LETTER}[^{UNWRITABLE}]*$"}  # text says something
    return {"type": "string", "pattern": f"^(?:{_PATTERNS.get(type_) or tables().primitives[type_]})$"}


def reference(targets: tuple[str, ...]) -> str:
    """The pattern of a literal reference within this hub: `Type/id`, of these types."""
    types = "|".join(targets) or "[A-Z][A-Za-z]{1,40}"
    return f"^(?:{types})/{_ID}(?:/_history/{_ID})?$"
