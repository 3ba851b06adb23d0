"""Elements that follow from others: forward only, and each named in the mapping's `derive:`. A closed list."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from hub.fhir import Resource
from hub.fhir.canonicals import code_system
from hub.mapping.model import Code
from hub.mapping.transforms.ages import OLDEST, Age, band
from hub.mapping.transforms.dates import Moment

GBV_TYPES: Final = (
    "rape",
    "sexual-assault",
    "physical-assault",
    "forced-marriage",
    "denial-of-resources",
    "psychological-abuse",
    "non-gbv",
)
"""The order in which the standard GBVIMS form classifies: an incident has one type, the first of these that applies."""


def age_band(values: Sequence[Any], settings: Mapping[str, Any]) -> str | None:
    """From a birth date, on the day of the second column; from an age as it was told."""
    told, on = values
    if isinstance(told, Age):
        return told.band
    if told is None or on is None:
        return None
    oldest = _years(told.value[:10], on.value)
    youngest = oldest if len(told.value) >= 10 else _years(_last_day(told.value), on.value)
    return band(max(youngest, 0), min(oldest, OLDEST)) if oldest >= 0 else None


def primary_type(values: Sequence[Any], settings: Mapping[str, Any]) -> tuple[Code, ...] | None:
    """The GBVIMS type that counts when several are told."""
    system = code_system("gbv-type")
    told = {code.code for code in values[0] or () if code.system == system}
    return next(((Code(system, code),) for code in GBV_TYPES if code in told), None)


def translate(values: Sequence[Any], settings: Mapping[str, Any]) -> tuple[Code, ...] | None:
    """The codes of a column through a ConceptMap, each once."""
    table: Mapping[Code, tuple[Code, ...]] = settings["table"]
    found = dict.fromkeys(target for code in values[0] or () for target in table.get(code, ()))
    return tuple(found) or None


def valid_until(values: Sequence[Any], settings: Mapping[str, Any]) -> str | None:
    """The last day of a period of `days` that begins on a full date."""
    start = values[0].value if isinstance(values[0], Moment) else ""
    if len(start) != 10:
        return None
    return (date.fromisoformat(start) + timedelta(days=int(settings["days"]))).isoformat()


Derivation = Callable[[Sequence[Any], Mapping[str, Any]], Any]

DERIVATIONS: Final[Mapping[str, tuple[Derivation, int, frozenset[str]]]] = {
    "age-band": (age_band, 2, frozenset()),
    "primary-type": (primary_type, 1, frozenset()),
    "translate": (translate, 1, frozenset({"map"})),
    "valid-until": (valid_until, 1, frozenset({"days"})),
}
"""Name → the function, how many columns it reads, and the settings it needs."""


def table(concept_maps: Sequence[Resource]) -> dict[Code, tuple[Code, ...]]:
    """A ConceptMap as a lookup from code to codes."""
    found: dict[Code, tuple[Code, ...]] = {}
    for concept_map in concept_maps:
        for group in concept_map.get("group", []):
            for element in group.get("element", []):
                source = Code(group["source"], element["code"])
                targets = tuple(
                    Code(group["target"], target["code"]) for target in element.get("target", []) if "code" in target
                )
                found[source] = found.get(source, ()) + targets
    return found


def _last_day(written: str) -> str:
    """The youngest reading of a partial date."""
    return {4: f"{written}-12-31", 7: f"{written}-31"}.get(len(written), written)


def _years(birth: str, on: str) -> int:
    """Completed years between two dates; missing pieces of the first count as its beginning, of the second as its end."""
    born, now = (f"{birth}-01-01"[:10] if len(birth) < 10 else birth), _last_day(on)
    return int(now[:4]) - int(born[:4]) - (now[5:] < born[5:])
