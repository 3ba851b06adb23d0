"""Source records ↔ FHIR resources, as mapping files say. Pure: the mapping is data, ids and the day come as arguments.

`load` one of the packaged mappings or a deployment's own; `forward` turns a record into drafts and issues; `back` turns
stored resources into the source's cells. The format: docs/mapping-format.md.
"""

import re
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Map
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from hub.errors import HubError
from hub.fhir import Resource, definitions
from hub.fhir.issues import Issue
from hub.mapping import figures, refusal, rows
from hub.mapping.back import Back, holds
from hub.mapping.cells import Cells, Run, places
from hub.mapping.compiled import Compiled
from hub.mapping.left_out import Marks
from hub.mapping.library import Library
from hub.mapping.model import Context, Draft, Mapped
from hub.mapping.plan import Plan
from hub.mapping.problems import MappingError
from hub.mapping.reading import read_plan
from hub.mapping.transforms.organizations import OrganizationName
from hub.mapping.unsaid import Part, parts
from hub.ports import Figure, Layout, Return, Row, Rows, SourceRecord

__all__ = ["Context", "Draft", "Mapped", "Mapping", "MappingError", "Part", "available", "check", "holds", "load"]


_INDEX = re.compile(r"\[\d+\]")


class Mapping:
    """One form, both ways. `one_way` lists the elements that are derived and do not come back; `answers`: the mappings of what
    comes back about referrals that were sent this way, by kind of record."""

    def __init__(self, plan: Plan, answers: Sequence["Mapping"] = ()) -> None:
        self._plan = plan
        self._back = Back(plan)
        self.id = plan.id
        self.version = plan.version
        self.title = plan.title
        self.kinds = plan.kinds
        self.answers = {kind: one for one in answers for kind in one.kinds}
        self._organizations = {n for n, c in plan.columns.items() if isinstance(c.transform, OrganizationName)}
        self.one_way = plan.one_way
        self._places = places(plan)
        self._agrees_in = refusal.columns(plan)
        self._answers_in = {*refusal.listed_in(plan), *(one.name for one in self._agrees_in)}
        self._asked_on = refusal.dated_by(plan)
        self._marks = Marks(plan.left_out, plan.columns)

    @cached_property
    def _cells(self) -> Cells:
        return Cells(self._plan, self._places)

    @cached_property
    def _forward(self) -> Compiled:
        """Written with the first record: most mappings that are loaded are only asked about."""
        return Compiled(self._plan)

    def layout(self) -> Layout:
        """What an adapter must know of the source's shape."""
        columns = self._plan.columns
        answers = {name: headers for one in self.answers.values() for name, headers in one.layout().columns.items()}
        return Layout(
            columns=answers | {name: column.headers or (name,) for name, column in columns.items()},
            required=frozenset(name for name, column in columns.items() if column.required and not column.within),
            key=self._plan.key,
            keyed=self._keyed(),
            sheet=self._plan.sheet,
            follow_up=tuple(name for name, column in columns.items() if column.direction == "back"),
            expected=frozenset(n for n in self._plan.named if columns[n].is_read or n in self._marks.columns),
        )

    def _keyed(self) -> frozenset[str]:
        """A key that is inherited may have a column that this form never had: only what the mapping names itself is certain."""
        return frozenset(self._plan.key) & (self._plan.named or self._plan.columns.keys())

    def forward(self, record: SourceRecord, context: Context) -> Mapped:
        """The drafts of a record, and what could not be understood. Never raises for a record's content."""
        return self._forward(record, context)

    def leaves_untold(self, record: SourceRecord) -> bool:
        """Whether a record says nothing of what tells those that are left out from the others."""
        return self._marks.are_untold(record)

    def says_no(self, record: SourceRecord, context: Context) -> bool:
        """Whether she was asked for her consent, and the answer is no."""
        return refusal.says_no(self._agrees_in, record, context)

    def asked_on(self, record: SourceRecord, context: Context) -> tuple[str, ...]:
        """The days on which a record says that she was asked for her consent, whatever she answered."""
        return tuple(refusal.said_on(self._asked_on, record, context))

    def leaves_her_answer_open(self, record: SourceRecord, context: Context) -> bool:
        """Whether the record could not tell what she answered, as a field that an account may not read any more; or tells it in
        words that nobody understands."""
        could_not = any(name in record.unsaid for name in self._answers_in)
        return could_not or refusal.says_what_nobody_understands(
            self._agrees_in, record, context, blank=self._plan.blank
        )

    @property
    def beside(self) -> frozenset[str]:
        """Which numbers beside a referral its follow-up columns tell."""
        return frozenset(self._plan.follow_up.beside) if self._plan.follow_up else frozenset()

    def back(
        self, resources: Map[str, Resource], context: Context, beside: Map[str, int] = MappingProxyType({})
    ) -> dict[str, str]:
        """The cells that say what resources say: local name → resource as stored. Tasks, by any name, give follow-up columns."""
        told = self._back(resources, beside)
        for name in told.keys() & self._organizations:
            told[name] = context.name_organization(told[name])
        return told

    @property
    def has_figures(self) -> bool:
        """Whether it says where the numbers of the monthly report go."""
        return bool(self._plan.figures)

    @property
    def cells(self) -> tuple[Figure, ...]:
        """Those that a report fills, without numbers."""
        return figures.blank(self._plan.figures)

    @property
    def traits(self) -> tuple[str, ...]:
        """What it wants to be told of single referrals, in its order."""
        return tuple(one.by for one in self._plan.rows)

    @property
    def row_codes(self) -> tuple[Row, ...]:
        """The tool's codes that single referrals can have, each in a row of its own, of none."""
        return rows.blank(self._plan.rows)

    def figures(self, report: Resource, singly: Rows | None = None) -> Return:
        """The cells that a MeasureReport of the contract fills; and the rows beside it, where it comes with any."""
        cells = figures.told(self._plan.figures, report)
        if singly is None:
            return cells
        beside = rows.unmapped(self._plan.rows, singly)
        return replace(cells, unmapped=(*cells.unmapped, *beside), rows=rows.told(self._plan.rows, singly))

    def elements(self, columns: Iterable[str]) -> frozenset[str]:
        """The elements, of whatever resource, that these columns go to."""
        paths = (self._places.get(column, ("", ""))[0].split(".") for column in columns)
        return frozenset(path[1].partition("[")[0] for path in paths if len(path) > 1)

    def headers_at(self, path: str) -> tuple[str, ...]:
        """What the columns are called, as the mapping writes them first, that an element comes from or a part of it; with its
        indexes or without."""
        element = _INDEX.sub("", path)
        columns = self._plan.columns
        near = (name for name, (place, _) in self._places.items() if _are_near(element, place))
        read = (columns[name] for name in near if columns[name].direction != "back")
        return tuple(dict.fromkeys(next(iter(one.headers), one.name) for one in read))

    def open_parts(self, record: SourceRecord, context: Context) -> tuple[Part, ...]:
        """What resources leave open because the record could not tell all its columns."""
        run = Run(context, record.headers)
        return parts(self._plan, self._cells.read(record.content, run), record.unsaid, run)

    def __repr__(self) -> str:
        return f"<Mapping {self.id} {self.version}>"


def _are_near(element: str, place: str) -> bool:
    """One is the other, or within it. A choice of types is written with its type (`valueQuantity`), or without (`value`)."""
    return element.startswith(place) or f"{place}.".startswith(f"{element}.")


def load(reference: str, *, search: Sequence[Path] = (), named_in: str = "") -> Mapping:
    """The mapping of this name, those in `search` first, or at this path. Raises MappingError with all its problems, HubError
    where it cannot be read, or is not there: `named_in` is then the place of that."""
    plan, problems = read_plan(reference, Library(search), definitions.load(), named_in)
    if problems.issues:
        raise MappingError(problems.issues)
    return Mapping(plan, [load(one, search=search) for one in plan.answers])


def check(reference: str, *, search: Sequence[Path] = ()) -> tuple[Issue, ...]:
    """All that is wrong with a mapping, each with its `place` (file:line) in the params; empty when it is sound."""
    try:
        return read_plan(reference, Library(search), definitions.load())[1].issues
    except HubError as error:
        return (Issue("error", "structure", error.text, params={**error.params, "place": error.place}),)


def available(*, search: Sequence[Path] = ()) -> tuple[str, ...]:
    """The names of all mappings that `load` finds by name."""
    return tuple(dict.fromkeys(Library(search).references()))
