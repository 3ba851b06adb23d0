"""Reading the cells, as lines: of a recurring column, what a text means and all that follows from it is looked up at once."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from hub.fhir.writable import writable
from hub.mapping.cells import BLANK, Cell, Cells, text_of
from hub.mapping.compiled.program import Program
from hub.mapping.compiled.scope import Scope, Work
from hub.mapping.model import Context, Trouble
from hub.mapping.remembered import Remembered
from hub.mapping.transforms.texts import Text

REQUIRED: Final = Trouble("mapping.required")


def read(cells: Cells, repeats: Sequence[str], scope: Scope, program: Program) -> None:
    """A name for each column, with its value. What follows from one alone must be known by now."""
    if cells.are_completed:
        program.add(f"get = {program.remember(cells.completed)}(record.content, run).get")
    for cell in cells.of_record:
        program.bound |= {"blank": cell.blank, "longest": cell.longest_blank}  # the same of all columns
        program.add(f"raw = get({program.bind(cell.name)})")
        if cell.name in scope.read:
            _looked_up(cell, scope.read[cell.name], scope, program)
        else:
            _worked_out(cell, scope.get(cell.name), program)
    for name in repeats:
        program.add(f"{scope.get(name)} = items({program.bind(name)}, get({program.bind(name)}), run)")


def _looked_up(cell: Cell, follows: Sequence[tuple[str, Work]], scope: Scope, program: Program) -> None:
    memory = program.remember(lambda context: Remembered(_known(cell, context, [work for _, work in follows])))
    names = ", ".join((scope.get(cell.name), "trouble", *(name for name, _ in follows)))
    program.add(f"{names} = {memory}[raw if raw is None or type(raw) is str else text_of(raw)]")
    with program.under("if trouble is not None:"):
        _tell(cell, "trouble", program)


def _known(cell: Cell, context: Context, follows: Sequence[Work]) -> Callable[[str | None], tuple[Any, ...]]:
    meant = cell.meant(context)

    def known(text: str | None) -> tuple[Any, ...]:
        reading = BLANK if text is None else meant(text)
        value, trouble = reading
        if cell.required and reading is BLANK:
            trouble = REQUIRED
        return value, trouble, *(work(value) for work in follows)

    return known


def _worked_out(cell: Cell, value: str, program: Program) -> None:
    program.add(f"{value} = None")
    with program.under("if raw is not None:"):
        with program.under("if type(raw) is not str:"):
            program.add("raw = text_of(raw)")
        program.add("text = raw.strip()")
        with program.under("if not text or (len(raw) <= longest and text.casefold() in blank):"):
            program.add("raw = None")
        with program.under("else:"):
            _read(cell, value, program)
    if cell.required:
        with program.under("if raw is None:"):
            _tell(cell, "required", program)


def _read(cell: Cell, value: str, program: Program) -> None:
    if type(cell.transform) is Text:
        program.add(f"{value} = text if text.isprintable() else (writable(text).strip() or None)")
        return
    program.add(f"{value}, trouble = {program.bind(cell.transform.forward)}(raw, context)")
    with program.under("if trouble is not None:"):
        _tell(cell, "trouble", program)


def _tell(cell: Cell, trouble: str, program: Program) -> None:
    program.add(f"issues.append({program.bind(cell.issue)}({trouble}, run))")


BOUND: Final = {"text_of": text_of, "writable": writable, "required": REQUIRED}
