"""What the database keeps of an element, by parameter type and FHIR type: the readers that `indexing.py` strings together.

https://hl7.org/fhir/R4/search.html#ptypes · https://hl7.org/fhir/R4/search.html#token (which parts of a type are its code).
A reader takes all items of one place and adds its values to those that were found, under a field's name; what an element is also
found by goes beside it, under a name that is made of it.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Context, Decimal
from functools import cache
from typing import Any, Final

from hub.fhir.decimals import Written
from hub.fhir.folding import fold
from hub.search.dates import EARLIEST, LATEST, span

Found = dict[str, list[Any]]
Reader = Callable[[list[Any], str, Found], None]
_Read = Callable[[list[Any]], list[Any]]

LEAST: Final = Decimal("-Infinity")
MOST: Final = Decimal("Infinity")
_KEPT_DIGITS: Final = Context(
    prec=34
)  # as many as the database keeps: https://www.mongodb.com/docs/manual/reference/bson-types/
_NAME: Final = ("text", "family", "given", "prefix", "suffix")
_ADDRESS: Final = ("text", "line", "city", "district", "state", "postalCode", "country")


# --- tokens ----------------------------------------------------------------------------------------------------------


def _add(found: Found, name: str, values: list[Any]) -> None:
    if values:
        found[name] = found[name] + values if name in found else values


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
    return _codings([one for node in nodes for one in node.get("coding", ())])


def _identifiers(nodes: list[Any]) -> list[Any]:
    """An Identifier; and a ContactPoint, whose system is `phone` or `email`."""
    values: list[Any] = []
    for node in nodes:
        value = node.get("value")
        if value is not None:
            values += (f"{node.get('system', '')}|{value}", value)
    return values


def _add_codings(nodes: list[Any], name: str, found: Found) -> None:
    """Written out: half of what is read are these."""
    values: list[Any] = []
    for node in nodes:
        code = node.get("code")
        if code is not None:
            values += (f"{node.get('system', '')}|{code}", code)
        if "display" in node:
            _add(found, f"{name}:text", [fold(node["display"])])
    _add(found, name, values)


def _add_concepts(nodes: list[Any], name: str, found: Found) -> None:
    for node in nodes:
        if "text" in node:
            _add(found, f"{name}:text", [fold(node["text"])])
        if "coding" in node:
            _add_codings(node["coding"], name, found)


def _add_identifiers(nodes: list[Any], name: str, found: Found) -> None:
    """https://hl7.org/fhir/R4/search.html#modifiers, `of-type`; `text` is that of the type."""
    _add(found, name, _identifiers(nodes))
    for node in nodes:
        if "type" in node:
            said: Found = {}
            _add_concepts([node["type"]], "", said)
            _add(found, f"{name}:text", said.get(":text", []))
            coded = (one for one in node["type"].get("coding", ()) if "code" in one and "value" in node)
            _add(found, f"{name}:of-type", [f"{one.get('system', '')}|{one['code']}|{node['value']}" for one in coded])


# --- references and urls ---------------------------------------------------------------------------------------------


@cache
def _references(target: str, *, beside: bool) -> Reader:
    """With a target, only those that are known to point there."""
    wanted = (f"{target}/", "http", "urn:") if target else ""

    def add(nodes: list[Any], name: str, found: Found) -> None:
        values: list[Any] = []
        for node in nodes:
            literal = node.get("reference")
            if literal is not None and literal.startswith(wanted):
                values.append(literal if "/_history/" not in literal else literal.partition("/_history/")[0])
            if beside and "identifier" in node and target in {"", node.get("type")}:
                _add(found, f"{name}:identifier", _identifiers([node["identifier"]]))
        _add(found, name, values)

    return add


def _canonicals(nodes: list[Any]) -> list[Any]:
    """With its version, and without."""
    values: list[Any] = []
    for node in nodes:
        values += (node, node.partition("|")[0]) if "|" in node else (node,)
    return values


