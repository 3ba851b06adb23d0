"""What the database keeps of an element, by parameter type and FHIR type: the readers that `indexing.py` strings together.

https://hl7.org/fhir/R4/search.html#ptypes · https://hl7.org/fhir/R4/search.html#token (which parts of a type are its code).
A reader takes all items of one place and gives the values under one suffix of the parameter's name.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Context, Decimal
from functools import cache
from typing import Any, Final

from hub.fhir.decimals import Written
from hub.fhir.folding import fold
from hub.search.dates import EARLIEST, LATEST, span

Reader = Callable[[list[Any]], list[Any]]

LEAST: Final = Decimal("-Infinity")
MOST: Final = Decimal("Infinity")
_KEPT_DIGITS: Final = Context(prec=34)  # as many as the database keeps: https://www.mongodb.com/docs/manual/reference/bson-types/
_NAME: Final = ("text", "family", "given", "prefix", "suffix")
_ADDRESS: Final = ("text", "line", "city", "district", "state", "postalCode", "country")


# --- tokens ----------------------------------------------------------------------------------------------------------


def _booleans(nodes: list[Any]) -> list[Any]:
    return ["true" if node else "false" for node in nodes]


def _codings(nodes: list[Any]) -> list[Any]:
    values: list[Any] = []
    for node in nodes:
        code = node.get("code")
        if code is not None:
            values += (f"{node.get('system', '')}|{code}", code)
    return values


def _concepts(nodes: list[Any]) -> list[Any]:
    values: list[Any] = []
    for node in nodes:
        for one in node.get("coding", ()):
            code = one.get("code")
            if code is not None:
                values += (f"{one.get('system', '')}|{code}", code)
    return values


def _identifiers(nodes: list[Any]) -> list[Any]:
    """An Identifier; and a ContactPoint, whose system is `phone` or `email`."""
    values: list[Any] = []
    for node in nodes:
        value = node.get("value")
        if value is not None:
            values += (f"{node.get('system', '')}|{value}", value)
    return values


def _typed(nodes: list[Any]) -> list[Any]:
    """https://hl7.org/fhir/R4/search.html#modifiers, `of-type`."""
    return [
        f"{one.get('system', '')}|{one['code']}|{node['value']}"
        for node in nodes
        if "type" in node and "value" in node
        for one in node["type"].get("coding", ())
        if "code" in one
    ]


def _displays(nodes: list[Any]) -> list[Any]:
    return [fold(node["display"]) for node in nodes if "display" in node]


def _wordings(nodes: list[Any]) -> list[Any]:
    values: list[Any] = []
    for node in nodes:
        if "text" in node:
            values.append(fold(node["text"]))
        for one in node.get("coding", ()):
            if "display" in one:
                values.append(fold(one["display"]))
    return values


def _kinds(nodes: list[Any]) -> list[Any]:
    return _wordings([node["type"] for node in nodes if "type" in node])


# --- references and urls ---------------------------------------------------------------------------------------------


@cache
def _references(target: str) -> Reader:
    wanted = (f"{target}/", "http", "urn:") if target else ""

    def read(nodes: list[Any]) -> list[Any]:
        values: list[Any] = []
        for node in nodes:
            literal = node.get("reference")
            if literal is not None and literal.startswith(wanted):
                values.append(literal if "/_history/" not in literal else literal.partition("/_history/")[0])
        return values

    return read


def _named(nodes: list[Any]) -> list[Any]:
    """References by what somebody else calls the thing."""
    found = [node["identifier"] for node in nodes if "identifier" in node]
    return _identifiers(found) if found else found


def _canonicals(nodes: list[Any]) -> list[Any]:
    """With its version, and without."""
    values: list[Any] = []
    for node in nodes:
        values += (node, node.partition("|")[0]) if "|" in node else (node,)
    return values


# --- text ------------------------------------------------------------------------------------------------------------


def _as_they_are(nodes: list[Any]) -> list[Any]:
    return nodes


def _parts(names: tuple[str, ...]) -> Reader:
    """A name is all of its parts, and so is an address."""

    def read(nodes: list[Any]) -> list[Any]:
        values: list[Any] = []
        for node in nodes:
            for part in names:
                if part in node:
                    values += node[part] if isinstance(node[part], list) else [node[part]]
        return values

    return read


def _folded(read: Reader) -> Reader:
    def folded(nodes: list[Any]) -> list[Any]:
        return [fold(text) for text in read(nodes)]

    return folded


# --- dates -----------------------------------------------------------------------------------------------------------


def _instants(nodes: list[Any]) -> list[Any]:
    values: list[Any] = []
    for node in nodes:
        low, high = span(node)
        values.append({"l": low, "h": high})
    return values


def _periods(nodes: list[Any]) -> list[Any]:
    return [_period(node) for node in nodes if "start" in node or "end" in node]


def _period(node: dict[str, Any]) -> dict[str, datetime]:
    low = span(node["start"])[0] if "start" in node else EARLIEST
    return {"l": low, "h": span(node["end"])[1] if "end" in node else LATEST}


