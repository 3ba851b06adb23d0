"""A mapping as one function of straight lines, for registers of many rows: the same as `hub.mapping.forward`, faster.

docs/adr/0060. What is remembered of cells is forgotten with the context, that is with the run.
"""

from collections.abc import Callable
from typing import Any, Final

from hub.mapping.cells import Cells, Run, places
from hub.mapping.compiled import blocks, cells, scope
from hub.mapping.compiled.program import Program, whole
from hub.mapping.elements import dressed
from hub.mapping.leaves import compose
from hub.mapping.left_out import Marks
from hub.mapping.model import Context, Draft, Mapped
from hub.mapping.plan import Plan
from hub.mapping.unsaid import untold
from hub.ports import SourceRecord

_BOUND: Final = {
    "__builtins__": {},
    "Run": Run, "Draft": Draft, "Mapped": Mapped, "new": tuple.__new__, "reference": "reference",
    "type": type, "str": str, "list": list, "tuple": tuple, "len": len, "compose": compose, "dressed": dressed,
    "custodian_is": "Organization/", "nothing": frozenset(), "untold": untold,
    **blocks.BOUND, **cells.BOUND, **scope.BOUND,
}  # fmt: skip


class Compiled:
    """The compiled way forward of a plan. `text`: the function as it is run."""

    def __init__(self, plan: Plan) -> None:
        self._program, self.text, self._bind = _compiled(plan)
        self._bound: tuple[Context, Callable[[SourceRecord], Mapped]] | None = None

    def __call__(self, record: SourceRecord, context: Context) -> Mapped:
        bound = self._bound
        if bound is None or (bound[0] is not context and bound[0] != context):
            memories = (prepare(context) for prepare in self._program.memories.values())
            bound = self._bound = context, self._bind(context, *memories)
        return bound[1](record)


def _compiled(plan: Plan) -> tuple[Program, str, Callable[..., Callable[[SourceRecord], Mapped]]]:
    program, read = Program(dict(_BOUND)), Cells(plan, places(plan))
    record = _scope(plan, read, program)
    program.add("drafts = []")
    for check in plan.checks:
        blocks.check(check, places(plan), record)
    for block in plan.blocks:
        blocks.block(block, record)
    _end(plan, record)
    beginning = program.beside()
    program.bound |= {"items": read.items, "said": _said}
    if plan.left_out:
        with beginning.under(f"if {program.remember(Marks(plan.left_out, plan.columns).bound)}(record.content):"):
            beginning.add("return new(Mapped, ((), tuple(record.issues), (), nothing, True))")
    for line in _BEGINNING:
        beginning.add(line)
    cells.read(read, _repeats(plan), record, beginning)
    head = [f"def bind({', '.join(('context', *program.memories))}):", *_HEAD]
    text = whole(head, beginning, program)
    exec(compile(text, "<mapping>", "exec"), program.bound)  # noqa: S102 — written here, of names made here: program.py
    return program, text, program.bound["bind"]


_HEAD: Final = (
    "    organization = context.organization",
    "    custodian = custodian_is + organization",
    "    def forward(record):",
)
_BEGINNING: Final = (
    "run = Run(context, record.headers, list(record.issues))",
    "issues, locals_, links = run.issues, run.locals, run.links",
    "get = record.content.get",
)


def _repeats(plan: Plan) -> tuple[str, ...]:
    return tuple(name for name, column in plan.columns.items() if column.repeat)


def _scope(plan: Plan, read: Cells, program: Program) -> scope.Scope:
    names = {name: program.name("v") for name in (*(cell.name for cell in read.of_record), *_repeats(plan))}
    recurring = frozenset(name for name, one in plan.columns.items() if one.transform and one.transform.recurs)
    known: dict[str, list[tuple[str, scope.Work]]] = {cell.name: [] for cell in read.of_record if cell.is_remembered}
    return scope.Scope(program, plan.columns, names, scope.texts(plan.columns), recurring, known)


def _end(plan: Plan, record: scope.Scope) -> None:
    program = record.program
    told = ", ".join(f"{program.bind(column)}: {name}" for column, name in record.names.items())
    program.add("open_ = nothing")
    with program.under("if record.unsaid:"):
        program.add(f"open_ = untold({program.bind(plan)}, said({{{told}}}), record.unsaid)")
    program.add("return new(Mapped, (tuple(drafts), tuple(issues), tuple(links), open_, False))")


def _said(values: dict[str, Any]) -> dict[str, Any]:
    return {column: value for column, value in values.items() if value is not None}