# --- text ------------------------------------------------------------------------------------------------------------


def _as_they_are(nodes: list[Any]) -> list[Any]:
    return (
        nodes if None not in nodes else [node for node in nodes if node is not None]
    )  # a null keeps a place in a list


def _parts(names: tuple[str, ...]) -> _Read:
    """A name is all of its parts, and so is an address."""

    def read(nodes: list[Any]) -> list[Any]:
        values: list[Any] = []
        for node in nodes:
            for part in names:
                if part in node:
                    values += _as_they_are(node[part]) if isinstance(node[part], list) else (node[part],)
        return values

    return read


def _folded(read: _Read) -> Reader:
    def add(nodes: list[Any], name: str, found: Found) -> None:
        texts = read(nodes)
        _add(found, name, [fold(text) for text in texts])
        _add(found, f"{name}:exact", texts)

    return add


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
    """https://www.rfc-editor.org/rfc/rfc7946#section-3.1.2: longitude first. The database refuses what is not on earth."""
    found = ((node.get("longitude", 999), node.get("latitude", 999)) for node in nodes)
    return [
        {"type": "Point", "coordinates": [float(longitude), float(latitude)]}
        for longitude, latitude in found
        if abs(longitude) <= 180 and abs(latitude) <= 90
    ]


# --- which reader for what -------------------------------------------------------------------------------------------


def _adding(read: _Read) -> Reader:
    def add(nodes: list[Any], name: str, found: Found) -> None:
        values = read(nodes)
        if values:
            found[name] = found[name] + values if name in found else values

    return add


_TEXTUAL: Final = ("string", "markdown", "code", "id", "uri", "url", "canonical", "oid", "uuid")
_QUANTITIES: Final = ("Quantity", "Age", "Duration", "Count", "Distance", "Money")

_PLAIN: Final[dict[tuple[str, str], _Read]] = {
    **{("token", type_): _as_they_are for type_ in _TEXTUAL},
    ("token", "boolean"): _booleans,
    ("token", "Coding"): _codings,
    ("token", "CodeableConcept"): _concepts,
    ("token", "Identifier"): _identifiers,
    ("token", "ContactPoint"): _identifiers,
    ("reference", "canonical"): _canonicals,
    ("reference", "uri"): _as_they_are,
    **{("date", type_): _instants for type_ in ("date", "dateTime", "instant")},
    ("date", "Period"): _periods,
    ("date", "Timing"): _timings,
    **{("uri", type_): _as_they_are for type_ in ("uri", "url", "oid", "uuid")},
    ("uri", "canonical"): _canonicals,
    **{("number", type_): _numbers for type_ in ("decimal", "integer", "positiveInt", "unsignedInt")},
    **{("quantity", type_): _quantities for type_ in _QUANTITIES},
    ("quantity", "Range"): _ranges,
    ("special", "BackboneElement"): _points,
}
_READERS: Final[dict[tuple[str, str], Reader]] = {
    **{key: _adding(read) for key, read in _PLAIN.items()},
    **{("string", type_): _folded(_as_they_are) for type_ in _TEXTUAL},
    ("string", "HumanName"): _folded(_parts(_NAME)),
    ("string", "Address"): _folded(_parts(_ADDRESS)),
}
_BESIDE: Final[dict[tuple[str, str], Reader]] = {
    ("token", "Coding"): _add_codings,
    ("token", "CodeableConcept"): _add_concepts,
    ("token", "Identifier"): _add_identifiers,
}


def reader(kind: str, type_: str, target: str = "", *, beside: bool = True) -> Reader | None:
    """None where a parameter of this kind says nothing of this FHIR type. `beside`: with wordings, types and identifiers."""
    key = kind, type_
    if key == ("reference", "Reference"):
        return _references(target, beside=beside)
    return (_BESIDE.get(key) if beside else None) or _READERS.get(key)