def _timings(nodes: list[Any]) -> list[Any]:
    """From the first that is said to the last; of a timing that says no date, nothing."""
    found = (list(_said(node)) for node in nodes)
    return [{"l": min(one["l"] for one in said), "h": max(one["h"] for one in said)} for said in found if said]


def _said(timing: dict[str, Any]) -> Iterator[dict[str, datetime]]:
    yield from _instants(timing.get("event", []))
    bounds = timing.get("repeat", {}).get("boundsPeriod")
    yield from _periods([bounds] if bounds else [])


# --- numbers and places ----------------------------------------------------------------------------------------------


def _decimal(number: float) -> Decimal:
    """As it was written, as far as the database keeps it."""
    return _KEPT_DIGITS.create_decimal(number.text if isinstance(number, Written) else str(number))


def _numbers(nodes: list[Any]) -> list[Any]:
    return [{"n": _decimal(node)} for node in nodes]


def _quantities(nodes: list[Any]) -> list[Any]:
    return [
        {"l": low, "h": high, "u": _units(node)} for node in nodes if "value" in node for low, high in [_bounds(node)]
    ]


def _bounds(quantity: dict[str, Any]) -> tuple[Decimal, Decimal]:
    value, comparator = _decimal(quantity["value"]), quantity.get("comparator", "")
    return LEAST if comparator[:1] == "<" else value, MOST if comparator[:1] == ">" else value


def _units(quantity: dict[str, Any]) -> list[str]:
    """`system|code`, `|code`, and the unit as people write it. Of money, its currency: https://hl7.org/fhir/R4/datatypes.html#Money."""
    if "currency" in quantity:
        return [f"urn:iso:std:iso:4217|{quantity['currency']}", f"|{quantity['currency']}"]
    code, unit = quantity.get("code"), quantity.get("unit")
    coded = [f"{quantity.get('system', '')}|{code}", f"|{code}"] if code is not None else []
    return list(dict.fromkeys([*coded, unit] if unit is not None else coded))


def _ranges(nodes: list[Any]) -> list[Any]:
    found = ((node.get("low", {}), node.get("high", {})) for node in nodes)
    return [
        {
            "l": _decimal(low["value"]) if "value" in low else LEAST,
            "h": _decimal(high["value"]) if "value" in high else MOST,
            "u": list(dict.fromkeys([*_units(low), *_units(high)])),
        }
        for low, high in found
        if "value" in low or "value" in high
    ]


def _points(nodes: list[Any]) -> list[Any]:
    """https://www.rfc-editor.org/rfc/rfc7946#section-3.1.2: longitude first."""
    return [
        {"type": "Point", "coordinates": [float(node["longitude"]), float(node["latitude"])]}
        for node in nodes
        if "longitude" in node and "latitude" in node
    ]


# --- which reader for what -------------------------------------------------------------------------------------------

_TEXTUAL: Final = ("string", "markdown", "code", "id", "uri", "url", "canonical", "oid", "uuid")
_STRINGS: Final = {**dict.fromkeys(_TEXTUAL, _as_they_are), "HumanName": _parts(_NAME), "Address": _parts(_ADDRESS)}

_READERS: Final[dict[tuple[str, str], tuple[tuple[str, Reader], ...]]] = {
    **{("token", type_): (("", _as_they_are),) for type_ in _TEXTUAL},
    ("token", "boolean"): (("", _booleans),),
    ("token", "Coding"): (("", _codings), (":text", _displays)),
    ("token", "CodeableConcept"): (("", _concepts), (":text", _wordings)),
    ("token", "Identifier"): (("", _identifiers), (":of-type", _typed), (":text", _kinds)),
    ("token", "ContactPoint"): (("", _identifiers),),
    ("reference", "canonical"): (("", _canonicals),),
    ("reference", "uri"): (("", _as_they_are),),
    **{("string", type_): (("", _folded(read)), (":exact", read)) for type_, read in _STRINGS.items()},
    **{("date", type_): (("", _instants),) for type_ in ("date", "dateTime", "instant")},
    ("date", "Period"): (("", _periods),),
    ("date", "Timing"): (("", _timings),),
    **{("uri", type_): (("", _as_they_are),) for type_ in ("uri", "url", "oid", "uuid")},
    ("uri", "canonical"): (("", _canonicals),),
    **{("number", type_): (("", _numbers),) for type_ in ("decimal", "integer", "positiveInt", "unsignedInt")},
    **{("quantity", type_): (("", _quantities),) for type_ in ("Quantity", "Age", "Duration", "Count", "Distance", "Money")},
    ("quantity", "Range"): (("", _ranges),),
    ("special", "BackboneElement"): (("", _points),),
}


def readers(kind: str, type_: str, target: str = "") -> tuple[tuple[str, Reader], ...]:
    """Suffix of the parameter's name → reader; nothing where a parameter of this kind says nothing of this FHIR type."""
    if (kind, type_) == ("reference", "Reference"):
        return ("", _references(target)), (":identifier", _named)
    return _READERS.get((kind, type_), ())
