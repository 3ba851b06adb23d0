"""Reading the cells of a record: what each means, and what is said of one that cannot be read.

A cell's own text goes into an issue only when its column identifies no one, and then shortened.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from hub.fhir.data_classes import identifying
from hub.fhir.issues import Issue
from hub.mapping.model import Context, Trouble
from hub.mapping.plan import Branch, Column, Composed, FromColumn, Plan, walk

_SHOWN: Final = 40

Places = Mapping[str, tuple[str, str]]
"""Column → path and data class of the first element it goes to."""


@dataclass(repr=False)
class Run:
    """One record on its way."""

    context: Context
    headers: Mapping[str, str]
    issues: list[Issue] = field(default_factory=list)
    locals: set[str] = field(default_factory=set)
    links: list[dict[str, str]] = field(default_factory=list)


class Cells:
    """All the columns of a mapping that are read."""

    def __init__(self, plan: Plan, places: Places) -> None:
        columns = plan.columns.values()
        self._cells = tuple(_Cell(column, places, plan) for column in columns if _is_read(column) and not column.within)
        self._repeats = tuple(
            (
                repeat.name,
                tuple(_Cell(one, places, plan) for one in columns if one.within == repeat.name and _is_read(one)),
            )
            for repeat in columns
            if repeat.repeat
        )

    def read(self, content: Mapping[str, Any], run: Run) -> dict[str, Any]:
        """What the record means, by column. The troubles met are issues of the run."""
        values = _values(self._cells, content, run)
        for name, cells in self._repeats:
            items = tuple(_values(cells, item, run) for item in content.get(name) or () if isinstance(item, Mapping))
            if items:
                values[name] = items
        return values


def _values(cells: Sequence["_Cell"], content: Mapping[str, Any], run: Run) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for cell in cells:
        cell.read(content, values, run)
    return values


def _is_read(column: Column) -> bool:
    return column.transform is not None and column.direction != "back"


def text_of(raw: Any) -> str:
    """A cell as text: whole floats as integers, dates as ISO, numbers and booleans as they are written."""
    if isinstance(raw, str):
        return raw
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, float) and raw.is_integer():
        return str(int(raw))
    if isinstance(raw, datetime):
        return raw.isoformat(" ")
    return raw.isoformat() if isinstance(raw, date) else str(raw)


class _Cell:
    """How one column is read, and what is said when it cannot be."""

    def __init__(self, column: Column, places: Places, plan: Plan) -> None:
        self._name = column.name
        assert column.transform is not None
        self._forward = column.transform.forward
        self._required = column.required
        self._blank = plan.blank
        self._longest_blank = max(map(len, plan.blank), default=0) + 2
        self._warns = column.warns
        self._path, data_class = places.get(column.name, ("", ""))
        self._shows = (column.data_class or data_class or "custodian") not in identifying()

    def read(self, content: Mapping[str, Any], values: dict[str, Any], run: Run) -> None:
        raw = content.get(self._name)
        text = raw if type(raw) is str else "" if raw is None else text_of(raw)
        if not text or text.isspace() or (len(text) <= self._longest_blank and text.strip().casefold() in self._blank):
            if self._required:
                run.issues.append(self._issue(Trouble("mapping.required"), run))
            return
        reading = self._forward(text, run.context)
        if reading.value is not None:
            values[self._name] = reading.value
        if reading.trouble is not None:
            run.issues.append(self._issue(reading.trouble, run))

    def _issue(self, trouble: Trouble, run: Run) -> Issue:
        header = run.headers.get(self._name, self._name)
        shown = trouble.value.strip() if self._shows else ""
        params = {
            **trouble.params,
            "column": header,
            "element": self._path,
            "value": f"“{shown[:_SHOWN]}”" if shown else "…",
        }
        warns = trouble.warns or (self._warns and trouble.text != "mapping.required")
        code = "required" if trouble.text == "mapping.required" else "value"
        return Issue("warning" if warns else "error", code, trouble.text, self._path, header, params)


def places(plan: Plan) -> Places:
    """The element that each column is about: the first it goes to and comes back from, else the first it goes to."""
    found: dict[str, tuple[str, str]] = {}
    roots = [block.root for block in plan.blocks] + ([plan.follow_up.root] if plan.follow_up else [])
    for inverts in (True, False):
        for branch in (branch for root in roots for branch in walk(root)):
            for column in columns(branch, inverts=inverts):
                found.setdefault(column, (branch.slot.path, branch.slot.data_class))
    return found


def columns(branch: Branch, *, inverts: bool = False) -> Iterator[str]:
    """The columns that stand in an element; with `inverts`, those alone that come back from it."""
    for one in branch.alternatives:
        if inverts and not one.inverts:
            continue
        if isinstance(one.source, FromColumn):
            yield one.source.column
        elif isinstance(one.source, Composed):
            yield one.source.code
