"""A monthly report → the cells of whoever keeps the statistics: which figure goes to which of their codes.

Reads a MeasureReport, which tells of nobody and has no small number. What it holds back is a cell without a number, and
what it does not name in a breakdown that it tells is none.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from hub.fhir import Resource
from hub.fhir.definitions import Definitions
from hub.mapping.document import Where
from hub.mapping.problems import Problems
from hub.ports import Figure, Return

_CELL: Final = frozenset({"group", "by", "element", "options"})
_CODED_BY: Final = {
    "service": "service-type", "area": "province", "violence-type": "gbv-type", "age-band": "age-band",
    "outcome": "referral-outcome", "reason": "referral-status-reason",
    "no-referral-reason": "no-referral-reason",
}  # fmt: skip
"""Dimension of the report → the code system of its strata, as far as the hub counts by it."""


@dataclass(frozen=True)
class Cells:
    """Where one figure goes: whole, or broken down `by` a dimension, each code to its option."""

    group: str
    element: str
    by: str = ""
    options: Mapping[str, str] | None = None


def read(said: Any, problems: Problems, definitions: Definitions) -> tuple[Cells, ...]:
    """The `figures` of a mapping file; one that is null is left out, as in an overlay."""
    if said is None:
        return ()
    if not isinstance(said, dict):
        problems.add(("figures",), "shape", expected="figures: {name: {group, by, element, options}}")
        return ()
    found = [_cells(one, ("figures", name), problems, definitions) for name, one in said.items() if one is not None]
    cells = tuple(one for one in found if one)
    _each_once(cells, problems)
    return cells


def _cells(said: Any, where: Where, problems: Problems, definitions: Definitions) -> Cells | None:
    if not isinstance(said, dict) or not _is_whole(said):
        problems.add(where, "shape", expected="group, element; by and options together")
        return None
    for key in said.keys() - _CELL:
        problems.add((*where, key), "unknown-key", setting=key, known=", ".join(sorted(_CELL)))
    by, options = str(said.get("by", "")), said.get("options")
    _known(said["group"], "report-group", (*where, "group"), problems, definitions)
    if by not in {"", *_CODED_BY}:
        problems.add((*where, "by"), "unknown-code", code=by, system="report-dimension")
        return None
    for code in options or ():
        _known(code, _CODED_BY[by], (*where, "options", code), problems, definitions)
    return Cells(str(said["group"]), str(said["element"]), by, options)


def _is_whole(said: Mapping[str, Any]) -> bool:
    options = said.get("options")
    texts = (said.get("group"), said.get("element"), *(options.values() if isinstance(options, dict) else ()))
    is_fit = isinstance(options, dict) and bool(options) if "by" in said else options is None
    return is_fit and all(isinstance(one, str) and one for one in texts)


def _known(code: str, system: str, where: Where, problems: Problems, definitions: Definitions) -> None:
    if not definitions.display(system, code, "en"):
        problems.add(where, "unknown-code", code=code, system=system)


def _each_once(cells: tuple[Cells, ...], problems: Problems) -> None:
    """Two figures in one cell would overwrite each other."""
    seen: set[tuple[str, str]] = set()
    for one in cells:
        for option in (one.options or {"": ""}).values():
            if (one.element, option) in seen:
                problems.add(("figures",), "twice", setting=" ".join((one.element, option)).strip())
            seen.add((one.element, option))


def told(cells: tuple[Cells, ...], report: Resource) -> Return:
    """A MeasureReport of the contract as the cells of this mapping."""
    groups = {_code(one["code"]): one for one in report.get("group", ())}
    figures = tuple(figure for one in cells for figure in _figures(one, groups.get(one.group, {})))
    unmapped = tuple(sorted({name for one in cells for name in _unmapped(one, groups.get(one.group, {}))}))
    period = report["period"]
    return Return(date.fromisoformat(period["start"]), date.fromisoformat(period["end"]), figures, unmapped)


def blank(cells: tuple[Cells, ...]) -> tuple[Figure, ...]:
    """The same cells, of which nothing is told."""
    return tuple(figure for one in cells for figure in _figures(one, {}))


def _figures(cells: Cells, group: Resource) -> Iterator[Figure]:
    if not cells.by:
        yield Figure(cells.element, "", _number(group))
        return
    strata = _strata(cells, group)
    for code, option in (cells.options or {}).items():
        yield Figure(cells.element, option, strata.get(code, 0) if strata is not None else None)


def _unmapped(cells: Cells, group: Resource) -> Iterator[str]:
    """What is counted and has no cell of its own, so that the parts there say less than the whole."""
    for code in _strata(cells, group) or () if cells.by else ():
        if code not in (cells.options or {}):
            yield f"{cells.group}/{cells.by}/{code}"


def _strata(cells: Cells, group: Resource) -> dict[str, int | None] | None:
    """The breakdown by code; None where it is not told. Of none there is nothing to break down."""
    for one in group.get("stratifier", ()):
        if _code(one["code"][0]) == cells.by:
            return {_code(stratum["value"]): _number(stratum) for stratum in one["stratum"]}
    return {} if _number(group) == 0 else None


def _number(counted: Resource) -> int | None:
    population: Sequence[Resource] = counted.get("population", ())
    return population[0].get("count") if population else None


def _code(concept: Resource) -> str:
    return str(concept["coding"][0]["code"])
