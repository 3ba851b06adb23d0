"""A column's value as the JSON of an element's type, and back.

https://hl7.org/fhir/R4/datatypes.html. One codec for each type, chosen when the mapping is loaded.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from hub.fhir.decimals import Unwritable, decimal
from hub.mapping.model import Code
from hub.mapping.schema import Slot

Encode = Callable[[Any], Any]
Decode = Callable[[Any], Any]

PRIMITIVES: Final = frozenset(
    {
        *("boolean", "integer", "unsignedInt", "positiveInt", "decimal", "string", "markdown", "id"),
        *("date", "dateTime", "instant", "time", "uri", "url", "canonical"),
    }
)
CODED: Final = frozenset({"code", "Coding", "CodeableConcept"})


def fits(slot: Slot) -> bool:
    """Whether a column can fill the slot: a primitive, a code or a reference, not an object."""
    return slot.type in CODED or slot.type in PRIMITIVES or slot.type == "Reference"


def is_plain(slot: Slot) -> bool:
    """Whether text goes into the slot as it is."""
    return slot.type in PRIMITIVES - CODED - {"decimal"}


def codec(slot: Slot) -> tuple[Encode, Decode]:
    """How values go into the slot's type and come out of it. The slot `fits`."""
    if slot.type in CODED:
        return _coded(slot)
    if slot.type == "Reference":
        return _reference, _organization
    return (_decimal if slot.type == "decimal" else _plain), _same


def _coded(slot: Slot) -> tuple[Encode, Decode]:
    allowed = slot.codes
    systems = {code.code: code.system for code in sorted(allowed or ())}
    shape = _SHAPES[slot.type]

    def encode(value: Any) -> Any:
        if isinstance(value, str):  # plain text in a coded element: a code of its system
            return shape(Code(systems.get(value, ""), value))
        for code in (value,) if isinstance(value, Code) else value:
            if allowed is None or code in allowed:
                return shape(code)
        return None

    def decode(json: Any) -> Any:
        code = _taken(json)
        if code is None:
            return None
        return (code if code.system else Code(systems.get(code.code, ""), code.code),)

    return encode, decode


@lru_cache(maxsize=4096)
def _concept(code: Code) -> Any:
    return {"coding": [_coding(code)]}


@lru_cache(maxsize=4096)
def _coding(code: Code) -> Any:
    return {"system": code.system, "code": code.code} if code.system else {"code": code.code}


_SHAPES: Final[dict[str, Callable[[Code], Any]]] = {
    "code": lambda code: code.code,
    "Coding": _coding,
    "CodeableConcept": _concept,
}


def _taken(json: Any) -> Code | None:
    if isinstance(json, str):
        return Code("", json)
    coding = (json.get("coding") or [{}])[0] if "coding" in json else json
    return Code(coding.get("system", ""), coding["code"]) if "code" in coding else None


def _reference(value: Any) -> Any:
    return {"reference": f"Organization/{value}"}


def _organization(json: Any) -> Any:
    return str(json.get("reference", "")).rpartition("/")[2] or None


def _plain(value: Any) -> Any:
    """A code in an element that is text, as `address.state`, is written as the code alone."""
    if isinstance(value, tuple):
        return (value if isinstance(value, Code) else value[0]).code
    return value


def _decimal(value: Any) -> Any:
    """A number that a column holds as text keeps its digits: `1.50` says that somebody looked twice."""
    try:
        return decimal(value) if isinstance(value, str) else value
    except Unwritable:
        return value  # the profile will say what is wrong with it


def _same(value: Any) -> Any:
    return value
