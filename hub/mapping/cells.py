"""Reading the cells of a record: what each means, and what is said of one that cannot be read.

A cell's own text goes into an issue only when its column identifies no one, and then shortened.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final

from hub.fhir.data_classes import identifying
from hub.fhir.issues import Issue
from hub.mapping import adds
from hub.mapping.model import Context, Reading, Trouble
from hub.mapping.plan import Branch, Column, Composed, FromColumn, Plan, walk
from hub.mapping.remembered import Remembered

_SHOWN: Final = 40
ALWAYS_STOPS: Final = frozenset({"mapping.required", "mapping.date-hijri"})
"""What no column lets pass: which day of ours a Hijri date means, a person decides."""
BLANK: Final = Reading()
"""Of a cell that says nothing at all, as one that is not there; told from NOTHING by which of the two it is."""

Places = Mapping[str, tuple[str, str]]
"""Column → path and data class of the first element it goes to."""


@dataclass(repr=False, slots=True)
class Run:
    """One record on its way."""

    context: Context
    headers: Mapping[str, str]
    issues: list[Issue] = field(default_factory=list)
    locals: set[str] = field(default_factory=set)
    links: list[dict[str, str]] = field(default_factory=list)


Meant = Callable[[str], tuple[Any, Trouble | None]]
Completes = Callable[[Mapping[str, Any], Run], Mapping[str, Any]]
_Read = tuple["Cell", str, Meant]
"""A column, its name, and what a text in it means in one context."""


class Cells:
    """All the columns of a mapping that are read."""

    def __init__(self, plan: Plan, places: Places) -> None:
        columns = [column for column in plan.columns.values() if _is_read(column)]
        repeats = [column.name for column in plan.columns.values() if column.repeat]
        self._cells = {
            name: tuple(Cell(one, places, plan) for one in columns if one.within == name) for name in ("", *repeats)
        }
        self._ticks = {name: column.ticks for name, column in plan.columns.items() if column.ticks}
        self._adds: dict[str, list[str]] = {}
        for name, column in plan.columns.items():
            if column.adds_to:
                self._adds.setdefault(column.adds_to, []).append(name)
        self._otherwise = {name: column.otherwise for name, column in plan.columns.items() if column.otherwise}
        self._bound: tuple[Context, dict[str, tuple[_Read, ...]]] | None = None
        self._completes: Completes | None = None

    def read(self, content: Mapping[str, Any], run: Run) -> dict[str, Any]:
        """What the record means, by column. The troubles met are issues of the run."""
        reads = self._in(run.context)
        if self._completes is not None:
            content = self._completes(content, run)
        values = _values(reads[""], content, run)
        told = ((name, self.items(name, content.get(name), run)) for name in reads if name)
        return values | {name: items for name, items in told if items}

    def items(self, repeat: str, told: Any, run: Run) -> tuple[dict[str, Any], ...] | None:
        """What each item of a repeat means."""
        if isinstance(told, list | tuple):
            cells = self._in(run.context)[repeat]
            return tuple(_values(cells, item, run) for item in told if isinstance(item, Mapping)) or None
        if told:
            run.issues.append(_no_list(repeat, run))
        return None

    @property
    def of_record(self) -> tuple["Cell", ...]:
        """The columns that stand in no repeat."""
        return self._cells[""]

    @property
    def are_completed(self) -> bool:
        """Whether what one column says is read in another, too."""
        return bool(self._adds or self._ticks or self._otherwise)

    def completed(self, context: Context) -> "Completes":
        """A record's content as it is read: what other columns add, and the words of its ticks, stand in the cells that they
        belong to, and what a cell means otherwise in one that says nothing."""
        add, tick, fill = self._with_more(), self._with_ticks(context), self._with_otherwise(context)
        return lambda content, run: fill(tick(add(content, run), run), run)

    def _with_more(self) -> "Completes":
        """What cannot be read in such a cell is told of all columns that it has its words from."""
        cells = {cell.name: cell for cell in self.of_record}
        adds_to = [(cells[target], names) for target, names in self._adds.items()]

        def with_more(content: Mapping[str, Any], run: Run) -> Mapping[str, Any]:
            said: dict[str, Any] = {}
            for cell, names in adds_to:
                told = {name: text_of(content[name]).strip() for name in names if content.get(name) is not None}
                more = {name: text for name, text in told.items() if not cell.is_blank(text)}
                if more:
                    raw = content.get(cell.name)
                    said[cell.name] = cell.with_words(raw, tuple(more.values()))
                    own = () if raw is None or cell.is_blank(text_of(raw)) else (cell.name,)
                    shown = ", ".join(run.headers.get(name, name) for name in (*own, *more))
                    run.headers = {**run.headers, cell.name: shown}
            return {**content, **said} if said else content

        return with_more

    def _with_ticks(self, context: Context) -> "Completes":
        """What cannot be read so, of a column that is in no cell itself, is told of those that are ticked."""
        cells = {cell.name: cell for cell in self.of_record}
        reads = [(name, cells[name].bound(context), *ticks) for name, ticks in self._ticks.items()]

        def with_words(content: Mapping[str, Any], run: Run) -> Mapping[str, Any]:
            words: dict[str, dict[str, str]] = {}
            for name, read, target, word in reads:
                raw = content.get(name)
                if raw is not None and read(text_of(raw))[0] == "yes":
                    words.setdefault(target, {})[name] = word
            if not words:
                return content
            shown = {
                target: ", ".join(run.headers.get(name, name) for name in ticked)
                for target, ticked in words.items()
                if target not in content
            }
            if shown:
                run.headers = {**run.headers, **shown}
            said = {
                target: cells[target].with_words(content.get(target), [*ticked.values()])
                for target, ticked in words.items()
            }
            return {**content, **said}

        return with_words

    def _with_otherwise(self, context: Context) -> "Completes":
        """Of services also where a cell says what nobody understands: what is understood of it counts, or else what is usual, and
        the rest is told."""
        cells = {cell.name: cell for cell in self.of_record}
        told = [(cells[name], cells[one.column], one.is_service) for name, one in self._otherwise.items()]
        reads = {cell.name: cell.bound(context) for cell, other, _ in told for cell in (cell, other)}

        def filled(content: Mapping[str, Any], run: Run) -> Mapping[str, Any]:
            said: dict[str, Any] = {}
            for cell, other, is_service in told:
                raw, instead = content.get(cell.name), content.get(other.name)
                if instead is None:
                    continue
                value, trouble = BLANK if raw is None else reads[cell.name](text_of(raw))
                if trouble is None and value is not None:
                    continue
                if is_service:
                    of = reads[other.name](text_of(instead))[0]
                    understood = value is not None
                    instead = (cell.transform.back(value) if understood else context.usual_service(of)) if of else None
                elif trouble is not None:
                    continue
                if instead is not None:
                    said[cell.name] = instead
                    run.issues += [cell.issue(replace(trouble, warns=True), run)] if trouble else []
            return {**content, **said} if said else content

        return filled

    def _in(self, context: Context) -> dict[str, tuple[_Read, ...]]:
        """The columns as they are read in this context; what is remembered of cells is forgotten with the one before it."""
        bound = self._bound
        if bound is None or (bound[0] is not context and bound[0] != context):
            reads = {
                name: tuple((cell, cell.name, cell.bound(context)) for cell in cells)
                for name, cells in self._cells.items()
            }
            bound = self._bound = context, reads
            self._completes = self.completed(context) if self.are_completed else None
        return bound[1]


def _no_list(name: str, run: Run) -> Issue:
    """Of a repeat that is no list of answers."""
    header = run.headers.get(name, name)
    return Issue("error", "structure", "mapping.repeat-unreadable", "", header, {"column": header})


def _values(cells: Sequence[_Read], content: Mapping[str, Any], run: Run) -> dict[str, Any]:
    values: dict[str, Any] = {}
    reading: tuple[Any, Trouble | None]
    for cell, name, read in cells:
        raw = content.get(name)
        if raw is None:
            reading = BLANK
        else:
            reading = read(raw if type(raw) is str else text_of(raw))
            value, trouble = reading
            if value is not None:
                values[name] = value
            if trouble is not None:
                run.issues.append(cell.issue(trouble, run))
        if cell.required and reading is BLANK:
            run.issues.append(cell.issue(Trouble("mapping.required"), run))
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


class Cell:
    """How one column is read, and what is said when it cannot be."""

    def __init__(self, column: Column, places: Places, plan: Plan) -> None:
        assert column.transform is not None
        self.name = column.name
        self.required = column.required
        self.transform = column.transform
        self.blank = plan.blank
        self.longest_blank = max(map(len, plan.blank), default=0) + 2
        self.warns = column.warns
        self._path, data_class = places.get(column.name, ("", ""))
        self._shows = (column.data_class or data_class or "custodian") not in identifying()

    def bound(self, context: Context) -> Meant:
        """What a text in this column means, in one context."""
        read = self.meant(context)
        return Remembered(read).__getitem__ if self.is_remembered else read

    @property
    def is_remembered(self) -> bool:
        return self.transform.recurs and self.transform.steady

    def meant(self, context: Context) -> Meant:
        forward, is_blank = self.transform.forward, self.is_blank

        def read(text: str) -> tuple[Any, Trouble | None]:
            return BLANK if is_blank(text) else forward(text, context)

        return read

    def is_blank(self, text: str) -> bool:
        if not text or text.isspace():
            return True
        return len(text) <= self.longest_blank and text.strip().casefold() in self.blank

    def with_words(self, raw: Any, words: Sequence[str]) -> str:
        """The cell with more words, between them what this column separates words by."""
        said = "" if raw is None else text_of(raw).strip()
        own = () if self.is_blank(said) else (said,)
        return adds.between(self.transform).join(dict.fromkeys((*own, *words)))

    def issue(self, trouble: Trouble, run: Run) -> Issue:
        header = run.headers.get(self.name, self.name)
        shown = trouble.value.strip() if self._shows else ""
        params = {
            **trouble.params,
            "column": header,
            "element": self._path or self.name,  # some go to several, and are about none alone
            "value": f"“{shown[:_SHOWN]}”" if shown else "…",
        }
        warns = trouble.warns or (self.warns and trouble.text not in ALWAYS_STOPS)
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
    for name, one in plan.columns.items():
        of = one.ticks[0] if one.ticks else one.adds_to
        if of in found:
            found.setdefault(name, found[of])
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
